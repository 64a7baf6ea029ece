//! The mass matrix can be inverted: every motion of the robot has inertia or armature.
//!
//! `M = Σ mᵢ Jᵢᵀ Jᵢ + Wᵢᵀ Iᵢ Wᵢ + diag(armature)` is built at `qpos0` in f64 over world axes and factored by
//! Cholesky; a pivot that is nothing beside its diagonal names the joint. Other configurations are not
//! examined: three massless hinges may still line up on the way, which ends that episode with a fault.

use alloc::{vec, vec::Vec};

use super::{Checked, invalid};
use crate::blueprint::{Joint, JointKind, Robot};

type Vector = [f64; 3];
/// Row-major.
type Matrix = [f64; 9];

/// Smallest accepted pivot, relative to the diagonal and absolute.
const RELATIVE: f64 = 1e-9;
const ABSOLUTE: f64 = 1e-14;

/// A degree of freedom in world axes: angular velocity, and linear velocity of the point `at`.
struct Dof {
    joint: usize,
    angular: Vector,
    linear: Vector,
    at: Vector,
}

/// Assumes links, joints and their numbers to be in range.
pub(super) fn check(robot: &Robot) -> Checked {
    let mut frames: Vec<(Vector, Matrix)> = Vec::with_capacity(robot.links.len());
    // Dofs that move link i, its ancestors' first: indices into `dofs`.
    let mut moved_by: Vec<Vec<usize>> = Vec::with_capacity(robot.links.len());
    let mut dofs: Vec<Dof> = Vec::with_capacity(robot.nv());
    let mut joint = 0;
    let n = robot.nv();
    let mut matrix = vec![0.0; n * n];
    for (i, link) in robot.links.iter().enumerate() {
        let own = (link.position.map(f64::from), link.rotation.map(f64::from));
        let (origin, axes, mut chain) = if i == 0 {
            (own.0, own.1, Vec::new())
        } else {
            let (origin, axes) = &frames[usize::from(link.parent)];
            (add(*origin, rotate(axes, own.0)), product(axes, &own.1), moved_by[usize::from(link.parent)].clone())
        };
        for own in &robot.joints[joint..joint + usize::from(link.joints)] {
            let first = dofs.len();
            push(&mut dofs, joint, own, origin, &axes);
            chain.extend(first..dofs.len());
            joint += 1;
        }
        let center = add(origin, rotate(&axes, link.center.map(f64::from)));
        accumulate(&mut matrix, n, &dofs, &chain, f64::from(link.mass), center, &world_inertia(&axes, &link.inertia));
        frames.push((origin, axes));
        moved_by.push(chain);
    }
    for (k, dof) in dofs.iter().enumerate() {
        matrix[k * n + k] += f64::from(robot.joints[dof.joint].armature);
    }
    match singular(&mut matrix, n) {
        None => Ok(()),
        Some(k) => Err(invalid(
            format_args!("robot.joints[{}]", dofs[k].joint),
            "a motion without inertia",
            "armature, or mass and inertia on what the joint moves",
        )),
    }
}

fn push(dofs: &mut Vec<Dof>, joint: usize, own: &Joint, origin: Vector, axes: &Matrix) {
    let zero = [0.0; 3];
    let axis = rotate(axes, own.axis.map(f64::from));
    let at = add(origin, rotate(axes, own.anchor.map(f64::from)));
    match own.kind {
        JointKind::Slide => dofs.push(Dof { joint, angular: zero, linear: axis, at }),
        JointKind::Hinge => dofs.push(Dof { joint, angular: axis, linear: zero, at }),
        JointKind::Free => {
            let units = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
            dofs.extend(units.map(|linear| Dof { joint, angular: zero, linear, at: origin }));
            dofs.extend(units.map(|axis| Dof { joint, angular: rotate(axes, axis), linear: zero, at: origin }));
        }
    }
}

fn accumulate(
    matrix: &mut [f64],
    n: usize,
    dofs: &[Dof],
    chain: &[usize],
    mass: f64,
    center: Vector,
    inertia: &Matrix,
) {
    let velocity = |dof: &Dof| add(dof.linear, cross(dof.angular, sub(center, dof.at)));
    for &a in chain {
        let linear = velocity(&dofs[a]).map(|x| x * mass);
        let angular = rotate(inertia, dofs[a].angular);
        for &b in chain {
            matrix[a * n + b] += dot(linear, velocity(&dofs[b])) + dot(angular, dofs[b].angular);
        }
    }
}

/// Factors in place; the first row without a usable pivot.
fn singular(matrix: &mut [f64], n: usize) -> Option<usize> {
    for k in 0..n {
        let diagonal = matrix[k * n + k];
        let mut pivot = diagonal;
        for j in 0..k {
            pivot -= matrix[k * n + j] * matrix[k * n + j];
        }
        // Also true for NaN.
        if !(pivot > ABSOLUTE && pivot > RELATIVE * diagonal) {
            return Some(k);
        }
        let root = libm::sqrt(pivot);
        matrix[k * n + k] = root;
        for i in k + 1..n {
            let mut x = matrix[i * n + k];
            for j in 0..k {
                x -= matrix[i * n + j] * matrix[k * n + j];
            }
            matrix[i * n + k] = x / root;
        }
    }
    None
}

fn world_inertia(axes: &Matrix, inertia: &[f32; 6]) -> Matrix {
    let [xx, yy, zz, xy, xz, yz] = inertia.map(f64::from);
    let transposed = core::array::from_fn(|i| axes[i % 3 * 3 + i / 3]);
    product(&product(axes, &[xx, xy, xz, xy, yy, yz, xz, yz, zz]), &transposed)
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    core::array::from_fn(|i| (0..3).map(|k| a[i / 3 * 3 + k] * b[k * 3 + i % 3]).sum())
}

fn rotate(m: &Matrix, v: Vector) -> Vector {
    core::array::from_fn(|i| m[3 * i] * v[0] + m[3 * i + 1] * v[1] + m[3 * i + 2] * v[2])
}

fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
