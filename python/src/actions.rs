//! From what a caller passes as an action to the bytes of an action segment.
//!
//! Contiguous float32 arrays are copied as they are; everything else that NumPy can read as numbers is converted.
//! A wrong shape or type is refused here, a NaN or a choice outside the space by the gym crate.

use hyperdust_kernel::layout::{Dtype, Layout, Segment};
use numpy::{PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::{prelude::*, types::PyTuple};

use crate::errors::python::ActionError;

/// Reused between steps: one contiguous array per segment.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    segments: Vec<Vec<u8>>,
}

impl Actions {
    /// Reads one object per segment; with `lanes`, each holds one action per lane.
    pub fn read(&mut self, layout: &Layout, lanes: Option<usize>, objects: &Bound<'_, PyTuple>) -> PyResult<()> {
        if objects.len() != layout.segments.len() {
            return Err(ActionError::new_err(format!(
                "the action has {} parts, accepted are {}",
                objects.len(),
                layout.segments.len()
            )));
        }
        self.segments.resize_with(layout.segments.len(), Vec::new);
        for ((segment, bytes), object) in layout.segments.iter().zip(&mut self.segments).zip(objects.iter()) {
            bytes.clear();
            match (segment.dtype, lanes) {
                (Dtype::I32, None) if segment.choices > 0 => choice(segment, &object, bytes)?,
                (Dtype::I32, Some(lanes)) if segment.choices > 0 => choices(segment, lanes, &object, bytes)?,
                _ => numbers(segment, lanes, &object, bytes)?,
            }
        }
        Ok(())
    }

    /// What was read, as the gym crate takes it.
    pub fn slices(&self) -> Vec<&[u8]> {
        self.segments.iter().map(Vec::as_slice).collect()
    }
}

/// A single discrete action: anything with `__index__`.
fn choice(segment: &Segment, object: &Bound<'_, PyAny>, bytes: &mut Vec<u8>) -> PyResult<()> {
    // A batch of one, or a float, is a mistake in the caller's program: not converted.
    let value: i64 = object.extract().map_err(|_| {
        ActionError::new_err(format!(
            "action \"{}\" is {}, accepted is an integer from 0 to {}",
            segment.name,
            brief(object),
            segment.choices - 1
        ))
    })?;
    push_choice(segment, value, bytes)
}

fn choices(segment: &Segment, lanes: usize, object: &Bound<'_, PyAny>, bytes: &mut Vec<u8>) -> PyResult<()> {
    let array = as_array(segment, object)?;
    if !matches!(array.dtype().kind(), b'i' | b'u') {
        return Err(ActionError::new_err(format!(
            "action \"{}\" is of {}, accepted are integers from 0 to {}",
            segment.name,
            array.dtype(),
            segment.choices - 1
        )));
    }
    expect_shape(segment, Some(lanes), &array)?;
    let wide = array.as_any().call_method1("astype", ("int64",))?;
    let wide = wide.cast::<PyArrayDyn<i64>>()?.readonly();
    wide.as_array().iter().try_for_each(|value| push_choice(segment, *value, bytes))
}

fn push_choice(segment: &Segment, value: i64, bytes: &mut Vec<u8>) -> PyResult<()> {
    match i32::try_from(value) {
        Ok(small) if (0..i64::from(segment.choices)).contains(&value) => {
            bytes.extend(small.to_le_bytes());
            Ok(())
        }
        _ => Err(ActionError::new_err(format!(
            "action \"{}\" is {value}, accepted are 0 to {}",
            segment.name,
            segment.choices - 1
        ))),
    }
}

fn numbers(segment: &Segment, lanes: Option<usize>, object: &Bound<'_, PyAny>, bytes: &mut Vec<u8>) -> PyResult<()> {
    if segment.dtype == Dtype::F32
        && let Ok(array) = object.cast::<PyArrayDyn<f32>>()
    {
        expect_shape(segment, lanes, array.as_untyped())?;
        let array = array.readonly();
        match array.as_slice() {
            // Of a Fortran-ordered array the slice would be the transpose.
            Ok(slice) if array.is_c_contiguous() => bytes.extend_from_slice(bytemuck::cast_slice(slice)),
            _ => array.as_array().iter().for_each(|value| bytes.extend(value.to_le_bytes())),
        }
        return Ok(());
    }
    let array = as_array(segment, object)?;
    if !matches!(array.dtype().kind(), b'i' | b'u' | b'f' | b'b') {
        return Err(ActionError::new_err(format!(
            "action \"{}\" is {}, accepted is an array of numbers",
            segment.name,
            brief(object)
        )));
    }
    expect_shape(segment, lanes, &array)?;
    let wide = array.as_any().call_method1("astype", ("float64",))?;
    let wide = wide.cast::<PyArrayDyn<f64>>()?.readonly();
    for value in wide.as_array() {
        match segment.dtype {
            Dtype::F32 => bytes.extend((*value as f32).to_le_bytes()),
            Dtype::F64 => bytes.extend(value.to_le_bytes()),
            Dtype::I32 => bytes.extend((*value as i32).to_le_bytes()),
            Dtype::U8 => bytes.push(*value as u8),
            Dtype::Bool => bytes.push(u8::from(*value != 0.0)),
        }
    }
    Ok(())
}

fn as_array<'py>(segment: &Segment, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let refused = || {
        ActionError::new_err(format!(
            "action \"{}\" is {}, accepted is an array of numbers",
            segment.name,
            brief(object)
        ))
    };
    let numpy = object.py().import("numpy")?;
    let array = numpy.call_method1("asarray", (object,)).map_err(|_| refused())?;
    array.cast_into::<PyUntypedArray>().map_err(|_| refused())
}

fn expect_shape(segment: &Segment, lanes: Option<usize>, array: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
    let matches = match lanes {
        Some(lanes) => array.shape().split_first().is_some_and(|(n, rest)| *n == lanes && rest == segment.shape),
        None => array.shape() == segment.shape,
    };
    if matches {
        return Ok(());
    }
    let accepted: Vec<usize> = lanes.into_iter().chain(segment.shape.iter().copied()).collect();
    Err(ActionError::new_err(format!(
        "action \"{}\" has shape {}, accepted is {}: pass {}",
        segment.name,
        tuple(array.shape()),
        tuple(&accepted),
        if lanes.is_some() { "one action per environment" } else { "one number per actuator" }
    )))
}

/// A shape as Python writes it.
fn tuple(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// What an object is, in a few words for a message.
fn brief(object: &Bound<'_, PyAny>) -> String {
    let text = object.repr().map_or_else(|_| "?".into(), |repr| repr.to_string());
    let kind = object.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string());
    if text.len() > 60 { format!("of type {kind}") } else { format!("{text} ({kind})") }
}
