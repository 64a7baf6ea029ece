//! `tilt`: ends when the angle between a body's z axis and the world's exceeds `max_angle`, rad. With the body's quaternion
//! (w, x, y, z) the cosine of that angle is 1 − 2(x² + y²).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::{Name, Number};

/// A body leans too far.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tilt {
    /// Name of the body, or its number.
    pub body: Name,
    /// rad, 0 to π.
    pub max_angle: Number,
}

impl Tilt {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        let angle = at.number("max_angle", &self.max_angle)?;
        if !(0.0..=core::f64::consts::PI).contains(&angle) {
            return Err(at.wrong_at("max_angle", &self.max_angle.0, angle.to_string(), "0 to π rad"));
        }
        let q = format!("body({}).orientation", at.body("body", &self.body)?);
        at.built("", &format!("1 - 2 * ({q}.x * {q}.x + {q}.y * {q}.y) < cos({angle:?})"))
    }
}
