//! URDF: the robot files of ROS.
//!
//! [`load`] reads links, joints and shapes as MuJoCo 4.0 does, and compiles them like an MJCF model: the first link is
//! fixed in the world unless a `floating` joint hangs it there, shapes under `<collision>` touch, those under `<visual>`
//! are drawn. Angles are radians. A `<mujoco>` element may hold `<compiler>` and `<option>`, as in MuJoCo.
//!
//! One thing is ours: a URDF has no actuators, so each hinge and slide with `<limit effort="…">` gets a motor of the
//! joint's name whose control is the torque (N m) or force (N), within ± effort.
//!
//! Files are data: reading is bounded, never panics, and says with a line what is not simulated.

mod joint;
mod link;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::mjcf::Files;
use crate::mjcf::schema::{Warnings, unknown};
use crate::mjcf::settings::Settings;
use crate::robot::spec::{ActuatorSpec, BodySpec, ModelSpec, MotionSpec};
use crate::robot::vector::{Pose, UNIT, axis_angle, mul};
use crate::robot::xml::{self, Element};
use crate::robot::{RobotFile, compile};
use crate::{Error, Place};

const SECTIONS: &[&str] = &["link", "joint", "material", "mujoco"];

/// Compiles a robot. `file` is what messages call it; `files` gives meshes by their path relative to the file's folder.
///
/// Errors name the line, the element and the attribute, what was found and what is accepted.
pub fn load(xml: &str, file: &str, files: &Files) -> Result<RobotFile, Error> {
    let mut elements = xml::ELEMENTS;
    let root = xml::parse(xml, file, &mut elements)?;
    if root.name != "robot" {
        return Err(unknown(&root, "a URDF file", &["robot"]));
    }
    let mut warnings = Warnings::default();
    let mut settings = Settings::of_urdf();
    for section in &root.children {
        match section.name.as_str() {
            "mujoco" => {
                settings = Settings::read(section, &mut warnings)?;
                settings.degrees = false;
            }
            name if SECTIONS.contains(&name) => {}
            _ => warnings.element(section, "not part of the robot's motion or looks here, ignored"),
        }
    }
    let tree = tree(&root)?;
    let looks = link::Looks::read(&root, &settings, files)?;
    let mut bodies = vec![body("world", root.place(), 0)];
    let mut actuators = Vec::new();
    // Depth first, children in the order of their joints; a stack of our own, because files may be deep.
    let mut stack: Vec<(usize, usize)> = tree.roots.iter().rev().map(|link| (*link, 0)).collect();
    let mut placed = 0;
    while let Some((at, parent)) = stack.pop() {
        placed += 1;
        let (element, joint) = (tree.links[at], tree.joints[at]);
        let name = element.text("name").unwrap_or_default();
        // A first link called "world" is the world.
        let index = if joint.is_none() && name == "world" && element.children.is_empty() { 0 } else { bodies.len() };
        if index > 0 {
            let mut new = body(name, element.place(), parent);
            link::read(element, &looks, &mut new, &mut warnings)?;
            if let Some(joint) = joint {
                joint::read(joint, &mut new, &mut warnings)?;
                actuators.extend(motors(&new, index));
            }
            bodies.push(new);
        }
        stack.extend(tree.children[at].iter().rev().map(|child| (*child, index)));
    }
    if placed < tree.links.len() {
        return Err(root.wrong(
            "links that are their own ancestors",
            "a tree: each link has at most one parent, and one has none",
        ));
    }
    let model = ModelSpec {
        name: root.text("name").unwrap_or_default().to_owned(),
        place: root.place(),
        inertia: settings.inertia,
        options: settings.options,
        bodies,
        pairs: Vec::new(),
        excludes: Vec::new(),
        actuators,
        keyframes: Vec::new(),
    };
    compile(&model, warnings.finish())
}

fn body(name: &str, place: Place, parent: usize) -> BodySpec {
    let (joints, geoms) = (Vec::new(), Vec::new());
    BodySpec { name: name.to_owned(), place, parent, pose: Pose::IDENTITY, inertial: None, joints, geoms, simple: true }
}

