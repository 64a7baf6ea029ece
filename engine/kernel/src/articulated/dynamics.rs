//! Equations of motion: mass matrix, bias forces, and factorisation along the tree.
//!
//! Composite rigid bodies (CRBA) and recursive Newton–Euler (RNE) after Featherstone, *Rigid Body
//! Dynamics Algorithms* (2008), chapters 5, 6 and 8.

use alloc::{vec, vec::Vec};

use super::{kinematics::Kinematics, topology::Topology};
use crate::math::{Inertia, Real, Spatial, Vec3};

/// Matrices and forces over the degrees of freedom.
#[derive(Clone, Debug)]
pub struct Dynamics<T> {
    /// Mass matrix by rows of ancestors ([`Topology`]).
    pub(super) mass: Vec<T>,
    /// Coriolis, centrifugal and gravity forces.
    pub(super) bias: Vec<T>,
    composite: Vec<Inertia<T>>,
    acceleration: Vec<Spatial<T>>,
    force: Vec<Spatial<T>>,
}

impl<T: Real> Dynamics<T> {
    pub(super) fn new(t: &Topology) -> Self {
        Self {
            mass: vec![T::zero(); t.ancestor.len()],
            bias: vec![T::zero(); t.nv],
            composite: vec![Inertia::default(); t.links.len()],
            acceleration: vec![Spatial::default(); t.links.len()],
            force: vec![Spatial::default(); t.links.len()],
        }
    }

    /// Mass matrix with armature.
    #[inline(always)]
    pub(super) fn assemble(&mut self, t: &Topology, k: &Kinematics<T>) {
        self.composite.copy_from_slice(&k.inertia);
        for (l, node) in t.links.iter().enumerate().skip(1).rev() {
            let body = self.composite[l];
            if node.free {
                self.assemble_free(t, l, k, &body);
                continue;
            }
            for dof in (node.dofs.0..node.dofs.1).rev() {
                let f = body.times(&k.axis[dof]);
                let ancestors = t.ancestors(dof);
                let row = &mut self.mass[t.row[dof]..t.row[dof + 1]];
                let mut start = 0;
                if let Some(root) = node.free_root {
                    // A free root's axes are unit translations and the root's own rotations.
                    let r = &k.rotation[root];
                    let head = [
                        f.linear.x,
                        f.linear.y,
                        f.linear.z,
                        r.x.dot(f.angular),
                        r.y.dot(f.angular),
                        r.z.dot(f.angular),
                    ];
                    row[..6].copy_from_slice(&head);
                    start = 6;
                }
                for (entry, &a) in row[start..].iter_mut().zip(&ancestors[start..]) {
                    *entry = k.axis[usize::from(a)].dot(&f);
                }
                let last = row.len() - 1;
                row[last] += T::splat(t.armature[dof]);
            }
            if node.parent != 0 {
                let whole = body;
                self.composite[node.parent].accumulate(&whole);
            }
        }
    }

    #[inline(always)]
    fn assemble_free(&mut self, t: &Topology, l: usize, k: &Kinematics<T>, body: &Inertia<T>) {
        let first = t.links[l].dofs.0;
        let r = &k.rotation[l];
        let axes = [r.x, r.y, r.z];
        for i in 0..3 {
            let row = &mut self.mass[t.row[first + i]..t.row[first + i + 1]];
            row[..i].fill(T::zero());
            row[i] = body.mass + T::splat(t.armature[first + i]);
        }
        for i in 0..3 {
            let f = body.times(&Spatial { angular: axes[i], linear: Vec3::default() });
            let dof = first + 3 + i;
            let row = &mut self.mass[t.row[dof]..t.row[dof + 1]];
            row[..3].copy_from_slice(&[f.linear.x, f.linear.y, f.linear.z]);
            for (entry, axis) in row[3..].iter_mut().zip(&axes) {
                *entry = axis.dot(f.angular);
            }
            row[3 + i] += T::splat(t.armature[dof]);
        }
    }

