//! From a [`ModelSpec`] to a [`RobotFile`]: fuse, weigh, pair, round.

use std::collections::{BTreeMap, BTreeSet};

use hyperdust_kernel::blueprint::{Actuator, Body, Geom, GeomShape, Joint, JointKind, Link, Pair, Robot, limits};

use super::contact::{Contact, contacts};
use super::inertia::turn;
use super::spec::{ActuatorSpec, GeomSpec, JointSpec, ModelSpec, MotionSpec, ShapeSpec};
use super::tree::Tree;
use super::vector::{Pose, matrix};
use super::weights::{Weights, weigh};
use super::{Keyframe, RobotFile, RobotNames, RobotOptions, visual};
use crate::{Error, Place, Warning};

/// Compiles a model. `warnings` are those of the reader; the compiler's own are added.
pub(crate) fn compile(model: &ModelSpec, mut warnings: Vec<Warning>) -> Result<RobotFile, Error> {
    within(&model.place, "bodies", model.bodies.len() - 1, limits::BODIES)?;
    within(&model.place, "actuators", model.actuators.len(), limits::ACTUATORS)?;
    let solid: usize =
        model.bodies.iter().map(|b| b.geoms.iter().filter(|g| g.contype != 0 || g.conaffinity != 0).count()).sum();
    within(&model.place, "geoms that may touch something", solid, limits::GEOMS)?;
    planes_are_fixed(model)?;

    let tree = Tree::new(model)?;
    let weights = weigh(model, &tree)?;
    let found = contacts(model, &tree, limits::PAIRS).ok_or_else(|| {
        Error::value(
            model.place.clone(),
            "contacts",
            format!("more than {} pairs of geoms that may touch", limits::PAIRS),
            "fewer: set contype and conaffinity, or exclude pairs of bodies",
        )
    })?;
    let contacts = supported(model, found, &mut warnings);

    let joints = joints(model, &tree, &weights)?;
    let (geoms, geom_index) = geoms(model, &tree, &contacts)?;
    let robot = Robot {
        links: links(model, &tree)?,
        bodies: bodies(model, &tree)?,
        pairs: pairs(model, &weights, &contacts, &geom_index)?,
        actuators: actuators(model, &tree, &weights, &joints, &mut warnings)?,
        qpos0: reference(model, &tree)?,
        geoms,
        joints,
    };
    let names = RobotNames {
        bodies: model.bodies[1..].iter().map(|b| b.name.clone()).collect(),
        joints: moving(model, &tree).map(|j| j.name.clone()).collect(),
        actuators: model.actuators.iter().map(|a| a.name.clone()).collect(),
        geoms: geom_index.keys().map(|(b, g)| model.bodies[*b].geoms[*g].name.clone()).collect(),
    };
    let options = RobotOptions {
        timestep: positive(&model.place, "option: timestep", model.options.timestep)?,
        integrator: model.options.integrator,
        gravity: singles(&model.place, "option: gravity", model.options.gravity)?,
        iterations: model.options.iterations,
    };
    let keyframes = keyframes(model, &robot)?;
    let visuals = visual::visuals(model, &tree, &mut warnings);
    Ok(RobotFile { model: model.name.clone(), robot, options, names, visuals, keyframes, warnings })
}

fn within(place: &Place, what: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit {
        Err(Error::value(place.clone(), what, found.to_string(), format!("at most {limit}")))
    } else {
        Ok(())
    }
}

fn planes_are_fixed(model: &ModelSpec) -> Result<(), Error> {
    let mut moves = vec![false; model.bodies.len()];
    for (index, body) in model.bodies.iter().enumerate() {
        moves[index] = !body.joints.is_empty() || (index > 0 && moves[body.parent]);
        let plane = body.geoms.iter().find(|g| matches!(g.shape, ShapeSpec::Plane | ShapeSpec::HeightField));
        if let (true, Some(geom)) = (moves[index], plane) {
            return Err(Error::value(
                geom.place.clone(),
                format!("{}: type", geom.label()),
                format!("a {} on {}, which moves", geom.shape.name(), body.label()),
                "planes and height fields on bodies that never move",
            ));
        }
    }
    Ok(())
}

