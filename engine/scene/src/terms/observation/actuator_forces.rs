//! `actuator_forces`: generalised forces of all actuators, N and N m: MuJoCo's `qfrc_actuator`, Σ gear · force per dof.

use hyperdust_kernel::blueprint::{Slice, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::terms::selection::JointPart;

/// Forces of actuators on joints.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct ActuatorForces(JointPart);

impl ActuatorForces {
    pub fn lower(&self, at: &At<'_>) -> Result<Vec<Slice>, Error> {
        self.0.slices(at, Source::ActuatorForce, at.context.sources.velocities)
    }
}
