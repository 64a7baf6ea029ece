//! A cooked scene, compiled and ready to be run: shared by every environment made of it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use hyperdust_kernel::{
    Model,
    layout::{Dtype, Layout},
    render::Visuals,
};
use hyperdust_scene::{Metadata, ParameterValue};
use numpy::PyArray1;
use pyo3::{
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString, PyTuple},
};

use crate::{
    errors::{self, python},
    info::Legend,
};

/// One named array of an action or observation.
#[pyclass(frozen, get_all, module = "hyperdust._core")]
pub struct Segment {
    /// Key in a `Dict` space.
    name: String,
    /// NumPy's name of the element type.
    dtype: &'static str,
    /// Without lanes.
    shape: Py<PyTuple>,
    /// Of every element, or empty where mixed.
    unit: String,
    /// Lower bounds, flat float32; −∞: none.
    low: Py<PyAny>,
    /// Upper bounds, flat float32; ∞: none.
    high: Py<PyAny>,
    /// Choices of a discrete action; else 0.
    choices: u32,
}

/// See the module documentation.
#[pyclass(frozen, module = "hyperdust._core")]
pub struct Scene {
    model: Arc<Model>,
    visuals: Visuals,
    metadata: Metadata,
    warnings: Vec<String>,
    joints: Vec<String>,
    actuators: Vec<String>,
    legend: Legend,
    /// How to open it again in another process.
    origin: Origin,
}

struct Origin {
    source: String,
    builtin: bool,
    parameters: Py<PyDict>,
    max_episode_steps: Option<i64>,
}

impl Scene {
    /// The compiled blueprint.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What the ray-caster draws.
    pub fn visuals(&self) -> &Visuals {
        &self.visuals
    }

    /// What infos are named by.
    pub fn legend(&self) -> &Legend {
        &self.legend
    }
}

#[pymethods]
impl Scene {
    /// Cooks a published scene (`builtin`) or the folder or file at a path.
    #[new]
    #[pyo3(signature = (source, builtin, parameters, max_episode_steps=None))]
    fn new(
        py: Python<'_>,
        source: String,
        builtin: bool,
        parameters: Bound<'_, PyDict>,
        max_episode_steps: Option<i64>,
    ) -> PyResult<Self> {
        let overrides = overrides(&parameters)?;
        let cooked = py.detach(|| open(&source, builtin)?.cook(&overrides).map_err(errors::scene))?;
        let mut blueprint = cooked.blueprint;
        if let Some(limit) = max_episode_steps {
            blueprint.task.max_episode_steps = match limit {
                ..=0 => 0,
                limit => u32::try_from(limit).map_err(|_| {
                    python::ParameterError::new_err(format!(
                        "max_episode_steps is {limit}, accepted are 1 to {}, and 0 or -1 for none",
                        u32::MAX
                    ))
                })?,
            };
        }
        let model = Model::new(blueprint).map_err(|error| python::SceneError::new_err(error.to_string()))?;
        Ok(Self {
            legend: Legend::new(py, model.info_names(), cooked.names.bodies, model.observations().clone()),
            visuals: cooked.visuals,
            metadata: cooked.metadata,
            warnings: cooked.warnings.iter().map(ToString::to_string).collect(),
            joints: cooked.names.joints,
            actuators: cooked.names.actuators,
            model,
            origin: Origin { source, builtin, parameters: parameters.copy()?.unbind(), max_episode_steps },
        })
    }

    /// The scene's identifier.
    #[getter]
    fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The scene's name for people.
    #[getter]
    fn title(&self) -> &str {
        &self.metadata.title
    }

    /// What the scene is.
    #[getter]
    fn description(&self) -> &str {
        &self.metadata.description
    }

    /// Under which licence it is published, an SPDX expression.
    #[getter]
    fn license(&self) -> &str {
        &self.metadata.license
    }

    /// Return at which the task counts as solved.
    #[getter]
    fn reward_threshold(&self) -> Option<f64> {
        self.metadata.reward_threshold
    }

