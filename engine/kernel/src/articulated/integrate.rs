//! From accelerations to the next state.
//!
//! `Euler` and `RungeKutta4` follow MuJoCo ("Numerical integration" in its documentation): semi-implicit
//! Euler with joint damping treated implicitly, and the classic fourth-order scheme on the tangent space.

use alloc::{vec, vec::Vec};

use super::{Solver, topology::Topology};
use crate::blueprint::JointKind;
use crate::math::Real;

/// Scratch of the integrators.
#[derive(Clone, Debug)]
pub(super) struct Stages<T> {
    qpos: Vec<T>,
    qvel: Vec<T>,
    sum_velocity: Vec<T>,
    sum_acceleration: Vec<T>,
    velocity: Vec<T>,
}

impl<T: Real> Stages<T> {
    pub fn new(t: &Topology) -> Self {
        let nv = || vec![T::zero(); t.nv];
        Self { qpos: vec![T::zero(); t.nq], qvel: nv(), sum_velocity: nv(), sum_acceleration: nv(), velocity: nv() }
    }
}

impl<T: Real> Solver<T> {
    pub(super) fn euler(&mut self, controls: &[T]) {
        self.evaluate(controls);
        let t = self.topology.clone();
        if t.has_damping {
            self.dynamics.multiply(&t, &self.acceleration, &mut self.stages.velocity);
            self.newton.damped_solve(&t, &self.dynamics, &mut self.stages.velocity);
            core::mem::swap(&mut self.acceleration, &mut self.stages.velocity);
        }
        let h = T::splat(t.timestep);
        for (v, &a) in self.qvel.iter_mut().zip(&self.acceleration) {
            *v += h * a;
        }
        limit_speed(&t, &mut self.qvel);
        move_by(&t, &mut self.qpos, &self.qvel, h);
    }

    pub(super) fn explicit_euler(&mut self, controls: &[T]) {
        self.evaluate(controls);
        let t = self.topology.clone();
        let h = T::splat(t.timestep);
        move_by(&t, &mut self.qpos, &self.qvel, h);
        for (v, &a) in self.qvel.iter_mut().zip(&self.acceleration) {
            *v += h * a;
        }
        limit_speed(&t, &mut self.qvel);
    }

    pub(super) fn runge_kutta(&mut self, controls: &[T]) {
        let t = self.topology.clone();
        let h = t.timestep;
        self.stages.qpos.copy_from_slice(&self.qpos);
        self.stages.qvel.copy_from_slice(&self.qvel);
        self.stages.sum_velocity.fill(T::zero());
        self.stages.sum_acceleration.fill(T::zero());
        // Weight of each stage in the sum, and how far the next stage looks ahead.
        for (weight, ahead) in [(1.0 / 6.0, 0.5), (1.0 / 3.0, 0.5), (1.0 / 3.0, 1.0), (1.0 / 6.0, 0.0)] {
            self.evaluate(controls);
            let w = T::splat(weight);
            for dof in 0..t.nv {
                self.stages.sum_velocity[dof] += w * self.qvel[dof];
                self.stages.sum_acceleration[dof] += w * self.acceleration[dof];
            }
            if ahead == 0.0 {
                break;
            }
            let step = T::splat(h * ahead);
            self.stages.velocity.copy_from_slice(&self.qvel);
            self.qpos.copy_from_slice(&self.stages.qpos);
            move_by(&t, &mut self.qpos, &self.stages.velocity, step);
            for dof in 0..t.nv {
                self.qvel[dof] = self.stages.qvel[dof] + step * self.acceleration[dof];
            }
        }
        let h = T::splat(h);
        for dof in 0..t.nv {
            self.qvel[dof] = self.stages.qvel[dof] + h * self.stages.sum_acceleration[dof];
        }
        limit_speed(&t, &mut self.qvel);
        self.qpos.copy_from_slice(&self.stages.qpos);
        move_by(&t, &mut self.qpos, &self.stages.sum_velocity, h);
    }
}

fn limit_speed<T: Real>(t: &Topology, qvel: &mut [T]) {
    for joint in t.joints.iter().filter(|j| j.joint.max_speed > 0.0) {
        let bound = T::splat(joint.joint.max_speed);
        for v in &mut qvel[joint.dof..joint.dof + joint.joint.kind.nv()] {
            *v = v.clamp(-bound, bound);
        }
    }
}

/// `qpos ← qpos ⊕ h·velocity`; quaternions turn by the exponential map of the body-frame velocity.
fn move_by<T: Real>(t: &Topology, qpos: &mut [T], velocity: &[T], h: T) {
    for joint in &t.joints {
        if joint.joint.kind != JointKind::Free {
            qpos[joint.q] += h * velocity[joint.dof];
            continue;
        }
        let v = &velocity[joint.dof..joint.dof + 6];
        let q = &mut qpos[joint.q..joint.q + 7];
        for i in 0..3 {
            q[i] += h * v[i];
        }
        let (x, y, z) = (v[3], v[4], v[5]);
        let speed = (x * x + y * y + z * z).sqrt();
        let half = T::splat(0.5) * h;
        let (sin, cos) = (half * speed).sin_cos();
        let turning = T::splat(1e-10).lt(speed);
        let k = T::select(turning, sin / T::select(turning, speed, T::one()), half);
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

fn unit<T: Real>(q: &mut [T]) {
    let norm = (q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]).sqrt();
    let usable = T::splat(1e-12).lt(norm);
    let scale = T::one() / T::select(usable, norm, T::one());
    for (i, x) in q.iter_mut().enumerate() {
        let identity = if i == 0 { T::one() } else { T::zero() };
        *x = T::select(usable, *x * scale, identity);
    }
}
