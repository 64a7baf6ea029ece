//! `uniform`: each number is drawn evenly from [low, high).

use hyperdust_kernel::blueprint::Distribution;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Number;

/// Evenly from an interval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uniform {
    /// Unit of the target.
    pub low: Number,
    /// Unit of the target.
    pub high: Number,
}

impl Uniform {
    pub fn lower(&self, at: &At<'_>) -> Result<Distribution, Error> {
        let (low, high) = (super::finite(at, "low", &self.low)?, super::finite(at, "high", &self.high)?);
        if low > high {
            return Err(at.wrong_at("low", &self.low.0, format!("{low}, above `high` = {high}"), "low at most high"));
        }
        Ok(Distribution::Uniform { low, high })
    }
}
