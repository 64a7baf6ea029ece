//! MJCF: MuJoCo's model files.
//!
//! [`load`] reads what MuJoCo 4.0 reads of bodies, joints, geoms, contacts, actuators, defaults and keyframes, and
//! compiles it as MuJoCo does (see [`crate::robot`]). What is not simulated is a warning with its line; what would
//! leave a wrong robot (ball joints, tendon actuators, muscles, composite bodies) is an error. The files are data:
//! reading is bounded in bytes, elements and depth, and never panics.

mod actuator;
mod asset;
mod body;
mod classes;
mod contact;
mod document;
mod frame;
mod geom;
pub(crate) mod joint;
mod keyframe;
pub(crate) mod schema;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::Error;
use crate::error::Errors;
use crate::robot::spec::ModelSpec;
use crate::robot::xml::Element;
use crate::robot::{RobotFile, compile};

use asset::Assets;
use classes::Classes;
pub(crate) use document::relative;
use schema::Warnings;
use settings::Settings;

/// Reads files that the model includes, by their path relative to the model's folder; `None`: there is none.
pub type Files<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// Sections of a model.
const SECTIONS: &[&str] = &[
    "compiler",
    "option",
    "size",
    "statistic",
    "visual",
    "default",
    "extension",
    "asset",
    "worldbody",
    "deformable",
    "contact",
    "tendon",
    "equality",
    "actuator",
    "sensor",
    "custom",
    "keyframe",
];

/// Compiles a model. `file` is what messages call it; `files` gives included models and meshes.
///
/// Errors name the line, the element and the attribute, what was found and what is accepted.
pub fn load(xml: &str, file: &str, files: &Files) -> Result<RobotFile, Error> {
    read(xml, file, files, &Errors::strict())
}

/// The same, where errors may be collected.
pub(crate) fn read(xml: &str, file: &str, files: &Files, errors: &Errors) -> Result<RobotFile, Error> {
    let root = document::open(xml, file, files)?;
    if root.name != "mujoco" {
        return Err(Error::Syntax {
            place: root.place(),
            message: format!("root element <{}>; accepted: <mujoco>", crate::robot::xml::shorten(&root.name)),
        });
    }
    let mut warnings = Warnings::default();
    for section in &root.children {
        match section.name.as_str() {
            "tendon" | "equality" | "deformable" | "sensor" | "extension" => {
                for child in &section.children {
                    warnings.element(child, &format!("{}s are not simulated", section.name));
                }
            }
            // They say nothing about motion; looks are the scene's.
            "visual" | "statistic" | "custom" => {}
            name if SECTIONS.contains(&name) => {}
            _ => return Err(schema::unknown(section, "mujoco", SECTIONS)),
        }
    }
    let settings = Settings::read(&root, &mut warnings)?;
    let classes = Classes::read(&root, &settings, &mut warnings)?;
    let assets = Assets::read(&root, &settings, &classes, files, &mut warnings)?;
    let mut reader = Reader { settings: &settings, classes: &classes, assets: &assets, errors, warnings };
    let known = errors.count();
    let bodies = body::read(&root, &mut reader)?;
    if errors.count() > known {
        // What is missing would be said again by everything that names it.
        errors.stop()?;
    }
    let mut names = Names::default();
    names.collect(&bodies)?;
    let (pairs, excludes) = contact::read(&root, &names, &bodies, &mut reader)?;
    let actuators = actuator::read(&root, &names, &bodies, &mut reader)?;
    let keyframes = keyframe::read(&root, &mut reader)?;
    if errors.count() > known {
        errors.stop()?;
    }
    let model = ModelSpec {
        name: root.text("model").unwrap_or_default().to_owned(),
        place: root.place(),
        inertia: settings.inertia.clone(),
        options: settings.options.clone(),
        bodies,
        pairs,
        excludes,
        actuators,
        keyframes,
    };
    compile(&model, reader.warnings.finish())
}

/// What the readers of elements share.
struct Reader<'a> {
    settings: &'a Settings,
    classes: &'a Classes,
    assets: &'a Assets,
    errors: &'a Errors,
    warnings: Warnings,
}

/// Where named things are. Within a kind no name occurs twice.
#[derive(Default)]
struct Names {
    bodies: BTreeMap<String, usize>,
    joints: BTreeMap<String, (usize, usize)>,
    geoms: BTreeMap<String, (usize, usize)>,
}

impl Names {
    fn collect(&mut self, bodies: &[crate::robot::spec::BodySpec]) -> Result<(), Error> {
        for (index, body) in bodies.iter().enumerate() {
            unique(&mut self.bodies, &body.name, index, &body.place, "body")?;
            for (at, joint) in body.joints.iter().enumerate() {
                unique(&mut self.joints, &joint.name, (index, at), &joint.place, "joint")?;
            }
            for (at, geom) in body.geoms.iter().enumerate() {
                unique(&mut self.geoms, &geom.name, (index, at), &geom.place, "geom")?;
            }
        }
        Ok(())
    }
}

/// Enters a name; the empty one may occur again.
fn unique<T>(
    map: &mut BTreeMap<String, T>,
    name: &str,
    value: T,
    place: &crate::Place,
    kind: &str,
) -> Result<(), Error> {
    if !name.is_empty() && map.insert(name.to_owned(), value).is_some() {
        return Err(Error::value(
            place.clone(),
            format!("{kind} {name}"),
            "a name that is used twice",
            "one name for each",
        ));
    }
    Ok(())
}

/// Finds what an attribute names.
fn find<T: Copy>(element: &Element, attribute: &str, map: &BTreeMap<String, T>, kind: &str) -> Result<T, Error> {
    let found = element.text(attribute).and_then(|name| map.get(name));
    found.copied().ok_or_else(|| element.refuse(attribute, format!("the name of a {kind}: {}", some(map))))
}

/// Finds an asset that an element, or its default class, names.
fn find_in<'a, T>(
    element: &Element,
    attribute: &str,
    name: &str,
    map: &'a BTreeMap<String, T>,
) -> Result<&'a T, Error> {
    map.get(name).ok_or_else(|| {
        let found = format!("\"{}\"", crate::robot::xml::shorten(name));
        let accepted = format!("the name of a {attribute}: {}", some(map));
        Error::value(element.place(), format!("{}: {attribute}", element.label()), found, accepted)
    })
}

/// Some names, for a message.
fn some<T>(map: &BTreeMap<String, T>) -> String {
    let mut names: Vec<_> = map.keys().take(20).map(String::as_str).collect();
    if map.is_empty() {
        return "there are none".into();
    }
    if map.len() > names.len() {
        names.push("…");
    }
    crate::robot::xml::one_of(names.into_iter())
}
