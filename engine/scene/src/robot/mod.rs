//! The model compiler: from what an author wrote to a [`Robot`] that the kernel simulates.
//!
//! [`crate::mjcf`] and [`crate::urdf`] read files into the same [`spec::ModelSpec`]; this module compiles it as
//! MuJoCo 4.0 does: inertias from geoms, default frames, contact parameters, and the inverse weights that scale its
//! soft constraints. What differs from MuJoCo is only the form: bodies without joints are fused into the link that
//! carries them, and only geoms that can touch something are kept.
//!
//! Everything is computed in f64 with `libm` and rounded once, to f32, at the end: a file gives the same blueprint
//! on every machine. The test `python/tests/test_mjcf_oracle.py` compares each field with the `mujoco` package.

mod compile;
mod contact;
pub(crate) mod inertia;
mod json;
pub(crate) mod mesh;
pub(crate) mod spec;
mod tree;
pub(crate) mod vector;
mod visual;
mod weights;
pub(crate) mod xml;

pub(crate) use compile::compile;
pub use json::to_json;

use hyperdust_kernel::blueprint::{Integrator, Robot};
use hyperdust_kernel::render::VisualShape;

use crate::Warning;

/// A compiled model file.
#[derive(Clone, Debug)]
pub struct RobotFile {
    /// The model's name, "" if it has none.
    pub model: String,
    /// What is simulated.
    pub robot: Robot,
    /// What the file says about the simulation.
    pub options: RobotOptions,
    /// What the author called things.
    pub names: RobotNames,
    /// Every visible geom, its body in sensor numbering.
    pub visuals: Vec<VisualShape>,
    /// Named states.
    pub keyframes: Vec<Keyframe>,
    /// What is not simulated, or not as the file says.
    pub warnings: Vec<Warning>,
}

/// Simulation settings of a model file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RobotOptions {
    /// Seconds.
    pub timestep: f32,
    /// How positions follow from velocities.
    pub integrator: Integrator,
    /// m/s², world frame.
    pub gravity: [f32; 3],
    /// Upper bound of solver iterations.
    pub iterations: u16,
}

/// Names in the order of the compiled arrays; "" where the author gave none. Within one list no name occurs twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RobotNames {
    /// Of [`Robot::bodies`] (the world is not in it).
    pub bodies: Vec<String>,
    /// Of [`Robot::joints`].
    pub joints: Vec<String>,
    /// Of [`Robot::actuators`].
    pub actuators: Vec<String>,
    /// Of [`Robot::geoms`].
    pub geoms: Vec<String>,
}

/// A named state.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyframe {
    /// Name, "" if it has none.
    pub name: String,
    /// Length `nq`; quaternions are normalised.
    pub qpos: Vec<f32>,
    /// Length `nv`.
    pub qvel: Vec<f32>,
    /// Length `nu`.
    pub controls: Vec<f32>,
}
