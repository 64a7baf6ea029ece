//! Robots made by hand, link by link.

use hyperdust_kernel::{
    articulated::Articulated,
    blueprint::{Body, Geom, GeomShape, Integrator, Joint, JointKind, Link, Options, Pair, Robot},
};

const IDENTITY: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
const SOLREF: [f32; 2] = [0.02, 1.0];
const SOLIMP: [f32; 5] = [0.9, 0.95, 0.001, 0.5, 2.0];

pub fn options(integrator: Integrator, timestep: f32) -> Options {
    Options { timestep, frame_skip: 1, integrator, iterations: 20, rigid_iterations: 4, gravity: [0.0, 0.0, -9.81] }
}

pub fn joint(kind: JointKind, axis: [f32; 3]) -> Joint {
    Joint {
        kind,
        axis,
        anchor: [0.0; 3],
        limited: false,
        range: [0.0; 2],
        margin: 0.0,
        stiffness: 0.0,
        spring_reference: 0.0,
        damping: 0.0,
        armature: 0.0,
        max_speed: 0.0,
        solref: SOLREF,
        solimp: SOLIMP,
        inverse_weight: 1.0,
    }
}

/// Builds a forest link by link.
pub struct Builder(pub Robot);

impl Builder {
    pub fn new() -> Self {
        let world = Link {
            parent: 0,
            joints: 0,
            position: [0.0; 3],
            rotation: IDENTITY,
            mass: 0.0,
            center: [0.0; 3],
            inertia: [0.0; 6],
        };
        Self(Robot { links: vec![world], ..Robot::default() })
    }

    pub fn link(
        &mut self,
        parent: u16,
        position: [f32; 3],
        mass: f32,
        center: [f32; 3],
        inertia: [f32; 3],
        joints: &[Joint],
    ) -> u16 {
        let [x, y, z] = inertia;
        let inertia = [x, y, z, 0.0, 0.0, 0.0];
        let index = self.0.links.len() as u16;
        self.0.links.push(Link {
            parent,
            joints: joints.len() as u16,
            position,
            rotation: IDENTITY,
            mass,
            center,
            inertia,
        });
        self.0.bodies.push(Body { link: index, position: [0.0; 3], rotation: IDENTITY, mass, center, inertia });
        for joint in joints {
            if joint.kind == JointKind::Free {
                self.0.qpos0.extend([position[0], position[1], position[2], 1.0, 0.0, 0.0, 0.0]);
            } else {
                self.0.qpos0.push(0.0);
            }
            self.0.joints.push(joint.clone());
        }
        index
    }

    pub fn geom(&mut self, link: u16, shape: GeomShape, position: [f32; 3]) -> u16 {
        self.0.geoms.push(Geom { link, body: link, shape, position, rotation: IDENTITY });
        self.0.geoms.len() as u16 - 1
    }

    pub fn touch(&mut self, first: u16, second: u16, dimension: u8, friction: f32, inverse_weight: f32) {
        let friction = [friction; 2];
        self.0.pairs.push(Pair {
            first,
            second,
            dimension,
            friction,
            margin: 0.0,
            gap: 0.0,
            solref: SOLREF,
            solimp: SOLIMP,
            inverse_weight,
        });
    }

    pub fn build(self, options: &Options) -> Articulated {
        Articulated::new(&self.0, options)
    }
}

/// A ball of 1 kg on a free joint.
pub fn free_ball(b: &mut Builder, position: [f32; 3]) -> u16 {
    b.link(0, position, 1.0, [0.0; 3], [0.004; 3], &[joint(JointKind::Free, [0.0, 0.0, 1.0])])
}

/// A hinged arm dragging over the floor; then the same with two balls colliding elsewhere.
pub fn arm(b: &mut Builder) {
    let floor = b.geom(0, GeomShape::Plane, [0.0; 3]);
    let hinge = joint(JointKind::Hinge, [0.0, 1.0, 0.0]);
    let upper = b.link(0, [0.0, 0.0, 0.9], 1.0, [0.25, 0.0, 0.0], [0.01, 0.03, 0.03], core::slice::from_ref(&hinge));
    let lower = b.link(upper, [0.5, 0.0, 0.0], 1.0, [0.25, 0.0, 0.0], [0.01, 0.03, 0.03], &[hinge]);
    let tip = b.geom(lower, GeomShape::Sphere { radius: 0.05 }, [0.5, 0.0, 0.0]);
    b.touch(floor, tip, 3, 0.7, 2.0);
}
