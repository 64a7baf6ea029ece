//! `contact_cost`: Σ over all bodies of the squared numbers of MuJoCo's `cfrc_ext` (N² and N² m²), each clamped first if
//! `clip_forces` is given. Subtracted: −clamp(weight × Σ, cost_range).

use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::Numbers;

/// Sum of squared contact forces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactCost {
    /// Each number is clamped to it first.
    pub clip_forces: Option<Numbers>,
    /// Weight × sum is clamped to it.
    pub cost_range: Option<Numbers>,
}

impl ContactCost {
    /// The weight that is left, and what it multiplies.
    pub fn lower(&self, at: &At<'_>, weight: f64) -> Result<(f64, Computed), Error> {
        let forces = match &self.clip_forces {
            Some(range) => {
                let (low, high) = at.pair("clip_forces", range)?;
                format!("clamp(contact_forces, {low:?}, {high:?})")
            }
            None => "contact_forces".into(),
        };
        let sum = format!("sumsq({forces})");
        let Some(range) = &self.cost_range else { return Ok((weight, at.built("", &sum)?)) };
        let (low, high) = at.pair("cost_range", range)?;
        Ok((1.0, at.built("", &format!("clamp({weight:?} * {sum}, {low:?}, {high:?})"))?))
    }
}