/// Drops pairs that the solver has no routine for, with one warning per geom.
fn supported(model: &ModelSpec, found: Vec<Contact>, warnings: &mut Vec<Warning>) -> Vec<Contact> {
    let mut told = BTreeSet::new();
    let mut kept = Vec::with_capacity(found.len());
    for contact in found {
        let geom = |at: (usize, usize)| &model.bodies[at.0].geoms[at.1];
        let (g, h) = (geom(contact.first), geom(contact.second));
        if matches!(g.shape, ShapeSpec::Plane | ShapeSpec::HeightField)
            && matches!(h.shape, ShapeSpec::Plane | ShapeSpec::HeightField)
        {
            // MuJoCo has no such contacts either.
            continue;
        }
        let mut good = true;
        for (at, side) in [(contact.first, g), (contact.second, h)] {
            if !side.shape.collides() {
                good = false;
                if told.insert(at) {
                    warnings.push(Warning {
                        place: side.place.clone(),
                        message: format!(
                            "{}: contacts of type \"{}\" are not simulated yet: it passes through other geoms (plane, sphere and capsule are simulated)",
                            side.label(),
                            side.shape.name()
                        ),
                    });
                }
            }
        }
        if good {
            kept.push(contact);
        }
    }
    kept
}

fn moving<'a>(model: &'a ModelSpec, tree: &'a Tree) -> impl Iterator<Item = &'a JointSpec> {
    tree.links[1..].iter().flat_map(|l| &model.bodies[l.body].joints)
}

fn links(model: &ModelSpec, tree: &Tree) -> Result<Vec<Link>, Error> {
    let mut links = Vec::with_capacity(tree.links.len());
    for (index, link) in tree.links.iter().enumerate() {
        let body = &model.bodies[link.body];
        let (place, label) = (&body.place, body.label());
        links.push(Link {
            parent: link.parent as u16,
            joints: if index == 0 { 0 } else { body.joints.len() as u16 },
            position: singles(place, &label, link.pose.position)?,
            rotation: singles(place, &label, matrix(link.pose.rotation))?,
            mass: if index == 0 { 0.0 } else { positive(place, &format!("{label}: mass"), link.mass.mass)? },
            center: singles(place, &label, link.mass.center)?,
            inertia: singles(place, &label, link.mass.inertia)?,
        });
    }
    Ok(links)
}

fn bodies(model: &ModelSpec, tree: &Tree) -> Result<Vec<Body>, Error> {
    let mut bodies = Vec::with_capacity(model.bodies.len());
    for (index, body) in model.bodies.iter().enumerate().skip(1) {
        let (pose, mass, place, label) = (tree.in_link[index], &tree.masses[index], &body.place, body.label());
        bodies.push(Body {
            link: tree.link_of[index] as u16,
            position: singles(place, &label, pose.position)?,
            rotation: singles(place, &label, matrix(pose.rotation))?,
            mass: single(place, &label, mass.mass)?,
            center: singles(place, &label, pose.point(mass.center))?,
            inertia: singles(place, &label, turn(&matrix(pose.rotation), &mass.inertia))?,
        });
    }
    Ok(bodies)
}

fn joints(model: &ModelSpec, tree: &Tree, weights: &Weights) -> Result<Vec<Joint>, Error> {
    let mut joints = Vec::new();
    for (index, joint) in moving(model, tree).enumerate() {
        let (place, label) = (&joint.place, joint.label());
        let one = |x| single(place, &label, x);
        let weight = weights.joints[index];
        let free = joint.motion == MotionSpec::Free;
        // MuJoCo's automatic spring and damper, from the inertia that the joint feels.
        let [time, ratio] = joint.spring_damper;
        let inertia = 1.0 / weight.max(1e-15);
        let (stiffness, damping) = if time > 0.0 && ratio > 0.0 {
            (inertia / (time * time * ratio * ratio).max(1e-15), 2.0 * inertia / time.max(1e-15))
        } else {
            (joint.stiffness, joint.damping)
        };
        joints.push(Joint {
            kind: match joint.motion {
                MotionSpec::Free => JointKind::Free,
                MotionSpec::Slide => JointKind::Slide,
                MotionSpec::Hinge => JointKind::Hinge,
            },
            axis: singles(place, &label, joint.axis)?,
            anchor: singles(place, &label, joint.anchor)?,
            limited: joint.limited && model.options.limits && !free,
            range: singles(place, &label, joint.range)?,
            margin: one(joint.margin)?,
            stiffness: if model.options.springs && !free { one(stiffness)? } else { 0.0 },
            spring_reference: one(joint.spring_reference)?,
            damping: if model.options.dampers { one(damping)? } else { 0.0 },
            armature: one(joint.armature)?,
            max_speed: one(joint.max_speed)?,
            solref: singles(place, &label, joint.solref)?,
            solimp: singles(place, &label, joint.solimp)?,
            inverse_weight: one(bounded_weight(weight))?,
        });
    }
    Ok(joints)
}

type GeomIndex = BTreeMap<(usize, usize), u16>;