    /// Velocities of all links and the bias forces, in one pass out and one back.
    #[inline(always)]
    pub(super) fn accelerate(&mut self, t: &Topology, k: &mut Kinematics<T>, qvel: &[T]) {
        self.acceleration[0] = Spatial { angular: Vec3::default(), linear: -Vec3::splat(t.gravity) };
        for (l, node) in t.links.iter().enumerate().skip(1) {
            let mut v = k.velocity[node.parent];
            let mut a = self.acceleration[node.parent];
            if node.free {
                let (dof, r) = (node.dofs.0, &k.rotation[l]);
                v.linear = Vec3 { x: qvel[dof], y: qvel[dof + 1], z: qvel[dof + 2] };
                v.angular = r.rotate(Vec3 { x: qvel[dof + 3], y: qvel[dof + 4], z: qvel[dof + 5] });
                a.linear += v.linear.cross(v.angular);
            } else {
                for dof in node.dofs.0..node.dofs.1 {
                    a.add_scaled(&v.cross_motion(&k.axis[dof]), qvel[dof]);
                    v.add_scaled(&k.axis[dof], qvel[dof]);
                }
            }
            k.velocity[l] = v;
            self.acceleration[l] = a;
            let mut f = k.inertia[l].times(&a);
            f.accumulate(&v.cross_force(&k.inertia[l].times(&v)));
            self.force[l] = f;
        }
        for (l, node) in t.links.iter().enumerate().skip(1).rev() {
            let f = self.force[l];
            if node.free {
                let (dof, r) = (node.dofs.0, &k.rotation[l]);
                let whole =
                    [f.linear.x, f.linear.y, f.linear.z, r.x.dot(f.angular), r.y.dot(f.angular), r.z.dot(f.angular)];
                self.bias[dof..dof + 6].copy_from_slice(&whole);
                continue;
            }
            for dof in node.dofs.0..node.dofs.1 {
                self.bias[dof] = k.axis[dof].dot(&f);
            }
            if node.parent != 0 {
                self.force[node.parent].accumulate(&f);
            }
        }
    }

    /// `y = M x`.
    #[inline(always)]
    pub(super) fn multiply(&self, t: &Topology, x: &[T], y: &mut [T]) {
        for dof in 0..t.nv {
            let row = &self.mass[t.row[dof]..t.row[dof + 1]];
            let ancestors = t.ancestors(dof);
            let last = row.len() - 1;
            let mut sum = row[last] * x[dof];
            for (&m, &a) in row[..last].iter().zip(ancestors) {
                let a = usize::from(a);
                sum += m * x[a];
                y[a] += m * x[dof];
            }
            y[dof] = sum;
        }
    }
}

/// `LᵀDL` of a matrix with the tree's sparsity, in place: rows become those of L, `inverse` D⁻¹.
#[inline(always)]
pub(super) fn factor<T: Real>(t: &Topology, rows: &mut [T], inverse: &mut [T]) {
    for dof in (0..t.nv).rev() {
        let (above, rest) = rows.split_at_mut(t.row[dof]);
        let row = &mut rest[..t.row[dof + 1] - t.row[dof]];
        let last = row.len() - 1;
        let inv = T::one() / row[last];
        inverse[dof] = inv;
        for (d, &a) in t.ancestors(dof)[..last].iter().enumerate().rev() {
            let factor = row[d] * inv;
            let start = t.row[usize::from(a)];
            for (target, &entry) in above[start..start + d + 1].iter_mut().zip(row.iter()) {
                *target -= factor * entry;
            }
            row[d] = factor;
        }
    }
}

/// Solves with what [`factor`] left.
#[inline(always)]
pub(super) fn solve<T: Real>(t: &Topology, rows: &[T], inverse: &[T], x: &mut [T]) {
    for dof in (0..t.nv).rev() {
        let row = &rows[t.row[dof]..t.row[dof + 1] - 1];
        let value = x[dof];
        for (&l, &a) in row.iter().zip(t.ancestors(dof)) {
            x[usize::from(a)] -= l * value;
        }
    }
    for dof in 0..t.nv {
        let row = &rows[t.row[dof]..t.row[dof + 1] - 1];
        let mut sum = x[dof] * inverse[dof];
        for (&l, &a) in row.iter().zip(t.ancestors(dof)) {
            sum -= l * x[usize::from(a)];
        }
        x[dof] = sum;
    }
}
