//! `[[reward]]`: what the agent is paid for. The reward is the sum of weight × value; costs are subtracted.

mod alive;
mod axis;
mod contact_cost;
mod control_cost;
mod expression;
mod forward_velocity;
mod pose_tracking;
mod velocity_tracking;

use hyperdust_kernel::blueprint::RewardTerm;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::Error;
use crate::context::At;
use crate::expression::to_f32;
use crate::schema::literal::{Flag, Number};
use crate::schema::{Entry, kinds};

/// Keys of every term.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// Reported as `info["reward_<name>"]`; default: the kind.
    pub name: Option<String>,
    /// Left out where false.
    pub enabled: Option<Flag>,
    /// Factor; 1. Positive for costs too: they are subtracted.
    pub weight: Option<Number>,
}

kinds! {
    /// What the agent is paid for.
    Reward, Common, ["name", "enabled", "weight"], None, {
        "alive" => Alive(alive::Alive),
        "forward_velocity" => ForwardVelocity(forward_velocity::ForwardVelocity),
        "control_cost" => ControlCost(control_cost::ControlCost),
        "contact_cost" => ContactCost(contact_cost::ContactCost),
        "velocity_tracking" => VelocityTracking(velocity_tracking::VelocityTracking),
        "pose_tracking" => PoseTracking(pose_tracking::PoseTracking),
        "expression" => Expression(expression::Expression),
    }
}

/// As the kernel's term; none where it is not enabled.
pub(crate) fn lower(entry: &Entry<Reward>, at: &At<'_>) -> Result<Option<RewardTerm>, Error> {
    let common = &entry.common;
    if !at.flag("enabled", &common.enabled, true)? {
        return Ok(None);
    }
    let bound = f64::from(f32::MAX);
    let weight = f64::from(at.bounded("weight", &common.weight, 1.0, -bound, bound)?);
    let (weight, value) = match &entry.kind {
        Reward::Alive(fields) => (weight, fields.lower(at)?),
        Reward::ForwardVelocity(fields) => (weight, fields.lower(at)?),
        Reward::ControlCost(fields) => (-weight, fields.lower(at)?),
        Reward::ContactCost(fields) => {
            let (weight, value) = fields.lower(at, weight)?;
            (-weight, value)
        }
        Reward::VelocityTracking(fields) => (weight, fields.lower(at)?),
        Reward::PoseTracking(fields) => (weight, fields.lower(at)?),
        Reward::Expression(fields) => (weight, fields.lower(at)?),
    };
    let name = common.name.as_deref().unwrap_or(entry.name).to_owned();
    Ok(Some(RewardTerm { name, weight: to_f32(weight), value: value.program() }))
}
