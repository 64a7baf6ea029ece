//! Acceleration under soft constraints: MuJoCo's convex problem by Newton's method, warm-started.
//!
//! Minimises `½ (a − a₀)ᵀ M (a − a₀) + Σ ½ D r²` over rows with `r = J a − reference < 0`. For a fixed
//! set of acting rows the minimum is one linear solve; the set of the last step is tried first, so most
//! steps need a single factorisation. `M + Jᵀ D J` keeps the tree's sparsity for contacts with the world
//! and limits; contacts between two moving links use a dense factorisation in the same order, whose
//! result has the same bits where nothing fills in. A lane that is done is frozen by a mask, so no
//! lane's result depends on its neighbours.

use alloc::{vec, vec::Vec};

use super::{
    constraint::{Constraints, Reach},
    dynamics::{self, Dynamics},
    topology::Topology,
};
use crate::math::{Mask, Real};

/// Line-search evaluations.
const SEARCH: usize = 16;

/// Scratch of the solver.
#[derive(Clone, Debug)]
pub(super) struct Newton<T: Real> {
    rows: Vec<T>,
    inverse: Vec<T>,
    dense: Vec<T>,
    step: Vec<T>,
    smooth_gap: Vec<T>,
    product: Vec<T>,
    /// Linear solves of the last call, per lane.
    pub solves: T,
}

impl<T: Real> Newton<T> {
    pub fn new(t: &Topology) -> Self {
        let coupled = t
            .pairs
            .iter()
            .any(|p| [p.first, p.second].iter().all(|&g| t.last_dof(usize::from(t.geoms[g].geom.link)).is_some()));
        Self {
            rows: vec![T::zero(); t.ancestor.len()],
            inverse: vec![T::zero(); t.nv],
            dense: vec![T::zero(); if coupled { t.nv * t.nv } else { 0 }],
            step: vec![T::zero(); t.nv],
            smooth_gap: vec![T::zero(); t.nv],
            product: vec![T::zero(); t.nv],
            solves: T::zero(),
        }
    }

    /// Solves for the acceleration under `force` (all but constraint forces); leaves residuals and the acting set in `c`.
    #[inline(always)]
    pub fn solve(
        &mut self,
        t: &Topology,
        d: &Dynamics<T>,
        c: &mut Constraints<T>,
        force: &[T],
        acceleration: &mut [T],
    ) {
        self.solves = T::zero();
        // The first step starts from rest, where every residual is known without a product.
        acceleration.fill(T::zero());
        for i in 0..c.len() {
            c.residual[i] = -c.reference[i];
        }
        let mut todo = T::Mask::splat(true);
        for iteration in 0..=t.iterations {
            todo = self.improve(t, d, c, (iteration == 0, force), acceleration, todo);
            if !todo.any() {
                break;
            }
        }
    }

    /// One Newton step in the lanes of `todo`, with line search unless it is the `first`, from rest, which only
    /// serves the warm start; returns the lanes that need another.
    #[inline(always)]
    fn improve(
        &mut self,
        t: &Topology,
        d: &Dynamics<T>,
        c: &mut Constraints<T>,
        (first, force): (bool, &[T]),
        acceleration: &mut [T],
        todo: T::Mask,
    ) -> T::Mask {
        let n = c.len();
        if first {
            self.smooth_gap.copy_from_slice(force);
        } else {
            d.multiply(t, acceleration, &mut self.product);
            for i in 0..t.nv {
                self.smooth_gap[i] = force[i] - self.product[i];
            }
        }
        let mut step = core::mem::take(&mut self.step);
        step.copy_from_slice(&self.smooth_gap);
        c.pull(t, &mut step);
        let mut descent = T::zero();
        self.product.copy_from_slice(&step);
        self.hessian_solve(t, d, c, &mut step);
        for (&s, &g) in step.iter().zip(&self.product) {
            descent += s * g;
        }
        self.solves += T::select(todo, T::one(), T::zero());
        c.slopes(t, &step);
        let mut changed = T::Mask::splat(false);
        for i in 0..n {
            let acts = (c.residual[i] + c.slope[i]).lt(T::zero());
            changed = changed.or(acts.xor(c.active[i]).and(T::zero().lt(c.weight[i])));
        }
        changed = changed.and(todo);
        let mut length = T::one();
        if !first && changed.any() {
            let found = self.search(t, d, c, &step, descent);
            length = T::select(changed, found, length);
        }
        let (mut largest_step, mut largest) = (T::zero(), T::zero());
        for (a, &s) in acceleration.iter_mut().zip(&step) {
            let moved = length * s;
            *a = T::select(todo, *a + moved, *a);
            largest_step = largest_step.max(moved.abs());
            largest = largest.max(a.abs());
        }
        for i in 0..n {
            c.residual[i] = T::select(todo, c.residual[i] + length * c.slope[i], c.residual[i]);
            c.active[i] = c.residual[i].lt(T::zero());
        }
        self.step = step;
        let tolerance = T::splat(TOLERANCE);
        changed.and((tolerance * largest + tolerance).lt(largest_step))
    }

