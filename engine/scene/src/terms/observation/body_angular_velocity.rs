//! `body_angular_velocity`: angular velocity of a body, world axes, rad/s.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Name;

/// Angular velocity of a body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyAngularVelocity {
    /// Name of the body, or its number.
    pub body: Name,
}

impl BodyAngularVelocity {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        let body = at.body("body", &self.body)?;
        Ok(vec![at.slice("body", Source::BodyAngularVelocity, 3 * body, 3, false)?])
    }
}
