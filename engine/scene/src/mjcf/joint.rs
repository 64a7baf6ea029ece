//! `<joint>` and `<freejoint>`.

use super::frame::Frame;
use super::schema::{self, Warnings};
use super::settings::{SWITCH, Settings};
use crate::Error;
use crate::robot::spec::{JointSpec, MotionSpec};
use crate::robot::vector::{Pose, Vec3, radians, rotate, unit};
use crate::robot::xml::Element;

/// MuJoCo's default `solref` and `solimp`.
pub(crate) const SOLREF: [f64; 2] = [0.02, 1.0];
pub(crate) const SOLIMP: [f64; 5] = [0.9, 0.95, 0.001, 0.5, 2.0];

/// What `type` may say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Known(MotionSpec),
    Ball,
}

/// A joint as its default classes and its element have it so far.
#[derive(Clone, Debug)]
pub(super) struct JointDraft {
    kind: Kind,
    anchor: Vec3,
    axis: Vec3,
    limited: Option<bool>,
    range: [f64; 2],
    margin: f64,
    stiffness: [f64; 3],
    spring_reference: f64,
    spring_damper: [f64; 2],
    reference: f64,
    damping: [f64; 3],
    armature: f64,
    force_limited: Option<bool>,
    force_range: [f64; 2],
    solref: [f64; 2],
    solimp: [f64; 5],
}

impl Default for JointDraft {
    fn default() -> Self {
        Self {
            kind: Kind::Known(MotionSpec::Hinge),
            anchor: [0.0; 3],
            axis: [0.0, 0.0, 1.0],
            limited: None,
            range: [0.0; 2],
            margin: 0.0,
            stiffness: [0.0; 3],
            spring_reference: 0.0,
            spring_damper: [0.0; 2],
            reference: 0.0,
            damping: [0.0; 3],
            armature: 0.0,
            force_limited: None,
            force_range: [0.0; 2],
            solref: SOLREF,
            solimp: SOLIMP,
        }
    }
}

impl JointDraft {
    /// Reads what a `<joint>` says, here or in a default class.
    pub(super) fn apply(&mut self, e: &Element, warnings: &mut Warnings) -> Result<(), Error> {
        schema::check(e, schema::JOINT, warnings)?;
        let kinds = [
            ("hinge", Kind::Known(MotionSpec::Hinge)),
            ("slide", Kind::Known(MotionSpec::Slide)),
            ("free", Kind::Known(MotionSpec::Free)),
            ("ball", Kind::Ball),
        ];
        if let Some(kind) = e.keyword("type", &kinds)? {
            self.kind = kind;
        }
        e.numbers("pos", &mut self.anchor, 3)?;
        e.numbers("axis", &mut self.axis, 3)?;
        e.numbers("range", &mut self.range, 2)?;
        e.numbers("actuatorfrcrange", &mut self.force_range, 2)?;
        for (attribute, into) in [("limited", &mut self.limited), ("actuatorfrclimited", &mut self.force_limited)] {
            if let Some(limited) = e.keyword(attribute, SWITCH)? {
                *into = limited;
            }
        }
        e.number("margin", &mut self.margin)?;
        e.numbers("stiffness", &mut self.stiffness, 1)?;
        for (attribute, value) in [("margin", self.margin), ("stiffness", self.stiffness[0])] {
            if value < 0.0 {
                return Err(e.refuse(attribute, "a number that is not negative"));
            }
        }
        e.number("springref", &mut self.spring_reference)?;
        e.numbers("springdamper", &mut self.spring_damper, 2)?;
        e.number("ref", &mut self.reference)?;
        e.numbers("damping", &mut self.damping, 1)?;
        if self.damping[0] < 0.0 {
            return Err(e.refuse("damping", "a number that is not negative"));
        }
        if e.number("armature", &mut self.armature)? && self.armature < 0.0 {
            return Err(e.refuse("armature", "a number that is not negative"));
        }
        soft(e, ["solreflimit", "solimplimit"], &mut self.solref, &mut self.solimp)?;
        Ok(())
    }

