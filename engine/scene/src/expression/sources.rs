//! What an expression may read in one scene: names, and the kernel's arrays behind them.

use std::collections::BTreeMap;

use hyperdust_kernel::blueprint::{Robot, Slice, Source};

use crate::error::Place;

/// A named expression of `[quantities]`.
#[derive(Clone, Debug)]
pub(crate) struct Quantity {
    pub text: String,
    pub place: Place,
}

/// A joint's part of `qpos` and `qvel`: first element and length.
#[derive(Clone, Debug)]
pub(crate) struct JointRange {
    pub name: String,
    pub positions: (usize, usize),
    pub velocities: (usize, usize),
}

/// Everything that can be read in a scene.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// `[quantities]`.
    pub quantities: BTreeMap<String, Quantity>,
    /// Sensor bodies, the world first.
    pub bodies: Vec<String>,
    /// Whether there are articulated bodies.
    pub has_robot: bool,
    /// Bodies of the robot, without the world.
    pub robot_bodies: usize,
    /// Joints, in `qpos` order.
    pub joints: Vec<JointRange>,
    /// Actuators, in control order.
    pub actuators: Vec<String>,
    /// Reference positions.
    pub qpos0: Vec<f32>,
    /// Length of `qvel`.
    pub velocities: usize,
    /// Numbers in all actions.
    pub actions: usize,
    /// Seconds.
    pub timestep: f64,
    /// Seconds per environment step.
    pub dt: f64,
}

/// Names of the arrays, for error messages.
pub(super) const ARRAYS: &str = "qpos, qvel, qpos0, action, control, actuator_forces, contact_forces, center_of_mass, body(\"name\"), \
     time, steps, dt, timestep, pi, inf, true, false, prev(…)";

/// Fields of a body.
pub(super) const BODY_FIELDS: [(&str, Source, usize); 7] = [
    ("position", Source::BodyPosition, 3),
    ("orientation", Source::BodyOrientation, 4),
    ("linear_velocity", Source::BodyLinearVelocity, 3),
    ("angular_velocity", Source::BodyAngularVelocity, 3),
    ("contact_force", Source::ContactForce, 6),
    ("inertia", Source::BodyInertia, 10),
    ("spatial_velocity", Source::BodyVelocity, 6),
];

impl Sources {
    /// Joint ranges of a robot.
    pub fn joint_ranges(robot: &Robot, names: &[String]) -> Vec<JointRange> {
        let (mut position, mut velocity) = (0, 0);
        robot
            .joints
            .iter()
            .enumerate()
            .map(|(index, joint)| {
                let (nq, nv) = (joint.kind.nq(), joint.kind.nv());
                let name = names.get(index).cloned().unwrap_or_default();
                let range = JointRange { name, positions: (position, nq), velocities: (velocity, nv) };
                position += nq;
                velocity += nv;
                range
            })
            .collect()
    }

    /// Source and length of an array that is read by its bare name.
    pub fn array(&self, name: &str) -> Option<(Source, usize)> {
        Some(match name {
            "qpos" => (Source::Qpos, self.qpos0.len()),
            "qvel" => (Source::Qvel, self.velocities),
            "action" => (Source::Action, self.actions),
            "control" => (Source::Control, self.actuators.len()),
            "actuator_forces" => (Source::ActuatorForce, self.velocities),
            "contact_forces" => (Source::ContactForce, if self.has_robot { 6 * (1 + self.robot_bodies) } else { 0 }),
            "center_of_mass" => (Source::CenterOfMass, if self.has_robot { 3 } else { 0 }),
            _ => return None,
        })
    }

    /// A number that is read by its bare name.
    pub fn scalar(name: &str) -> Option<Source> {
        match name {
            "time" => Some(Source::Time),
            "steps" => Some(Source::Steps),
            _ => None,
        }
    }

    /// Bodies of an array, the world included: the robot solver's own arrays end with its bodies.
    pub fn bodies_of(&self, source: Source) -> usize {
        match source {
            Source::ContactForce | Source::BodyInertia | Source::BodyVelocity if !self.has_robot => 0,
            Source::ContactForce | Source::BodyInertia | Source::BodyVelocity => 1 + self.robot_bodies,
            _ => self.bodies.len(),
        }
    }

    /// Elements of an array that belong to a named joint or actuator.
    pub fn named(&self, source: Source, name: &str) -> Option<(usize, usize)> {
        if name.is_empty() {
            return None;
        }
        match source {
            Source::Qpos => self.joint(name).map(|j| j.positions),
            Source::Qvel | Source::ActuatorForce => self.joint(name).map(|j| j.velocities),
            Source::Control => self.actuators.iter().position(|a| a == name).map(|index| (index, 1)),
            _ => None,
        }
    }

    /// By name.
    pub fn joint(&self, name: &str) -> Option<&JointRange> {
        self.joints.iter().find(|joint| !name.is_empty() && joint.name == name)
    }

    /// What may stand in `[…]` behind an array, besides numbers.
    pub fn names_in(&self, source: Source) -> String {
        match source {
            Source::Qpos | Source::Qvel | Source::ActuatorForce => list(self.joints.iter().map(|j| j.name.as_str())),
            Source::Control => list(self.actuators.iter().map(String::as_str)),
            _ => "an index".into(),
        }
    }

    /// Index of a body by name, or by its number.
    pub fn body(&self, name: &str) -> Option<usize> {
        let named = self.bodies.iter().position(|body| !name.is_empty() && body == name);
        named.or_else(|| name.parse().ok().filter(|index| *index < self.bodies.len()))
    }

    /// Names of all bodies, for error messages.
    pub fn body_names(&self) -> String {
        list(self.bodies.iter().map(String::as_str))
    }

    /// Reads elements of an array; the array's length is the caller's to check.
    pub fn slice(source: Source, start: usize, len: usize, previous: bool) -> Option<Slice> {
        let slice = Slice { source, start: u16::try_from(start).ok()?, len: u16::try_from(len).ok()?, previous };
        (len > 0 && start + len <= usize::from(u16::MAX)).then_some(slice)
    }
}

/// Names in a sentence, not without end.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let more = names.len() > 40;
    names.truncate(40);
    match (names.is_empty(), more) {
        (true, _) => "none: nothing has a name here".into(),
        (false, false) => names.join(", "),
        (false, true) => names.join(", ") + ", …",
    }
}
