//! `joint_velocities`: generalised velocities q̇, m/s and rad/s; a free joint's linear (world axes) and angular (body axes) velocity.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::JointPart;

/// Velocities of joints.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct JointVelocities(JointPart);

impl JointVelocities {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::Qvel, at.context.sources.velocities)
    }
}
