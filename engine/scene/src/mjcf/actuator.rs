//! `<actuator>`: motors, position and velocity servos, and general actuators that are affine, on hinges and slides.
//!
//! Actuators with a state (muscles, filters, integrators) and those on tendons, sites and bodies are errors: without
//! them the action space would not be the author's.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::joint::resolve;
use super::schema::{self, Warnings};
use super::settings::SWITCH;
use super::{Names, Reader, find, unique};
use crate::Error;
use crate::robot::spec::{ActuatorSpec, BodySpec, MotionSpec};
use crate::robot::xml::Element;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Law {
    /// A constant (gain), or nothing (bias).
    Plain,
    Affine,
    /// One that is not simulated.
    Other,
}

/// How control becomes force.
#[derive(Clone, Debug)]
struct ForceLaw {
    gain_law: Law,
    bias_law: Law,
    gain: [f64; 10],
    bias: [f64; 10],
    /// An activation state.
    dynamic: bool,
}

impl Default for ForceLaw {
    fn default() -> Self {
        let mut gain = [0.0; 10];
        gain[0] = 1.0;
        Self { gain_law: Law::Plain, bias_law: Law::Plain, gain, bias: [0.0; 10], dynamic: false }
    }
}

/// The element that a force law was written with; `general` speaks for all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    General,
    Motor,
    Position,
    Velocity,
}

/// An actuator as its default classes and its element have it so far: one draft for all kinds, as in MuJoCo.
#[derive(Clone, Debug)]
pub(super) struct ActuatorDraft {
    control_limited: Option<bool>,
    force_limited: Option<bool>,
    control_range: [f64; 2],
    force_range: [f64; 2],
    gear: [f64; 6],
    inherit_range: f64,
    law: ForceLaw,
    kind: Kind,
    /// The draft of the class that this one's class is in.
    outer: Option<Arc<ActuatorDraft>>,
}

impl Default for ActuatorDraft {
    fn default() -> Self {
        Self {
            control_limited: None,
            force_limited: None,
            control_range: [0.0; 2],
            force_range: [0.0; 2],
            gear: [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            inherit_range: 0.0,
            law: ForceLaw::default(),
            kind: Kind::General,
            outer: None,
        }
    }
}

impl ActuatorDraft {
    /// The draft that a class inside this one's class starts from.
    pub(super) fn inner(&self) -> Self {
        Self { outer: Some(Arc::new(self.clone())), ..self.clone() }
    }

    /// Reads what an actuator says, here or in a default class.
    pub(super) fn apply(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        let own = schema::ACTUATORS.iter().find(|(name, _)| *name == e.name).map_or(&[][..], |(_, table)| table);
        schema::check_actuator(e, own, warnings)?;
        for (attribute, into) in [("ctrllimited", &mut self.control_limited), ("forcelimited", &mut self.force_limited)]
        {
            if let Some(limited) = e.keyword(attribute, SWITCH)? {
                *into = limited;
            }
        }
        e.numbers("forcerange", &mut self.force_range, 2)?;
        e.numbers("gear", &mut self.gear, 1)?;
        // Either range replaces the other where that came from a default class.
        if e.numbers("ctrlrange", &mut self.control_range, 2)? > 0 {
            self.inherit_range = 0.0;
        }
        if e.number("inheritrange", &mut self.inherit_range)? {
            if self.inherit_range < 0.0 {
                return Err(e.refuse("inheritrange", "a factor that is not negative"));
            }
            if self.inherit_range > 0.0 && e.exactly::<2>("ctrlrange")?.is_some_and(|range| range != [0.0; 2]) {
                return Err(e.refuse("ctrlrange", "ctrlrange or inheritrange, not both"));
            }
            self.control_range = [0.0; 2];
        }
        match e.name.as_str() {
            "motor" => {
                self.law = ForceLaw::default();
                self.kind = Kind::Motor;
            }
            "position" => self.position(e)?,
            "velocity" => {
                let mut kv = self.inherited(Kind::Velocity).gain[0];
                e.number("kv", &mut kv)?;
                self.law = ForceLaw { bias_law: Law::Affine, ..ForceLaw::default() };
                (self.law.gain[0], self.law.bias[2]) = (kv, -kv);
                self.kind = Kind::Velocity;
            }
            _ => self.general(e)?,
        }
        Ok(())
    }

    /// The law whose parameters a shortcut starts from: the nearest in the classes around it that was written with the
    /// same shortcut or with `general`. Other shortcuts' parameters mean something else.
    fn inherited(&self, kind: Kind) -> ForceLaw {
        let mut draft = self;
        loop {
            if draft.kind == kind || draft.kind == Kind::General {
                return draft.law.clone();
            }
            match &draft.outer {
                Some(outer) => draft = outer,
                None => return ForceLaw::default(),
            }
        }
    }

    fn position(&mut self, e: &Element) -> Result<(), Error> {
        let from = self.inherited(Kind::Position);
        let mut kp = from.gain[0];
        e.number("kp", &mut kp)?;
        self.law = ForceLaw { bias_law: Law::Affine, dynamic: from.dynamic, ..ForceLaw::default() };
        (self.law.gain[0], self.law.bias[1], self.law.bias[2]) = (kp, -kp, from.bias[2]);
        self.kind = Kind::Position;
        let mut damping = 0.0;
        for (attribute, sign) in [("kv", -1.0), ("dampratio", 1.0)] {
            if e.number(attribute, &mut damping)? {
                if damping < 0.0 {
                    return Err(e.refuse(attribute, "a number that is not negative"));
                }
                if sign > 0.0 && e.text("kv").is_some() {
                    return Err(e.refuse("dampratio", "kv or dampratio, not both"));
                }
                self.law.bias[2] = sign * damping;
            }
        }
        let mut time = 0.0;
        if e.number("timeconst", &mut time)? {
            self.law.dynamic = time != 0.0;
        }
        Ok(())
    }