    /// Exact line search on the piecewise quadratic along `step`, by safeguarded Newton.
    #[inline(always)]
    fn search(&mut self, t: &Topology, d: &Dynamics<T>, c: &Constraints<T>, step: &[T], descent: T) -> T {
        d.multiply(t, step, &mut self.product);
        let (mut slope0, mut curve0) = (T::zero(), T::zero());
        for i in 0..t.nv {
            slope0 -= step[i] * self.smooth_gap[i];
            curve0 += step[i] * self.product[i];
        }
        let infinite = T::splat(1e9);
        let (mut low, mut high, mut x) = (T::zero(), infinite, T::one());
        let enough = T::splat(1e-4) * descent.abs();
        let mut todo = T::Mask::splat(true);
        for _ in 0..SEARCH {
            let (mut gradient, mut curve) = (slope0 + x * curve0, curve0.max(T::splat(1e-20)));
            for i in 0..c.len() {
                let r = c.residual[i] + x * c.slope[i];
                let pull = T::select(r.lt(T::zero()), c.weight[i] * c.slope[i], T::zero());
                gradient += pull * r;
                curve += pull * c.slope[i];
            }
            todo = todo.and(enough.lt(gradient.abs()));
            if !todo.any() {
                break;
            }
            let falling = gradient.lt(T::zero());
            low = T::select(todo.and(falling), x, low);
            high = T::select(todo.and(falling.not()), x, high);
            let newton = x - gradient / curve;
            let inside = low.lt(newton).and(newton.lt(high));
            let bounded = high.lt(infinite);
            let halved = T::select(bounded, T::splat(0.5) * (low + high), T::splat(2.0) * x);
            x = T::select(todo, T::select(inside, newton, halved), x);
        }
        x
    }

    /// `x ← (M + Jᵀ D J)⁻¹ x` over acting rows.
    #[inline(always)]
    fn hessian_solve(&mut self, t: &Topology, d: &Dynamics<T>, c: &Constraints<T>, x: &mut [T]) {
        self.rows.copy_from_slice(&d.mass);
        let mut coupled = false;
        for contact in &c.contacts {
            let mut acts = T::Mask::splat(false);
            let mut w = [T::zero(); 4];
            for (i, w) in w.iter_mut().enumerate().take(contact.rows) {
                let row = contact.row + i;
                *w = T::select(c.active[row], c.weight[row], T::zero());
                acts = acts.or(T::zero().lt(*w));
            }
            if !acts.any() {
                continue;
            }
            match contact.reach {
                Reach::Dense => coupled = true,
                Reach::Chain(dof) => {
                    let entries = &c.jacobian[contact.jacobian..];
                    let width = contact.width;
                    if contact.rows == 1 {
                        add_rank_one(t, dof, &entries[..width], w[0], &mut self.rows);
                    } else {
                        add_pyramid(t, dof, entries, contact.friction, w, &mut self.rows);
                    }
                }
            }
        }
        for limit in &c.limits {
            let w = T::select(c.active[limit.row], c.weight[limit.row], T::zero());
            self.rows[t.row[limit.dof + 1] - 1] += w;
        }
        if coupled {
            self.dense_solve(t, c, x);
        } else {
            dynamics::factor(t, &mut self.rows, &mut self.inverse);
            dynamics::solve(t, &self.rows, &self.inverse, x);
        }
    }

