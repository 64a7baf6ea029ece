//! `joint_positions`: generalised positions q, m (slides) and rad (hinges); a free joint's position and unit quaternion w, x, y, z.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::JointPart;

/// Positions of joints.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct JointPositions(JointPart);

impl JointPositions {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::Qpos, at.context.sources.qpos0.len())
    }
}
