//! `alive`: 1 while a condition holds after the step, else 0.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::Formula;

/// 1 while a condition holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alive {
    /// Condition; always by default.
    #[serde(rename = "while")]
    pub condition: Option<Formula>,
}

impl Alive {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        let Some(condition) = &self.condition else { return Ok(Computed::constant(1.0)) };
        let number = at.formula("while", condition)?;
        number.truth().map_err(|(found, accepted)| at.wrong("while", found, accepted))
    }
}
