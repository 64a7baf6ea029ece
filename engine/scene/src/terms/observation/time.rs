//! `time`: seconds of simulated time since the reset.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;

/// Time since the reset.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Time {}

impl Time {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        Ok(vec![at.slice("", Source::Time, 0, 1, false)?])
    }
}
