//! What can be read of a robot: MuJoCo's derived quantities, of the last evaluation.
//!
//! As in MuJoCo after `mj_step`, they belong to the last evaluation inside the step: with Euler the
//! state before the last physics step, with Runge–Kutta its last stage. After [`Solver::refresh`] they
//! belong to the current state.

use super::{Articulated, topology::Topology};
use crate::blueprint::{Body, Source};
use crate::math::{Inertia, Mat3, Spatial, Vec3, spatial::vec3};
use crate::render::Pose;

impl Articulated {
    /// Writes elements `[start, start + out.len())` of a robot source ([`Source`]); body 0, the world, reads as zeros
    /// (its orientation as the identity). Elements past the end and sources that are not a robot's read as zero.
    pub fn sense(&self, source: Source, start: usize, out: &mut [f32]) {
        match source {
            Source::Qpos => copy(&self.qpos, start, out),
            Source::Qvel => copy(&self.qvel, start, out),
            Source::ActuatorForce => copy(&self.actuation, start, out),
            Source::CenterOfMass => copy(&self.center_of_mass(), start, out),
            Source::BodyPosition => self.each_body(3, start, out, |s, b| array(s.body_position(b))),
            Source::BodyOrientation => self.each_body(4, start, out, |s, b| quaternion(&s.body_rotation(b))),
            Source::BodyLinearVelocity => self.each_body(3, start, out, |s, b| array(s.body_velocity(b).linear)),
            Source::BodyAngularVelocity => self.each_body(3, start, out, |s, b| array(s.body_velocity(b).angular)),
            Source::BodyVelocity => self.each_body(6, start, out, Self::com_velocity),
            Source::BodyInertia => self.each_body(10, start, out, Self::com_inertia),
            Source::ContactForce => self.contact_forces(start, out),
            _ => out.fill(0.0),
        }
    }

    /// Poses of all authored bodies at the current state, in sensor order without the world.
    pub fn poses(&self) -> impl Iterator<Item = Pose> {
        let mut fresh = self.kinematics.clone();
        fresh.place(&self.topology, &self.qpos);
        let t = self.topology.clone();
        (0..t.bodies.len()).map(move |b| {
            let body = &t.bodies[b];
            let link = usize::from(body.link);
            let r = &fresh.rotation[link];
            let position =
                fresh.origin[t.links[link].tree] + (fresh.position[link] + r.rotate(Vec3::splat(body.position)));
            Pose {
                position: [position.x, position.y, position.z],
                orientation: quaternion(&r.times(&Mat3::splat(&body.rotation))),
            }
        })
    }

    fn each_body<const N: usize>(
        &self,
        width: usize,
        start: usize,
        out: &mut [f32],
        f: impl Fn(&Self, &Body) -> [f32; N],
    ) {
        let mut cached = (usize::MAX, [0.0; N]);
        for (i, out) in out.iter_mut().enumerate() {
            let (body, element) = ((start + i) / width, (start + i) % width);
            if cached.0 != body {
                let world = || {
                    let mut zeros = [0.0; N];
                    // Only orientations are not zero for the world: w = 1.
                    if width == 4 {
                        zeros[0] = 1.0;
                    }
                    zeros
                };
                let known = body.checked_sub(1).and_then(|b| self.topology.bodies.get(b));
                cached = (body, known.map_or_else(world, |b| f(self, b)));
            }
            *out = cached.1[element];
        }
    }

    fn topology(&self) -> &Topology {
        &self.topology
    }

    fn body_rotation(&self, body: &Body) -> Mat3<f32> {
        self.kinematics.rotation[usize::from(body.link)].times(&Mat3::splat(&body.rotation))
    }

    /// Frame origin relative to the tree's.
    fn body_offset(&self, body: &Body) -> Vec3<f32> {
        let link = usize::from(body.link);
        self.kinematics.position[link] + self.kinematics.rotation[link].rotate(Vec3::splat(body.position))
    }

    fn body_position(&self, body: &Body) -> Vec3<f32> {
        self.kinematics.origin[self.topology().links[usize::from(body.link)].tree] + self.body_offset(body)
    }

    /// Angular velocity and velocity of the frame's origin, world axes.
    fn body_velocity(&self, body: &Body) -> Spatial<f32> {
        let v = &self.kinematics.velocity[usize::from(body.link)];
        Spatial { angular: v.angular, linear: v.at(self.body_offset(body)) }
    }

    /// Centre of mass of a tree, relative to its origin.
    fn tree_center(&self, tree: usize) -> Vec3<f32> {
        let (mut mass, mut moment) = (0.0, Vec3::default());
        for (l, node) in self.topology().links.iter().enumerate().skip(1) {
            if node.tree == tree {
                mass += self.kinematics.inertia[l].mass;
                moment += self.kinematics.inertia[l].moment;
            }
        }
        if mass > 0.0 { moment.scale(1.0 / mass) } else { Vec3::default() }
    }

