//! `velocity_tracking`: exp(−(v − target)² / tolerance²), where v is the velocity of a body's frame origin along a world
//! axis, m/s. 1 at the target, 1/e one tolerance away.

use schemars::JsonSchema;
use serde::Deserialize;

use super::axis::Axis;
use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::{Formula, Name, Number};

/// Closeness of a velocity to its target.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VelocityTracking {
    /// Name of the body, or its number.
    pub body: Name,
    /// World axis; "x".
    #[serde(default)]
    pub axis: Axis,
    /// m/s; an expression.
    pub target: Formula,
    /// m/s.
    pub tolerance: Number,
}

impl VelocityTracking {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        let tolerance = positive(at, &self.tolerance)?;
        let velocity = format!("body({}).linear_velocity.{}", at.body("body", &self.body)?, self.axis.name());
        let target = at.formula("target", &self.target)?;
        let error = at.built("", &velocity)?.minus(target);
        closeness(at, error.and_then(|error| error.clone().times(error)), tolerance)
    }
}

/// A tolerance: finite and above 0.
pub(super) fn positive(at: &At<'_>, number: &Number) -> Result<f64, Error> {
    let value = at.number("tolerance", number)?;
    if value > 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(at.wrong_at("tolerance", &number.0, value.to_string(), "a number above 0"))
}

/// exp(−squares / tolerance²)
pub(super) fn closeness(
    at: &At<'_>,
    squares: Result<Computed, (String, String)>,
    tolerance: f64,
) -> Result<Computed, Error> {
    let scale = Computed::constant(-1.0 / (tolerance * tolerance));
    let closeness = squares.and_then(|squares| squares.times(scale)).and_then(Computed::exponential);
    closeness.map_err(|(found, accepted)| at.wrong("", found, accepted))
}
