//! Contact points between planes, spheres and capsules, with MuJoCo's points, normals and frames.
//!
//! Each pair owns fixed slots, so that a point keeps its name (and its warm start) from step to step.
//! Points are emitted in slot order; a slot is emitted where any lane has it, with a mask of which.

use alloc::{vec, vec::Vec};

use super::{
    kinematics::Kinematics,
    topology::{PairNode, Topology},
};
use crate::blueprint::GeomShape;
use crate::math::{Mask, Real, Vec3, spatial::vec3};

/// A point where two geoms touch, or are within reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<T: Real> {
    pub pair: usize,
    pub slot: usize,
    /// Lanes in which it exists.
    pub present: T::Mask,
    /// Signed distance less the reach: negative where it exists.
    pub depth: T,
    /// Unit, from the first geom to the second, and the two tangents.
    pub frame: [Vec3<T>; 3],
    /// The point, relative to the origin of the second geom's tree.
    pub position: Vec3<T>,
    /// What to add to `position` to have it relative to the first geom's tree.
    pub shift: Vec3<T>,
}

/// Scratch: placed geoms and the points found.
#[derive(Clone, Debug)]
pub(super) struct Collision<T: Real> {
    center: Vec<Vec3<T>>,
    axis: Vec<Vec3<T>>,
    pub points: Vec<Point<T>>,
}

impl<T: Real> Collision<T> {
    pub fn new(t: &Topology) -> Self {
        Self {
            center: vec![Vec3::default(); t.geoms.len()],
            axis: vec![Vec3::default(); t.geoms.len()],
            points: Vec::with_capacity(t.contact_slots),
        }
    }

    /// Finds all points of the placed robot.
    #[inline(always)]
    pub fn find(&mut self, t: &Topology, k: &Kinematics<T>) {
        self.points.clear();
        for (g, node) in t.geoms.iter().enumerate() {
            let link = usize::from(node.geom.link);
            let r = &k.rotation[link];
            self.center[g] = k.position[link] + r.rotate(Vec3::splat(node.geom.position));
            let m = &node.geom.rotation;
            self.axis[g] = r.rotate(Vec3::splat([m[2], m[5], m[8]]));
        }
        for (index, pair) in t.pairs.iter().enumerate() {
            match t.geoms[pair.first].geom.shape {
                GeomShape::Plane => self.plane(t, k, index, pair),
                _ => self.segments(t, k, index, pair),
            }
        }
    }

