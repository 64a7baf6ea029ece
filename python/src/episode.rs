//! Recorded episodes and their replay.

use std::path::PathBuf;

use hyperdust_gym::{Episode as GymEpisode, ReplayReport};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use crate::{errors, scene::Scene, trajectory::Trajectory};

/// What an episode was: blueprint, seed, actions and a record of every step.
#[pyclass(frozen, eq, module = "hyperdust._core")]
#[derive(PartialEq)]
pub struct Episode {
    episode: GymEpisode,
}

impl From<GymEpisode> for Episode {
    fn from(episode: GymEpisode) -> Self {
        Self { episode }
    }
}

/// What a replay found: matched steps, recorded steps, (step, field) of the first difference, return, whether the
/// episode is complete.
type Replayed = (usize, usize, Option<(usize, String)>, f64, bool);

#[pymethods]
impl Episode {
    /// From the bytes of [`Episode::to_bytes`].
    #[staticmethod]
    pub fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        GymEpisode::decode(bytes).map(Self::from).map_err(errors::episode)
    }

    /// Canonical bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.episode.encode())
    }

    /// From a file that [`Episode::save`] wrote.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let name = path.display().to_string();
        // Of the same kind, with the file's name.
        let bytes =
            std::fs::read(&path).map_err(|error| std::io::Error::new(error.kind(), format!("{name}: {error}")))?;
        Self::from_bytes(&bytes)
    }

    /// Writes the bytes to a file.
    fn save(&self, path: PathBuf) -> PyResult<()> {
        Ok(std::fs::write(path, self.episode.encode())?)
    }

    /// Number of steps.
    fn __len__(&self) -> usize {
        self.episode.len()
    }

    /// Merkle root of what was simulated.
    #[getter]
    fn blueprint_id(&self) -> String {
        self.episode.blueprint.to_string()
    }

    /// Version of the simulation that ran it.
    #[getter]
    fn kernel_version(&self) -> u16 {
        self.episode.kernel
    }

    /// The seed of its reset; `None`: it started from a state.
    #[getter]
    fn seed(&self) -> Option<u64> {
        match self.episode.start {
            hyperdust_gym::Start::Seed(seed) => Some(seed),
            _ => None,
        }
    }

    /// Whether it carries what was simulated, and so replays without its scene.
    #[getter]
    fn embeds_blueprint(&self) -> bool {
        self.episode.blueprint_bytes.is_some()
    }

    /// Whether it reaches an end of the episode.
    #[getter]
    fn complete(&self) -> bool {
        self.episode.complete()
    }

    /// Sum of rewards.
    #[getter]
    fn episode_return(&self) -> f64 {
        self.episode.episode_return()
    }

    /// (steps,) float32.
    #[getter]
    fn rewards<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_iter(py, self.episode.records.iter().map(|record| record.reward))
    }

    /// (steps, bytes) uint8: every action as the world read it.
    #[getter]
    fn actions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<u8>>> {
        PyArray1::from_slice(py, &self.episode.actions).reshape([self.episode.len(), self.episode.action_size as usize])
    }

    /// State digests: after the reset, then after every step.
    #[getter]
    fn digests<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        core::iter::once(&self.episode.initial)
            .chain(&self.episode.records)
            .map(|record| PyBytes::new(py, &record.state))
            .collect()
    }

    /// BLAKE3 of the bytes: a name for the recording.
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.episode.digest())
    }

    /// Runs it again, on the given scene or the blueprint that it carries.
    #[pyo3(signature = (scene=None))]
    fn _replay(&self, py: Python<'_>, scene: Option<&Scene>) -> PyResult<Replayed> {
        let given = scene.map(|scene| scene.model().clone());
        let report = py
            .detach(|| {
                let model = match given {
                    Some(model) => model,
                    None => self.episode.model()?,
                };
                self.episode.replay(&model)
            })
            .map_err(errors::episode)?;
        Ok(found(report))
    }

    /// As `_replay`, and everything that the run gave, as a dictionary: see [`Trajectory`].
    #[pyo3(signature = (scene=None, poses=false))]
    fn _trajectory<'py>(
        &self,
        py: Python<'py>,
        scene: Option<&Scene>,
        poses: bool,
    ) -> PyResult<(Replayed, Bound<'py, PyDict>)> {
        let given = scene.map(|scene| scene.model().clone());
        let (model, report, trajectory) = py
            .detach(|| {
                let model = match given {
                    Some(model) => model,
                    None => self.episode.model()?,
                };
                let mut trajectory = Trajectory::new(&model);
                let report =
                    self.episode.replay_each(&model, |world, outcome| trajectory.push(world, outcome, poses))?;
                Ok((model, report, trajectory))
            })
            .map_err(errors::episode)?;
        let fault =
            report.fault.map(|fault| scene.map_or_else(|| fault.to_string(), |scene| scene.legend().describe(fault)));
        let parts = trajectory.into_dict(py, &model, &self.episode)?;
        parts.set_item("error", fault)?;
        Ok((found(report), parts))
    }

    fn __repr__(&self) -> String {
        format!(
            "Episode({} steps, return {:.3}, blueprint {})",
            self.episode.len(),
            self.episode.episode_return(),
            self.episode.blueprint
        )
    }

    fn __hash__(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.episode.digest();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf // immutable
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let constructor = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((constructor, PyTuple::new(py, [self.to_bytes(py)])?))
    }
}

fn found(report: ReplayReport) -> Replayed {
    let divergence = report.divergence.map(|found| (found.step, found.field.to_string()));
    (report.matched, report.steps, divergence, report.episode_return, report.complete)
}
