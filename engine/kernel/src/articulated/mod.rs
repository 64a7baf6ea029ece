//! Robots: trees of links in reduced coordinates, with MuJoCo's model of joints, actuators and soft contacts.
//!
//! A step is: place the links ([`kinematics`]), mass matrix and bias forces ([`dynamics`]), contact
//! points ([`collision`]), constraint rows ([`constraint`]), Newton's method for the acceleration
//! ([`newton`]), and integration ([`integrate`]). The oracle is the `mujoco` package, step by step. All
//! of it is written over [`Real`], so that one source serves one world or several in lanes, with the
//! same bits. Nothing allocates once the lists of contacts have
//! grown to what the robot's motion needs.

mod collision;
mod constraint;
mod dynamics;
mod integrate;
mod kinematics;
mod newton;
mod sensors;
mod topology;

pub use topology::Topology;

use alloc::{sync::Arc, vec, vec::Vec};

use crate::blueprint::{Options, Robot};
use crate::math::{Mask, Real, Vec3};
use crate::task::Cost;

/// One world's robot.
pub type Articulated = Solver<f32>;

/// The state of a robot and the solver's scratch, over one world (`f32`) or several.
#[derive(Clone, Debug)]
pub struct Solver<T: Real> {
    topology: Arc<Topology>,
    qpos: Vec<T>,
    qvel: Vec<T>,
    /// Which rows acted in the last step: contact slots, then limit slots. Part of the state.
    warm: Vec<T::Byte>,
    kinematics: kinematics::Kinematics<T>,
    dynamics: dynamics::Dynamics<T>,
    collision: collision::Collision<T>,
    constraints: constraint::Constraints<T>,
    newton: newton::Newton<T>,
    actuation: Vec<T>,
    force: Vec<T>,
    acceleration: Vec<T>,
    stages: integrate::Stages<T>,
    /// Centre of mass of each tree, from its origin, of the last evaluation.
    centers: Vec<Vec3<T>>,
    contact_count: T,
    row_count: T,
}

impl<T: Real> Solver<T> {
    /// A robot at its reference state. `robot` must be valid (see [`crate::blueprint`]).
    pub fn new(robot: &Robot, options: &Options) -> Self {
        Self::shared(Arc::new(Topology::new(robot, options)))
    }

    /// As [`Self::new`], sharing the constants with other worlds.
    pub fn shared(t: Arc<Topology>) -> Self {
        let mut solver = Self {
            qpos: vec![T::zero(); t.nq],
            qvel: vec![T::zero(); t.nv],
            warm: vec![T::splat_byte(constraint::COLD); t.contact_slots + t.limit_slots],
            kinematics: kinematics::Kinematics::new(&t),
            dynamics: dynamics::Dynamics::new(&t),
            collision: collision::Collision::new(&t),
            constraints: constraint::Constraints::new(&t),
            newton: newton::Newton::new(&t),
            actuation: vec![T::zero(); t.nv],
            force: vec![T::zero(); t.nv],
            acceleration: vec![T::zero(); t.nv],
            stages: integrate::Stages::new(&t),
            centers: vec![Vec3::default(); t.trees],
            contact_count: T::zero(),
            row_count: T::zero(),
            topology: t,
        };
        solver.reset_state();
        solver.refresh();
        solver
    }

    /// Reference positions, no velocity, no warm start. Sensors are as before until [`Self::refresh`].
    pub fn reset_state(&mut self) {
        for (q, &q0) in self.qpos.iter_mut().zip(&self.topology.qpos0) {
            *q = T::splat(q0);
        }
        self.qvel.fill(T::zero());
        self.warm.fill(T::splat_byte(constraint::COLD));
    }

    /// Generalised positions, m and rad; quaternions w x y z.
    pub fn qpos(&self) -> &[T] {
        &self.qpos
    }

    /// See [`Self::qpos`]; call [`Self::normalize`] and [`Self::refresh`] after writing.
    pub fn qpos_mut(&mut self) -> &mut [T] {
        &mut self.qpos
    }

    /// Generalised velocities, m/s and rad/s.
    pub fn qvel(&self) -> &[T] {
        &self.qvel
    }

    /// See [`Self::qvel`].
    pub fn qvel_mut(&mut self) -> &mut [T] {
        &mut self.qvel
    }

    /// Makes every quaternion unit (one of length zero becomes the identity).
    pub fn normalize(&mut self) {
        integrate::normalize(&self.topology, &mut self.qpos);
    }

    /// Brings the sensors to the current state; contact and actuator forces become zero.
    pub fn refresh(&mut self) {
        self.kinematics.place(&self.topology, &self.qpos);
        self.kinematics.moving(&self.topology, &self.qvel);
        self.constraints.contacts.clear();
        self.constraints.limits.clear();
        self.actuation.fill(T::zero());
        self.acceleration.fill(T::zero());
        self.find_centers();
    }

    /// One physics step under controls that are already within their ranges; `controls.len()` = number of actuators.
    #[inline(always)]
    pub fn advance(&mut self, controls: &[T]) {
        self.contact_count = T::zero();
        self.row_count = T::zero();
        self.integrate(controls);
        self.find_centers();
    }

    /// Acceleration at the current state: the whole evaluation, which the sensors then show.
    #[inline(always)]
    fn evaluate(&mut self, t: &Topology, controls: &[T]) {
        self.kinematics.place(t, &self.qpos);
        self.dynamics.assemble(t, &self.kinematics);
        self.dynamics.accelerate(t, &mut self.kinematics, &self.qvel);
        self.collision.find(t, &self.kinematics);
        self.constraints.build(t, &self.kinematics, &self.collision, (&self.qpos, &self.qvel), &mut self.warm);
        self.apply_forces(t, controls);
        self.newton.solve(t, &self.dynamics, &mut self.constraints, &self.force, &mut self.acceleration);
        self.constraints.remember(&mut self.warm);
        self.constraints.decode_forces();
        let (contacts, rows) = self.constraints.count();
        self.contact_count += contacts;
        self.row_count += rows * self.newton.solves;
    }

