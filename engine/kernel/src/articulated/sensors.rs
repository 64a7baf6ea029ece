//! What can be read of a robot: MuJoCo's derived quantities, of the last evaluation.
//!
//! As in MuJoCo after `mj_step`, they belong to the last evaluation inside the step: with Euler the
//! state before the last physics step, with Runge–Kutta its last stage. After [`Solver::refresh`] they
//! belong to the current state.

use super::{Articulated, Solver};
use crate::blueprint::{Body, Source};
use crate::math::{Inertia, Mat3, Real, Spatial, Vec3, spatial::vec3};
use crate::render::Pose;

impl<T: Real> Solver<T> {
    /// Writes elements `[start, start + out.len())` of a robot source ([`Source`]); body 0, the world, reads as zeros
    /// (its orientation as the identity). Elements past the end and sources that are not a robot's read as zero.
    #[inline(always)]
    pub fn sense(&self, source: Source, start: usize, out: &mut [T]) {
        match source {
            Source::Qpos => copy(&self.qpos, start, out),
            Source::Qvel => copy(&self.qvel, start, out),
            Source::ActuatorForce => copy(&self.actuation, start, out),
            Source::CenterOfMass => copy(&self.center_of_mass(), start, out),
            Source::BodyPosition => self.each_body(start, out, Self::body_place),
            Source::BodyOrientation => self.each_body(start, out, Self::body_quaternion),
            Source::BodyLinearVelocity => self.each_body(start, out, Self::body_linear),
            Source::BodyAngularVelocity => self.each_body(start, out, Self::body_angular),
            Source::BodyVelocity => self.each_body(start, out, Self::com_velocity),
            Source::BodyInertia => self.each_body(start, out, Self::com_inertia),
            Source::ContactForce => self.contact_forces(start, out),
            _ => out.fill(T::zero()),
        }
    }

    /// Centre of mass of each tree, relative to its origin: what several sensors refer to.
    #[inline(always)]
    pub(super) fn find_centers(&mut self) {
        let t = &self.topology;
        for (tree, center) in self.centers.iter_mut().enumerate() {
            let (mut mass, mut moment) = (T::zero(), Vec3::default());
            for (node, inertia) in t.links.iter().zip(&self.kinematics.inertia).skip(1) {
                if node.tree == tree {
                    mass += inertia.mass;
                    moment += inertia.moment;
                }
            }
            let weighs = T::zero().lt(mass);
            *center = moment.scale(T::one() / T::select(weighs, mass, T::one()));
        }
    }

    /// `N` elements per body, computed once for each body that `out` reaches into.
    #[inline(always)]
    fn each_body<const N: usize>(&self, start: usize, out: &mut [T], f: impl Fn(&Self, &Body) -> [T; N]) {
        let mut known = (usize::MAX, [T::zero(); N]);
        for (i, out) in out.iter_mut().enumerate() {
            let (body, element) = ((start + i) / N, (start + i) % N);
            if known.0 != body {
                let mut world = [T::zero(); N];
                // Only orientations are not zero for the world: w = 1.
                if N == 4 {
                    world[0] = T::one();
                }
                if let Some(authored) = body.checked_sub(1).and_then(|b| self.topology.bodies.get(b)) {
                    world = f(self, authored);
                }
                known = (body, world);
            }
            *out = known.1[element];
        }
    }

    #[inline(always)]
    fn body_rotation(&self, body: &Body) -> Mat3<T> {
        self.kinematics.rotation[usize::from(body.link)].times(&Mat3::splat(&body.rotation))
    }

    /// Frame origin relative to the tree's.
    #[inline(always)]
    fn body_offset(&self, body: &Body) -> Vec3<T> {
        let link = usize::from(body.link);
        self.kinematics.position[link] + self.kinematics.rotation[link].rotate(Vec3::splat(body.position))
    }

    #[inline(always)]
    fn tree_of(&self, body: &Body) -> usize {
        self.topology.links[usize::from(body.link)].tree
    }

    #[inline(always)]
    fn body_position(&self, body: &Body) -> Vec3<T> {
        self.kinematics.origin[self.tree_of(body)] + self.body_offset(body)
    }

    /// Angular velocity and velocity of the frame's origin, world axes.
    #[inline(always)]
    fn body_velocity(&self, body: &Body) -> Spatial<T> {
        let v = &self.kinematics.velocity[usize::from(body.link)];
        Spatial { angular: v.angular, linear: v.at(self.body_offset(body)) }
    }

    #[inline(always)]
    fn body_place(&self, body: &Body) -> [T; 3] {
        array(self.body_position(body))
    }

    #[inline(always)]
    fn body_quaternion(&self, body: &Body) -> [T; 4] {
        quaternion(&self.body_rotation(body))
    }