/// A motor for each joint whose effort the file knows.
fn motors(body: &BodySpec, index: usize) -> impl Iterator<Item = ActuatorSpec> {
    body.joints.iter().enumerate().filter(|(_, j)| j.motion != MotionSpec::Free).filter_map(move |(at, joint)| {
        let effort = joint.force_range?;
        Some(ActuatorSpec {
            name: joint.name.clone(),
            place: joint.place.clone(),
            joint: (index, at),
            gear: 1.0,
            gain: 1.0,
            bias: [0.0; 3],
            damping_ratio: false,
            control_range: Some(effort),
            force_range: None,
        })
    })
}

/// Which link hangs on which.
struct Tree<'a> {
    links: Vec<&'a Element>,
    /// The joint above each link.
    joints: Vec<Option<&'a Element>>,
    children: Vec<Vec<usize>>,
    roots: Vec<usize>,
}

fn tree(root: &Element) -> Result<Tree<'_>, Error> {
    let links: Vec<_> = root.children("link").collect();
    let mut names = BTreeMap::new();
    for (index, link) in links.iter().enumerate() {
        let name = link.text("name").ok_or_else(|| link.refuse("name", "a name"))?;
        if names.insert(name, index).is_some() {
            return Err(link.refuse("name", "a name that no other link has"));
        }
    }
    let mut tree =
        Tree { joints: vec![None; links.len()], children: vec![Vec::new(); links.len()], links, roots: Vec::new() };
    let mut joint_names = BTreeMap::new();
    for joint in root.children("joint") {
        let name = joint.text("name").ok_or_else(|| joint.refuse("name", "a name"))?;
        if joint_names.insert(name, ()).is_some() {
            return Err(joint.refuse("name", "a name that no other joint has"));
        }
        let link = |side: &str| {
            let element = only(joint, side)?;
            let found = element.text("link").and_then(|name| names.get(name)).copied();
            found.ok_or_else(|| {
                element.refuse("link", format!("the name of a link: {}", xml::one_of(names.keys().copied().take(20))))
            })
        };
        let (parent, child) = (link("parent")?, link("child")?);
        if tree.joints[child].replace(joint).is_some() {
            return Err(joint.wrong("a second joint above the same child", "one parent for each link"));
        }
        tree.children[parent].push(child);
    }
    tree.roots = (0..tree.links.len()).filter(|link| tree.joints[*link].is_none()).collect();
    Ok(tree)
}

/// The one child element of a name.
fn only<'a>(element: &'a Element, name: &str) -> Result<&'a Element, Error> {
    let mut found = element.children.iter().filter(|c| c.name == name);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(element.wrong(format!("no <{name}>"), format!("one <{name}>"))),
        (Some(_), Some(second)) => Err(second.wrong(format!("a second <{name}>"), format!("one <{name}>"))),
    }
}

/// At most one child element of a name.
fn at_most_one<'a>(element: &'a Element, name: &str) -> Result<Option<&'a Element>, Error> {
    if element.children.iter().any(|c| c.name == name) { only(element, name).map(Some) } else { Ok(None) }
}

/// `<origin xyz="…" rpy="…"/>`: roll, pitch and yaw about the fixed axes x, y and z, in this order.
fn origin(element: &Element) -> Result<Pose, Error> {
    let mut pose = Pose::IDENTITY;
    let Some(origin) = at_most_one(element, "origin")? else { return Ok(pose) };
    origin.numbers("xyz", &mut pose.position, 3)?;
    if let Some(angles) = origin.exactly::<3>("rpy")? {
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        pose.rotation = axes.iter().zip(angles).fold(UNIT, |q, (axis, angle)| mul(axis_angle(*axis, angle), q));
    }
    Ok(pose)
}

/// Says which elements inside another are not used.
fn rest(element: &Element, used: &[&str], warnings: &mut Warnings) {
    for child in element.children.iter().filter(|c| !used.contains(&c.name.as_str())) {
        warnings.element(child, &format!("ignored in <{}>", element.name));
    }
}
