//! Many worlds, as `hyperdust/vector.py` uses them.

use hyperdust_gym::{Batch, Seeds, VectorEnv as GymVectorEnv, VectorOptions};
use numpy::{PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use crate::{
    actions::Actions,
    arrays::{self, Shelf},
    env,
    episode::Episode,
    errors, info,
    scene::Scene,
};

/// What `step` returns: observation arrays, rewards, terminations, truncations, infos.
pub type Stepped<'py> = (
    Bound<'py, PyTuple>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyArray1<bool>>,
    Bound<'py, PyDict>,
);

/// Rewards, terminations, truncations.
type Ends<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<bool>>, Bound<'py, PyArray1<bool>>);

/// Rewards, terminations and truncations of a batch, as new arrays.
pub fn ends<'py>(py: Python<'py>, batch: &Batch) -> Ends<'py> {
    let flags = |flags: &[bool]| PyArray1::from_slice(py, flags);
    (PyArray1::from_slice(py, &batch.rewards), flags(&batch.terminated), flags(&batch.truncated))
}

/// A vector environment.
#[pyclass(module = "hyperdust._core")]
pub struct VectorEnv {
    env: GymVectorEnv,
    scene: Py<Scene>,
    actions: Actions,
    /// Per observation segment.
    shelves: Vec<Shelf>,
}

#[pymethods]
impl VectorEnv {
    #[new]
    fn new(
        py: Python<'_>,
        scene: Py<Scene>,
        num_envs: usize,
        num_threads: usize,
        autoreset_mode: &str,
        record: bool,
    ) -> PyResult<Self> {
        let model = scene.borrow(py).model().clone();
        let shelves = model.observations().segments.iter().map(|_| Shelf::default()).collect();
        let autoreset = hyperdust_gym::autoreset_mode(autoreset_mode).map_err(errors::gym)?;
        let options = VectorOptions { num_envs, num_threads, autoreset };
        let mut env = py.detach(|| GymVectorEnv::new(model, options)).map_err(errors::gym)?;
        if record {
            env.record(true);
        }
        Ok(Self { env, scene, actions: Actions::default(), shelves })
    }

    /// Starts episodes in all lanes, or those of the mask: observation arrays and infos.
    #[pyo3(signature = (seeds=None, mask=None))]
    fn reset<'py>(
        &mut self,
        py: Python<'py>,
        seeds: Option<Vec<Option<u64>>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<(Bound<'py, PyTuple>, Bound<'py, PyDict>)> {
        let mask = mask.as_ref().map(|mask| mask.as_slice()).transpose()?;
        let seeds = seeds.as_deref().map_or(Seeds::Continue, Seeds::Each);
        py.detach(|| self.env.reset(seeds, mask).map(|_| ())).map_err(errors::gym)?;
        let infos = info::batch(py, self.scene.get().legend(), self.env.batch())?;
        Ok((self.observations(py)?, infos))
    }

    /// One step of every lane, with one batch per action segment.
    fn step<'py>(&mut self, py: Python<'py>, actions: &Bound<'py, PyTuple>) -> PyResult<Stepped<'py>> {
        self.actions.read(self.env.model().actions(), Some(self.env.num_envs()), actions)?;
        py.detach(|| self.env.step(&self.actions.slices()).map(|_| ())).map_err(errors::gym)?;
        let batch = self.env.batch();
        let (rewards, terminations, truncations) = ends(py, batch);
        let infos = info::batch(py, self.scene.get().legend(), batch)?;
        Ok((self.observations(py)?, rewards, terminations, truncations, infos))
    }

    /// The batch's observation arrays, which from here on are Python's; others take their place.
    fn observations<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let lanes = self.env.num_envs();
        let legend = self.scene.get().legend();
        arrays::lend_all(py, legend.observations(), lanes, &mut self.env.batch_mut().observations, &self.shelves)
    }

    /// Everything that the future depends on.
    fn get_state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.env.snapshot().map_err(errors::gym)?))
    }

    /// Becomes the environments that the state was taken of: observation arrays.
    fn set_state<'py>(&mut self, py: Python<'py>, state: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
        self.env.restore(state).map_err(errors::gym)?;
        self.observations(py)
    }

    /// (lanes, nq)
    fn qpos<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        self.rows(py, |world| world.qpos())
    }

    /// (lanes, nv)
    fn qvel<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        self.rows(py, |world| world.qvel())
    }

    /// Puts a lane's robot into a state; its observation.
    fn set_qpos_qvel<'py>(
        &mut self,
        py: Python<'py>,
        lane: usize,
        qpos: PyReadonlyArray1<'py, f32>,
        qvel: PyReadonlyArray1<'py, f32>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.env.set_state(lane, qpos.as_slice()?, qvel.as_slice()?).map_err(errors::gym)?;
        env::observation(py, self.env.world(lane).map_err(errors::gym)?)
    }

    /// Per lane.
    fn digests<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        (0..self.env.num_envs())
            .map(|lane| Ok(PyBytes::new(py, &self.env.world(lane).map_err(errors::gym)?.digest())))
            .collect()
    }

    /// Contacts, solver rows and rays of a lane's last step.
    fn cost(&self, lane: usize) -> PyResult<(u32, u32, u32)> {
        Ok(env::cost(self.env.world(lane).map_err(errors::gym)?))
    }

    /// A lane's recording so far.
    fn episode(&self, lane: usize) -> PyResult<Episode> {
        let episode = self.env.episode(lane).map_err(errors::gym)?;
        episode.cloned().map(Episode::from).ok_or_else(env::not_recorded)
    }

    /// Takes the ended episodes with their lanes.
    fn finished_episodes(&mut self) -> Vec<(usize, Episode)> {
        self.env.take_episodes().into_iter().map(|(lane, episode)| (lane, episode.into())).collect()
    }

    /// A lane as (height, width, 3) bytes.
    fn render<'py>(
        &self,
        py: Python<'py>,
        lane: usize,
        width: usize,
        height: usize,
    ) -> PyResult<Bound<'py, PyArray3<u8>>> {
        env::render(py, self.scene.get(), self.env.world(lane).map_err(errors::gym)?, width, height)
    }
}

impl VectorEnv {
    fn rows<'py>(
        &self,
        py: Python<'py>,
        row: impl Fn(&hyperdust_kernel::World) -> &[f32],
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let lanes = self.env.num_envs();
        let mut values = Vec::new();
        for lane in 0..lanes {
            values.extend_from_slice(row(self.env.world(lane).map_err(errors::gym)?));
        }
        let width = values.len() / lanes.max(1);
        PyArray1::from_vec(py, values).reshape([lanes, width])
    }
}