    /// Centre of mass of everything that moves, world, m.
    fn center_of_mass(&self) -> [f32; 3] {
        let (mut mass, mut moment) = (0.0, Vec3::default());
        for (l, node) in self.topology().links.iter().enumerate().skip(1) {
            let i = &self.kinematics.inertia[l];
            mass += i.mass;
            moment += i.moment + self.kinematics.origin[node.tree].scale(i.mass);
        }
        for body in self.topology().bodies.iter().filter(|b| b.link == 0) {
            mass += body.mass;
            moment += Vec3::splat(body.center).scale(body.mass);
        }
        array(if mass > 0.0 { moment.scale(1.0 / mass) } else { Vec3::default() })
    }

    /// MuJoCo's `cvel`: rotation then translation, at the tree's centre of mass.
    fn com_velocity(&self, body: &Body) -> [f32; 6] {
        let link = usize::from(body.link);
        let v = &self.kinematics.velocity[link];
        let linear = v.at(self.tree_center(self.topology().links[link].tree));
        join(v.angular, linear)
    }

    /// MuJoCo's `cinert`: inertia about the tree's centre of mass (xx yy zz xy xz yz), first moment, mass.
    fn com_inertia(&self, body: &Body) -> [f32; 10] {
        let link = usize::from(body.link);
        if link == 0 {
            return [0.0; 10];
        }
        let r = &self.kinematics.rotation[link];
        let center = self.kinematics.position[link] + r.rotate(Vec3::splat(body.center));
        let from = center - self.tree_center(self.topology().links[link].tree);
        let i = Inertia::new(body.mass, from, r.conjugate(&body.inertia));
        let (d, o, h) = (i.diagonal, i.off, i.moment);
        [d.x, d.y, d.z, o.x, o.y, o.z, h.x, h.y, h.z, i.mass]
    }

    /// MuJoCo's `cfrc_ext`: torque about the tree's centre of mass, then force, on each body.
    fn contact_forces(&self, start: usize, out: &mut [f32]) {
        out.fill(0.0);
        let t = self.topology();
        for c in &self.constraints.contacts {
            if !c.point.present {
                continue;
            }
            let [n, t1, t2] = c.point.frame;
            let force = n.scale(c.force[0]) + t1.scale(c.force[1]) + t2.scale(c.force[2]);
            let pair = &t.pairs[c.point.pair];
            let sides = [(pair.first, c.point.position + c.point.shift, -1.0), (pair.second, c.point.position, 1.0)];
            for (geom, at, sign) in sides {
                let geom = &t.geoms[geom];
                let first = 6 * usize::from(geom.geom.body);
                if geom.geom.body == 0 || first + 6 <= start || first >= start + out.len() {
                    continue;
                }
                let arm = at - self.tree_center(geom.tree);
                let f = force.scale(sign);
                for (i, x) in join(arm.cross(f), f).into_iter().enumerate() {
                    if let Some(out) = (first + i).checked_sub(start).and_then(|i| out.get_mut(i)) {
                        *out += x;
                    }
                }
            }
        }
    }
}

fn copy(from: &[f32], start: usize, out: &mut [f32]) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = from.get(start + i).copied().unwrap_or(0.0);
    }
}

fn array(v: Vec3<f32>) -> [f32; 3] {
    [v.x, v.y, v.z]
}

fn join(a: Vec3<f32>, b: Vec3<f32>) -> [f32; 6] {
    [a.x, a.y, a.z, b.x, b.y, b.z]
}

/// Unit quaternion (w, x, y, z; w ≥ 0 unless a larger part decides) of a rotation, by Shepperd's method.
fn quaternion(r: &Mat3<f32>) -> [f32; 4] {
    let (xx, yy, zz) = (r.x.x, r.y.y, r.z.z);
    let sqrt = crate::math::scalar::sqrt;
    let axis = vec3(r.y.z - r.z.y, r.z.x - r.x.z, r.x.y - r.y.x);
    let trace = xx + yy + zz;
    if trace > 0.0 {
        let s = sqrt(trace + 1.0);
        let k = 0.5 / s;
        [0.5 * s, axis.x * k, axis.y * k, axis.z * k]
    } else if xx > yy && xx > zz {
        let s = sqrt(1.0 + xx - yy - zz);
        let k = 0.5 / s;
        [axis.x * k, 0.5 * s, (r.y.x + r.x.y) * k, (r.z.x + r.x.z) * k]
    } else if yy > zz {
        let s = sqrt(1.0 - xx + yy - zz);
        let k = 0.5 / s;
        [axis.y * k, (r.y.x + r.x.y) * k, 0.5 * s, (r.z.y + r.y.z) * k]
    } else {
        let s = sqrt(1.0 - xx - yy + zz);
        let k = 0.5 / s;
        [axis.z * k, (r.z.x + r.x.z) * k, (r.z.y + r.y.z) * k, 0.5 * s]
    }
}
