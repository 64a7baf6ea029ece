//! `body_position`: origin of a body's frame, world frame, m.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Name;

/// Position of a body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyPosition {
    /// Name of the body, or its number.
    pub body: Name,
}

impl BodyPosition {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        let body = at.body("body", &self.body)?;
        Ok(vec![at.slice("body", Source::BodyPosition, 3 * body, 3, false)?])
    }
}
