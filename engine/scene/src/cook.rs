//! From a read scene and the values of its parameters to a validated blueprint. Deterministic: f64 with `libm`,
//! ordered maps, rounded once to f32.

mod camera;
mod physics;

pub(crate) use physics::load as load_robot;

use std::collections::BTreeMap;

use hyperdust_kernel::blueprint::{
    ActionTerm, Blueprint, Budget, Distribution, InfoTerm, ObservationGroup, ResetTarget, ResetTerm, Robot, Task,
    Value, limits,
};
use hyperdust_kernel::layout::Dtype;
use hyperdust_kernel::render::Visuals;

use crate::context::Context;
use crate::error::{Errors, Place, Warning};
use crate::expression::{Fuel, Quantity, Sources};
use crate::package::Reader;
use crate::parameters::{ParameterValue, Values};
use crate::robot::{Keyframe, RobotFile};
use crate::scene::Scene;
use crate::schema::literal::{Count, Formula, Raw};
use crate::schema::{DtypeSection, Group, PhysicsSection, Text, TierSection};
use crate::{Error, rigid, terms};

/// A blueprint and what its package knows about it.
#[derive(Clone, Debug)]
pub struct Cooked {
    /// What is simulated; validated.
    pub blueprint: Blueprint,
    /// What it looks like.
    pub visuals: Visuals,
    /// What its author calls things.
    pub names: Names,
    /// What is not simulated, or not as its author may expect.
    pub warnings: Vec<Warning>,
    /// Who and what.
    pub metadata: Metadata,
}

/// Names in the order of the compiled arrays; "" where the author gave none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Sensor bodies: the world, the robot's, rigid bodies.
    pub bodies: Vec<String>,
    /// The robot's joints, in `qpos` order.
    pub joints: Vec<String>,
    /// The robot's actuators, in control order.
    pub actuators: Vec<String>,
}

/// What can be proved about a run of a scene.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tier {
    /// It is only data: every step can be replayed and proved.
    #[default]
    Provable,
}

/// Who and what; no part of the blueprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Identifier.
    pub name: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// SPDX expression.
    pub license: String,
    /// Who made it.
    pub author: String,
    /// What can be proved about a run.
    pub tier: Tier,
    /// Environment steps after which an episode is truncated; 0: never.
    pub max_episode_steps: u32,
    /// Return at which the task counts as solved.
    pub reward_threshold: Option<f64>,
}

/// Id and metadata of a scene with its default parameters, without cooking it.
pub(crate) fn metadata(scene: &Scene, values: &Values) -> Result<Metadata, Error> {
    let (sources, fuel) = (Sources::default(), Fuel::default());
    let errors = Errors::strict();
    let context = Context { text: scene.text(), values, sources: &sources, fuel: &fuel, errors: &errors };
    let (section, episode) = (&scene.document.sections.scene, &scene.document.sections.episode);
    let at = context.at("episode", 0..0);
    let steps = count(&at, "max_episode_steps", &episode.max_episode_steps, u32::MAX as usize)?;
    Ok(Metadata {
        name: section.name.clone(),
        title: if section.title.is_empty() { section.name.clone() } else { section.title.clone() },
        description: section.description.clone(),
        license: section.license.clone(),
        author: section.author.clone(),
        tier: match section.tier {
            TierSection::Provable => Tier::Provable,
        },
        max_episode_steps: steps,
        reward_threshold: episode.reward_threshold.as_ref().map(|n| at.number("reward_threshold", n)).transpose()?,
    })
}