    /// As the sparse solve, in the same order of operations, with contacts that couple branches.
    #[inline(always)]
    fn dense_solve(&mut self, t: &Topology, c: &Constraints<T>, x: &mut [T]) {
        let n = t.nv;
        let h = &mut self.dense[..];
        h.fill(T::zero());
        for k in 0..n {
            for (&entry, &a) in self.rows[t.row[k]..t.row[k + 1]].iter().zip(t.ancestors(k)) {
                h[k * n + usize::from(a)] = entry;
            }
        }
        for contact in c.contacts.iter().filter(|c| c.reach == Reach::Dense) {
            let entries = &c.jacobian[contact.jacobian..];
            for i in 0..contact.rows {
                let row = contact.row + i;
                let w = T::select(c.active[row], c.weight[row], T::zero());
                if !T::zero().lt(w).any() {
                    continue;
                }
                let mu = T::splat(if contact.rows == 1 {
                    0.0
                } else {
                    contact.friction[i / 2] * if i % 2 == 0 { 1.0 } else { -1.0 }
                });
                let tangent = if contact.rows == 1 { 0 } else { (1 + i / 2) * n };
                for a in 0..n {
                    let ja = entries[a] + mu * entries[tangent + a];
                    let wa = w * ja;
                    for b in 0..=a {
                        h[a * n + b] += wa * (entries[b] + mu * entries[tangent + b]);
                    }
                }
            }
        }
        for k in (0..n).rev() {
            let (above, rest) = h.split_at_mut(k * n);
            let row = &mut rest[..k + 1];
            let inv = T::one() / row[k];
            self.inverse[k] = inv;
            for i in (0..k).rev() {
                let factor = row[i] * inv;
                for (target, &entry) in above[i * n..i * n + i + 1].iter_mut().zip(row.iter()) {
                    *target -= factor * entry;
                }
                row[i] = factor;
            }
        }
        for k in (0..n).rev() {
            let value = x[k];
            for (target, &l) in x[..k].iter_mut().zip(&h[k * n..]) {
                *target -= l * value;
            }
        }
        for k in 0..n {
            let mut sum = x[k] * self.inverse[k];
            for (&v, &l) in x[..k].iter().zip(&h[k * n..]) {
                sum -= l * v;
            }
            x[k] = sum;
        }
    }

    /// `x ← (M + h·diag(damping))⁻¹ x`: implicit joint damping.
    #[inline(always)]
    pub fn damped_solve(&mut self, t: &Topology, d: &Dynamics<T>, x: &mut [T]) {
        self.rows.copy_from_slice(&d.mass);
        for (k, &damping) in t.damping.iter().enumerate() {
            self.rows[t.row[k + 1] - 1] += T::splat(t.timestep * damping);
        }
        dynamics::factor(t, &mut self.rows, &mut self.inverse);
        dynamics::solve(t, &self.rows, &self.inverse, x);
    }
}

/// Steps smaller than this, relative to the largest acceleration, end the iteration.
const TOLERANCE: f32 = 1e-5;

/// `H += w j jᵀ` along one chain.
#[inline(always)]
fn add_rank_one<T: Real>(t: &Topology, dof: usize, j: &[T], w: T, rows: &mut [T]) {
    for (d, (&a, &ja)) in t.ancestors(dof).iter().zip(j).enumerate() {
        let scaled = w * ja;
        let start = t.row[usize::from(a)];
        for (entry, &jb) in rows[start..start + d + 1].iter_mut().zip(j) {
            *entry += scaled * jb;
        }
    }
}

