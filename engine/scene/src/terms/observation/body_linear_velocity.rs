//! `body_linear_velocity`: velocity of the origin of a body's frame, world axes, m/s.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Name;

/// Linear velocity of a body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyLinearVelocity {
    /// Name of the body, or its number.
    pub body: Name,
}

impl BodyLinearVelocity {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        let body = at.body("body", &self.body)?;
        Ok(vec![at.slice("body", Source::BodyLinearVelocity, 3 * body, 3, false)?])
    }
}
