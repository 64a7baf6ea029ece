//! The elements and attributes of MJCF (MuJoCo 4.0), and what happens to each.
//!
//! Nothing is dropped silently: an attribute that MJCF does not have is an error, one that is not simulated a
//! warning, unless its value has no effect (zero, "false"). Attributes that say nothing about motion or looks are
//! listed as neutral.

use std::collections::BTreeMap;

use crate::robot::xml::{Element, one_of, shorten};
use crate::{Error, Place, Warning};

/// What happens to an attribute.
#[derive(Clone, Copy)]
pub(super) enum Use {
    /// It is read.
    Read,
    /// It changes neither motion nor looks.
    Neutral,
    /// It is not simulated; the words say what happens.
    Dropped(&'static str),
}

use Use::{Dropped as D, Neutral as N, Read as R};

/// Attributes of one element.
pub(super) type Table = &'static [(&'static str, Use)];

pub(super) const COMPILER: Table = &[
    ("angle", R),
    ("autolimits", R),
    ("balanceinertia", R),
    ("boundinertia", R),
    ("boundmass", R),
    ("coordinate", R),
    ("eulerseq", R),
    ("inertiafromgeom", R),
    ("inertiagrouprange", R),
    ("settotalmass", R),
    ("alignfree", R),
    ("meshdir", R),
    ("assetdir", R),
    ("texturedir", N),
    ("strippath", R),
    ("conflict", N),
    ("discardvisual", N),
    ("fitaabb", N),
    ("usethread", N),
    ("saveinertial", N),
    ("savecompiled", N),
    ("savecanonical", N),
    ("passthrough", N),
    ("fusestatic", D("bodies without joints stay bodies for sensors; the physics fuses them anyway")),
];

pub(super) const OPTION: Table = &[
    ("timestep", R),
    ("gravity", R),
    ("integrator", R),
    ("iterations", R),
    ("cone", R),
    ("impratio", R),
    ("solver", R),
    ("tolerance", N),
    ("ls_tolerance", N),
    ("ls_iterations", N),
    ("noslip_tolerance", N),
    ("ccd_tolerance", N),
    ("ccd_iterations", N),
    ("sleep_tolerance", N),
    ("sdf_iterations", N),
    ("sdf_initpoints", N),
    ("jacobian", N),
    ("magnetic", N),
    ("o_margin", N),
    ("o_solref", N),
    ("o_solimp", N),
    ("o_friction", N),
    ("wind", D("forces of the air or water are not simulated")),
    ("density", D("forces of the air or water are not simulated")),
    ("viscosity", D("forces of the air or water are not simulated")),
    ("noslip_iterations", D("the no-slip solver is not simulated")),
    ("actuatorgroupdisable", D("all actuators stay enabled")),
];

/// Read by the settings reader, which knows each flag's default.
pub(super) const FLAG: Table = &[
    ("constraint", R),
    ("equality", R),
    ("frictionloss", R),
    ("limit", R),
    ("contact", R),
    ("spring", R),
    ("damper", R),
    ("gravity", R),
    ("clampctrl", R),
    ("filterparent", R),
    ("actuation", R),
    ("refsafe", R),
    ("eulerdamp", R),
    ("override", R),
    ("diagexact", R),
    ("ipc", R),
    ("speculative", R),
    ("invdiscrete", N),
    ("warmstart", N),
    ("sensor", N),
    ("midphase", N),
    ("autoreset", N),
    ("nativeccd", N),
    ("island", N),
    ("multiccd", N),
    ("energy", N),
    ("fwdinv", N),
    ("sleep", N),
];

pub(super) const SIZE: Table = &[
    ("memory", N),
    ("nconmax", N),
    ("njmax", N),
    ("nkey", N),
    ("nstack", N),
    ("nuserdata", N),
    ("nuser_actuator", N),
    ("nuser_body", N),
    ("nuser_cam", N),
    ("nuser_geom", N),
    ("nuser_jnt", N),
    ("nuser_sensor", N),
    ("nuser_site", N),
    ("nuser_tendon", N),
];

pub(super) const BODY: Table = &[
    ("name", R),
    ("childclass", R),
    ("pos", R),
    ("quat", R),
    ("axisangle", R),
    ("xyaxes", R),
    ("zaxis", R),
    ("euler", R),
    ("simple", R),
    ("mocap", R),
    ("user", N),
    ("sleep", N),
    ("fuse", N),
    ("gravcomp", D("gravity compensation is not simulated")),
];

pub(super) const FRAME: Table = &[
    ("name", N),
    ("childclass", R),
    ("pos", R),
    ("quat", R),
    ("axisangle", R),
    ("xyaxes", R),
    ("zaxis", R),
    ("euler", R),
    ("scale", R),
    ("scaling", R),
    ("massscale", R),
];