/// `H += Σ wᵢ jᵢ jᵢᵀ` of a pyramid's four edges along one chain.
#[inline(always)]
fn add_pyramid<T: Real>(t: &Topology, dof: usize, entries: &[T], friction: [f32; 2], w: [T; 4], rows: &mut [T]) {
    let ancestors = t.ancestors(dof);
    let width = ancestors.len();
    let (n, rest) = entries.split_at(width);
    let (t1, rest) = rest.split_at(width);
    let t2 = &rest[..width];
    let (f1, f2) = (T::splat(friction[0]), T::splat(friction[1]));
    let nn = (w[0] + w[1]) + (w[2] + w[3]);
    let (n1, n2) = ((w[0] - w[1]) * f1, (w[2] - w[3]) * f2);
    let (s1, s2) = ((w[0] + w[1]) * f1 * f1, (w[2] + w[3]) * f2 * f2);
    for (d, &a) in ancestors.iter().enumerate() {
        let x = nn * n[d] + n1 * t1[d] + n2 * t2[d];
        let y = n1 * n[d] + s1 * t1[d];
        let z = n2 * n[d] + s2 * t2[d];
        let start = t.row[usize::from(a)];
        let row = &mut rows[start..start + d + 1];
        for (e, entry) in row.iter_mut().enumerate() {
            *entry += (x * n[e] + y * t1[e]) + z * t2[e];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::articulated::{Articulated, collision::Point};
    use crate::blueprint::{Geom, GeomShape, Integrator, Joint, JointKind, Link, Options, Pair, Robot};
    use crate::math::{Vec3, spatial::vec3};
    use alloc::vec;

    const IDENTITY: [f32; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

    /// A trunk with two branches of three hinges each; the tips may touch.
    fn fork() -> Robot {
        let mut robot = Robot::default();
        let link = |parent, joints, x: f32| Link {
            parent,
            joints,
            position: [x, 0.3, 0.1],
            rotation: IDENTITY,
            mass: if joints == 0 { 0.0 } else { 1.0 + x },
            center: [0.1, 0.2, 0.05],
            inertia: [0.01, 0.02, 0.03, 0.001, 0.002, 0.003],
        };
        robot.links.push(link(0, 0, 0.0));
        for (i, parent) in [0, 1, 2, 3, 1, 5, 6].into_iter().enumerate() {
            robot.links.push(link(parent, 1, 0.1 * i as f32));
            let mut axis = [0.0; 3];
            axis[i % 3] = 1.0;
            robot.joints.push(Joint {
                kind: JointKind::Hinge,
                axis,
                anchor: [0.0; 3],
                limited: false,
                range: [0.0; 2],
                margin: 0.0,
                stiffness: 0.0,
                spring_reference: 0.0,
                damping: 0.1,
                armature: 0.01,
                max_speed: 0.0,
                solref: [0.02, 1.0],
                solimp: [0.9, 0.95, 0.001, 0.5, 2.0],
                inverse_weight: 1.0,
            });
            robot.qpos0.push(0.0);
        }
        for link in [4, 7] {
            let shape = GeomShape::Sphere { radius: 0.1 };
            robot.geoms.push(Geom { link, body: 0, shape, position: [0.0; 3], rotation: IDENTITY });
        }
        robot.pairs.push(Pair {
            first: 0,
            second: 1,
            dimension: 3,
            friction: [0.8; 2],
            margin: 0.0,
            gap: 0.0,
            solref: [0.02, 1.0],
            solimp: [0.9, 0.95, 0.001, 0.5, 2.0],
            inverse_weight: 1.0,
        });
        robot
    }

    fn options() -> Options {
        let gravity = [0.0, 0.0, -9.81];
        Options {
            timestep: 0.002,
            frame_skip: 1,
            integrator: Integrator::Euler,
            iterations: 20,
            rigid_iterations: 4,
            gravity,
        }
    }

    /// Where nothing fills in, the dense factorisation is the sparse one with zeros: the same bits.
    #[test]
    fn dense_and_sparse_solves_have_the_same_bits() {
        let mut robot = Articulated::new(&fork(), &options());
        for (i, q) in robot.qpos_mut().iter_mut().enumerate() {
            *q = 0.3 * i as f32 - 0.7;
        }
        robot.step(&[]);
        let t = robot.topology.clone();
        let b: Vec<f32> = (0..t.nv).map(|i| 1.0 / (i as f32 + 0.7)).collect();
        let (mut sparse, mut dense) = (b.clone(), b);
        let none = Constraints::new(&t);
        robot.newton.hessian_solve(&t, &robot.dynamics, &none, &mut sparse);
        robot.newton.rows.copy_from_slice(&robot.dynamics.mass);
        robot.newton.dense_solve(&t, &none, &mut dense);
        assert_eq!(sparse, dense);
    }

    /// The optimum's own condition: `M a − force = Jᵀ f`, with both tips pressed together.
    #[test]
    fn the_solution_balances_forces() {
        let mut robot = Articulated::new(&fork(), &options());
        robot.step(&[]);
        let t = robot.topology.clone();
        let frame = [vec3(0.6, 0.8, 0.0), vec3(0.8, -0.6, 0.0), vec3(0.0, 0.0, -1.0)];
        let at = Vec3 { x: 0.2, y: 0.9, z: 0.4 };
        let point =
            Point { pair: 0, slot: 0, present: true, depth: -0.01, frame, position: at, shift: Vec3::default() };
        robot.collision.points = vec![point];
        let state = (&robot.qpos[..], &robot.qvel[..]);
        robot.constraints.build(&t, &robot.kinematics, &robot.collision, state, &mut robot.warm);
        let mut a = vec![0.0; t.nv];
        robot.newton.solve(&t, &robot.dynamics, &mut robot.constraints, &robot.force, &mut a);
        let mut product = vec![0.0; t.nv];
        robot.dynamics.multiply(&t, &a, &mut product);
        let c = &robot.constraints;
        assert!(c.active[..4].iter().any(|&x| x), "the contact does not act");
        let mut pull = robot.force.clone();
        c.pull(&t, &mut pull);
        let scale = pull.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        for (m, f) in product.iter().zip(&pull) {
            assert!((m - f).abs() < 1e-4 * scale, "{product:?} against {pull:?}");
        }
    }
}
