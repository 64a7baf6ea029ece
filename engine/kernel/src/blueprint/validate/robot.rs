//! A sound robot: a forest in order, joints that belong to links, contacts that can be solved.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::{Checked, count, ensure, index, invalid, magnitude, mass, number, numbers, range, rotation, unit};
use crate::blueprint::{Actuator, Geom, GeomShape, Joint, JointKind, Link, Pair, Robot, limits};

/// MuJoCo's `mjMINMU`: below it the pyramid of a frictional contact has no inverse.
const LEAST_FRICTION: f32 = 1e-5;

pub(super) fn check(robot: &mut Robot) -> Checked {
    let path = "robot";
    count(robot.links.len(), 1, limits::LINKS, format_args!("{path}.links"))?;
    count(robot.joints.len(), 0, limits::DOFS, format_args!("{path}.joints"))?;
    count(robot.bodies.len(), 0, limits::BODIES, format_args!("{path}.bodies"))?;
    count(robot.geoms.len(), 0, limits::GEOMS, format_args!("{path}.geoms"))?;
    count(robot.pairs.len(), 0, limits::PAIRS, format_args!("{path}.pairs"))?;
    count(robot.actuators.len(), 0, limits::ACTUATORS, format_args!("{path}.actuators"))?;
    count(robot.nv(), 0, limits::DOFS, format_args!("degrees of freedom of {path}.joints"))?;

    let mut first = 0;
    for i in 0..robot.links.len() {
        let joints = usize::from(robot.links[i].joints);
        let own = robot.joints.get(first..first + joints).ok_or_else(|| {
            invalid(format_args!("{path}.links[{i}].joints"), joints, "as many as are left in robot.joints")
        })?;
        link(i, &mut robot.links[i], own, format_args!("{path}.links[{i}]"))?;
        first += joints;
    }
    ensure(
        first == robot.joints.len(),
        format_args!("{path}.joints"),
        robot.joints.len(),
        format_args!("{first}, the sum over links"),
    )?;

    for (i, j) in robot.joints.iter_mut().enumerate() {
        joint(j, format_args!("{path}.joints[{i}]"))?;
    }
    let links = robot.links.len();
    for (i, body) in robot.bodies.iter_mut().enumerate() {
        let path = format_args!("{path}.bodies[{i}]");
        index(body.link.into(), links, format_args!("{path}.link"))?;
        frame(&mut body.position, &mut body.rotation, path)?;
        inertia(&mut body.mass, &mut body.center, &mut body.inertia, path)?;
    }
    let body_links: Vec<u16> = robot.bodies.iter().map(|b| b.link).collect();
    for (i, g) in robot.geoms.iter_mut().enumerate() {
        geom(g, links, &body_links, format_args!("{path}.geoms[{i}]"))?;
    }
    let mut seen = BTreeSet::new();
    for (i, p) in robot.pairs.iter_mut().enumerate() {
        let path = format_args!("{path}.pairs[{i}]");
        pair(p, &robot.geoms, path)?;
        ensure(
            seen.insert((p.first, p.second)),
            path,
            format_args!("geoms {} and {} again", p.first, p.second),
            "each pair once",
        )?;
    }
    for (i, a) in robot.actuators.iter_mut().enumerate() {
        actuator(a, &robot.joints, format_args!("{path}.actuators[{i}]"))?;
    }
    reference(robot)?;
    mass::check(robot)
}

fn link(i: usize, link: &mut Link, joints: &[Joint], path: fmt::Arguments<'_>) -> Checked {
    frame(&mut link.position, &mut link.rotation, path)?;
    inertia(&mut link.mass, &mut link.center, &mut link.inertia, path)?;
    if i == 0 {
        ensure(link.parent == 0, format_args!("{path}.parent"), link.parent, "0: link 0 is the world")?;
        ensure(joints.is_empty(), format_args!("{path}.joints"), joints.len(), "0: link 0 is the world")?;
        return ensure(link.mass == 0.0, format_args!("{path}.mass"), link.mass, "0: link 0 is the world");
    }
    index(link.parent.into(), i, format_args!("{path}.parent"))?;
    ensure(
        !joints.is_empty(),
        format_args!("{path}.joints"),
        0,
        "at least 1: a body without joints is fused into its parent",
    )?;
    let free = joints.iter().any(|j| j.kind == JointKind::Free);
    let alone = joints.len() == 1 && link.parent == 0;
    ensure(
        !free || alone,
        format_args!("{path}.joints"),
        "a free joint",
        "a free joint only alone, on a child of the world",
    )
}

