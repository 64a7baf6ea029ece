//! `pose_tracking`: exp(−Σ(q − target)² / tolerance²) over slides (m) and hinges (rad). 1 at the target, 1/e where the
//! distance is one tolerance.

use hyperdust_kernel::blueprint::Source;
use schemars::JsonSchema;
use serde::Deserialize;

use super::velocity_tracking::{closeness, positive};
use crate::Error;
use crate::context::At;
use crate::expression::Number as Computed;
use crate::schema::literal::{Names, Number, NumberOrNumbers};

/// Closeness of joints to a pose.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoseTracking {
    /// Slides and hinges.
    pub joints: Names,
    /// m and rad, one for all or one for each.
    pub target: NumberOrNumbers,
    /// m and rad.
    pub tolerance: Number,
}

impl PoseTracking {
    pub fn lower(&self, at: &At<'_>) -> Result<Computed, Error> {
        let joints = at.joints("joints", &self.joints, Source::Qpos)?;
        if joints.is_empty() || joints.iter().any(|(_, len)| *len != 1) {
            return Err(at.wrong_at(
                "joints",
                &self.joints.0,
                "no joint, or a free joint",
                "names of slides and hinges",
            ));
        }
        let targets = at.spread("target", &self.target, joints.len())?;
        let mut squares = Ok(Computed::constant(0.0));
        for ((start, _), target) in joints.iter().zip(targets) {
            if !target.is_finite() {
                return Err(at.wrong_at("target", &self.target.0, target.to_string(), "finite numbers"));
            }
            let error = at.built("joints", &format!("qpos[{start}]"))?.minus(Computed::constant(target));
            let square = error.and_then(|error| error.clone().times(error));
            squares = squares.and_then(|squares| squares.plus(square?));
        }
        closeness(at, squares, positive(at, &self.tolerance)?)
    }
}
