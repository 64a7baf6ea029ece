//! `expression`: any number or vector, or several one after the other.

use hyperdust_kernel::blueprint::Value;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Formulas;

/// Any numbers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expression {
    /// An expression (a number or a vector), or a list of them.
    pub value: Formulas,
    /// For people.
    #[serde(default)]
    pub unit: String,
}

impl Expression {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Value>, Error> {
        at.formulas("value", &self.value)
    }
}