/// Cooks a scene. Where errors are collected it may come to its end with some: then what it gives is not the scene.
pub(crate) fn cook(
    scene: &Scene,
    overrides: &BTreeMap<String, ParameterValue>,
    reader: &Reader<'_>,
    errors: &Errors,
) -> Result<Cooked, Error> {
    let values = Values::new(&scene.parameters, overrides)?;
    let text = scene.text();
    let sections = &scene.document.sections;
    scene.include_in(reader);
    let metadata = errors.keep(metadata(scene, &values))?.unwrap_or_default();

    // Constants only, until it is known what there is to read.
    let (nothing, fuel) = (Sources::default(), Fuel::default());
    let constants = Context { text, values: &values, sources: &nothing, fuel: &fuel, errors };
    let known = errors.count();
    let robot = errors.keep(physics::robot(sections.robot.as_ref(), &constants, reader))?.flatten();
    let has_robot = errors.count() == known;
    let options = physics::options(&sections.physics, &constants, robot.as_ref().map(|r| r.options));
    let (options, timestep) = match errors.keep(options)? {
        Some(options) => options,
        None => physics::options(&PhysicsSection::default(), &constants, robot.as_ref().map(|r| r.options))?,
    };
    let first = 1 + robot.as_ref().map_or(0, |r| r.robot.bodies.len());
    let (rigid, rigid_visuals) = rigid::lower(&sections.body, &constants, first, reader)?;
    let names = names(robot.as_ref(), scene)?;
    if scene.document.missing.base || !has_robot {
        // What cannot be found would be said again by everything that names it.
        errors.stop()?;
    }
    let mut warnings = robot.as_ref().map_or_else(Vec::new, |r| r.warnings.clone());

    let mut sources = Sources {
        quantities: quantities(&sections.quantities, text)?,
        bodies: names.bodies.clone(),
        has_robot: robot.is_some(),
        robot_bodies: first - 1,
        joints: robot.as_ref().map_or_else(Vec::new, |r| Sources::joint_ranges(&r.robot, &r.names.joints)),
        actuators: names.actuators.clone(),
        qpos0: robot.as_ref().map_or_else(Vec::new, |r| r.robot.qpos0.clone()),
        velocities: robot.as_ref().map_or(0, |r| r.robot.nv()),
        actions: 0,
        timestep,
        dt: timestep * f64::from(options.frame_skip),
    };
    let context = Context { text, values: &values, sources: &sources, fuel: &fuel, errors };
    let known = errors.count();
    let actions = actions(scene, &context, robot.as_ref(), &mut warnings)?;
    // With an action that is wrong it is not known how many numbers there are.
    let known = errors.count() == known && !scene.document.missing.something;
    sources.actions = if known { actions.iter().map(elements).sum() } else { limits::ACTION_ELEMENTS };

    let context = Context { text, values: &values, sources: &sources, fuel: &fuel, errors };
    let start = match (&sections.robot, &robot) {
        (Some(section), Some(robot)) => errors.keep(physics::keyframe(section, &context, robot))?.flatten(),
        _ => None,
    };
    let task = task(scene, &context, metadata.max_episode_steps, actions, start)?;
    let visuals = Visuals {
        shapes: robot.as_ref().map_or_else(Vec::new, |r| r.visuals.clone()).into_iter().chain(rigid_visuals).collect(),
        camera: errors.keep(camera::lower(&sections.camera, &context))?.unwrap_or_default(),
    };
    errors.stop()?;
    let blueprint = Blueprint { options, robot: robot.map(|r| r.robot), rigid, task };
    let blueprint = blueprint
        .validated()
        .map_err(|error| Error::Blueprint { place: Place::new(text.file, 0), message: error.to_string() })?;
    Ok(Cooked { blueprint, visuals, names, warnings, metadata })
}

/// A count up to `most`, 0 by default.
fn count(at: &crate::context::At<'_>, key: &str, given: &Option<Count>, most: usize) -> Result<u32, Error> {
    let value = given.as_ref().map_or(Ok(0), |count| at.count(key, count, 0, most))?;
    Ok(u32::try_from(value).unwrap_or(u32::MAX))
}

