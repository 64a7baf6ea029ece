//! A robot alone: its physics without a task, for comparing the solver with another one and for models that
//! plan inside the simulator.

use std::{
    io::Read,
    path::{Component, Path, PathBuf},
};

use hyperdust_kernel::{
    articulated::Articulated,
    blueprint::{Integrator, Options, Source},
};
use hyperdust_scene::robot::RobotFile;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::errors::{self, python};

/// A robot file's model in a state.
#[pyclass(module = "hyperdust._core")]
pub struct Robot {
    file: RobotFile,
    options: Options,
    simulation: Articulated,
    controls: Vec<f32>,
}

#[pymethods]
impl Robot {
    /// Reads an MJCF or URDF file; `integrator` ("Euler", "RK4") and `timestep` override the file's.
    #[new]
    #[pyo3(signature = (path, integrator=None, timestep=None))]
    fn new(path: PathBuf, integrator: Option<&str>, timestep: Option<f32>) -> PyResult<Self> {
        let file = read(&path)?;
        let integrator = match integrator {
            None => file.options.integrator,
            Some("Euler") => Integrator::Euler,
            Some("RK4") => Integrator::RungeKutta4,
            Some(other) => {
                return Err(python::ParameterError::new_err(format!(
                    "integrator is \"{other}\", accepted are \"Euler\" and \"RK4\""
                )));
            }
        };
        let timestep = timestep.unwrap_or(file.options.timestep);
        if !(timestep > 0.0 && timestep <= 1.0) {
            return Err(python::ParameterError::new_err(format!(
                "timestep is {timestep} s, accepted is more than 0 and at most 1"
            )));
        }
        let options = Options {
            timestep,
            frame_skip: 1,
            integrator,
            iterations: file.options.iterations,
            rigid_iterations: 4,
            gravity: file.options.gravity,
        };
        let mut simulation = Articulated::new(&file.robot, &options);
        simulation.reset_state();
        simulation.refresh();
        let controls = vec![0.0; file.robot.actuators.len()];
        Ok(Self { file, options, simulation, controls })
    }

    /// Length of `qpos`.
    #[getter]
    fn nq(&self) -> usize {
        self.file.robot.nq()
    }

    /// Length of `qvel`.
    #[getter]
    fn nv(&self) -> usize {
        self.file.robot.nv()
    }

    /// Number of actuators.
    #[getter]
    fn nu(&self) -> usize {
        self.controls.len()
    }

    /// Seconds per step.
    #[getter]
    fn timestep(&self) -> f32 {
        self.options.timestep
    }

