//! `contact_forces`: 6 numbers a body: contact torque (N m) and force (N) about the centre of mass of the body's tree, MuJoCo's `cfrc_ext`.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::BodyPart;

/// Contact forces on bodies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ContactForces(BodyPart);

impl ContactForces {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::ContactForce, 6)
    }
}
