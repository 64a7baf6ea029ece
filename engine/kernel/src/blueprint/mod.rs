//! The compiled scene: everything that is simulated, and nothing else.
//!
//! A [`Blueprint`] is plain data. Its canonical bytes are `magic ‖ version ‖ borsh(body)`; its
//! [`BlueprintId`] is the keccak Merkle root of those bytes ([`crate::merkle`]), so the same id is an
//! input root of every job of the scene. Visuals, names of bodies and licences belong to the package
//! (`hyperdust-scene`): a new texture never renames the physics.
//!
//! Invariants of a value obtained from [`Blueprint::decode`] or [`Blueprint::validated`]: every index is
//! in range, every float is finite and has a canonical zero, every count is within [`limits`].

mod codec;
pub mod limits;
mod rigid;
mod robot;
mod task;
mod validate;

pub use codec::BlueprintId;
pub use rigid::{Collider, Rigid, RigidBody, RigidShape};
pub use robot::{Actuator, Body, Geom, GeomShape, Joint, JointKind, Link, Pair, Robot};
pub use task::{
    ActionTerm, Budget, Distribution, InfoTerm, ObservationGroup, ObservationTerm, Op, Program, Reduce, ResetTarget,
    ResetTerm, RewardTerm, Slice, Source, Task, TerminationTerm, Value,
};

use borsh::{BorshDeserialize, BorshSerialize};

/// How positions follow from velocities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Integrator {
    /// Semi-implicit Euler with implicit joint damping: MuJoCo's `Euler`.
    Euler,
    /// Positions advance with the velocities *before* the step: Gymnasium's `CartPole` default.
    ExplicitEuler,
    /// Fourth-order Runge–Kutta: MuJoCo's `RK4`.
    RungeKutta4,
}

/// Settings of both solvers.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Options {
    /// Seconds per physics step.
    pub timestep: f32,
    /// Physics steps per environment step.
    pub frame_skip: u16,
    /// Of the robot; rigid bodies always use Rapier's own.
    pub integrator: Integrator,
    /// Upper bound of Newton iterations per constraint solve of the robot.
    pub iterations: u16,
    /// Solver iterations of rigid bodies (Rapier's `num_solver_iterations`).
    pub rigid_iterations: u16,
    /// m/s², world frame (right-handed, z up).
    pub gravity: [f32; 3],
}

/// A compiled scene. See the module documentation.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Blueprint {
    /// Settings of the solvers.
    pub options: Options,
    /// Articulated bodies, simulated in reduced coordinates.
    pub robot: Option<Robot>,
    /// Free and fixed rigid bodies, simulated by Rapier.
    pub rigid: Option<Rigid>,
    /// What the agent does, sees and is paid for.
    pub task: Task,
}

impl Blueprint {
    /// Seconds of simulated time per environment step.
    pub fn step_seconds(&self) -> f32 {
        self.options.timestep * f32::from(self.options.frame_skip)
    }

    /// Bodies known to sensors: world (0), then the robot's in MJCF order, then rigid bodies.
    pub fn body_count(&self) -> usize {
        1 + self.robot.as_ref().map_or(0, |r| r.bodies.len()) + self.rigid.as_ref().map_or(0, |r| r.bodies.len())
    }
}