    fn general(&mut self, e: &Element) -> Result<(), Error> {
        let laws = |plain: &'static str| {
            let others = ["muscle", "dcmotor", "so3", "pid", "user"].map(|w| (w, Law::Other));
            [&[(plain, Law::Plain), ("affine", Law::Affine)][..], &others[..]].concat()
        };
        let law = &mut self.law;
        law.gain_law = e.keyword("gaintype", &laws("fixed"))?.unwrap_or(law.gain_law);
        law.bias_law = e.keyword("biastype", &laws("none"))?.unwrap_or(law.bias_law);
        let dynamics = ["none", "integrator", "filter", "filterexact", "muscle", "dcmotor", "pid", "user"];
        law.dynamic = e.keyword("dyntype", &dynamics.map(|w| (w, w != "none")))?.unwrap_or(law.dynamic);
        e.numbers("gainprm", &mut law.gain, 1)?;
        e.numbers("biasprm", &mut law.bias, 1)?;
        self.kind = Kind::General;
        Ok(())
    }

    fn finish(
        &self,
        e: &Element,
        joint: (usize, usize),
        bodies: &[BodySpec],
        reader: &Reader,
    ) -> Result<ActuatorSpec, Error> {
        let (settings, law) = (reader.settings, &self.law);
        let target = &bodies[joint.0].joints[joint.1];
        if target.motion == MotionSpec::Free {
            return Err(
                e.wrong(format!("an actuator on the free {}", target.label()), "actuators on hinges and slides")
            );
        }
        if law.dynamic {
            return Err(e.wrong(
                "an actuator with an activation state (dyntype, timeconst)",
                "actuators without: dyntype=\"none\"",
            ));
        }
        let affine_gain = law.gain_law == Law::Affine && law.gain[1..3] != [0.0; 2];
        if law.gain_law == Law::Other || law.bias_law == Law::Other || affine_gain {
            return Err(
                e.wrong("a force law that is not simulated", "gaintype=\"fixed\" and biastype=\"none\" or \"affine\"")
            );
        }
        let mut control_range = self.control_range;
        if self.inherit_range > 0.0 {
            if law.gain[0] != -law.bias[1] || law.bias_law != Law::Affine {
                return Err(e.refuse("inheritrange", "only on position servos"));
            }
            let [low, high] = target.range;
            if low >= high {
                return Err(
                    e.refuse("inheritrange", format!("only where the joint has limits; {} has none", target.label()))
                );
            }
            let (mean, radius) = ((high + low) / 2.0, (high - low) / 2.0 * self.inherit_range);
            control_range = [mean - radius, mean + radius];
        }
        let control_limited = resolve(e, "ctrllimited", "ctrlrange", self.control_limited, control_range, settings)?;
        let force_limited = resolve(e, "forcelimited", "forcerange", self.force_limited, self.force_range, settings)?;
        let affine = law.bias_law == Law::Affine;
        let bias = if affine { [law.bias[0], law.bias[1], law.bias[2]] } else { [0.0; 3] };
        Ok(ActuatorSpec {
            name: e.text("name").unwrap_or_default().to_owned(),
            place: e.place(),
            joint,
            gear: self.gear[0],
            gain: law.gain[0],
            bias,
            // MuJoCo's convention: a positive velocity coefficient of a servo is a ratio.
            damping_ratio: affine && law.gain[0] == -law.bias[1] && law.bias[2] > 0.0,
            control_range: control_limited.then_some(control_range),
            force_range: force_limited.then_some(self.force_range),
        })
    }
}

/// All actuators, in control order.
pub(super) fn read(
    root: &Element,
    names: &Names,
    bodies: &[BodySpec],
    reader: &mut Reader,
) -> Result<Vec<ActuatorSpec>, Error> {
    let mut actuators = Vec::new();
    let mut seen = BTreeMap::new();
    for e in root.children("actuator").flat_map(|section| &section.children) {
        let read = one(e, names, bodies, &mut seen, reader);
        actuators.extend(reader.errors.keep(read)?);
    }
    Ok(actuators)
}

fn one(
    e: &Element,
    names: &Names,
    bodies: &[BodySpec],
    seen: &mut BTreeMap<String, ()>,
    reader: &mut Reader,
) -> Result<ActuatorSpec, Error> {
    if schema::OTHER_ACTUATORS.contains(&e.name.as_str()) {
        return Err(e.wrong(
            format!("an actuator <{}>, which is not simulated", e.name),
            "<motor>, <position>, <velocity>, <general>",
        ));
    }
    if !schema::ACTUATORS.iter().any(|(name, _)| *name == e.name) {
        return Err(schema::unknown(e, "actuator", &["motor", "position", "velocity", "general"]));
    }
    let mut draft = reader.classes.get(reader.classes.named(e, "class", 0)?).actuator.clone();
    draft.apply(e, &mut reader.warnings)?;
    for other in ["tendon", "cranksite", "slidersite", "site", "refsite", "body"] {
        if e.text(other).is_some() {
            return Err(e.refuse(other, "a joint; other transmissions are not simulated"));
        }
    }
    let attribute = if e.text("jointinparent").is_some() { "jointinparent" } else { "joint" };
    let joint = find(e, attribute, &names.joints, "joint")?;
    let actuator = draft.finish(e, joint, bodies, reader)?;
    unique(seen, &actuator.name, (), &actuator.place, "actuator")?;
    Ok(actuator)
}