    /// "Euler" or "RK4".
    #[getter]
    fn integrator(&self) -> &'static str {
        match self.options.integrator {
            Integrator::RungeKutta4 => "RK4",
            Integrator::ExplicitEuler => "ExplicitEuler",
            Integrator::Euler => "Euler",
        }
    }

    /// What of the file is not simulated.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.file.warnings.iter().map(ToString::to_string).collect()
    }

    /// Names of sensor bodies, the world first.
    #[getter]
    fn bodies(&self) -> Vec<String> {
        core::iter::once("world".to_owned()).chain(self.file.names.bodies.iter().cloned()).collect()
    }

    /// Back to the reference configuration, at rest.
    fn reset(&mut self) {
        self.simulation.reset_state();
        self.simulation.refresh();
    }

    /// Positions (nq,) and velocities (nv,), metres, radians and seconds; quaternions w, x, y, z.
    fn set(&mut self, qpos: PyReadonlyArray1<'_, f32>, qvel: PyReadonlyArray1<'_, f32>) -> PyResult<()> {
        let (qpos, qvel) = (qpos.as_slice()?, qvel.as_slice()?);
        for (what, found, expected) in [("qpos", qpos.len(), self.nq()), ("qvel", qvel.len(), self.nv())] {
            if found != expected {
                return Err(python::StateError::new_err(format!(
                    "{what} has {found} numbers, accepted are {expected}"
                )));
            }
        }
        if qpos.iter().chain(qvel).any(|x| !x.is_finite()) {
            return Err(python::StateError::new_err("qpos and qvel must be finite"));
        }
        self.simulation.reset_state();
        self.simulation.qpos_mut().copy_from_slice(qpos);
        self.simulation.qvel_mut().copy_from_slice(qvel);
        self.simulation.normalize();
        self.simulation.refresh();
        Ok(())
    }

    /// `count` physics steps with the same controls (nu,), clamped to their ranges.
    #[pyo3(signature = (controls, count=1))]
    fn step(&mut self, py: Python<'_>, controls: PyReadonlyArray1<'_, f32>, count: u32) -> PyResult<()> {
        let controls = controls.as_slice()?;
        if controls.len() != self.nu() || controls.iter().any(|x| !x.is_finite()) {
            return Err(python::ActionError::new_err(format!(
                "{} controls, accepted are {} finite numbers",
                controls.len(),
                self.nu()
            )));
        }
        for ((target, control), actuator) in self.controls.iter_mut().zip(controls).zip(&self.file.robot.actuators) {
            *target = match actuator.control_range {
                Some([low, high]) => control.max(low).min(high),
                None => *control,
            };
        }
        py.detach(|| {
            for _ in 0..count {
                self.simulation.step(&self.controls);
            }
        });
        Ok(())
    }

    /// Recomputes sensor quantities from the current state.
    fn refresh(&mut self) {
        self.simulation.refresh();
    }

    /// Positions, a copy.
    fn qpos<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, self.simulation.qpos())
    }

    /// Velocities, a copy.
    fn qvel<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, self.simulation.qvel())
    }

    /// A quantity as of the last step or refresh, flat; bodies are rows, the world first.
    fn sense<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let bodies = 1 + self.file.robot.bodies.len();
        let (source, len) = match name {
            "actuator_force" => (Source::ActuatorForce, self.nv()),
            "body_position" => (Source::BodyPosition, 3 * bodies),
            "body_orientation" => (Source::BodyOrientation, 4 * bodies),
            "body_linear_velocity" => (Source::BodyLinearVelocity, 3 * bodies),
            "body_angular_velocity" => (Source::BodyAngularVelocity, 3 * bodies),
            "center_of_mass" => (Source::CenterOfMass, 3),
            "contact_force" => (Source::ContactForce, 6 * bodies),
            "body_inertia" => (Source::BodyInertia, 10 * bodies),
            "body_velocity" => (Source::BodyVelocity, 6 * bodies),
            _ => {
                return Err(python::ParameterError::new_err(format!(
                    "quantity \"{name}\" is unknown, accepted are actuator_force, body_position, body_orientation, \
                     body_linear_velocity, body_angular_velocity, center_of_mass, contact_force, body_inertia and \
                     body_velocity"
                )));
            }
        };
        let mut values = vec![0.0; len];
        self.simulation.sense(source, 0, &mut values);
        Ok(PyArray1::from_vec(py, values))
    }
}

/// Largest model file, and largest file that it includes.
const FILE_BYTES: u64 = 64 << 20;

/// Compiles a robot file. Files that it includes are read from its folder, never from outside it.
pub fn read(path: &Path) -> PyResult<RobotFile> {
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    let text = bytes(path).and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    let text = text.map_err(|reason| python::SceneError::new_err(format!("{}: {reason}", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = |included: &str| {
        let inside =
            Path::new(included).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if inside { bytes(&folder.join(included)).ok() } else { None }
    };
    let urdf = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("urdf"));
    let load = if urdf { hyperdust_scene::urdf::load } else { hyperdust_scene::mjcf::load };
    load(&text, &name, &files).map_err(errors::scene)
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES { Err(format!("more than {FILE_BYTES} bytes")) } else { Ok(bytes) }
}