fn names(robot: Option<&RobotFile>, scene: &Scene) -> Result<Names, Error> {
    let mut names = Names { bodies: vec!["world".into()], ..Names::default() };
    if let Some(robot) = robot {
        names.bodies.extend(robot.names.bodies.iter().cloned());
        names.joints = robot.names.joints.clone();
        names.actuators = robot.names.actuators.clone();
    }
    for (index, body) in scene.document.sections.body.iter().enumerate() {
        let name = body.name().to_owned();
        if name.is_empty() || name.len() > limits::NAME || name.starts_with('$') || names.bodies.contains(&name) {
            let place = scene.text().place(&body.span());
            let accepted = format!("a name of its own, 1 to {} bytes", limits::NAME);
            return Err(Error::value(place, format!("body[{index}].name"), format!("\"{name}\""), accepted));
        }
        names.bodies.push(name);
    }
    Ok(names)
}

fn quantities(sections: &BTreeMap<String, Formula>, text: Text<'_>) -> Result<BTreeMap<String, Quantity>, Error> {
    let read = |(name, formula): (&String, &Formula)| {
        let place = text.place(&formula.0.span);
        if !crate::parameters::is_identifier(name) {
            return Err(Error::value(
                place,
                format!("quantities.{name}"),
                "this name",
                "letters, digits and _, not a digit first",
            ));
        }
        let text = match &formula.0.raw {
            Raw::Text(text) => text.clone(),
            Raw::Float(value) => format!("{value:?}"),
            Raw::Integer(value) => value.to_string(),
            Raw::Bool(value) => value.to_string(),
            Raw::List(_) => return Err(Error::value(place, format!("quantities.{name}"), "a list", "an expression")),
        };
        Ok((name.clone(), Quantity { text, place }))
    };
    sections.iter().map(read).collect()
}

