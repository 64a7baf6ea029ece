//! Small worlds that the tests share.

use hyperdust_kernel::blueprint::{Collider, Integrator, Options, Rigid, RigidBody, RigidShape};
use hyperdust_kernel::rigid::{RigidWorld, check};

pub const GRAVITY: f32 = -9.81;

pub fn options() -> Options {
    Options {
        timestep: 0.01,
        frame_skip: 1,
        integrator: Integrator::Euler,
        iterations: 100,
        rigid_iterations: 4,
        gravity: [0.0, 0.0, GRAVITY],
    }
}

pub fn body(position: [f32; 3]) -> RigidBody {
    RigidBody {
        fixed: false,
        position,
        orientation: [1.0, 0.0, 0.0, 0.0],
        linear_velocity: [0.0; 3],
        angular_velocity: [0.0; 3],
        linear_damping: 0.0,
        angular_damping: 0.0,
    }
}

pub fn collider(body: u16, shape: RigidShape) -> Collider {
    Collider {
        body,
        shape,
        position: [0.0; 3],
        orientation: [1.0, 0.0, 0.0, 0.0],
        density: 1000.0,
        friction: 0.5,
        restitution: 0.0,
        memberships: u32::MAX,
        filter: u32::MAX,
    }
}

/// Body 0 is a fixed floor; the others carry one collider each.
pub fn on_floor(bodies: Vec<(RigidBody, RigidShape)>) -> Rigid {
    let mut rigid = Rigid {
        bodies: vec![RigidBody { fixed: true, ..body([0.0; 3]) }],
        colliders: vec![collider(0, RigidShape::HalfSpace)],
    };
    for (i, (body, shape)) in bodies.into_iter().enumerate() {
        rigid.bodies.push(body);
        rigid.colliders.push(collider(i as u16 + 1, shape));
    }
    rigid
}

/// Floating freely: no floor, no gravity.
pub fn in_space(bodies: Vec<(RigidBody, RigidShape)>) -> (Rigid, Options) {
    let mut rigid = on_floor(bodies);
    rigid.bodies[0].position[2] = -1000.0;
    (rigid, Options { gravity: [0.0; 3], ..options() })
}

pub fn cube(half: f32) -> RigidShape {
    RigidShape::Cuboid { half: [half; 3] }
}

/// Five half-metre boxes on each other.
pub fn stack() -> Rigid {
    on_floor((0..5).map(|i| (body([0.0, 0.0, 0.25 + 0.5 * i as f32]), cube(0.25))).collect())
}

/// One of every shape, tumbling onto a height field and a mesh.
pub fn menagerie() -> Rigid {
    let spin = |position: [f32; 3]| RigidBody {
        angular_velocity: [1.0, -0.5, 0.3],
        orientation: [0.5, 0.5, 0.5, 0.5],
        ..body(position)
    };
    let heights = (0..30).map(|i| 0.1 * ((i * 7) % 5) as f32).collect();
    let hull = vec![[0.2, 0.0, 0.0], [-0.2, 0.1, 0.0], [0.0, -0.2, 0.1], [0.0, 0.1, 0.3], [0.1, 0.1, -0.2]];
    let mut rigid = on_floor(vec![
        (spin([0.0, 0.0, 1.0]), RigidShape::Sphere { radius: 0.2 }),
        (spin([0.3, 0.1, 1.6]), cube(0.2)),
        (spin([-0.2, 0.4, 2.2]), RigidShape::Capsule { radius: 0.1, half_length: 0.2 }),
        (spin([0.1, -0.3, 2.8]), RigidShape::Cylinder { radius: 0.15, half_length: 0.1 }),
        (spin([0.2, 0.2, 3.4]), RigidShape::Hull { points: hull }),
    ]);
    let terrain = RigidShape::HeightField { rows: 5, columns: 6, heights, size: [6.0, 6.0] };
    rigid.colliders.push(collider(0, terrain));
    let wedge = RigidShape::Mesh {
        vertices: vec![[-1.0, -1.0, 0.0], [1.0, -1.0, 0.6], [1.0, 1.0, 0.6], [-1.0, 1.0, 0.0]],
        triangles: vec![[0, 1, 2], [0, 2, 3]],
    };
    rigid.colliders.push(collider(0, wedge));
    rigid
}

pub fn world(rigid: &Rigid, options: &Options) -> RigidWorld {
    check(rigid).unwrap();
    RigidWorld::new(rigid, options)
}

/// Everything a world remembers, as bits.
pub fn bits(world: &RigidWorld) -> Vec<u32> {
    let mut bits = Vec::new();
    bits.extend(world.positions().iter().flatten().map(|x| x.to_bits()));
    bits.extend(world.orientations().iter().flatten().map(|x| x.to_bits()));
    bits.extend(world.linear_velocities().iter().flatten().map(|x| x.to_bits()));
    bits.extend(world.angular_velocities().iter().flatten().map(|x| x.to_bits()));
    bits
}