    /// All forces but those of constraints: actuators, springs, dampers, bias.
    #[inline(always)]
    fn apply_forces(&mut self, t: &Topology, controls: &[T]) {
        self.actuation.fill(T::zero());
        for (actuator, &control) in t.actuators.iter().zip(controls) {
            let joint = &t.joints[usize::from(actuator.joint)];
            let gear = T::splat(actuator.gear);
            let [b0, b1, b2] = actuator.bias;
            let mut force = T::splat(actuator.gain) * control;
            if b0 != 0.0 {
                force += T::splat(b0);
            }
            if b1 != 0.0 {
                force += T::splat(b1) * (gear * self.qpos[joint.q]);
            }
            if b2 != 0.0 {
                force += T::splat(b2) * (gear * self.qvel[joint.dof]);
            }
            if let Some([low, high]) = actuator.force_range {
                force = force.clamp(T::splat(low), T::splat(high));
            }
            self.actuation[joint.dof] += gear * force;
        }
        for dof in 0..t.nv {
            self.force[dof] =
                (self.actuation[dof] - self.dynamics.bias[dof]) - T::splat(t.damping[dof]) * self.qvel[dof];
        }
        for joint in t.joints.iter().filter(|j| j.joint.stiffness != 0.0) {
            let stretch = self.qpos[joint.q] - T::splat(joint.joint.spring_reference);
            self.force[joint.dof] -= T::splat(joint.joint.stiffness) * stretch;
        }
    }

    /// The constants, to share with other worlds.
    pub fn topology(&self) -> Arc<Topology> {
        self.topology.clone()
    }

    /// The warm start, one byte per slot.
    pub fn warm(&self) -> &[T::Byte] {
        &self.warm
    }

    /// Takes over one world's state into a lane, or the reference state for `None`.
    pub fn load(&mut self, lane: usize, world: Option<&Articulated>) {
        match world {
            Some(world) => {
                set(&mut self.qpos, lane, &world.qpos);
                set(&mut self.qvel, lane, &world.qvel);
                for (own, &byte) in self.warm.iter_mut().zip(&world.warm) {
                    T::set_byte(own, lane, byte);
                }
            }
            None => {
                set(&mut self.qpos, lane, &self.topology.qpos0);
                self.qvel.iter_mut().for_each(|v| v.set_lane(lane, 0.0));
                self.warm.iter_mut().for_each(|byte| T::set_byte(byte, lane, constraint::COLD));
            }
        }
    }

    /// Gives a lane's state back to its world, whose own sensors are not refreshed.
    pub fn store(&self, lane: usize, world: &mut Articulated) {
        for (x, own) in world.qpos.iter_mut().zip(&self.qpos).chain(world.qvel.iter_mut().zip(&self.qvel)) {
            *x = own.lane(lane);
        }
        for (byte, own) in world.warm.iter_mut().zip(&self.warm) {
            *byte = T::byte(own, lane);
        }
    }

    /// Makes every zero of the state positive; returns the lanes in which it is finite.
    #[inline(always)]
    pub fn canonicalize(&mut self) -> T::Mask {
        let mut finite = T::Mask::splat(true);
        for x in self.qpos.iter_mut().chain(&mut self.qvel) {
            finite = finite.and(x.is_finite());
            *x += T::zero();
        }
        finite
    }

    /// Contacts and rows (times linear solves) of the last step.
    #[inline(always)]
    pub fn counts(&self) -> [T; 2] {
        [self.contact_count, self.row_count]
    }
}

impl Articulated {
    /// One physics step; returns what it cost. See [`Self::advance`].
    pub fn step(&mut self, controls: &[f32]) -> Cost {
        self.advance(controls);
        let [contacts, rows] = self.counts();
        Cost::of(contacts, rows)
    }

    /// The warm start: part of the state, one byte per slot.
    pub fn warm_start(&self) -> &[u8] {
        &self.warm
    }

    /// Restores [`Self::warm_start`]; false (and nothing changes) if the length or a byte is not one that it returns.
    pub fn set_warm_start(&mut self, bytes: &[u8]) -> bool {
        let valid = bytes.len() == self.warm.len() && bytes.iter().all(|&b| b <= constraint::COLD);
        if valid {
            self.warm.copy_from_slice(bytes);
        }
        valid
    }

    /// The sensor body of the first number of the state that is not finite (0: none can be named).
    pub fn non_finite(&self) -> Option<u16> {
        let t = &self.topology;
        for (l, node) in t.links.iter().enumerate() {
            for joint in &t.joints[node.joints.0..node.joints.1] {
                let q = &self.qpos[joint.q..joint.q + joint.joint.kind.nq()];
                let v = &self.qvel[joint.dof..joint.dof + joint.joint.kind.nv()];
                if q.iter().chain(v).any(|x| !x.is_finite()) {
                    let body = t.bodies.iter().position(|b| usize::from(b.link) == l);
                    return Some(body.map_or(0, |b| b as u16 + 1));
                }
            }
        }
        None
    }
}

fn set<T: Real>(values: &mut [T], lane: usize, from: &[f32]) {
    for (own, &x) in values.iter_mut().zip(from) {
        own.set_lane(lane, x);
    }
}
