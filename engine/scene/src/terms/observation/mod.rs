//! `[[observation.term]]`: what the agent sees.

mod actuator_forces;
mod body_angular_velocity;
mod body_inertias;
mod body_linear_velocity;
mod body_orientation;
mod body_position;
mod body_velocities;
mod contact_forces;
mod expression;
mod joint_positions;
mod joint_velocities;
mod previous_action;
mod projected_gravity;
mod time;

use hyperdust_kernel::blueprint::{ObservationTerm, Slice, Value};
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
    /// For people; default: the kind.
    pub name: Option<String>,
    /// Left out where false.
    pub enabled: Option<Flag>,
    /// Factor; 1.
    pub scale: Option<Number>,
    /// Values are raised to it, after scaling; also the lower bound of the space.
    pub low: Option<Number>,
    /// Values are lowered to it, after scaling; also the upper bound of the space.
    pub high: Option<Number>,
}

kinds! {
    /// What the agent sees.
    Observation, Common, ["name", "enabled", "scale", "low", "high"], None, {
        "joint_positions" => JointPositions(joint_positions::JointPositions),
        "joint_velocities" => JointVelocities(joint_velocities::JointVelocities),
        "actuator_forces" => ActuatorForces(actuator_forces::ActuatorForces),
        "contact_forces" => ContactForces(contact_forces::ContactForces),
        "body_inertias" => BodyInertias(body_inertias::BodyInertias),
        "body_velocities" => BodyVelocities(body_velocities::BodyVelocities),
        "body_position" => BodyPosition(body_position::BodyPosition),
        "body_orientation" => BodyOrientation(body_orientation::BodyOrientation),
        "body_linear_velocity" => BodyLinearVelocity(body_linear_velocity::BodyLinearVelocity),
        "body_angular_velocity" => BodyAngularVelocity(body_angular_velocity::BodyAngularVelocity),
        "projected_gravity" => ProjectedGravity(projected_gravity::ProjectedGravity),
        "time" => Time(time::Time),
        "previous_action" => PreviousAction(previous_action::PreviousAction),
        "expression" => Expression(expression::Expression),
    }
}

/// As the kernel's terms; none where the term is not enabled.
pub(crate) fn lower(entry: &Entry<Observation>, at: &At<'_>) -> Result<Vec<ObservationTerm>, Error> {
    let common = &entry.common;
    if !at.flag("enabled", &common.enabled, true)? {
        return Ok(Vec::new());
    }
    let slices = |slices: Vec<Slice>| slices.into_iter().map(Value::Slice).collect();
    let (values, unit): (Vec<Value>, &str) = match &entry.kind {
        Observation::JointPositions(fields) => (slices(fields.lower(at)?), "m, rad"),
        Observation::JointVelocities(fields) => (slices(fields.lower(at)?), "m/s, rad/s"),
        Observation::ActuatorForces(fields) => (slices(fields.lower(at)?), "N, N m"),
        Observation::ContactForces(fields) => (slices(fields.lower(at)?), "N m, N"),
        Observation::BodyInertias(fields) => (slices(fields.lower(at)?), "kg m², kg m, kg"),
        Observation::BodyVelocities(fields) => (slices(fields.lower(at)?), "rad/s, m/s"),
        Observation::BodyPosition(fields) => (slices(fields.lower(at)?), "m"),
        Observation::BodyOrientation(fields) => (slices(fields.lower(at)?), ""),
        Observation::BodyLinearVelocity(fields) => (slices(fields.lower(at)?), "m/s"),
        Observation::BodyAngularVelocity(fields) => (slices(fields.lower(at)?), "rad/s"),
        Observation::ProjectedGravity(fields) => (fields.lower(at)?, ""),
        Observation::Time(fields) => (slices(fields.lower(at)?), "s"),
        Observation::PreviousAction(fields) => (slices(fields.lower(at)?), ""),
        Observation::Expression(fields) => (fields.lower(at)?, fields.unit.as_str()),
    };
    let scale = at.bounded("scale", &common.scale, 1.0, f64::from(f32::MIN), f64::from(f32::MAX))?;
    let low = to_f32(at.number_or("low", &common.low, f64::NEG_INFINITY)?);
    let high = to_f32(at.number_or("high", &common.high, f64::INFINITY)?);
    if low > high {
        return Err(at.wrong("low", format!("{low}, above `high` = {high}"), "low at most high"));
    }
    let name = common.name.as_deref().unwrap_or(entry.name);
    let term = |value| ObservationTerm { name: name.to_owned(), unit: unit.to_owned(), value, scale, low, high };
    Ok(values.into_iter().map(term).collect())
}
