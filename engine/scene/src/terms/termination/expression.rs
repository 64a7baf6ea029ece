//! `expression`: ends when a number is not 0.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::Formula;

/// Any condition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expression {
    /// An expression that is a number.
    pub value: Formula,
}

impl Expression {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        at.formula("value", &self.value)
    }
}