/// Geoms with a contact routine that may touch something, now or beside free bodies, in MuJoCo's order.
fn geoms(model: &ModelSpec, tree: &Tree, contacts: &[Contact]) -> Result<(Vec<Geom>, GeomIndex), Error> {
    let paired: BTreeSet<_> = contacts.iter().flat_map(|c| [c.first, c.second]).collect();
    let (mut geoms, mut index) = (Vec::new(), GeomIndex::new());
    for (at, body) in model.bodies.iter().enumerate() {
        for (number, geom) in body.geoms.iter().enumerate() {
            let solid = model.options.contacts && (geom.contype != 0 || geom.conaffinity != 0);
            let kept = paired.contains(&(at, number)) || (solid && geom.shape.collides());
            if !kept {
                continue;
            }
            within(&model.place, "geoms that may touch something", geoms.len() + 1, limits::GEOMS)?;
            let pose = tree.in_link[at].then(geom.pose);
            let label = geom.label();
            index.insert((at, number), geoms.len() as u16);
            geoms.push(Geom {
                link: tree.link_of[at] as u16,
                body: at as u16,
                shape: geom_shape(geom)?,
                position: singles(&geom.place, &label, pose.position)?,
                rotation: singles(&geom.place, &label, matrix(pose.rotation))?,
            });
        }
    }
    Ok((geoms, index))
}

fn geom_shape(geom: &GeomSpec) -> Result<GeomShape, Error> {
    /// Metres; the kernel's own limit.
    const SMALLEST: f32 = 1e-6;
    let size = |x: f64| {
        let key = format!("{}: size", geom.label());
        let rounded = single(&geom.place, &key, x)?;
        let accepted = format!("at least {SMALLEST:e} m, where it may touch something");
        if rounded >= SMALLEST {
            Ok(rounded)
        } else {
            Err(Error::value(geom.place.clone(), key, format!("{x}"), accepted))
        }
    };
    Ok(match geom.shape {
        ShapeSpec::Sphere { radius } => GeomShape::Sphere { radius: size(radius)? },
        ShapeSpec::Capsule { radius, half } => GeomShape::Capsule { radius: size(radius)?, half_length: size(half)? },
        _ => GeomShape::Plane,
    })
}

fn pairs(model: &ModelSpec, weights: &Weights, contacts: &[Contact], index: &GeomIndex) -> Result<Vec<Pair>, Error> {
    let mut pairs = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let geom = &model.bodies[contact.second.0].geoms[contact.second.1];
        let (place, label) = (&geom.place, geom.label());
        pairs.push(Pair {
            first: index[&contact.first],
            second: index[&contact.second],
            // Spinning and rolling friction are not simulated; the reader has said so.
            dimension: if contact.dimension == 1 { 1 } else { 3 },
            friction: singles(place, &label, contact.friction)?,
            margin: single(place, &label, contact.margin + contact.gap)?,
            gap: single(place, &label, contact.gap)?,
            solref: singles(place, &label, contact.solref)?,
            solimp: singles(place, &label, contact.solimp)?,
            inverse_weight: single(
                place,
                &label,
                bounded_weight(weights.bodies[contact.first.0] + weights.bodies[contact.second.0]),
            )?,
        });
    }
    Ok(pairs)
}

