//! One world, as `hyperdust/env.py` uses it.

use hyperdust_gym::Env as GymEnv;
use hyperdust_kernel::World;
use numpy::{PyArray1, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use crate::{
    actions::Actions,
    arrays,
    episode::Episode,
    errors::{self, python},
    info,
    scene::Scene,
};

/// What `step` returns.
type Stepped<'py> = (Bound<'py, PyTuple>, f64, bool, bool, Bound<'py, PyDict>);

/// A single environment.
#[pyclass(module = "hyperdust._core")]
pub struct Env {
    env: GymEnv,
    scene: Py<Scene>,
    actions: Actions,
    /// Whether the scene's time limit is reported; else some wrapper has its own.
    #[pyo3(get, set)]
    own_time_limit: bool,
}

#[pymethods]
impl Env {
    #[new]
    fn new(py: Python<'_>, scene: Py<Scene>, record: bool) -> Self {
        let mut env = GymEnv::new(scene.borrow(py).model().clone());
        if record {
            env.record(true);
        }
        Self { env, scene, actions: Actions::default(), own_time_limit: true }
    }

    /// Starts an episode: observation arrays and info.
    #[pyo3(signature = (seed=None))]
    fn reset<'py>(
        &mut self,
        py: Python<'py>,
        seed: Option<u64>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        py.detach(|| self.env.reset(seed)).map_err(errors::gym)?;
        let info = info::single(py, self.scene.get().legend(), self.env.info().map_err(errors::gym)?, None)?;
        Ok((self.observation(py)?, info))
    }

    /// One step with one object per action segment.
    fn step<'py>(&mut self, py: Python<'py>, actions: &Bound<'py, PyTuple>) -> PyResult<Stepped<'py>> {
        self.actions.read(self.env.model().actions(), None, actions)?;
        let step = py.detach(|| self.env.step_segments(&self.actions.slices())).map_err(errors::gym)?;
        let info = info::single(py, self.scene.get().legend(), self.env.info().map_err(errors::gym)?, step.fault)?;
        let truncated = step.truncated && (self.own_time_limit || !step.timed_out);
        Ok((self.observation(py)?, step.reward, step.terminated, truncated, info))
    }

    /// New arrays, one per segment.
    fn observation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        observation(py, self.env.world())
    }

    /// Everything that the future depends on.
    fn get_state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.env.snapshot().map_err(errors::gym)?))
    }

    /// Becomes the environment that the state was taken of.
    fn set_state(&mut self, state: &[u8]) -> PyResult<()> {
        self.env.restore(state).map_err(errors::gym)
    }

    /// (nq,)
    fn qpos<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, self.env.world().qpos())
    }

    /// (nv,)
    fn qvel<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, self.env.world().qvel())
    }

    /// Puts the robot into a state.
    fn set_qpos_qvel(&mut self, qpos: PyReadonlyArray1<'_, f32>, qvel: PyReadonlyArray1<'_, f32>) -> PyResult<()> {
        self.env.set_state(qpos.as_slice()?, qvel.as_slice()?).map_err(errors::gym)
    }

    /// BLAKE3 of the state.
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.env.world().digest())
    }

    /// Steps since the reset.
    fn steps(&self) -> u32 {
        self.env.world().steps()
    }

    /// Contacts, solver rows and rays of the last step.
    fn cost(&self) -> (u32, u32, u32) {
        cost(self.env.world())
    }

    /// The recording so far.
    fn episode(&self) -> PyResult<Episode> {
        let episode = self.env.episode().ok_or_else(not_recorded)?;
        let world = self.env.world();
        let limit = world.model().blueprint().task.max_episode_steps;
        // The recording ends at the scene's limit, wherever a wrapper ends the episode.
        let cut = episode.records.last().is_some_and(|last| last.truncated && !last.terminated);
        if cut && !self.own_time_limit && limit > 0 && world.steps() > limit {
            return Err(python::EpisodeError::new_err(format!(
                "the recording stopped at the scene's time limit of {limit} steps, this episode has {}: \
                 make the environment with hyperdust.load(…, max_episode_steps=n)",
                world.steps()
            )));
        }
        Ok(episode.clone().into())
    }

    /// (height, width, 3) bytes.
    fn render<'py>(&self, py: Python<'py>, width: usize, height: usize) -> PyResult<Bound<'py, PyArray3<u8>>> {
        render(py, self.scene.get(), self.env.world(), width, height)
    }

    /// A second one in the same state.
    fn copy(&self, py: Python<'_>) -> Self {
        Self {
            env: self.env.fork(),
            scene: self.scene.clone_ref(py),
            actions: Actions::default(),
            own_time_limit: self.own_time_limit,
        }
    }
}

/// An episode was asked for that nobody recorded.
pub fn not_recorded() -> PyErr {
    python::EpisodeError::new_err("nothing was recorded: make the environment with record=True, then reset it")
}

/// A world's observation as new arrays, one per segment.
pub fn observation<'py>(py: Python<'py>, world: &World) -> PyResult<Bound<'py, PyTuple>> {
    let arena = world.observation();
    let arrays = world.model().observations().segments.iter().map(|segment| {
        let bytes = &arena[segment.offset..segment.offset + segment.bytes()];
        arrays::copy(py, segment.dtype, &segment.shape, bytes)
    });
    PyTuple::new(py, arrays.collect::<PyResult<Vec<_>>>()?)
}

/// What the last step cost.
pub fn cost(world: &World) -> (u32, u32, u32) {
    let cost = world.cost();
    (cost.contacts, cost.rows, cost.rays)
}

/// Largest frame: 8192 × 8192.
const PIXELS: usize = 1 << 26;

/// A frame of a world.
pub fn render<'py>(
    py: Python<'py>,
    scene: &Scene,
    world: &World,
    width: usize,
    height: usize,
) -> PyResult<Bound<'py, PyArray3<u8>>> {
    if width == 0 || height == 0 || width.saturating_mul(height) > PIXELS {
        return Err(python::RenderError::new_err(format!(
            "a frame of {width} × {height} pixels cannot be drawn: give a width and height from 1 up to {PIXELS} pixels together"
        )));
    }
    let frame = PyArray3::<u8>::zeros(py, [height, width, 3], false);
    {
        // The array is new, so nobody else can hold it.
        let mut writer = frame.readwrite();
        let pixels = writer.as_slice_mut()?;
        let poses = world.bodies();
        py.detach(|| hyperdust_kernel::render::render(scene.visuals(), &poses, width, height, pixels));
    }
    Ok(frame)
}
