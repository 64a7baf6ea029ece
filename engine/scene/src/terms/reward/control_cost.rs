//! `control_cost`: Σ action², in the squared units of the actuators. Subtracted: weight × −Σ.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;

/// Sum of squared actions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlCost {
    /// "action" (as given, the default) or "control" (after clamping to the control ranges).
    #[serde(default)]
    pub of: Of,
}

/// Which numbers.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Of {
    /// As given.
    #[default]
    Action,
    /// After clamping.
    Control,
}

impl ControlCost {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        at.built(
            "of",
            match self.of {
                Of::Action => "sumsq(action)",
                Of::Control => "sumsq(control)",
            },
        )
    }
}