    #[inline(always)]
    fn body_linear(&self, body: &Body) -> [T; 3] {
        array(self.body_velocity(body).linear)
    }

    #[inline(always)]
    fn body_angular(&self, body: &Body) -> [T; 3] {
        array(self.body_velocity(body).angular)
    }

    /// Centre of mass of all bodies, world, m.
    #[inline(always)]
    fn center_of_mass(&self) -> [T; 3] {
        let t = &self.topology;
        let (mut mass, mut moment) = (T::zero(), Vec3::default());
        for (node, i) in t.links.iter().zip(&self.kinematics.inertia).skip(1) {
            mass += i.mass;
            moment += i.moment + self.kinematics.origin[node.tree].scale(i.mass);
        }
        for body in t.bodies.iter().filter(|b| b.link == 0) {
            mass += T::splat(body.mass);
            moment += Vec3::splat(body.center).scale(T::splat(body.mass));
        }
        let weighs = T::zero().lt(mass);
        array(moment.scale(T::one() / T::select(weighs, mass, T::one())))
    }

    /// MuJoCo's `cvel`: rotation then translation, at the tree's centre of mass.
    #[inline(always)]
    fn com_velocity(&self, body: &Body) -> [T; 6] {
        let v = &self.kinematics.velocity[usize::from(body.link)];
        join(v.angular, v.at(self.centers[self.tree_of(body)]))
    }

    /// MuJoCo's `cinert`: inertia about the tree's centre of mass (xx yy zz xy xz yz), first moment, mass.
    #[inline(always)]
    fn com_inertia(&self, body: &Body) -> [T; 10] {
        let link = usize::from(body.link);
        if link == 0 {
            return [T::zero(); 10];
        }
        let r = &self.kinematics.rotation[link];
        let center = self.kinematics.position[link] + r.rotate(Vec3::splat(body.center));
        let from = center - self.centers[self.tree_of(body)];
        let i = Inertia::new(T::splat(body.mass), from, r.conjugate(&body.inertia));
        let (d, o, h) = (i.diagonal, i.off, i.moment);
        [d.x, d.y, d.z, o.x, o.y, o.z, h.x, h.y, h.z, i.mass]
    }

    /// MuJoCo's `cfrc_ext`: torque about the tree's centre of mass, then force, on each body.
    #[inline(always)]
    fn contact_forces(&self, start: usize, out: &mut [T]) {
        out.fill(T::zero());
        let t = &self.topology;
        for c in &self.constraints.contacts {
            let [n, t1, t2] = c.point.frame;
            let force = n.scale(c.force[0]) + t1.scale(c.force[1]) + t2.scale(c.force[2]);
            // Where a lane lacks the contact its frame means nothing.
            let force = Vec3::select(c.point.present, force, Vec3::default());
            let pair = &t.pairs[c.point.pair];
            let sides =
                [(pair.first, c.point.position + c.point.shift, -T::one()), (pair.second, c.point.position, T::one())];
            for (geom, at, sign) in sides {
                let geom = &t.geoms[geom];
                let first = 6 * usize::from(geom.geom.body);
                if geom.geom.body == 0 || first + 6 <= start || first >= start + out.len() {
                    continue;
                }
                let arm = Vec3::select(c.point.present, at - self.centers[geom.tree], Vec3::default());
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

impl Articulated {
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
}

#[inline(always)]
fn copy<T: Real>(from: &[T], start: usize, out: &mut [T]) {
    for (i, out) in out.iter_mut().enumerate() {
        *out = from.get(start + i).copied().unwrap_or_default();
    }
}

#[inline(always)]
fn array<T: Real>(v: Vec3<T>) -> [T; 3] {
    [v.x, v.y, v.z]
}

#[inline(always)]
fn join<T: Real>(a: Vec3<T>, b: Vec3<T>) -> [T; 6] {
    [a.x, a.y, a.z, b.x, b.y, b.z]
}

/// Of each lane's rotation.
#[inline(always)]
fn quaternion<T: Real>(r: &Mat3<T>) -> [T; 4] {
    let mut out = [T::zero(); 4];
    for lane in 0..T::LANES {
        let of = |v: &Vec3<T>| vec3(v.x.lane(lane), v.y.lane(lane), v.z.lane(lane));
        let q = lane_quaternion(&Mat3 { x: of(&r.x), y: of(&r.y), z: of(&r.z) });
        for (out, q) in out.iter_mut().zip(q) {
            out.set_lane(lane, q);
        }
    }
    out
}

/// Unit quaternion (w, x, y, z; w ≥ 0 unless a larger part decides) of a rotation, by Shepperd's method.
fn lane_quaternion(r: &Mat3<f32>) -> [f32; 4] {
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
