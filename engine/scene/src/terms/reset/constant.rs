//! `constant`: each number is the same every time.

use hyperdust_kernel::blueprint::Distribution;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Number;

/// Always the same.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constant {
    /// Unit of the target.
    pub value: Number,
}

impl Constant {
    pub fn lower(&self, at: &At<'_>) -> Result<Distribution, Error> {
        Ok(Distribution::Normal { mean: super::finite(at, "value", &self.value)?, deviation: 0.0 })
    }
}
