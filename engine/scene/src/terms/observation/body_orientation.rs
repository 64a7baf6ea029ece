//! `body_orientation`: a body's orientation, world frame, unit quaternion w, x, y, z.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::schema::literal::Name;

/// Orientation of a body.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyOrientation {
    /// Name of the body, or its number.
    pub body: Name,
}

impl BodyOrientation {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        let body = at.body("body", &self.body)?;
        Ok(vec![at.slice("body", Source::BodyOrientation, 4 * body, 4, false)?])
    }
}
