//! From accelerations to the next state.
//!
//! `Euler` and `RungeKutta4` follow MuJoCo ("Numerical integration" in its documentation): semi-implicit
//! Euler with joint damping treated implicitly, and the classic fourth-order scheme, which on quaternions
//! is Munthe-Kaas's for the rotation group, as in MuJoCo 4.0 (3.x left the correction out).

use alloc::{sync::Arc, vec, vec::Vec};

use super::{Solver, topology::Topology};
use crate::blueprint::{Integrator, JointKind};
use crate::math::{Real, Vec3, spatial::vec3};

/// A stage's weight in the sum, and how far the next one looks ahead, in steps (0: it is the last).
type Stage = (f32, f32);
const CLASSIC: [Stage; 4] = [(1.0 / 6.0, 0.5), (1.0 / 3.0, 0.5), (1.0 / 3.0, 1.0), (1.0 / 6.0, 0.0)];
const SINGLE: [Stage; 1] = [(1.0, 0.0)];

/// Scratch of the integrators.
#[derive(Clone, Debug)]
pub(super) struct Stages<T> {
    /// State at the start of the step.
    qpos: Vec<T>,
    qvel: Vec<T>,
    sum_velocity: Vec<T>,
    sum_acceleration: Vec<T>,
    /// From the start of the step to where the state is, on the tangent space.
    displacement: Vec<T>,
}

impl<T: Real> Stages<T> {
    pub fn new(t: &Topology) -> Self {
        let nv = || vec![T::zero(); t.nv];
        Self { qpos: vec![T::zero(); t.nq], qvel: nv(), sum_velocity: nv(), sum_acceleration: nv(), displacement: nv() }
    }
}

impl<T: Real> Solver<T> {
    /// From the state to the next. One loop for all integrators: the whole evaluation is inlined into it, so a second place
    /// that calls it would be a second copy of the solver.
    #[inline(always)]
    pub(super) fn integrate(&mut self, controls: &[T]) {
        let t = Arc::clone(&self.topology);
        let stages = if t.integrator == Integrator::RungeKutta4 { &CLASSIC[..] } else { &SINGLE[..] };
        self.stages.qpos.copy_from_slice(&self.qpos);
        self.stages.qvel.copy_from_slice(&self.qvel);
        for (index, &stage) in stages.iter().enumerate() {
            self.evaluate(&t, controls);
            match t.integrator {
                Integrator::Euler => self.euler(&t),
                Integrator::ExplicitEuler => self.explicit_euler(&t),
                Integrator::RungeKutta4 => self.runge_kutta(&t, index, stage),
            }
            self.qpos.copy_from_slice(&self.stages.qpos);
            move_by(&t, &mut self.qpos, &self.stages.displacement);
        }
    }

    #[inline(always)]
    fn euler(&mut self, t: &Topology) {
        if t.has_damping {
            self.dynamics.multiply(t, &self.acceleration, &mut self.stages.sum_acceleration);
            self.newton.damped_solve(t, &self.dynamics, &mut self.stages.sum_acceleration);
            core::mem::swap(&mut self.acceleration, &mut self.stages.sum_acceleration);
        }
        let h = T::splat(t.timestep);
        for (v, &a) in self.qvel.iter_mut().zip(&self.acceleration) {
            *v += h * a;
        }
        limit_speed(t, &mut self.qvel);
        for (moved, &v) in self.stages.displacement.iter_mut().zip(&self.qvel) {
            *moved = h * v;
        }
    }

    #[inline(always)]
    fn explicit_euler(&mut self, t: &Topology) {
        let h = T::splat(t.timestep);
        for ((v, &a), moved) in self.qvel.iter_mut().zip(&self.acceleration).zip(&mut self.stages.displacement) {
            *moved = h * *v;
            *v += h * a;
        }
        limit_speed(t, &mut self.qvel);
    }

    /// What a stage adds, and where the next one (or the step) leads.
    #[inline(always)]
    fn runge_kutta(&mut self, t: &Topology, index: usize, (weight, ahead): Stage) {
        let Stages { qvel: start, sum_velocity, sum_acceleration, displacement, .. } = &mut self.stages;
        if index == 0 {
            displacement.fill(T::zero());
            sum_velocity.fill(T::zero());
            sum_acceleration.fill(T::zero());
        }
        rate(t, &self.qvel, displacement);
        let last = ahead == 0.0;
        let (w, h) = (T::splat(weight), T::splat(if last { t.timestep } else { t.timestep * ahead }));
        for dof in 0..t.nv {
            sum_velocity[dof] += w * displacement[dof];
            sum_acceleration[dof] += w * self.acceleration[dof];
            let (velocity, acceleration) = if last {
                (sum_velocity[dof], sum_acceleration[dof])
            } else {
                (displacement[dof], self.acceleration[dof])
            };
            displacement[dof] = h * velocity;
            self.qvel[dof] = start[dof] + h * acceleration;
        }
        if last {
            limit_speed(t, &mut self.qvel);
        }
    }
}

