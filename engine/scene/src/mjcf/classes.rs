//! `<default>`: classes of elements.
//!
//! A class starts as a copy of its parent and then reads its own elements, as MuJoCo does: `friction="1"` in an
//! element overwrites only the first number of its class's three. All actuator kinds of a class share one draft.

use std::collections::BTreeMap;

use super::actuator::ActuatorDraft;
use super::asset::{MaterialDraft, MeshDraft};
use super::contact::PairDraft;
use super::geom::GeomDraft;
use super::joint::JointDraft;
use super::schema::{self, Warnings};
use super::settings::Settings;
use crate::Error;
use crate::robot::xml::{Element, one_of};

/// Classes of one model.
const MOST: usize = 1024;

/// A class.
#[derive(Clone, Debug, Default)]
pub(super) struct Class {
    pub joint: JointDraft,
    pub geom: GeomDraft,
    pub pair: PairDraft,
    pub actuator: ActuatorDraft,
    pub material: MaterialDraft,
    pub mesh: MeshDraft,
}

/// All classes; the first is the one that everything starts from.
#[derive(Debug)]
pub(super) struct Classes {
    list: Vec<Class>,
    names: BTreeMap<String, usize>,
}

impl Classes {
    pub(super) fn read(root: &Element, settings: &Settings, warnings: &mut Warnings) -> Result<Self, Error> {
        let mut classes = Self { list: vec![Class::default()], names: BTreeMap::from([("main".to_owned(), 0)]) };
        for section in root.children("default") {
            if section.text("class").is_some_and(|name| !name.is_empty() && name != "main") {
                return Err(section.refuse("class", "\"main\", or none, at the top level; name classes inside it"));
            }
            classes.class(section, 0, settings, warnings)?;
        }
        Ok(classes)
    }

    fn class(
        &mut self,
        section: &Element,
        index: usize,
        settings: &Settings,
        warnings: &mut Warnings,
    ) -> Result<(), Error> {
        schema::check(section, &[("class", schema::Use::Read)], warnings)?;
        let class = &mut self.list[index];
        for child in &section.children {
            match child.name.as_str() {
                "default" => {}
                "joint" => class.joint.apply(child, warnings)?,
                "geom" => class.geom.apply(child, settings, warnings)?,
                "pair" => class.pair.apply(child, warnings)?,
                "material" => class.material.apply(child, warnings)?,
                "mesh" => class.mesh.apply(child, warnings)?,
                // Elements that are not read have defaults that matter to nobody.
                "site" | "camera" | "light" | "equality" | "tendon" | "skin" => {}
                name if schema::ACTUATORS.iter().any(|(known, _)| *known == name) => {
                    class.actuator.apply(child, warnings)?
                }
                name if schema::OTHER_ACTUATORS.contains(&name) => {
                    warnings.element(child, "defaults of actuators that are not simulated are ignored");
                }
                _ => {
                    let accepted = [
                        "default", "joint", "geom", "pair", "material", "mesh", "site", "camera", "light", "equality",
                        "tendon", "motor", "general", "position", "velocity",
                    ];
                    return Err(schema::unknown(child, "default", &accepted));
                }
            }
        }
        // Nested classes start from all of their parent, wherever in it they are written.
        for child in section.children("default") {
            let name = child.text("class").filter(|name| !name.is_empty());
            let Some(name) = name else { return Err(child.refuse("class", "the name of the class")) };
            if self.list.len() >= MOST {
                return Err(child.wrong("one more class", format!("at most {MOST}")));
            }
            let nested = self.list.len();
            if self.names.insert(name.to_owned(), nested).is_some() {
                return Err(child.refuse("class", "a name that no other class has"));
            }
            let outer = &self.list[index];
            self.list.push(Class { actuator: outer.actuator.inner(), ..outer.clone() });
            self.class(child, nested, settings, warnings)?;
        }
        Ok(())
    }

    /// The class that an attribute names, or `otherwise`.
    pub(super) fn named(&self, element: &Element, attribute: &str, otherwise: usize) -> Result<usize, Error> {
        match element.text(attribute) {
            None => Ok(otherwise),
            Some(name) => self.names.get(name).copied().ok_or_else(|| {
                element.refuse(
                    attribute,
                    format!("the name of a default class: {}", one_of(self.names.keys().map(String::as_str).take(20))),
                )
            }),
        }
    }

    pub(super) fn get(&self, index: usize) -> &Class {
        &self.list[index]
    }
}
