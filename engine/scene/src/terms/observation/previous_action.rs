//! `previous_action`: the action, as given, of the step that led to this observation; zeros after a reset.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;

/// The action that led here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviousAction {}

impl PreviousAction {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        Ok(vec![at.slice("", Source::Action, 0, at.context.sources.actions, false)?])
    }
}
