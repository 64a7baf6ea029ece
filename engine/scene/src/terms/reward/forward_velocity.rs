//! `forward_velocity`: (x after the step − x before) / dt, m/s (rad/s for a hinge), where x is a coordinate of a body's
//! frame origin, of the robot's centre of mass, or of a joint; dt is the time of an environment step.

use hyperdust_kernel::blueprint::Source;
use schemars::JsonSchema;
use serde::Deserialize;

use super::axis::Axis;
use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::Name;

/// Mean velocity over the step.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForwardVelocity {
    /// Of a body's frame origin.
    pub body: Option<Name>,
    /// Of a slide or hinge.
    pub joint: Option<Name>,
    /// Of the robot's centre of mass.
    #[serde(default)]
    pub center_of_mass: bool,
    /// World axis (not for a joint); "x".
    pub axis: Option<Axis>,
}

impl ForwardVelocity {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        let axis = self.axis.unwrap_or_default().name();
        let x = match (&self.body, &self.joint, self.center_of_mass) {
            (Some(body), None, false) => format!("body({}).position.{axis}", at.body("body", body)?),
            (None, Some(joint), false) => {
                if self.axis.is_some() {
                    return Err(at.wrong("axis", "an axis beside `joint`", "none: a joint has its own"));
                }
                let (start, len) = at.joint("joint", &joint.0, Source::Qpos)?;
                if len != 1 {
                    return Err(at.wrong_at(
                        "joint",
                        &joint.0,
                        "a free joint",
                        "a slide or hinge; for a free joint use `body`",
                    ));
                }
                format!("qpos[{start}]")
            }
            (None, None, true) => format!("center_of_mass.{axis}"),
            _ => {
                return Err(at.wrong(
                    "",
                    "not exactly one of `body`, `joint`, `center_of_mass`",
                    "exactly one of them",
                ));
            }
        };
        at.built("", &format!("({x} - prev({x})) / dt"))
    }
}
