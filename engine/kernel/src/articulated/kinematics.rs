//! Where every link is, how it moves and what it weighs: one pass from the roots to the tips.
//!
//! Positions are relative to the origin of the link's tree (the root link's position), orientations and
//! spatial vectors are world-aligned.

use alloc::{vec, vec::Vec};

use super::topology::Topology;
use crate::blueprint::JointKind;
use crate::math::{Inertia, Mat3, Real, Spatial, Vec3, spatial::vec3};

/// Kinematic state of the last evaluation.
#[derive(Clone, Debug)]
pub struct Kinematics<T> {
    /// World position of each tree's origin; 0: the world's, zero.
    pub origin: Vec<Vec3<T>>,
    /// Of each link's frame, from its tree's origin.
    pub position: Vec<Vec3<T>>,
    /// Of each link.
    pub rotation: Vec<Mat3<T>>,
    /// Motion of each dof at unit speed, about its tree's origin.
    pub axis: Vec<Spatial<T>>,
    /// Of each link, about its tree's origin.
    pub inertia: Vec<Inertia<T>>,
    /// Of each link.
    pub velocity: Vec<Spatial<T>>,
}

impl<T: Real> Kinematics<T> {
    pub(super) fn new(t: &Topology) -> Self {
        Self {
            origin: vec![Vec3::default(); t.trees],
            position: vec![Vec3::default(); t.links.len()],
            rotation: vec![Mat3::identity(); t.links.len()],
            axis: vec![Spatial::default(); t.nv],
            inertia: vec![Inertia::default(); t.links.len()],
            velocity: vec![Spatial::default(); t.links.len()],
        }
    }

    /// Places all links for `qpos`.
    #[inline(always)]
    pub(super) fn place(&mut self, t: &Topology, qpos: &[T]) {
        for (l, node) in t.links.iter().enumerate().skip(1) {
            if node.free {
                self.place_free(t, l, qpos);
            } else {
                self.place_jointed(t, l, qpos);
            }
            let r = self.rotation[l];
            let center = self.position[l] + r.rotate(Vec3::splat(node.link.center));
            self.inertia[l] = Inertia::new(T::splat(node.link.mass), center, r.conjugate(&node.link.inertia));
        }
    }

    #[inline(always)]
    fn place_free(&mut self, t: &Topology, l: usize, qpos: &[T]) {
        let node = &t.links[l];
        let joint = &t.joints[node.joints.0];
        let q = &qpos[joint.q..joint.q + 7];
        let r = Mat3::from_quaternion(q[3], q[4], q[5], q[6]);
        self.origin[node.tree] = vec3(q[0], q[1], q[2]);
        self.position[l] = Vec3::default();
        self.rotation[l] = r;
        let unit = Mat3::<T>::identity();
        let axis = &mut self.axis[joint.dof..joint.dof + 6];
        for (slot, e) in axis[..3].iter_mut().zip([unit.x, unit.y, unit.z]) {
            *slot = Spatial { angular: Vec3::default(), linear: e };
        }
        for (slot, e) in axis[3..].iter_mut().zip([r.x, r.y, r.z]) {
            *slot = Spatial { angular: e, linear: Vec3::default() };
        }
    }

    #[inline(always)]
    fn place_jointed(&mut self, t: &Topology, l: usize, qpos: &[T]) {
        let node = &t.links[l];
        let above = self.rotation[node.parent];
        let mut position = self.position[node.parent] + above.rotate(Vec3::splat(node.link.position));
        let mut r = if node.identity { above } else { above.times(&Mat3::splat(&node.link.rotation)) };
        let root = node.parent == 0;
        if root {
            self.origin[node.tree] = position;
            position = Vec3::default();
        }
        for joint in &t.joints[node.joints.0..node.joints.1] {
            let axis = r.rotate(Vec3::splat(joint.joint.axis));
            let moved = qpos[joint.q] - T::splat(joint.reference);
            if joint.joint.kind == JointKind::Slide {
                let step = axis.scale(moved);
                if root {
                    self.origin[node.tree] += step;
                } else {
                    position += step;
                }
                self.axis[joint.dof] = Spatial { angular: Vec3::default(), linear: axis };
            } else {
                let (sin, cos) = moved.sin_cos();
                let turned = r.times(&Mat3::about(joint.joint.axis, sin, cos));
                let mut anchor = position;
                if joint.joint.anchor != [0.0; 3] {
                    let arm = Vec3::splat(joint.joint.anchor);
                    anchor = position + r.rotate(arm);
                    position = anchor - turned.rotate(arm);
                }
                r = turned;
                self.axis[joint.dof] = Spatial { angular: axis, linear: anchor.cross(axis) };
            }
        }
        self.position[l] = position;
        self.rotation[l] = r;
    }

    /// Spatial velocity of every link for `qvel`, after [`Self::place`].
    pub(super) fn moving(&mut self, t: &Topology, qvel: &[T]) {
        for (l, node) in t.links.iter().enumerate().skip(1) {
            let mut v = self.velocity[node.parent];
            for dof in node.dofs.0..node.dofs.1 {
                v.add_scaled(&self.axis[dof], qvel[dof]);
            }
            self.velocity[l] = v;
        }
    }
}