pub(super) const INERTIAL: Table = &[
    ("pos", R),
    ("quat", R),
    ("axisangle", R),
    ("xyaxes", R),
    ("zaxis", R),
    ("euler", R),
    ("mass", R),
    ("diaginertia", R),
    ("fullinertia", R),
];

pub(super) const JOINT: Table = &[
    ("name", R),
    ("class", R),
    ("type", R),
    ("pos", R),
    ("axis", R),
    ("springdamper", R),
    ("limited", R),
    ("range", R),
    ("actuatorfrclimited", R),
    ("actuatorfrcrange", R),
    ("solreflimit", R),
    ("solimplimit", R),
    ("stiffness", R),
    ("margin", R),
    ("ref", R),
    ("springref", R),
    ("armature", R),
    ("damping", R),
    ("group", N),
    ("user", N),
    ("solreffriction", N),
    ("solimpfriction", N),
    ("frictionloss", D("dry friction in joints is not simulated")),
    ("springyield", D("the spring stays elastic")),
    ("actuatorgravcomp", D("gravity compensation is not simulated")),
];

pub(super) const FREEJOINT: Table = &[("name", R), ("align", R), ("group", N)];

pub(super) const GEOM: Table = &[
    ("name", R),
    ("class", R),
    ("type", R),
    ("contype", R),
    ("conaffinity", R),
    ("condim", R),
    ("group", R),
    ("priority", R),
    ("size", R),
    ("material", R),
    ("friction", R),
    ("mass", R),
    ("density", R),
    ("shellinertia", R),
    ("solmix", R),
    ("solref", R),
    ("solimp", R),
    ("margin", R),
    ("gap", R),
    ("fromto", R),
    ("pos", R),
    ("quat", R),
    ("axisangle", R),
    ("xyaxes", R),
    ("zaxis", R),
    ("euler", R),
    ("mesh", R),
    ("hfield", R),
    ("rgba", R),
    ("castshadow", N),
    ("user", N),
    ("fluidcoef", N),
    ("fitscale", N),
    ("fluidshape", D("forces of the air or water are not simulated")),
    ("surfacevel", D("moving surfaces are not simulated")),
    ("adhesion", D("sticky surfaces are not simulated")),
];

pub(super) const PAIR: Table = &[
    ("name", R),
    ("class", R),
    ("geom1", R),
    ("geom2", R),
    ("condim", R),
    ("friction", R),
    ("solref", R),
    ("solimp", R),
    ("margin", R),
    ("gap", R),
    ("solreffriction", D("friction uses solref")),
    ("adhesion", D("sticky surfaces are not simulated")),
];

pub(super) const EXCLUDE: Table = &[("name", N), ("body1", R), ("body2", R)];

pub(super) const MATERIAL: Table = &[
    ("name", R),
    ("class", R),
    ("rgba", R),
    ("texture", R),
    ("texrepeat", N),
    ("texuniform", N),
    ("emission", N),
    ("specular", N),
    ("shininess", N),
    ("reflectance", N),
    ("metallic", N),
    ("roughness", N),
];

pub(super) const MESH: Table = &[
    ("name", R),
    ("class", R),
    ("file", R),
    ("vertex", R),
    ("scale", R),
    ("refpos", R),
    ("refquat", R),
    ("normal", N),
    ("texcoord", N),
    ("face", N),
    ("smoothnormal", N),
    ("maxhullvert", N),
    ("inertia", N),
    ("material", N),
    ("content_type", N),
    ("builtin", D("built-in meshes are not drawn")),
    ("params", N),
];

pub(super) const KEY: Table = &[
    ("name", R),
    ("qpos", R),
    ("qvel", R),
    ("ctrl", R),
    ("time", N),
    ("act", D("activations are not simulated")),
    ("mpos", D("mocap bodies are not simulated")),
    ("mquat", D("mocap bodies are not simulated")),
    ("plastic", D("springs stay elastic")),
];

/// Attributes that every actuator has.
const ACTUATOR: Table = &[
    ("name", R),
    ("class", R),
    ("ctrllimited", R),
    ("forcelimited", R),
    ("ctrlrange", R),
    ("forcerange", R),
    ("gear", R),
    ("joint", R),
    ("jointinparent", R),
    ("tendon", R),
    ("cranksite", R),
    ("slidersite", R),
    ("site", R),
    ("refsite", R),
    ("group", N),
    ("user", N),
    ("lengthrange", N),
    ("cranklength", N),
    ("interp", N),
    ("nsample", N),
    ("delay", D("controls act at once")),
    ("damping", D("an actuator's own damping is not simulated: give it to the joint")),
    ("armature", D("an actuator's own armature is not simulated: give it to the joint")),
];