fn actions(
    scene: &Scene,
    context: &Context<'_>,
    robot: Option<&RobotFile>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<ActionTerm>, Error> {
    let none = Robot::default();
    let actuators = &robot.map_or(&none, |r| &r.robot).actuators;
    let mut lower = |(index, entry): (usize, &crate::schema::Entry<terms::action::Action>)| {
        let at = context.at(format!("action[{index}]"), entry.span.clone());
        terms::action::lower(entry, &at, actuators, warnings)
    };
    let mut actions: Vec<ActionTerm> = Vec::new();
    for entry in scene.document.actions.iter().enumerate() {
        actions.extend(context.errors.keep(lower(entry))?);
    }
    if scene.document.actions.is_empty() && !scene.document.missing.something {
        let accepted = "at least one [[action]]; where there is nothing to do: kind = \"discrete\", actuators = [], choices = [[]]";
        let nothing = Error::value(Place::new(context.text.file, 0), "action", "nothing", accepted);
        context.errors.keep(Err::<(), _>(nothing))?;
    }
    Ok(actions)
}

/// Numbers of an action as expressions see it.
fn elements(action: &ActionTerm) -> usize {
    match action {
        ActionTerm::Continuous { actuators, .. } => actuators.len(),
        ActionTerm::Discrete { .. } => 1,
    }
}

fn task(
    scene: &Scene,
    context: &Context<'_>,
    max_episode_steps: u32,
    actions: Vec<ActionTerm>,
    start: Option<&Keyframe>,
) -> Result<Task, Error> {
    let (document, errors) = (&scene.document, context.errors);
    let mut task = Task { max_episode_steps, actions, ..Task::default() };
    for (index, group) in document.observations.iter().enumerate() {
        task.observations.extend(errors.keep(observation(group, context, index))?.flatten());
    }
    if document.observations.is_empty() && !document.missing.something {
        let accepted = "at least one [[observation]] with an [[observation.term]]";
        let nothing = Error::value(Place::new(context.text.file, 0), "observation", "nothing", accepted);
        errors.keep(Err::<(), _>(nothing))?;
    }
    for (index, entry) in document.rewards.iter().enumerate() {
        let at = context.at(format!("reward[{index}]"), entry.span.clone());
        task.rewards.extend(errors.keep(terms::reward::lower(entry, &at))?.into_iter().flatten());
    }
    for (index, entry) in document.terminations.iter().enumerate() {
        let at = context.at(format!("termination[{index}]"), entry.span.clone());
        task.terminations.extend(errors.keep(terms::termination::lower(entry, &at))?.into_iter().flatten());
    }
    if let Some(keyframe) = start {
        task.resets.extend(set(ResetTarget::Qpos, &keyframe.qpos));
        task.resets.extend(set(ResetTarget::Qvel, &keyframe.qvel));
    }
    for (index, entry) in document.resets.iter().enumerate() {
        let at = context.at(format!("reset[{index}]"), entry.span.clone());
        task.resets.extend(errors.keep(terms::reset::lower(entry, &at))?.into_iter().flatten());
    }
    for (index, section) in document.sections.info.iter().enumerate() {
        let at = context.at(format!("info[{index}]"), section.value.0.span.clone());
        let lower = || {
            let enabled = at.flag("enabled", &section.enabled, true)?;
            enabled.then(|| Ok(at.formula("value", &section.value)?.program())).transpose()
        };
        if let Some(value) = errors.keep(lower())?.flatten() {
            task.infos.push(InfoTerm { name: section.name.clone(), unit: section.unit.clone(), value });
        }
    }
    let budget = &document.sections.budget;
    let at = context.at("budget", 0..0);
    let cap = |key: &str, given: &Option<Count>| {
        errors.keep(count(&at, key, given, u32::MAX as usize)).map(Option::unwrap_or_default)
    };
    task.budget = Budget {
        contacts: cap("contacts", &budget.contacts)?,
        rows: cap("rows", &budget.rows)?,
        rays: cap("rays", &budget.rays)?,
    };
    Ok(task)
}

/// None: some term of it is wrong, and on the list of errors.
fn observation(group: &Group, context: &Context<'_>, index: usize) -> Result<Option<ObservationGroup>, Error> {
    let at = context.at(format!("observation[{index}]"), group.span.clone());
    let (mut lowered, known) = (Vec::new(), context.errors.count());
    for (term, entry) in group.terms.iter().enumerate() {
        let at = context.at(format!("observation[{index}].term[{term}]"), entry.span.clone());
        lowered.extend(context.errors.keep(terms::observation::lower(entry, &at))?.into_iter().flatten());
    }
    if context.errors.count() > known {
        return Ok(None);
    }
    let len = |value: &Value| match value {
        Value::Slice(slice) => u32::from(slice.len),
        Value::Program(_) => 1,
    };
    let elements: u32 = lowered.iter().map(|term| len(&term.value)).sum();
    if elements == 0 {
        return Err(at.wrong("term", "no enabled term", "at least one [[observation.term]]"));
    }
    let shape = group.section.shape.clone().unwrap_or_else(|| vec![elements]);
    if shape.iter().try_fold(1u32, |product, n| product.checked_mul(*n)) != Some(elements) {
        return Err(at.wrong("shape", format!("{shape:?}"), format!("a shape of the {elements} numbers of its terms")));
    }
    let dtype = match group.section.dtype {
        DtypeSection::F32 => Dtype::F32,
        DtypeSection::F64 => Dtype::F64,
        DtypeSection::I32 => Dtype::I32,
        DtypeSection::U8 => Dtype::U8,
        DtypeSection::Bool => Dtype::Bool,
    };
    let name = group.section.name.clone().unwrap_or_else(|| "observation".into());
    Ok(Some(ObservationGroup { name, dtype, terms: lowered, shape }))
}

/// Sets an array to fixed values: one term for each run of equal numbers.
fn set(target: ResetTarget, values: &[f32]) -> Vec<ResetTerm> {
    let mut terms: Vec<ResetTerm> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let distribution = Distribution::Normal { mean: *value, deviation: 0.0 };
        match terms.last_mut() {
            Some(term) if term.distribution == distribution => term.len += 1,
            // Blueprints hold fewer numbers than fit: checked by the kernel.
            _ => terms.push(ResetTerm { target, start: index as u16, len: 1, add: false, distribution }),
        }
    }
    terms
}
