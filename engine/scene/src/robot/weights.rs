//! Inverse weights: how easily each body and joint moves at the reference configuration.
//!
//! MuJoCo scales its soft constraints by the diagonal of `J M⁻¹ Jᵀ`, computed once at `qpos0`: `body_invweight0` is
//! its mean over the three translations of a body's centre of mass, `dof_invweight0` its value for a joint. The mass
//! matrix includes armature. Everything in f64; the matrix is factored as `L Lᵀ`, so that each weight is the squared
//! length of `L⁻¹ jᵀ`.

use super::inertia::turn;
use super::spec::{ModelSpec, MotionSpec};
use super::tree::Tree;
use super::vector::{Vec3, add, cross, dot, matrix, scale, sub};
use crate::Error;

/// Below this a division means nothing (MuJoCo's `mjMINVAL`).
const TINY: f64 = 1e-15;
/// Smallest pivot of the mass matrix, as in the kernel's own check: of itself, and beside its diagonal element.
const ABSOLUTE: f64 = 1e-14;
const RELATIVE: f64 = 1e-9;

/// The weights of a model.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// Translational, of each body, the world included.
    pub bodies: Vec<f64>,
    /// Of each joint, in joint order (of a free joint: its translations).
    pub joints: Vec<f64>,
    /// What each joint's (first) dof feels: the inverse of its diagonal element of `M⁻¹`.
    pub inertias: Vec<f64>,
}

/// One degree of freedom at the reference configuration, world axes.
struct Dof {
    axis: Vec3,
    /// `None`: it translates.
    center: Option<Vec3>,
    body: usize,
}

impl Dof {
    fn linear(&self, point: Vec3) -> Vec3 {
        self.center.map_or(self.axis, |center| cross(self.axis, sub(point, center)))
    }

    fn angular(&self) -> Vec3 {
        if self.center.is_some() { self.axis } else { [0.0; 3] }
    }
}

/// Computes the weights.
pub(crate) fn weigh(model: &ModelSpec, tree: &Tree) -> Result<Weights, Error> {
    let dofs = dofs(model, tree);
    // All dofs that move a link, in increasing order.
    let mut chains: Vec<Vec<usize>> = Vec::with_capacity(tree.links.len());
    for (index, link) in tree.links.iter().enumerate() {
        let mut chain = if index == 0 { Vec::new() } else { chains[link.parent].clone() };
        let end = tree.links.get(index + 1).map_or(dofs.len(), |next| next.first_dof);
        if index > 0 {
            chain.extend(link.first_dof..end);
        }
        chains.push(chain);
    }
    let mass = mass_matrix(model, tree, &dofs, &chains);
    let size = dofs.len();
    let factor = factor(mass, size).map_err(|dof| {
        let body = &model.bodies[dofs[dof].body];
        Error::value(
            body.place.clone(),
            body.label(),
            "a joint that moves no mass",
            "mass away from the joint's axis, or joints with armature",
        )
    })?;

    let mut bodies = vec![0.0];
    for index in 1..model.bodies.len() {
        let link = tree.link_of[index];
        bodies.push(if link == 0 {
            0.0
        } else if slides_only(model, tree, index) {
            1.0 / tree.masses[index].mass.max(TINY)
        } else {
            let center = tree.world(index).point(tree.masses[index].center);
            let mut sum = 0.0;
            for axis in 0..3 {
                let mut row = vec![0.0; size];
                for dof in &chains[link] {
                    row[*dof] = dofs[*dof].linear(center)[axis];
                }
                sum += weight(&factor, size, &mut row);
            }
            sum / 3.0
        });
    }

    let (mut joints, mut inertias) = (Vec::new(), Vec::new());
    for link in &tree.links[1..] {
        let mut dof = link.first_dof;
        for joint in &model.bodies[link.body].joints {
            let width = if joint.motion == MotionSpec::Free { 3 } else { 1 };
            let mut own = [0.0; 3];
            for (axis, value) in own.iter_mut().enumerate().take(width) {
                let mut row = vec![0.0; size];
                row[dof + axis] = 1.0;
                *value = weight(&factor, size, &mut row);
            }
            inertias.push(1.0 / own[0].max(TINY));
            joints.push(if slides_only(model, tree, link.body) {
                1.0 / tree.masses[link.body].mass.max(TINY)
            } else {
                own[..width].iter().sum::<f64>() / width as f64
            });
            dof += if joint.motion == MotionSpec::Free { 6 } else { 1 };
        }
    }
    Ok(Weights { bodies, joints, inertias })
}

