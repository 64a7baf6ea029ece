//! Policies as files: written from a trainer's arrays, and computed here with the bits that a server would answer with.

use std::path::PathBuf;

use hyperdust_policy::{Dense, Design};
use numpy::{PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::{prelude::*, types::PyBytes};

use crate::errors::python::PolicyError;

/// A policy on this machine.
#[pyclass(module = "hyperdust._core", frozen)]
pub struct Policy(hyperdust_policy::Policy);

#[pymethods]
impl Policy {
    /// Reads a file.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| hyperdust_policy::Policy::read(&path)).map(Self).map_err(|error| match error {
            hyperdust_policy::Error::Io(error) => error.into(),
            error => refused(error),
        })
    }

    /// Numbers of an observation and of an action, and what it is: root of its bytes.
    fn shape(&self) -> (usize, usize, String) {
        (self.0.inputs(), self.0.outputs(), hyperdust_wire::Hex(self.0.digest()).to_string())
    }

    /// Actions for rows of observations, both float32 in row-major bytes.
    fn act<'py>(&self, py: Python<'py>, observations: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let actions = py.detach(|| {
            let rows: Vec<f32> = observations.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            self.0.act(&rows)
        });
        Ok(PyBytes::new(py, bytemuck::cast_slice(&actions.map_err(refused)?)))
    }
}

/// The file of a policy: layers as (weight, bias), both of them rows of float32; pairs are mean and std, low and high.
#[pyfunction]
#[pyo3(signature = (layers, activation, output_activation, normal=None, clip=None, bounds=None))]
pub fn policy_file<'py>(
    py: Python<'py>,
    layers: Vec<(PyReadonlyArray2<'py, f32>, PyReadonlyArray1<'py, f32>)>,
    activation: &str,
    output_activation: &str,
    normal: Option<(Vec<f32>, Vec<f32>)>,
    clip: Option<f32>,
    bounds: Option<(Vec<f32>, Vec<f32>)>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut dense: Vec<Dense> = Vec::with_capacity(layers.len());
    for (number, (weight, bias)) in layers.iter().enumerate() {
        let (shape, bias) = (weight.shape(), bias.as_slice()?.to_vec());
        let accepted = dense.last().map_or(shape[1], |before| before.bias.len());
        if shape[0] != bias.len() || shape[1] != accepted {
            let units = bias.len();
            return Err(PolicyError::new_err(format!(
                "layers[{number}]: weight has shape {shape:?}, accepted is [{units}, {accepted}]: units, inputs"
            )));
        }
        dense.push(Dense { weight: weight.as_slice()?.to_vec(), bias });
    }
    let named = |name: &str| {
        hyperdust_policy::named(name)
            .ok_or_else(|| PolicyError::new_err(format!("activation {name:?}, accepted is linear, relu or tanh")))
    };
    let (activation, output_activation) = (named(activation)?, named(output_activation)?);
    let bytes = Design { layers: dense, activation, output_activation, normal, clip, bounds }.encode();
    Ok(PyBytes::new(py, &bytes.map_err(refused)?))
}

fn refused(error: impl std::fmt::Display) -> PyErr {
    PolicyError::new_err(error.to_string())
}
