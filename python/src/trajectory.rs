//! What a replay gave, step by step: the arrays that a data set holds and a recording does not.
//!
//! Buffers grow as the replay goes on, so a recording that stops being true early costs what was run, whatever
//! number of steps it claims.

use hyperdust_gym::Episode;
use hyperdust_kernel::{
    Model, Outcome, World,
    layout::{Layout, Segment},
};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::{
    prelude::*,
    types::{PyDict, PyTuple},
};

use crate::{arrays, scene};

/// Everything an environment would have returned over an episode of `n` steps.
#[derive(Debug)]
pub struct Trajectory {
    /// Per observation segment, the rows of `n + 1` observations.
    observations: Vec<Vec<u8>>,
    /// `n`
    rewards: Vec<f64>,
    /// `n`
    terminations: Vec<bool>,
    /// `n`
    truncations: Vec<bool>,
    /// Per name of [`Model::info_names`], `n + 1` values.
    infos: Vec<Vec<f64>>,
    /// `n + 1` rows of seven numbers a body; empty unless asked for.
    poses: Vec<f32>,
}

impl Trajectory {
    /// Nothing yet.
    pub fn new(model: &Model) -> Self {
        Self {
            observations: vec![Vec::new(); model.observations().segments.len()],
            rewards: Vec::new(),
            terminations: Vec::new(),
            truncations: Vec::new(),
            infos: vec![Vec::new(); model.info_names().len()],
            poses: Vec::new(),
        }
    }

    /// Reads what the world shows now; the outcome is that of the step, none after the reset.
    pub fn push(&mut self, world: &World, outcome: Option<&Outcome>, poses: bool) {
        let arena = world.observation();
        for (segment, rows) in world.model().observations().segments.iter().zip(&mut self.observations) {
            rows.extend_from_slice(&arena[segment.offset..segment.offset + segment.bytes()]);
        }
        for (column, value) in self.infos.iter_mut().zip(world.info()) {
            column.push(f64::from(*value));
        }
        if let Some(outcome) = outcome {
            self.rewards.push(f64::from(outcome.reward));
            self.terminations.push(outcome.terminated);
            self.truncations.push(outcome.truncated);
        }
        if poses {
            for pose in world.bodies() {
                self.poses.extend(pose.position);
                self.poses.extend(pose.orientation);
            }
        }
    }

    /// As Python takes it: arrays with the steps in front, and the segments that say what they are.
    pub fn into_dict<'py>(self, py: Python<'py>, model: &Model, episode: &Episode) -> PyResult<Bound<'py, PyDict>> {
        let parts = PyDict::new(py);
        parts.set_item("observation_segments", scene::segments(py, model.observations())?)?;
        parts.set_item("action_segments", scene::segments(py, model.actions())?)?;
        parts.set_item("step_seconds", scene::step_seconds(model))?;
        let rows = model.observations().segments.iter().zip(&self.observations);
        let observations = rows.map(|(segment, bytes)| stacked(py, segment, self.rewards.len() + 1, bytes));
        parts.set_item("observations", PyTuple::new(py, observations.collect::<PyResult<Vec<_>>>()?)?)?;
        parts.set_item("actions", actions(py, model.actions(), episode, self.rewards.len())?)?;
        let states = self.rewards.len() + 1;
        parts.set_item("rewards", PyArray1::from_vec(py, self.rewards))?;
        parts.set_item("terminations", PyArray1::from_vec(py, self.terminations))?;
        parts.set_item("truncations", PyArray1::from_vec(py, self.truncations))?;
        let infos = PyDict::new(py);
        for (name, column) in model.info_names().iter().zip(self.infos) {
            infos.set_item(name, PyArray1::from_vec(py, column))?;
        }
        parts.set_item("infos", infos)?;
        if !self.poses.is_empty() {
            let bodies = self.poses.len() / (7 * states);
            parts.set_item("poses", PyArray1::from_vec(py, self.poses).reshape([states, bodies, 7])?)?;
        }
        Ok(parts)
    }
}

/// One array a segment, of the actions of the first `steps` steps.
fn actions<'py>(py: Python<'py>, layout: &Layout, episode: &Episode, steps: usize) -> PyResult<Bound<'py, PyTuple>> {
    let arrays = layout.segments.iter().map(|segment| {
        let mut bytes = Vec::with_capacity(steps * segment.bytes());
        for action in (0..steps).map_while(|step| episode.action(step)) {
            bytes.extend_from_slice(&action[segment.offset..segment.offset + segment.bytes()]);
        }
        stacked(py, segment, steps, &bytes)
    });
    PyTuple::new(py, arrays.collect::<PyResult<Vec<_>>>()?)
}

fn stacked<'py>(py: Python<'py>, segment: &Segment, rows: usize, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let shape: Vec<usize> = core::iter::once(rows).chain(segment.shape.iter().copied()).collect();
    arrays::copy(py, segment.dtype, &shape, bytes)
}
