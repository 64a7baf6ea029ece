//! `normal`: each number is drawn from a Gaussian.

use hyperdust_kernel::blueprint::Distribution;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Number;

/// From a Gaussian.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Normal {
    /// Unit of the target; 0.
    pub mean: Option<Number>,
    /// Standard deviation, unit of the target.
    pub deviation: Number,
}

impl Normal {
    pub fn lower(&self, at: &At<'_>) -> Result<Distribution, Error> {
        let mean = self.mean.as_ref().map_or(Ok(0.0), |mean| super::finite(at, "mean", mean))?;
        let deviation = super::finite(at, "deviation", &self.deviation)?;
        if deviation < 0.0 {
            return Err(at.wrong_at("deviation", &self.deviation.0, deviation.to_string(), "0 or more"));
        }
        Ok(Distribution::Normal { mean, deviation })
    }
}