    /// Merkle root of what is simulated, "0x" and 64 hexadecimal digits.
    #[getter]
    fn blueprint_id(&self) -> String {
        self.model.id().to_string()
    }

    /// Root of the whole package: files, visuals, licence. Read from its folder when asked for.
    #[getter]
    fn package_id(&self, py: Python<'_>) -> PyResult<String> {
        let Origin { source, builtin, .. } = &self.origin;
        py.detach(|| Ok(open(source, *builtin)?.package().map_err(errors::scene)?.id().to_string()))
    }

    /// Canonical bytes of what is simulated.
    fn blueprint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.model.blueprint().encode().map_err(errors::state)?))
    }

    /// What the files hold that is not simulated.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// Names of sensor bodies: the world, the robot's, then rigid bodies.
    #[getter]
    fn bodies(&self) -> Vec<String> {
        self.legend.bodies().to_vec()
    }

    /// Names of the robot's joints.
    #[getter]
    fn joints(&self) -> Vec<String> {
        self.joints.clone()
    }

    /// Names of the robot's actuators.
    #[getter]
    fn actuators(&self) -> Vec<String> {
        self.actuators.clone()
    }

    /// Keys of `info`.
    #[getter]
    fn info_names(&self) -> Vec<String> {
        self.model.info_names().to_vec()
    }

    /// Simulated seconds per step.
    #[getter]
    fn step_seconds(&self) -> f64 {
        step_seconds(&self.model)
    }

    /// Steps after which an episode is truncated; 0: never.
    #[getter]
    fn max_episode_steps(&self) -> u32 {
        self.model.blueprint().task.max_episode_steps
    }

    /// Parts of an action.
    #[getter]
    fn actions(&self, py: Python<'_>) -> PyResult<Vec<Segment>> {
        segments(py, self.model.actions())
    }

    /// Parts of an observation.
    #[getter]
    fn observations(&self, py: Python<'_>) -> PyResult<Vec<Segment>> {
        segments(py, self.model.observations())
    }

    fn __repr__(&self) -> String {
        format!("Scene({}, {})", self.metadata.name, self.model.id())
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf // immutable
    }

    /// Opened again from the same place; the blueprint must still be the same.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let arguments = (
            &self.origin.source,
            self.origin.builtin,
            self.origin.parameters.bind(py),
            self.origin.max_episode_steps,
            self.model.id().to_string(),
        );
        Ok((py.import("hyperdust._core")?.getattr("_reopen")?, arguments.into_pyobject(py)?))
    }
}

/// Unpickles a scene.
#[pyfunction]
pub fn _reopen(
    py: Python<'_>,
    source: String,
    builtin: bool,
    parameters: Bound<'_, PyDict>,
    max_episode_steps: Option<i64>,
    blueprint_id: &str,
) -> PyResult<Scene> {
    let scene = Scene::new(py, source, builtin, parameters, max_episode_steps)?;
    let found = scene.model.id().to_string();
    if found == blueprint_id {
        Ok(scene)
    } else {
        Err(python::SceneError::new_err(format!(
            "scene {} was pickled as blueprint {blueprint_id} but is now {found}: its files or this package changed",
            scene.origin.source
        )))
    }
}

/// Names of the published scenes.
#[pyfunction]
pub fn scene_names() -> Vec<String> {
    hyperdust_scene::Scene::builtin_names().iter().map(ToString::to_string).collect()
}

/// A scene's parameters: name to (default, documentation).
#[pyfunction]
pub fn scene_parameters<'py>(py: Python<'py>, source: &str, builtin: bool) -> PyResult<Bound<'py, PyDict>> {
    let scene = open(source, builtin)?;
    let parameters = PyDict::new(py);
    for parameter in scene.parameters() {
        let default = match &parameter.default {
            ParameterValue::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            ParameterValue::Integer(value) => value.into_pyobject(py)?.into_any(),
            ParameterValue::Float(value) => value.into_pyobject(py)?.into_any(),
            ParameterValue::Text(value) => value.into_pyobject(py)?.into_any(),
            ParameterValue::List(value) => value.clone().into_pyobject(py)?.into_any(),
        };
        parameters.set_item(&parameter.name, (default, &parameter.doc))?;
    }
    Ok(parameters)
}