fn actuators(
    model: &ModelSpec,
    tree: &Tree,
    weights: &Weights,
    joints: &[Joint],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Actuator>, Error> {
    let joint_of = |a: &ActuatorSpec| tree.links[tree.link_of[a.joint.0]].first_joint + a.joint.1;
    let mut actuators = Vec::with_capacity(model.actuators.len());
    for actuator in &model.actuators {
        let (place, label) = (&actuator.place, actuator.label());
        let joint = joint_of(actuator);
        let mut bias = actuator.bias;
        if actuator.damping_ratio {
            // MuJoCo's: of critical damping for the inertia that the actuator feels through its gear.
            let square = actuator.gear * actuator.gear;
            let inertia = if square > 1e-15 { weights.inertias[joint] / square } else { 0.0 };
            bias[2] = -actuator.bias[2] * 2.0 * libm::sqrt(actuator.gain * inertia);
        }
        let mut force_range = actuator.force_range;
        let spec = &model.bodies[actuator.joint.0].joints[actuator.joint.1];
        if let Some(range) = spec.force_range {
            if model.actuators.iter().filter(|a| joint_of(a) == joint).count() == 1 && actuator.gear != 0.0 {
                // The only actuator: bounding the joint's force is bounding the actuator's.
                let mut own = range.map(|f| f / actuator.gear);
                own.sort_by(f64::total_cmp);
                let [low, high] = force_range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
                force_range = Some([low.clamp(own[0], own[1]), high.clamp(own[0], own[1])]);
            } else if joints[joint].kind != JointKind::Free {
                let message =
                    format!("{}: actuatorfrcrange is not enforced on a joint with several actuators", spec.label());
                let warning = Warning { place: spec.place.clone(), message };
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        let range = |r: Option<[f64; 2]>| r.map(|r| singles(place, &label, r)).transpose();
        actuators.push(Actuator {
            joint: joint as u16,
            gear: single(place, &label, actuator.gear)?,
            gain: single(place, &label, actuator.gain)?,
            bias: singles(place, &label, bias)?,
            control_range: range(actuator.control_range.filter(|_| model.options.clamp_controls))?,
            force_range: range(force_range)?,
        });
    }
    Ok(actuators)
}

fn reference(model: &ModelSpec, tree: &Tree) -> Result<Vec<f32>, Error> {
    let mut qpos = Vec::new();
    for link in &tree.links[1..] {
        let Pose { position, rotation } = model.bodies[link.body].pose;
        for joint in &model.bodies[link.body].joints {
            let (place, label) = (&joint.place, joint.label());
            if joint.motion == MotionSpec::Free {
                qpos.extend(singles(place, &label, position)?);
                qpos.extend(singles(place, &label, rotation)?);
            } else {
                qpos.push(single(place, &label, joint.reference)?);
            }
        }
    }
    Ok(qpos)
}

fn keyframes(model: &ModelSpec, robot: &Robot) -> Result<Vec<Keyframe>, Error> {
    let mut keyframes = Vec::with_capacity(model.keyframes.len());
    for key in &model.keyframes {
        let label = if key.name.is_empty() { "key".into() } else { format!("key {}", key.name) };
        let fill = |attribute: &str, given: &[f64], default: &[f32]| {
            let name = format!("{label}: {attribute}");
            if !given.is_empty() && given.len() != default.len() {
                return Err(Error::value(
                    key.place.clone(),
                    name,
                    format!("{} numbers", given.len()),
                    format!("{} numbers", default.len()),
                ));
            }
            if given.is_empty() {
                Ok(default.to_vec())
            } else {
                given.iter().map(|x| single(&key.place, &name, *x)).collect()
            }
        };
        let mut qpos = key.qpos.clone();
        let mut at = 0;
        for joint in &robot.joints {
            if joint.kind == JointKind::Free && qpos.len() == robot.nq() {
                let q = [qpos[at + 3], qpos[at + 4], qpos[at + 5], qpos[at + 6]];
                let Some(q) = super::vector::unit_quat(q) else {
                    return Err(Error::value(
                        key.place.clone(),
                        format!("{label}: qpos"),
                        "a zero quaternion",
                        "quaternions with a direction",
                    ));
                };
                qpos[at + 3..at + 7].copy_from_slice(&q);
            }
            at += joint.kind.nq();
        }
        keyframes.push(Keyframe {
            name: key.name.clone(),
            qpos: fill("qpos", &qpos, &robot.qpos0)?,
            qvel: fill("qvel", &key.qvel, &vec![0.0; robot.nv()])?,
            controls: fill("ctrl", &key.ctrl, &vec![0.0; robot.actuators.len()])?,
        });
    }
    Ok(keyframes)
}

/// Rounds to single precision; zeros are positive.
fn single(place: &Place, key: &str, x: f64) -> Result<f32, Error> {
    let rounded = x as f32 + 0.0;
    let accepted = || format!("numbers of magnitude at most {:e}", limits::MAGNITUDE);
    if rounded.abs() <= limits::MAGNITUDE {
        Ok(rounded)
    } else {
        Err(Error::value(place.clone(), key, format!("{x}"), accepted()))
    }
}

/// Keeps an inverse weight where it can scale a constraint. It is 0 where a centre of mass is on the only axis (MuJoCo's
/// solver bounds it at 1e-15 too), and beyond the kernel's numbers for what weighs less than a microgram.
fn bounded_weight(weight: f64) -> f64 {
    weight.clamp(1e-15, f64::from(limits::MAGNITUDE))
}

fn singles<const N: usize>(place: &Place, key: &str, xs: [f64; N]) -> Result<[f32; N], Error> {
    let mut out = [0.0; N];
    for (to, x) in out.iter_mut().zip(xs) {
        *to = single(place, key, x)?;
    }
    Ok(out)
}

fn positive(place: &Place, key: &str, x: f64) -> Result<f32, Error> {
    let rounded = single(place, key, x)?;
    if rounded >= f32::MIN_POSITIVE {
        Ok(rounded)
    } else {
        Err(Error::value(place.clone(), key, format!("{x}"), "more than zero"))
    }
}
