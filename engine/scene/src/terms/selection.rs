//! Which part of an array a term is about.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::{Count, Names, Numbers};

/// Part of an array over joints: all of it, or one of the three.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(deny_unknown_fields)]
pub(crate) struct JointPart {
    /// Numbers left out at the beginning.
    pub skip: Option<Count>,
    /// First number, and the one behind the last.
    pub range: Option<Numbers>,
    /// Joints by name, in this order.
    pub joints: Option<Names>,
}

/// Part of an array over the robot's bodies.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyPart {
    /// Names in this order, or "all" (the world included); default: all but the world.
    pub bodies: Option<Names>,
}

impl JointPart {
    /// Consecutive elements, merged where they touch. Nothing is left where `skip` leaves out everything.
    pub fn spans(&self, at: &At<'_>, source: Source, len: usize) -> Result<Vec<(usize, usize)>, Error> {
        let given = [self.skip.is_some(), self.range.is_some(), self.joints.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(at.wrong("", "more than one of `skip`, `range` and `joints`", "one of them"));
        }
        if len == 0 {
            return Err(at.wrong("", "a term over joints", "a scene with a [robot] that has joints"));
        }
        if let Some(names) = &self.joints {
            return Ok(merged(at.joints("joints", names, source)?));
        }
        let (start, end) = match (&self.skip, &self.range) {
            (Some(skip), _) => (at.count("skip", skip, 0, len)?, len),
            (None, Some(numbers)) => range(at, numbers, len)?,
            (None, None) => (0, len),
        };
        Ok(if start < end { vec![(start, end - start)] } else { Vec::new() })
    }

    /// The same as slices.
    pub fn slices(&self, at: &At<'_>, source: Source, len: usize) -> Result<Vec<Slice>, Error> {
        let spans = self.spans(at, source, len)?;
        spans.into_iter().map(|(start, len)| at.slice("", source, start, len, false)).collect()
    }
}

impl BodyPart {
    /// `stride` elements for each body.
    pub fn slices(&self, at: &At<'_>, source: Source, stride: usize) -> Result<Vec<Slice>, Error> {
        let count = at.context.sources.bodies_of(source);
        if count == 0 {
            return Err(at.wrong("", "a term over the robot's bodies", "a scene with a [robot]"));
        }
        let bodies = match &self.bodies {
            Some(names) => at.bodies("bodies", names, count)?,
            None => (1..count).collect(),
        };
        let spans = merged(bodies.into_iter().map(|body| (body * stride, stride)).collect());
        spans.into_iter().map(|(start, len)| at.slice("bodies", source, start, len, false)).collect()
    }
}

/// `[start, end]` of whole numbers.
pub(crate) fn range(at: &At<'_>, numbers: &Numbers, len: usize) -> Result<(usize, usize), Error> {
    let values = at.numbers("range", numbers)?;
    if let [start, end] = values.as_slice() {
        let whole = |value: f64| libm::floor(value) == value && value >= 0.0 && value <= len as f64;
        if whole(*start) && whole(*end) && start < end {
            return Ok((*start as usize, *end as usize));
        }
    }
    Err(at.wrong_at(
        "range",
        &numbers.0,
        format!("{values:?}"),
        format!("[start, end] with start < end and end at most {len}"),
    ))
}

fn merged(spans: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, len) in spans {
        match merged.last_mut() {
            Some((first, count)) if *first + *count == start => *count += len,
            _ => merged.push((start, len)),
        }
    }
    merged
}