/// A robot file as the solver sees it, as JSON: for comparing compilers.
#[pyfunction]
pub fn robot_json(path: PathBuf) -> PyResult<String> {
    crate::robot::read(&path).map(|file| hyperdust_scene::robot::to_json(&file))
}

fn open(source: &str, builtin: bool) -> PyResult<hyperdust_scene::Scene> {
    let opened =
        if builtin { hyperdust_scene::Scene::builtin(source) } else { hyperdust_scene::Scene::open(Path::new(source)) };
    opened.map_err(errors::scene)
}

/// Values of a scene's parameters.
pub fn overrides(parameters: &Bound<'_, PyDict>) -> PyResult<BTreeMap<String, ParameterValue>> {
    parameters.iter().map(|(name, value)| Ok((name.extract()?, parameter(&name, &value)?))).collect()
}

fn parameter(name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<ParameterValue> {
    // NumPy scalars and arrays become Python's own.
    let value = match value.call_method0("tolist") {
        Ok(plain) => plain,
        Err(_) => value.clone(),
    };
    if value.is_instance_of::<PyBool>() {
        Ok(ParameterValue::Bool(value.extract()?))
    } else if value.is_instance_of::<PyInt>() {
        value.extract().map(ParameterValue::Integer).map_err(|_| {
            python::ParameterError::new_err(format!(
                "parameter {name} is an integer of more than 64 bits, accepted are {} to {}",
                i64::MIN,
                i64::MAX
            ))
        })
    } else if value.is_instance_of::<PyFloat>() {
        Ok(ParameterValue::Float(value.extract()?))
    } else if value.is_instance_of::<PyString>() {
        value.extract().map(ParameterValue::Text).map_err(|_| {
            python::ParameterError::new_err(format!(
                "parameter {name} holds a lone surrogate, accepted is Unicode text"
            ))
        })
    } else if let Ok(list) = value.extract::<Vec<f64>>() {
        Ok(ParameterValue::List(list))
    } else {
        Err(python::ParameterError::new_err(format!(
            "parameter {name} is of type {}, accepted are bool, int, float, str and lists of numbers",
            value.get_type().name()?
        )))
    }
}

/// Simulated seconds per step, through the decimal of the f32, so that 0.01 × 5 is 0.05.
pub fn step_seconds(model: &Model) -> f64 {
    let options = &model.blueprint().options;
    let timestep: f64 = options.timestep.to_string().parse().unwrap_or_else(|_| f64::from(options.timestep));
    timestep * f64::from(options.frame_skip)
}

/// The parts of an action or observation.
pub fn segments(py: Python<'_>, layout: &Layout) -> PyResult<Vec<Segment>> {
    layout
        .segments
        .iter()
        .map(|segment| {
            let bound = |given: &[f32], none: f32| -> Py<PyAny> {
                let values = (0..segment.elements()).map(|index| match given.get(index) {
                    // Blueprints write "unbounded" as the largest finite number.
                    Some(value) if value.abs() < f32::MAX => *value,
                    _ => none,
                });
                PyArray1::from_iter(py, values).into_any().unbind()
            };
            Ok(Segment {
                name: segment.name.clone(),
                dtype: match segment.dtype {
                    Dtype::F32 => "float32",
                    Dtype::F64 => "float64",
                    Dtype::I32 => "int32",
                    Dtype::U8 => "uint8",
                    Dtype::Bool => "bool",
                },
                shape: PyTuple::new(py, &segment.shape)?.unbind(),
                unit: segment.unit.clone(),
                low: bound(&segment.low, f32::NEG_INFINITY),
                high: bound(&segment.high, f32::INFINITY),
                choices: segment.choices,
            })
        })
        .collect()
}
