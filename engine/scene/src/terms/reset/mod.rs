//! `[[reset]]`: how the initial state is drawn.

mod constant;
mod normal;
mod uniform;

use hyperdust_kernel::blueprint::{ResetTarget, ResetTerm, Source};
use schemars::JsonSchema;
use serde::Deserialize;

use super::selection::{JointPart, range};
use crate::Error;
use crate::context::At;
use crate::schema::literal::{Flag, Names, Number, Numbers};
use crate::schema::{Entry, kinds};

/// Keys of every term.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// Left out where false.
    pub enabled: Option<Flag>,
    /// Which part of the state.
    pub target: Target,
    /// "add" to the reference state (the default) or "set".
    #[serde(default)]
    pub mode: Mode,
    /// First number, and the one behind the last.
    pub range: Option<Numbers>,
    /// Joints by name; `qpos` and `qvel` only.
    pub joints: Option<Names>,
    /// Rigid bodies by name; the other targets only.
    pub bodies: Option<Names>,
}

/// Part of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// Positions of joints, m and rad.
    Qpos,
    /// Velocities of joints, m/s and rad/s.
    Qvel,
    /// 3 numbers per rigid body, m.
    Position,
    /// 4 numbers per rigid body.
    Orientation,
    /// 3 numbers per rigid body, m/s.
    LinearVelocity,
    /// 3 numbers per rigid body, rad/s.
    AngularVelocity,
}

/// What is done with a drawn number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Added to the reference state.
    #[default]
    Add,
    /// Put in its place.
    Set,
}

kinds! {
    /// How the initial state is drawn.
    Reset, Common, ["enabled", "target", "mode", "range", "joints", "bodies"], None, {
        "uniform" => Uniform(uniform::Uniform),
        "normal" => Normal(normal::Normal),
        "constant" => Constant(constant::Constant),
    }
}

/// As the kernel's terms; none where it is not enabled.
pub(crate) fn lower(entry: &Entry<Reset>, at: &At<'_>) -> Result<Vec<ResetTerm>, Error> {
    let common = &entry.common;
    if !at.flag("enabled", &common.enabled, true)? {
        return Ok(Vec::new());
    }
    let distribution = match &entry.kind {
        Reset::Uniform(fields) => fields.lower(at)?,
        Reset::Normal(fields) => fields.lower(at)?,
        Reset::Constant(fields) => fields.lower(at)?,
    };
    let (target, spans) = match common.target {
        Target::Qpos => (ResetTarget::Qpos, joints(common, at, Source::Qpos, at.context.sources.qpos0.len())?),
        Target::Qvel => (ResetTarget::Qvel, joints(common, at, Source::Qvel, at.context.sources.velocities)?),
        Target::Position => (ResetTarget::RigidPosition, bodies(common, at, 3)?),
        Target::Orientation => (ResetTarget::RigidOrientation, bodies(common, at, 4)?),
        Target::LinearVelocity => (ResetTarget::RigidLinearVelocity, bodies(common, at, 3)?),
        Target::AngularVelocity => (ResetTarget::RigidAngularVelocity, bodies(common, at, 3)?),
    };
    let term = |(start, len): (usize, usize)| {
        let (Ok(start), Ok(len)) = (u16::try_from(start), u16::try_from(len)) else {
            return Err(at.wrong("target", format!("{len} numbers from {start}"), "numbers below 65535"));
        };
        Ok(ResetTerm { target, start, len, add: common.mode == Mode::Add, distribution })
    };
    spans.into_iter().map(term).collect()
}

fn joints(common: &Common, at: &At<'_>, source: Source, len: usize) -> Result<Vec<(usize, usize)>, Error> {
    if common.bodies.is_some() {
        return Err(at.wrong("bodies", "`bodies` with a target of joints", "`joints` or `range`"));
    }
    JointPart { skip: None, range: common.range.clone(), joints: common.joints.clone() }.spans(at, source, len)
}

fn bodies(common: &Common, at: &At<'_>, stride: usize) -> Result<Vec<(usize, usize)>, Error> {
    if common.joints.is_some() {
        return Err(at.wrong("joints", "`joints` with a target of rigid bodies", "`bodies` or `range`"));
    }
    let sources = at.context.sources;
    let first = 1 + sources.robot_bodies;
    let count = sources.bodies.len() - first;
    if count == 0 {
        return Err(at.wrong("target", "a target of rigid bodies", "a scene with [[body]]"));
    }
    match (&common.bodies, &common.range) {
        (Some(_), Some(_)) => Err(at.wrong("", "both `bodies` and `range`", "one of them")),
        (None, Some(numbers)) => range(at, numbers, stride * count).map(|(start, end)| vec![(start, end - start)]),
        (None, None) => Ok(vec![(0, stride * count)]),
        (Some(names), None) => {
            let bodies = at.bodies("bodies", names, sources.bodies.len())?;
            let rigid = bodies.into_iter().filter(|body| *body >= first);
            let spans: Vec<_> = rigid.map(|body| ((body - first) * stride, stride)).collect();
            if spans.is_empty() {
                Err(at.wrong_at("bodies", &names.0, "no rigid body", "names of [[body]]"))
            } else {
                Ok(spans)
            }
        }
    }
}

/// A finite number.
fn finite(at: &At<'_>, key: &str, number: &Number) -> Result<f32, Error> {
    let value = at.number(key, number)?;
    if value.is_finite() {
        return Ok(crate::expression::to_f32(value));
    }
    Err(at.wrong_at(key, &number.0, value.to_string(), "a finite number"))
}