fn dofs(model: &ModelSpec, tree: &Tree) -> Vec<Dof> {
    let mut dofs = Vec::with_capacity(tree.dofs);
    for link in &tree.links[1..] {
        let rotation = matrix(link.world.rotation);
        let column = |i: usize| [rotation[i], rotation[3 + i], rotation[6 + i]];
        for joint in &model.bodies[link.body].joints {
            let axis = super::vector::mat_vec(&rotation, joint.axis);
            let center = Some(link.world.point(joint.anchor));
            let body = link.body;
            match joint.motion {
                MotionSpec::Hinge => dofs.push(Dof { axis, center, body }),
                MotionSpec::Slide => dofs.push(Dof { axis, center: None, body }),
                MotionSpec::Free => {
                    for axis in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] {
                        dofs.push(Dof { axis, center: None, body });
                    }
                    for i in 0..3 {
                        dofs.push(Dof { axis: column(i), center: Some(link.world.position), body });
                    }
                }
            }
        }
    }
    dofs
}

fn mass_matrix(model: &ModelSpec, tree: &Tree, dofs: &[Dof], chains: &[Vec<usize>]) -> Vec<f64> {
    let size = dofs.len();
    let mut mass = vec![0.0; size * size];
    for (link, chain) in tree.links.iter().zip(chains).skip(1) {
        let center = link.world.point(link.mass.center);
        let inertia = turn(&matrix(link.world.rotation), &link.mass.inertia);
        let columns: Vec<(Vec3, Vec3, Vec3)> = chain
            .iter()
            .map(|dof| {
                let (linear, angular) = (dofs[*dof].linear(center), dofs[*dof].angular());
                (scale(linear, link.mass.mass), angular, symmetric(&inertia, angular))
            })
            .collect();
        for (a, i) in chain.iter().enumerate() {
            let linear = dofs[*i].linear(center);
            for (b, j) in chain.iter().enumerate().take(a + 1) {
                mass[i * size + j] += dot(linear, columns[b].0) + dot(columns[a].1, columns[b].2);
            }
        }
    }
    let mut dof = 0;
    for joint in tree.links[1..].iter().flat_map(|l| &model.bodies[l.body].joints) {
        for _ in 0..if joint.motion == MotionSpec::Free { 6 } else { 1 } {
            mass[dof * size + dof] += joint.armature;
            dof += 1;
        }
    }
    mass
}

fn symmetric(s: &[f64; 6], v: Vec3) -> Vec3 {
    add(
        [s[0] * v[0], s[1] * v[1], s[2] * v[2]],
        [s[3] * v[1] + s[4] * v[2], s[3] * v[0] + s[5] * v[2], s[4] * v[0] + s[5] * v[1]],
    )
}

/// `L` with `L Lᵀ` = the matrix whose lower half is given, or the first column that has no positive pivot.
fn factor(mut m: Vec<f64>, size: usize) -> Result<Vec<f64>, usize> {
    for j in 0..size {
        let diagonal = m[j * size + j];
        for k in 0..j {
            let f = m[j * size + k];
            if f != 0.0 {
                for i in j..size {
                    m[i * size + j] -= m[i * size + k] * f;
                }
            }
        }
        let pivot = m[j * size + j];
        if pivot.is_nan() || pivot < ABSOLUTE || pivot < RELATIVE * diagonal {
            return Err(j);
        }
        let root = libm::sqrt(pivot);
        for i in j..size {
            m[i * size + j] /= root;
        }
    }
    Ok(m)
}

/// |L⁻¹ row|²
fn weight(factor: &[f64], size: usize, row: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..size {
        let mut value = row[i];
        for k in 0..i {
            value -= factor[i * size + k] * row[k];
        }
        row[i] = value / factor[i * size + i];
        sum += row[i] * row[i];
    }
    sum
}

/// MuJoCo's shortcut: a body without children that only slides along its own axes, with its inertial frame at its own
/// frame, weighs its mass. (Without it the weight would be a mean over axes, some of which it cannot move along.)
fn slides_only(model: &ModelSpec, tree: &Tree, index: usize) -> bool {
    let body = &model.bodies[index];
    let parent = &model.bodies[body.parent];
    let near_world = body.parent == 0 || (parent.parent == 0 && parent.joints.is_empty());
    body.simple
        && near_world
        && !body.joints.is_empty()
        && tree.masses[index].aligned
        && !model.bodies.iter().skip(index + 1).any(|b| b.parent == index)
        && body.joints.iter().all(|j| {
            j.motion == MotionSpec::Slide
                && j.anchor.iter().all(|x| x.abs() < 1e-6)
                && j.axis.iter().filter(|x| x.abs() > super::vector::EPSILON).count() == 1
        })
}