/// `displacement ← ` how fast the displacement itself changes at `qvel`. On quaternions that is `dexp⁻¹(θ) ω`, with
/// θ the rotation so far and ω the body's angular velocity: ω + θ×ω/2 + c·θ×(θ×ω), c = (1 − |θ|/2·cot(|θ|/2))/|θ|²,
/// by its series (Bernoulli numbers), exact to f32 up to a radian. Further a step does not sensibly turn; |θ|² counts as 9 at most.
#[inline(always)]
fn rate<T: Real>(t: &Topology, qvel: &[T], displacement: &mut [T]) {
    for joint in &t.joints {
        let dof = joint.dof;
        if joint.joint.kind != JointKind::Free {
            displacement[dof] = qvel[dof];
            continue;
        }
        let (turned, omega) = (rotation(&displacement[dof..]), rotation(&qvel[dof..]));
        let s = turned.dot(turned).min(T::splat(9.0));
        let mut c = T::zero();
        for bernoulli in [1.0 / 1_209_600.0, 1.0 / 30_240.0, 1.0 / 720.0, 1.0 / 12.0] {
            c = c * s + T::splat(bernoulli);
        }
        let cross = turned.cross(omega);
        let rate = omega + cross.scale(T::splat(0.5)) + turned.cross(cross).scale(c);
        displacement[dof..dof + 6].copy_from_slice(&[qvel[dof], qvel[dof + 1], qvel[dof + 2], rate.x, rate.y, rate.z]);
    }
}

#[inline(always)]
fn limit_speed<T: Real>(t: &Topology, qvel: &mut [T]) {
    for joint in t.joints.iter().filter(|j| j.joint.max_speed > 0.0) {
        let bound = T::splat(joint.joint.max_speed);
        for v in &mut qvel[joint.dof..joint.dof + joint.joint.kind.nv()] {
            *v = v.clamp(-bound, bound);
        }
    }
}

/// The rotational part of a free joint.
#[inline(always)]
fn rotation<T: Real>(x: &[T]) -> Vec3<T> {
    vec3(x[3], x[4], x[5])
}

/// `qpos ← qpos ⊕ displacement`; quaternions turn by the exponential map of a rotation in the body's frame.
#[inline(always)]
fn move_by<T: Real>(t: &Topology, qpos: &mut [T], displacement: &[T]) {
    for joint in &t.joints {
        if joint.joint.kind != JointKind::Free {
            qpos[joint.q] += displacement[joint.dof];
            continue;
        }
        let v = &displacement[joint.dof..joint.dof + 6];
        let q = &mut qpos[joint.q..joint.q + 7];
        for i in 0..3 {
            q[i] += v[i];
        }
        let (x, y, z) = (v[3], v[4], v[5]);
        let angle = (x * x + y * y + z * z).sqrt();
        let half = T::splat(0.5);
        let (sin, cos) = (half * angle).sin_cos();
        let turning = T::splat(1e-12).lt(angle);
        let k = T::select(turning, sin / T::select(turning, angle, T::one()), half);
        let (bx, by, bz) = (x * k, y * k, z * k);
        let (aw, ax, ay, az) = (q[3], q[4], q[5], q[6]);
        q[3] = aw * cos - ax * bx - ay * by - az * bz;
        q[4] = aw * bx + ax * cos + ay * bz - az * by;
        q[5] = aw * by - ax * bz + ay * cos + az * bx;
        q[6] = aw * bz + ax * by - ay * bx + az * cos;
        unit(&mut q[3..7]);
    }
}

/// Makes every quaternion unit.
pub(super) fn normalize<T: Real>(t: &Topology, qpos: &mut [T]) {
    for joint in t.joints.iter().filter(|j| j.joint.kind == JointKind::Free) {
        unit(&mut qpos[joint.q + 3..joint.q + 7]);
    }
}

#[inline(always)]
fn unit<T: Real>(q: &mut [T]) {
    let norm = (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]).sqrt();
    let usable = T::splat(1e-12).lt(norm);
    let scale = T::one() / T::select(usable, norm, T::one());
    for (i, x) in q.iter_mut().enumerate() {
        let identity = if i == 0 { T::one() } else { T::zero() };
        *x = T::select(usable, *x * scale, identity);
    }
}