    /// The joint of an element, in a body with the given frame around the element.
    pub(super) fn finish(
        &self,
        e: &Element,
        around: Pose,
        settings: &Settings,
        warnings: &mut Warnings,
    ) -> Result<JointSpec, Error> {
        let Kind::Known(motion) = self.kind else {
            return Err(e.refuse(
                "type",
                "\"hinge\", \"slide\" or \"free\"; ball joints are not simulated yet (three hinges can stand in)",
            ));
        };
        let free = motion == MotionSpec::Free;
        let hinge = motion == MotionSpec::Hinge;
        let angle = |x: f64| if hinge && settings.degrees { radians(x) } else { x };
        for (attribute, polynomial) in [("stiffness", self.stiffness), ("damping", self.damping)] {
            if polynomial[1..] != [0.0; 2] {
                let message =
                    format!("{}: {attribute}: only the linear coefficient {} is simulated", e.label(), polynomial[0]);
                warnings.add(e.place(), &format!("polynomial {attribute}"), message);
            }
        }
        if free && (self.stiffness[0] != 0.0 || self.spring_damper != [0.0; 2]) {
            warnings.add(e.place(), "free spring", format!("{}: springs of free joints are not simulated", e.label()));
        }
        if self.spring_damper != [0.0; 2] && self.spring_damper.iter().any(|x| *x <= 0.0) {
            return Err(e.refuse("springdamper", "a time constant and a damping ratio, both positive"));
        }
        let limited = !free && resolve(e, "limited", "range", self.limited, self.range, settings)?;
        let force_limited = !free
            && resolve(e, "actuatorfrclimited", "actuatorfrcrange", self.force_limited, self.force_range, settings)?;
        let axis = if free { [0.0, 0.0, 1.0] } else { rotate(around.rotation, self.axis) };
        Ok(JointSpec {
            name: e.text("name").unwrap_or_default().to_owned(),
            place: e.place(),
            motion,
            anchor: if free { [0.0; 3] } else { around.point(self.anchor) },
            axis: unit(axis).ok_or_else(|| e.refuse("axis", "a direction: three numbers, not all zero"))?,
            limited,
            range: if limited { self.range.map(angle) } else { [0.0; 2] },
            margin: self.margin,
            stiffness: self.stiffness[0],
            spring_reference: angle(self.spring_reference),
            spring_damper: self.spring_damper,
            reference: angle(self.reference),
            damping: self.damping[0],
            armature: self.armature,
            max_speed: 0.0,
            force_range: force_limited.then_some(self.force_range),
            solref: self.solref,
            solimp: self.solimp,
        })
    }
}

/// A `<freejoint>`: no default class touches it.
pub(super) fn free(e: &Element, settings: &Settings, warnings: &mut Warnings) -> Result<JointSpec, Error> {
    schema::check(e, schema::FREEJOINT, warnings)?;
    if e.keyword("align", SWITCH)? == Some(Some(true)) {
        warnings.add(
            e.place(),
            "align",
            format!("{}: align: the body's frame stays where the file puts it", e.label()),
        );
    }
    let draft = JointDraft { kind: Kind::Known(MotionSpec::Free), ..JointDraft::default() };
    draft.finish(e, Frame::default().pose(), settings, warnings)
}

/// Reads the two parameters of a soft constraint.
pub(super) fn soft(
    e: &Element,
    [reference, impedance]: [&str; 2],
    solref: &mut [f64; 2],
    solimp: &mut [f64; 5],
) -> Result<(), Error> {
    e.numbers(reference, solref, 1)?;
    if e.text(reference).is_some() && (solref[0] > 0.0) != (solref[1] > 0.0) {
        return Err(e.refuse(
            reference,
            "a time constant and a damping ratio, both positive; or a stiffness and a damping, both with a minus",
        ));
    }
    e.numbers(impedance, solimp, 1)?;
    let [low, high, width, middle, power] = *solimp;
    let fraction = |x: f64| (0.0..=1.0).contains(&x);
    if fraction(low) && fraction(high) && fraction(middle) && width >= 0.0 && (1.0..=100.0).contains(&power) {
        return Ok(());
    }
    Err(e.refuse(impedance, "dmin, dmax (0 to 1), width (not negative), midpoint (0 to 1), power (1 to 100)"))
}

/// Whether a range is enforced: as the author says, or with `autolimits` where there is one.
pub(super) fn resolve(
    e: &Element,
    switch: &str,
    attribute: &str,
    limited: Option<bool>,
    range: [f64; 2],
    settings: &Settings,
) -> Result<bool, Error> {
    let limited = match limited {
        Some(limited) => limited,
        None if !settings.autolimits && range != [0.0; 2] => {
            return Err(e.refuse(
                switch,
                format!("\"true\" or \"false\": there is a {attribute}, and compiler autolimits=\"false\""),
            ));
        }
        // An empty range says nothing; one that is upside down is a mistake.
        None => range != [0.0; 2],
    };
    if limited && range[0] >= range[1] {
        return Err(e.refuse(attribute, format!("a lower and a higher bound (found {} and {})", range[0], range[1])));
    }
    Ok(limited)
}
