//! `<joint>`: how a link hangs on its parent.

use super::{at_most_one, origin, rest};
use crate::Error;
use crate::mjcf::joint::{SOLIMP, SOLREF};
use crate::mjcf::schema::Warnings;
use crate::robot::spec::{BodySpec, JointSpec, MotionSpec};
use crate::robot::vector::{Vec3, rotate, unit, z_to};
use crate::robot::xml::Element;

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Hinge { endless: bool },
    Slide,
    Fixed,
    Floating,
    Planar,
}

/// Puts the joint, and the pose that it gives, on its child.
pub(super) fn read(e: &Element, body: &mut BodySpec, warnings: &mut Warnings) -> Result<(), Error> {
    let kinds = [
        ("revolute", Kind::Hinge { endless: false }),
        ("continuous", Kind::Hinge { endless: true }),
        ("prismatic", Kind::Slide),
        ("fixed", Kind::Fixed),
        ("floating", Kind::Floating),
        ("planar", Kind::Planar),
    ];
    let kind = e.keyword("type", &kinds)?.ok_or_else(|| e.refuse("type", "the type of the joint"))?;
    rest(e, &["parent", "child", "origin", "axis", "dynamics", "limit"], warnings);
    body.pose = origin(e)?;
    let mut axis = [1.0, 0.0, 0.0];
    if let Some(element) = at_most_one(e, "axis")? {
        element.numbers("xyz", &mut axis, 3)?;
        axis = unit(axis).ok_or_else(|| element.refuse("xyz", "a direction: three numbers, not all zero"))?;
    }
    let name = e.text("name").unwrap_or_default();
    let mut make = |suffix: &str, motion: MotionSpec, axis: Vec3| -> Result<(), Error> {
        let mut joint = rigid(format!("{name}{suffix}"), e, motion, axis);
        dynamics(e, &mut joint, warnings)?;
        limit(e, kind, &mut joint, warnings)?;
        body.joints.push(joint);
        Ok(())
    };
    match kind {
        Kind::Fixed => Ok(()),
        Kind::Hinge { .. } => make("", MotionSpec::Hinge, axis),
        Kind::Slide => make("", MotionSpec::Slide, axis),
        Kind::Floating => make("", MotionSpec::Free, [0.0, 0.0, 1.0]),
        Kind::Planar => {
            // In the plane across the axis, then about it.
            let plane = z_to(axis);
            make("_TX", MotionSpec::Slide, rotate(plane, [1.0, 0.0, 0.0]))?;
            make("_TY", MotionSpec::Slide, rotate(plane, [0.0, 1.0, 0.0]))?;
            make("_RZ", MotionSpec::Hinge, axis)
        }
    }
}

fn rigid(name: String, e: &Element, motion: MotionSpec, axis: Vec3) -> JointSpec {
    JointSpec {
        name,
        place: e.place(),
        motion,
        anchor: [0.0; 3],
        axis,
        limited: false,
        range: [0.0; 2],
        margin: 0.0,
        stiffness: 0.0,
        spring_reference: 0.0,
        spring_damper: [0.0; 2],
        reference: 0.0,
        damping: 0.0,
        armature: 0.0,
        max_speed: 0.0,
        force_range: None,
        solref: SOLREF,
        solimp: SOLIMP,
    }
}

fn dynamics(e: &Element, joint: &mut JointSpec, warnings: &mut Warnings) -> Result<(), Error> {
    let Some(dynamics) = at_most_one(e, "dynamics")? else { return Ok(()) };
    if dynamics.number("damping", &mut joint.damping)? && joint.damping < 0.0 {
        return Err(dynamics.refuse("damping", "a number that is not negative"));
    }
    let mut friction = 0.0;
    if dynamics.number("friction", &mut friction)? && friction != 0.0 {
        let message = format!("joint {}: friction=\"{friction}\": dry friction in joints is not simulated", joint.name);
        warnings.add(dynamics.place(), "friction", message);
    }
    Ok(())
}

fn limit(e: &Element, kind: Kind, joint: &mut JointSpec, warnings: &mut Warnings) -> Result<(), Error> {
    let Some(limit) = at_most_one(e, "limit")? else { return Ok(()) };
    let [low, high] = &mut joint.range;
    let (lower, upper) = (limit.number("lower", low)?, limit.number("upper", high)?);
    if joint.motion != MotionSpec::Free && kind != (Kind::Hinge { endless: true }) {
        // As MuJoCo: a range that is missing or half there is none.
        joint.limited = lower && upper && joint.range[0] < joint.range[1];
        if lower && upper && joint.range[0] > joint.range[1] {
            return Err(limit.refuse("upper", format!("more than lower=\"{}\"", joint.range[0])));
        }
    }
    if !joint.limited {
        joint.range = [0.0; 2];
    }
    let mut effort: f64 = 0.0;
    limit.number("effort", &mut effort)?;
    if effort != 0.0 && joint.motion != MotionSpec::Free {
        joint.force_range = Some([-effort.abs(), effort.abs()]);
    }
    let mut speed = 0.0;
    if limit.number("velocity", &mut speed)? && speed != 0.0 {
        let message =
            format!("joint {}: velocity=\"{speed}\": speeds are not limited (scene.toml can: max_speed)", joint.name);
        warnings.add(limit.place(), "velocity", message);
    }
    Ok(())
}