    #[inline(always)]
    fn plane(&mut self, t: &Topology, k: &Kinematics<T>, index: usize, pair: &PairNode) {
        let geom = &t.geoms[pair.second];
        let (normal, tree) = (self.axis[pair.first], geom.tree);
        let base = normal.dot(k.origin[tree] - self.center[pair.first]);
        let (center, axis) = (self.center[pair.second], self.axis[pair.second]);
        let height = base + normal.dot(center) - T::splat(geom.radius + pair.reach);
        if geom.half_length == 0.0 {
            let present = height.lt(T::zero());
            if present.any() {
                self.on_plane(k, (tree, geom.radius), index, pair, pair.slot, present, height, center, None);
            }
            return;
        }
        if !height.lt(T::splat(geom.half_length)).any() {
            return;
        }
        let arm = axis.scale(T::splat(geom.half_length));
        let rise = normal.dot(arm);
        for (end, (p, h)) in [(center + arm, height + rise), (center - arm, height - rise)].into_iter().enumerate() {
            let present = h.lt(T::zero());
            if present.any() {
                self.on_plane(k, (tree, geom.radius), index, pair, pair.slot + end, present, h, p, Some(axis));
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "one call site's locals, not a concept")]
    fn on_plane(
        &mut self,
        k: &Kinematics<T>,
        (tree, radius): (usize, f32),
        index: usize,
        pair: &PairNode,
        slot: usize,
        present: T::Mask,
        depth: T,
        center: Vec3<T>,
        along: Option<Vec3<T>>,
    ) {
        let normal = self.axis[pair.first];
        let distance = depth + T::splat(pair.reach);
        let position = center - normal.scale(T::splat(radius) + T::splat(0.5) * distance);
        self.points.push(Point {
            pair: index,
            slot,
            present,
            depth,
            frame: frame(normal, along),
            position,
            shift: k.origin[tree],
        });
    }

    /// Spheres and capsules: nearest points of two segments, thickened.
    #[inline(always)]
    fn segments(&mut self, t: &Topology, k: &Kinematics<T>, index: usize, pair: &PairNode) {
        let (a, b) = (&t.geoms[pair.first], &t.geoms[pair.second]);
        let apart = k.origin[b.tree] - k.origin[a.tree];
        let between = apart + (self.center[pair.second] - self.center[pair.first]);
        let limit = a.bound + b.bound + pair.reach;
        if !between.dot(between).lt(T::splat(limit * limit)).any() {
            return;
        }
        let arm_a = self.axis[pair.first].scale(T::splat(a.half_length));
        let arm_b = self.axis[pair.second].scale(T::splat(b.half_length));
        // Where on each segment (−1 to 1), in which lanes.
        let (one, everywhere) = (T::one(), T::Mask::splat(true));
        let mut found = [(everywhere, T::zero(), T::zero()); 2];
        let mut count = 1;
        match (a.half_length > 0.0, b.half_length > 0.0) {
            (false, false) => {}
            (false, true) => found[0].2 = (-between.dot(arm_b) / arm_b.dot(arm_b)).clamp(-one, one),
            (true, false) => found[0].1 = (between.dot(arm_a) / arm_a.dot(arm_a)).clamp(-one, one),
            (true, true) => {
                let (ma, mb, mc) = (arm_a.dot(arm_a), -arm_a.dot(arm_b), arm_b.dot(arm_b));
                let (u, v) = (arm_a.dot(between), -arm_b.dot(between));
                let det = ma * mc - mb * mb;
                let crossing = (T::splat(1e-6) * ma * mc).lt(det);
                let safe = T::select(crossing, det, one);
                let (x0, y0) = ((mc * u - mb * v) / safe, (ma * v - mb * u) / safe);
                // Clip the first segment, then the second, as MuJoCo does.
                let x1 = x0.clamp(-one, one);
                let y1 = T::select(one.lt(x0.abs()), (v - mb * x1) / mc, y0);
                let y2 = y1.clamp(-one, one);
                let x2 = T::select(one.lt(y1.abs()), ((u - mb * y2) / ma).clamp(-one, one), x1);
                // Parallel: the two ends of the first, each against the second.
                let top = ((v - mb) / mc).clamp(-one, one);
                found[0] = (everywhere, T::select(crossing, x2, one), T::select(crossing, y2, top));
                if crossing.not().any() {
                    found[1] = (crossing.not(), -one, ((v + mb) / mc).clamp(-one, one));
                    count = 2;
                }
            }
        }
        for (nth, &(allowed, x, y)) in found[..count].iter().enumerate() {
            let from = self.center[pair.first] + arm_a.scale(x);
            let to = self.center[pair.second] + arm_b.scale(y);
            let gap = apart + (to - from);
            let length = gap.norm();
            let depth = length - T::splat(a.radius + b.radius + pair.reach);
            let present = allowed.and(depth.lt(T::zero()));
            if !present.any() {
                continue;
            }
            let apart_enough = T::splat(1e-6).lt(length);
            let unit = gap.scale(T::one() / T::select(apart_enough, length, T::one()));
            let normal = Vec3::select(apart_enough, unit, vec3(T::one(), T::zero(), T::zero()));
            let distance = depth + T::splat(pair.reach);
            let position = to - normal.scale(T::splat(b.radius) + T::splat(0.5) * distance);
            let (frame, slot) = (frame(normal, None), pair.slot + nth);
            self.points.push(Point { pair: index, slot, present, depth, frame, position, shift: apart });
        }
    }
}

/// MuJoCo's contact frame: the first tangent along `along` where that has a direction in the plane,
/// else along y (or z, where the normal is near y).
#[inline(always)]
fn frame<T: Real>(normal: Vec3<T>, along: Option<Vec3<T>>) -> [Vec3<T>; 3] {
    let (zero, one, half) = (T::zero(), T::one(), T::splat(0.5));
    let steep = normal.y.abs().lt(half);
    let default = vec3(zero, T::select(steep, one, zero), T::select(steep, zero, one));
    let mut tangent = flat(default, normal);
    if let Some(along) = along {
        let wanted = flat(along, normal);
        tangent = Vec3::select(T::splat(1e-10).lt(wanted.dot(wanted)), wanted, tangent);
    }
    let first = tangent.scale(one / tangent.norm());
    [normal, first, normal.cross(first)]
}

/// What of `v` is across the normal.
#[inline(always)]
fn flat<T: Real>(v: Vec3<T>, normal: Vec3<T>) -> Vec3<T> {
    v - normal.scale(normal.dot(v))
}
