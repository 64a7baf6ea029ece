//! `body_velocities`: 6 numbers a body: angular (rad/s) and linear (m/s) velocity about the centre of mass of the body's tree, MuJoCo's `cvel`.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::BodyPart;

/// Spatial velocities of bodies.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct BodyVelocities(BodyPart);

impl BodyVelocities {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::BodyVelocity, 6)
    }
}