const GENERAL: Table = &[
    ("body", R),
    ("dyntype", R),
    ("gaintype", R),
    ("biastype", R),
    ("gainprm", R),
    ("biasprm", R),
    ("inheritrange", R),
    ("actlimited", N),
    ("actrange", N),
    ("actdim", N),
    ("dynprm", N),
    ("actearly", N),
    ("velrange", N),
    ("ffrange", N),
    ("input", N),
];
const POSITION: Table = &[("kp", R), ("kv", R), ("dampratio", R), ("timeconst", R), ("inheritrange", R)];
const VELOCITY: Table = &[("kv", R)];

/// Actuators that can be simulated, with the attributes of their own.
pub(super) const ACTUATORS: &[(&str, Table)] =
    &[("general", GENERAL), ("motor", &[]), ("position", POSITION), ("velocity", VELOCITY)];

/// MJCF's other actuators.
pub(super) const OTHER_ACTUATORS: &[&str] =
    &["intvelocity", "orientation", "pid", "damper", "cylinder", "muscle", "adhesion", "dcmotor", "plugin"];

/// Collects warnings, one for all of a kind.
#[derive(Default)]
pub(crate) struct Warnings {
    kinds: BTreeMap<String, usize>,
    list: Vec<(Warning, usize)>,
}

impl Warnings {
    /// Adds a warning; those with the same `kind` are counted, not repeated.
    pub(crate) fn add(&mut self, place: Place, kind: &str, message: impl Into<String>) {
        if let Some(index) = self.kinds.get(kind) {
            self.list[*index].1 += 1;
            return;
        }
        self.kinds.insert(kind.into(), self.list.len());
        self.list.push((Warning { place, message: message.into() }, 0));
    }

    /// An element, with all that is in it, that is not simulated.
    pub(crate) fn element(&mut self, element: &Element, effect: &str) {
        self.add(element.place(), &format!("<{}> {effect}", element.name), format!("<{}>: {effect}", element.name));
    }

    pub(crate) fn finish(self) -> Vec<Warning> {
        self.list
            .into_iter()
            .map(|(mut warning, more)| {
                if more > 0 {
                    warning.message += &format!(" (and {more} more)");
                }
                warning
            })
            .collect()
    }
}

/// Checks an element's attributes against a table.
pub(super) fn check(element: &Element, table: Table, warnings: &mut Warnings) -> Result<(), Error> {
    check_all(element, &[table], warnings)
}

/// Checks an actuator's attributes; `own` are those that not every actuator has.
pub(super) fn check_actuator(element: &Element, own: Table, warnings: &mut Warnings) -> Result<(), Error> {
    check_all(element, &[ACTUATOR, own], warnings)
}

/// Elements that have others inside; their readers look at those.
const CONTAINERS: &[&str] = &["body", "frame", "compiler", "option", "default"];

fn check_all(element: &Element, tables: &[Table], warnings: &mut Warnings) -> Result<(), Error> {
    match element.children.first() {
        Some(child) if matches!(element.name.as_str(), "mesh" | "material") => {
            warnings.element(child, &format!("ignored in <{}>", element.name));
        }
        Some(child) if !CONTAINERS.contains(&element.name.as_str()) => {
            return Err(unknown(child, &element.name, &[]));
        }
        _ => {}
    }
    for (name, value) in &element.attributes {
        match tables.iter().flat_map(|t| t.iter()).find(|(known, _)| known == name) {
            None => {
                let known = tables.iter().flat_map(|t| t.iter()).map(|(known, _)| *known);
                return Err(Error::value(
                    element.place(),
                    format!("{}: {}", element.label(), shorten(name)),
                    "an attribute that MJCF does not have here",
                    one_of(known),
                ));
            }
            Some((_, D(effect))) if has_effect(value) => warnings.add(
                element.place(),
                &format!("{}: {name}", element.name),
                format!("{}: {name}=\"{}\": {effect}", element.label(), shorten(value)),
            ),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Zero and "false" change nothing.
fn has_effect(value: &str) -> bool {
    !matches!(value.trim(), "false" | "none" | "disable")
        && !value.split_ascii_whitespace().all(|word| word.parse::<f64>().is_ok_and(|x| x == 0.0))
}

/// The error for an element that does not belong where it is.
pub(crate) fn unknown(element: &Element, inside: &str, accepted: &[&str]) -> Error {
    let accepted = if accepted.is_empty() { "none".into() } else { one_of(accepted.iter().copied()) };
    let message = format!("element <{}> in <{inside}>; accepted: {accepted}", shorten(&element.name));
    Error::Syntax { place: element.place(), message }
}
