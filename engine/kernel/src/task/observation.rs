//! From values to the bytes of an observation.

use alloc::string::String;
use alloc::vec::Vec;

use super::plan::{lower, upper};
use super::program::Code;
use crate::blueprint::{ObservationGroup, ObservationTerm, Value};
use crate::error::{Fault, FaultKind};
use crate::layout::{Dtype, Layout, Segment};
use crate::math::scalar;

/// Where a term's numbers come from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Values at `start..start + len`.
    Values {
        start: usize,
        len: usize,
    },
    Program(Code),
}

/// A term, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub origin: Origin,
    pub scale: f32,
    pub low: f32,
    pub high: f32,
}

/// The arena that the groups of a task make.
pub(super) fn layout(groups: &[ObservationGroup]) -> Layout {
    let mut layout = Layout::default();
    for group in groups {
        let bounds = |bound: fn(&ObservationTerm) -> f32| -> Vec<f32> {
            group.terms.iter().flat_map(|term| core::iter::repeat_n(bound(term), count(term))).collect()
        };
        let first = group.terms.first().map_or("", |t| &t.unit);
        let unit = if group.terms.iter().all(|t| t.unit == first) { first } else { "" };
        layout.push(Segment {
            name: group.name.clone(),
            dtype: group.dtype,
            shape: group.shape.iter().map(|&n| n as usize).collect(),
            unit: String::from(unit),
            offset: 0,
            low: bounds(|t| lower(t.low)),
            high: bounds(|t| upper(t.high)),
            choices: 0,
        });
    }
    layout
}

fn count(term: &ObservationTerm) -> usize {
    match &term.value {
        Value::Slice(slice) => slice.len.into(),
        Value::Program(_) => 1,
    }
}

/// Writes one segment; values are computed in f32, scaled, clamped and cast.
pub(super) fn write(terms: &[Observed], dtype: Dtype, values: &[f32], out: &mut [u8]) -> Result<(), Fault> {
    let size = dtype.size();
    let mut places = out.chunks_exact_mut(size);
    for term in terms {
        let mut put = |value: f32| -> Result<(), Fault> {
            let scaled = value * term.scale;
            if !scaled.is_finite() {
                return Err(Fault::new(FaultKind::ObservationNotFinite));
            }
            if let Some(place) = places.next() {
                cast(scalar::canonical(scalar::clamp(scaled, term.low, term.high)), dtype, place);
            }
            Ok(())
        };
        match &term.origin {
            Origin::Values { start, len } => values[*start..*start + *len].iter().try_for_each(|&value| put(value))?,
            Origin::Program(code) => put(code.evaluate(values))?,
        }
    }
    Ok(())
}

/// Saturating; integers round towards zero; a bool is 1 where the value is not 0.
fn cast(value: f32, dtype: Dtype, place: &mut [u8]) {
    match dtype {
        Dtype::F32 => place.copy_from_slice(&value.to_le_bytes()),
        Dtype::F64 => place.copy_from_slice(&f64::from(value).to_le_bytes()),
        Dtype::I32 => place.copy_from_slice(&(value as i32).to_le_bytes()),
        Dtype::U8 => place[0] = value as u8,
        Dtype::Bool => place[0] = u8::from(value != 0.0),
    }
}
