//! `info` dictionaries: one environment's, and a batch's as `VectorEnv._add_info` of Gymnasium builds it.
//!
//! A batch has an array for each key, zero where the key's mask `_<key>` is false; a key that no lane has is
//! absent. All numbers are float64: exact for the kernel's f32 and what Gymnasium makes of Python floats.

use std::ops::BitOr;

use hyperdust_gym::Batch;
use hyperdust_kernel::{Fault, layout::Layout};
use numpy::PyArray1;
use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};

use crate::arrays;

/// A key and its mask's.
#[derive(Debug)]
struct Key {
    name: Py<PyString>,
    mask: Py<PyString>,
}

impl Key {
    /// Interned once, used at every step.
    fn new(py: Python<'_>, name: &str) -> Self {
        Self { name: PyString::intern(py, name).unbind(), mask: PyString::intern(py, &format!("_{name}")).unbind() }
    }
}

/// What infos and final observations are named by: of a scene here, or of a session on a server.
#[derive(Debug)]
pub struct Legend {
    keys: Vec<Key>,
    /// By number, for faults; may be empty.
    bodies: Vec<String>,
    observations: Layout,
}

impl Legend {
    /// Names of infos in their order, names of bodies by number, parts of an observation.
    pub fn new(py: Python<'_>, infos: &[String], bodies: Vec<String>, observations: Layout) -> Self {
        Self { keys: infos.iter().map(|name| Key::new(py, name)).collect(), bodies, observations }
    }

    /// Names of bodies by number.
    pub fn bodies(&self) -> &[String] {
        &self.bodies
    }

    /// Parts of an observation.
    pub fn observations(&self) -> &Layout {
        &self.observations
    }

    /// A fault in words, with the body's name.
    pub fn describe(&self, fault: Fault) -> String {
        match fault.body {
            Some(body) => match self.bodies.get(usize::from(body)).filter(|name| !name.is_empty()) {
                Some(name) => format!("{} (body \"{name}\")", fault.kind),
                None => format!("{} (body {body})", fault.kind),
            },
            None => fault.to_string(),
        }
    }
}

/// Info of one environment.
pub fn single<'py>(
    py: Python<'py>,
    legend: &Legend,
    values: &[f32],
    fault: Option<Fault>,
) -> PyResult<Bound<'py, PyDict>> {
    let info = PyDict::new(py);
    for (key, value) in legend.keys.iter().zip(values) {
        info.set_item(&key.name, f64::from(*value))?;
    }
    if let Some(fault) = fault {
        info.set_item("error", legend.describe(fault))?;
    }
    Ok(info)
}

/// Infos of a batch.
pub fn batch<'py>(py: Python<'py>, legend: &Legend, batch: &Batch) -> PyResult<Bound<'py, PyDict>> {
    let infos = PyDict::new(py);
    let ended = batch.final_mask.iter().copied().fold(false, BitOr::bitor);
    if ended {
        let mask = || PyArray1::from_slice(py, &batch.final_mask);
        infos.set_item("final_obs", final_observations(py, legend, batch)?)?;
        infos.set_item("_final_obs", mask())?;
        let finals = PyDict::new(py);
        columns(py, legend, &finals, &batch.final_infos, &batch.final_mask)?;
        errors(py, legend, &finals, batch, &batch.final_mask)?;
        infos.set_item("final_info", finals)?;
        infos.set_item("_final_info", mask())?;
    }
    columns(py, legend, &infos, &batch.infos, &batch.info_mask)?;
    if ended {
        // A fault ended its episode, so it is in the final info.
    } else {
        errors(py, legend, &infos, batch, &batch.info_mask)?;
    }
    Ok(infos)
}

fn columns(
    py: Python<'_>,
    legend: &Legend,
    infos: &Bound<'_, PyDict>,
    values: &[Vec<f32>],
    mask: &[bool],
) -> PyResult<()> {
    if !mask.contains(&true) {
        return Ok(());
    }
    for (key, column) in legend.keys.iter().zip(values) {
        infos.set_item(&key.name, PyArray1::from_iter(py, column.iter().copied().map(f64::from)))?;
        infos.set_item(&key.mask, PyArray1::from_slice(py, mask))?;
    }
    Ok(())
}

fn errors(py: Python<'_>, legend: &Legend, infos: &Bound<'_, PyDict>, batch: &Batch, among: &[bool]) -> PyResult<()> {
    let mask: Vec<bool> = batch.faults.iter().zip(among).map(|(fault, among)| fault.is_some() && *among).collect();
    if !mask.contains(&true) {
        return Ok(());
    }
    let texts: Vec<Py<PyAny>> = batch
        .faults
        .iter()
        .zip(&mask)
        .map(|(fault, masked)| match fault {
            Some(fault) if *masked => PyString::new(py, &legend.describe(*fault)).into_any().unbind(),
            _ => py.None(),
        })
        .collect();
    infos.set_item("error", PyArray1::from_vec(py, texts))?;
    infos.set_item("_error", PyArray1::from_slice(py, &mask))
}

/// An object array: each ended lane's own observation, `None` elsewhere.
fn final_observations<'py>(py: Python<'py>, legend: &Legend, batch: &Batch) -> PyResult<Bound<'py, PyAny>> {
    let segments = &legend.observations.segments;
    let mut objects = Vec::with_capacity(batch.final_mask.len());
    for (lane, ended) in batch.final_mask.iter().enumerate() {
        if !ended {
            objects.push(py.None());
            continue;
        }
        let arrays = segments.iter().zip(&batch.final_observations).map(|(segment, buffer)| {
            let size = segment.bytes();
            arrays::copy(py, segment.dtype, &segment.shape, &buffer[lane * size..(lane + 1) * size])
        });
        objects.push(named(py, legend, arrays)?.unbind());
    }
    Ok(PyArray1::from_vec(py, objects).into_any())
}

/// The arrays of one observation as an element of the space.
pub fn named<'py>(
    py: Python<'py>,
    legend: &Legend,
    mut arrays: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyAny>> {
    let segments = &legend.observations.segments;
    if segments.len() == 1
        && let Some(array) = arrays.next()
    {
        return array;
    }
    let dict = PyDict::new(py);
    for (segment, array) in segments.iter().zip(arrays) {
        dict.set_item(&segment.name, array?)?;
    }
    Ok(dict.into_any())
}
