//! From values to the bytes of an observation.

use alloc::string::String;
use alloc::vec::Vec;

use super::plan::{lower, upper};
use crate::blueprint::{ObservationGroup, ObservationTerm, Value};
use crate::layout::{Dtype, Layout, Segment};
use crate::math::{Mask, Real};

/// Where a term's numbers come from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Values at `start..start + len`.
    Values { start: usize, len: usize },
    /// The program of this index.
    Program(usize),
}

/// A term, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Observed {
    pub origin: Origin,
    pub scale: f32,
    pub low: f32,
    pub high: f32,
}

impl Observed {
    /// Numbers that it adds.
    pub fn len(&self) -> usize {
        match self.origin {
            Origin::Values { len, .. } => len,
            Origin::Program(_) => 1,
        }
    }
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

/// Appends a term's numbers, given the values and what the programs left: scaled, clamped, with canonical zeros. Returns where
/// they were finite before clamping.
#[inline(always)]
pub(super) fn append<T: Real>(term: &Observed, values: &[T], results: &[T], out: &mut Vec<T>) -> T::Mask {
    let numbers = match term.origin {
        Origin::Values { start, len } => &values[start..start + len],
        Origin::Program(index) => &results[index..=index],
    };
    let (scale, low, high) = (T::splat(term.scale), T::splat(term.low), T::splat(term.high));
    let mut finite = T::Mask::splat(true);
    for &number in numbers {
        let scaled = number * scale;
        finite = finite.and(scaled.is_finite());
        out.push(scaled.clamp(low, high) + T::zero());
    }
    finite
}

/// Writes one lane's numbers as elements of a segment.
pub(super) fn write<T: Real>(numbers: &[T], lane: usize, dtype: Dtype, out: &mut [u8]) {
    match dtype {
        Dtype::F32 => cast(numbers, lane, out, |x| x.to_le_bytes()),
        Dtype::F64 => cast(numbers, lane, out, |x| f64::from(x).to_le_bytes()),
        // Saturating, towards zero.
        Dtype::I32 => cast(numbers, lane, out, |x| (x as i32).to_le_bytes()),
        Dtype::U8 => cast(numbers, lane, out, |x| [x as u8]),
        Dtype::Bool => cast(numbers, lane, out, |x| [u8::from(x != 0.0)]),
    }
}

#[inline(always)]
fn cast<T: Real, const N: usize>(numbers: &[T], lane: usize, out: &mut [u8], bytes: impl Fn(f32) -> [u8; N]) {
    for (place, x) in out.as_chunks_mut::<N>().0.iter_mut().zip(numbers) {
        *place = bytes(x.lane(lane));
    }
}