fn frame(position: &mut [f32; 3], matrix: &mut [f32; 9], path: fmt::Arguments<'_>) -> Checked {
    magnitude(position, format_args!("{path}.position"))?;
    rotation(matrix, format_args!("{path}.rotation"))
}

fn inertia(mass: &mut f32, center: &mut [f32; 3], inertia: &mut [f32; 6], path: fmt::Arguments<'_>) -> Checked {
    number(mass, 0.0, limits::MAGNITUDE, format_args!("{path}.mass"))?;
    magnitude(center, format_args!("{path}.center"))?;
    magnitude(inertia, format_args!("{path}.inertia"))?;
    let [xx, yy, zz, xy, xz, yz] = inertia.map(f64::from);
    let trace = xx + yy + zz;
    let minors = [yy * zz - yz * yz, xx * zz - xz * xz, xx * yy - xy * xy];
    let determinant = xx * minors[0] - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
    // Inertias arrive rounded to f32: allow what rounding can do to a flat one.
    let slack = 1e-5 * trace;
    let sound = [xx, yy, zz].iter().all(|&x| x >= 0.0)
        && minors.iter().all(|&m| m >= -slack * trace)
        && determinant >= -slack * trace * trace;
    ensure(
        sound,
        format_args!("{path}.inertia"),
        format_args!("{inertia:?}"),
        "a positive semidefinite matrix (xx, yy, zz, xy, xz, yz)",
    )
}

fn joint(joint: &mut Joint, path: fmt::Arguments<'_>) -> Checked {
    let axis = format_args!("{path}.axis");
    if joint.kind == JointKind::Free {
        magnitude(&mut joint.axis, axis)?
    } else {
        unit(&mut joint.axis, axis)?
    }
    magnitude(&mut joint.anchor, format_args!("{path}.anchor"))?;
    range(&mut joint.range, format_args!("{path}.range"))?;
    ensure(
        !(joint.limited && joint.kind == JointKind::Free),
        format_args!("{path}.limited"),
        true,
        "false for a free joint",
    )?;
    let positive = |x: &mut f32, name: &str| number(x, 0.0, limits::MAGNITUDE, format_args!("{path}.{name}"));
    positive(&mut joint.margin, "margin")?;
    positive(&mut joint.stiffness, "stiffness")?;
    positive(&mut joint.damping, "damping")?;
    positive(&mut joint.armature, "armature")?;
    positive(&mut joint.max_speed, "max_speed")?;
    positive(&mut joint.inverse_weight, "inverse_weight")?;
    ensure(
        joint.inverse_weight > 0.0 || !joint.limited,
        format_args!("{path}.inverse_weight"),
        0,
        "above 0 for a limited joint",
    )?;
    magnitude(core::slice::from_mut(&mut joint.spring_reference), format_args!("{path}.spring_reference"))?;
    soft(&mut joint.solref, &mut joint.solimp, path)
}

/// MuJoCo's parameters of a soft constraint.
fn soft(solref: &mut [f32; 2], solimp: &mut [f32; 5], path: fmt::Arguments<'_>) -> Checked {
    magnitude(solref, format_args!("{path}.solref"))?;
    let same_sign = solref.iter().all(|&x| x > 0.0) || solref.iter().all(|&x| x <= 0.0);
    ensure(
        same_sign,
        format_args!("{path}.solref"),
        format_args!("{solref:?}"),
        "both positive (time constant, damping ratio) or both not (-stiffness, -damping)",
    )?;
    let [dmin, dmax, width, midpoint, power] = solimp;
    number(dmin, 0.0, 1.0, format_args!("{path}.solimp[0]"))?;
    number(dmax, 0.0, 1.0, format_args!("{path}.solimp[1]"))?;
    number(width, 0.0, limits::MAGNITUDE, format_args!("{path}.solimp[2]"))?;
    number(midpoint, 0.0, 1.0, format_args!("{path}.solimp[3]"))?;
    number(power, 1.0, 100.0, format_args!("{path}.solimp[4]"))
}

