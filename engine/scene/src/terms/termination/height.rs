//! `height`: ends when the z of a body's frame origin, world frame, m, is below `min` or above `max`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::{Name, Number};

/// A body is too low or too high.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Height {
    /// Name of the body, or its number.
    pub body: Name,
    /// m; none by default.
    pub min: Option<Number>,
    /// m; none by default.
    pub max: Option<Number>,
}

impl Height {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        if self.min.is_none() && self.max.is_none() {
            return Err(at.wrong("", "neither `min` nor `max`", "one of them, or both"));
        }
        let z = format!("body({}).position.z", at.body("body", &self.body)?);
        let min = at.number_or("min", &self.min, f64::NEG_INFINITY)?;
        let max = at.number_or("max", &self.max, f64::INFINITY)?;
        at.built("", &format!("{z} < {min:?} or {z} > {max:?}"))
    }
}