fn geom(geom: &mut Geom, links: usize, body_links: &[u16], path: fmt::Arguments<'_>) -> Checked {
    index(geom.link.into(), links, format_args!("{path}.link"))?;
    let carrier = match usize::from(geom.body).checked_sub(1) {
        None => Some(&0),
        Some(body) => body_links.get(body),
    };
    let body = format_args!("{path}.body");
    let carrier = carrier.ok_or_else(|| invalid(body, geom.body, format_args!("at most {}", body_links.len())))?;
    ensure(*carrier == geom.link, body, geom.body, format_args!("a body of link {}", geom.link))?;
    frame(&mut geom.position, &mut geom.rotation, path)?;
    let size = |x: &mut f32, name: &str| number(x, 1e-6, limits::MAGNITUDE, format_args!("{path}.{name}"));
    match &mut geom.shape {
        GeomShape::Plane => ensure(geom.link == 0, format_args!("{path}.shape"), "a plane", "planes only on link 0"),
        GeomShape::Sphere { radius } => size(radius, "radius"),
        GeomShape::Capsule { radius, half_length } => {
            size(radius, "radius")?;
            size(half_length, "half_length")
        }
    }
}

fn pair(pair: &mut Pair, geoms: &[Geom], path: fmt::Arguments<'_>) -> Checked {
    index(pair.first.into(), geoms.len(), format_args!("{path}.first"))?;
    index(pair.second.into(), geoms.len(), format_args!("{path}.second"))?;
    let [first, second] = [pair.first, pair.second].map(|i| &geoms[usize::from(i)]);
    let found = format_args!("geoms {} and {}", pair.first, pair.second);
    ensure(first.link != second.link, path, found, "geoms of two links")?;
    let order = |geom: &Geom, id: u16| (rank(&geom.shape), id);
    ensure(
        order(first, pair.first) < order(second, pair.second),
        path,
        found,
        "plane before sphere before capsule, then the smaller index",
    )?;
    ensure(rank(&second.shape) > 0, path, found, "not two planes")?;
    ensure(matches!(pair.dimension, 1 | 3), format_args!("{path}.dimension"), pair.dimension, "1 or 3")?;
    let least = if pair.dimension == 1 { 0.0 } else { LEAST_FRICTION };
    numbers(&mut pair.friction, least, limits::MAGNITUDE, format_args!("{path}.friction"))?;
    magnitude(core::slice::from_mut(&mut pair.margin), format_args!("{path}.margin"))?;
    magnitude(core::slice::from_mut(&mut pair.gap), format_args!("{path}.gap"))?;
    number(&mut pair.inverse_weight, f32::MIN_POSITIVE, limits::MAGNITUDE, format_args!("{path}.inverse_weight"))?;
    soft(&mut pair.solref, &mut pair.solimp, path)
}

fn rank(shape: &GeomShape) -> u8 {
    match shape {
        GeomShape::Plane => 0,
        GeomShape::Sphere { .. } => 1,
        GeomShape::Capsule { .. } => 2,
    }
}

fn actuator(actuator: &mut Actuator, joints: &[Joint], path: fmt::Arguments<'_>) -> Checked {
    index(actuator.joint.into(), joints.len(), format_args!("{path}.joint"))?;
    let free = joints[usize::from(actuator.joint)].kind == JointKind::Free;
    ensure(!free, format_args!("{path}.joint"), actuator.joint, "a hinge or slide")?;
    magnitude(core::slice::from_mut(&mut actuator.gear), format_args!("{path}.gear"))?;
    magnitude(core::slice::from_mut(&mut actuator.gain), format_args!("{path}.gain"))?;
    magnitude(&mut actuator.bias, format_args!("{path}.bias"))?;
    if let Some(controls) = &mut actuator.control_range {
        range(controls, format_args!("{path}.control_range"))?;
    }
    if let Some(forces) = &mut actuator.force_range {
        range(forces, format_args!("{path}.force_range"))?;
    }
    Ok(())
}

/// `qpos0`: as long as the joints say, with unit quaternions.
fn reference(robot: &mut Robot) -> Checked {
    let (found, accepted) = (robot.qpos0.len(), robot.nq());
    ensure(
        found == accepted,
        "robot.qpos0",
        format_args!("{found} numbers"),
        format_args!("{accepted}, as the joints have coordinates"),
    )?;
    magnitude(&mut robot.qpos0, format_args!("robot.qpos0"))?;
    let mut at = 0;
    for joint in &robot.joints {
        if joint.kind == JointKind::Free {
            unit(&mut robot.qpos0[at + 3..at + 7], format_args!("robot.qpos0[{}..{}]", at + 3, at + 7))?;
        }
        at += joint.kind.nq();
    }
    Ok(())
}
