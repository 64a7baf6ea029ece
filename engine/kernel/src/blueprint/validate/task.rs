//! A sound task: every term reads, drives or randomises something that exists, within a bounded amount of work.

use alloc::collections::BTreeSet;
use core::fmt;

use super::{Checked, count, ensure, index, invalid, label, name, number, numbers};
use crate::blueprint::{
    ActionTerm, Blueprint, Distribution, ObservationGroup, ObservationTerm, Op, Program, ResetTarget, ResetTerm, Slice,
    Source, Task, Value, limits,
};
use crate::task::{program, source_len};

/// `blueprint` is the rest of it, without a task: its robot and bodies are already known to be sound.
pub(super) fn check(task: &mut Task, blueprint: &Blueprint) -> Checked {
    let path = "task";
    let action_elements = actions(task, blueprint)?;
    let mut work = Work { blueprint, action_elements, reads: 0 };
    observations(task, &mut work)?;
    count(task.rewards.len(), 0, limits::TERMS, format_args!("{path}.rewards"))?;
    count(task.terminations.len(), 0, limits::TERMS, format_args!("{path}.terminations"))?;
    count(task.infos.len(), 0, limits::TERMS, format_args!("{path}.infos"))?;
    count(task.resets.len(), 0, limits::TERMS, format_args!("{path}.resets"))?;

    // Reward terms are reported in `info` too, under a prefix.
    let mut infos = BTreeSet::new();
    for (i, term) in task.rewards.iter_mut().enumerate() {
        let path = format_args!("{path}.rewards[{i}]");
        name(&term.name, format_args!("{path}.name"))?;
        finite(&mut term.weight, format_args!("{path}.weight"))?;
        work.program(&mut term.value, format_args!("{path}.value"))?;
        let unique = infos.insert(crate::task::reward_info_name(&term.name));
        ensure(unique, format_args!("{path}.name"), format_args!("{:?} again", term.name), "a name of its own")?;
    }
    for (i, term) in task.infos.iter_mut().enumerate() {
        let path = format_args!("{path}.infos[{i}]");
        name(&term.name, format_args!("{path}.name"))?;
        label(&term.unit, format_args!("{path}.unit"))?;
        work.program(&mut term.value, format_args!("{path}.value"))?;
        let unique = infos.insert(term.name.clone());
        ensure(
            unique,
            format_args!("{path}.name"),
            format_args!("{:?} again", term.name),
            "a name of its own, reward_<term> included",
        )?;
    }
    let mut ends = BTreeSet::new();
    for (i, term) in task.terminations.iter_mut().enumerate() {
        let path = format_args!("{path}.terminations[{i}]");
        name(&term.name, format_args!("{path}.name"))?;
        work.program(&mut term.value, format_args!("{path}.value"))?;
        let unique = ends.insert(term.name.clone());
        ensure(unique, format_args!("{path}.name"), format_args!("{:?} again", term.name), "a name of its own")?;
    }
    for (i, term) in task.resets.iter_mut().enumerate() {
        reset(term, blueprint, format_args!("{path}.resets[{i}]"))?;
    }
    Ok(())
}

/// Any finite number; −0 becomes +0.
fn finite(x: &mut f32, path: fmt::Arguments<'_>) -> Checked {
    number(x, f32::MIN, f32::MAX, path)
}

/// Numbers of an action.
fn actions(task: &mut Task, blueprint: &Blueprint) -> Result<usize, crate::Error> {
    let path = "task.actions";
    count(task.actions.len(), 0, limits::TERMS, format_args!("{path}"))?;
    let available = blueprint.robot.as_ref().map_or(0, |r| r.actuators.len());
    let (mut names, mut driven) = (BTreeSet::new(), BTreeSet::new());
    let mut elements = 0;
    for (i, term) in task.actions.iter_mut().enumerate() {
        let path = format_args!("{path}[{i}]");
        // A discrete term without actuators has one choice, to wait: for scenes in which there is nothing to do.
        let waits = matches!(term, ActionTerm::Discrete { actuators, choices, .. } if actuators.is_empty() && choices.is_empty());
        let (segment, actuators) = match term {
            ActionTerm::Continuous { name, actuators, .. } | ActionTerm::Discrete { name, actuators, .. } => {
                (name, actuators)
            }
        };
        name(segment, format_args!("{path}.name"))?;
        ensure(
            names.insert(segment.clone()),
            format_args!("{path}.name"),
            format_args!("{segment:?} again"),
            "a name of its own",
        )?;
        count(actuators.len(), usize::from(!waits), limits::ACTUATORS, format_args!("{path}.actuators"))?;
        for (k, &actuator) in actuators.iter().enumerate() {
            let path = format_args!("{path}.actuators[{k}]");
            index(actuator.into(), available, path)?;
            ensure(driven.insert(actuator), path, format_args!("{actuator} again"), "each actuator driven once")?;
        }
        match term {
            ActionTerm::Continuous { actuators, low, high, .. } => {
                let n = actuators.len();
                elements += n;
                count(low.len(), n, n, format_args!("{path}.low"))?;
                count(high.len(), n, n, format_args!("{path}.high"))?;
                numbers(low, f32::MIN, f32::MAX, format_args!("{path}.low"))?;
                numbers(high, f32::MIN, f32::MAX, format_args!("{path}.high"))?;
                for (k, (low, high)) in low.iter().zip(&*high).enumerate() {
                    ensure(
                        low <= high,
                        format_args!("{path}.high[{k}]"),
                        high,
                        format_args!("at least low[{k}] = {low}"),
                    )?;
                }
            }
            ActionTerm::Discrete { .. } if waits => elements += 1,
            ActionTerm::Discrete { actuators, choices, .. } => {
                elements += 1;
                let rows = choices.len() / actuators.len();
                let whole = choices.len() == rows * actuators.len();
                ensure(
                    whole,
                    format_args!("{path}.choices"),
                    choices.len(),
                    format_args!("a multiple of {} actuators", actuators.len()),
                )?;
                count(rows, 1, limits::CHOICES, format_args!("{path}.choices"))?;
                count(choices.len(), 1, limits::CHOICE_CONTROLS, format_args!("{path}.choices"))?;
                numbers(choices, f32::MIN, f32::MAX, format_args!("{path}.choices"))?;
            }
        }
    }
    count(elements, 0, limits::ACTION_ELEMENTS, format_args!("numbers in {path}"))?;
    Ok(elements)
}

fn observations(task: &mut Task, work: &mut Work<'_>) -> Checked {
    let path = "task.observations";
    count(task.observations.len(), 0, limits::TERMS, format_args!("{path}"))?;
    let mut names = BTreeSet::new();
    let mut elements = 0;
    for (i, group) in task.observations.iter_mut().enumerate() {
        let path = format_args!("{path}[{i}]");
        name(&group.name, format_args!("{path}.name"))?;
        ensure(
            names.insert(group.name.clone()),
            format_args!("{path}.name"),
            format_args!("{:?} again", group.name),
            "a name of its own",
        )?;
        elements += self::group(group, work, path)?;
        count(elements, 1, limits::OBSERVATION_ELEMENTS, format_args!("numbers in task.observations"))?;
    }
    Ok(())
}

/// Number of elements.
fn group(group: &mut ObservationGroup, work: &mut Work<'_>, path: fmt::Arguments<'_>) -> Result<usize, crate::Error> {
    count(group.terms.len(), 1, limits::TERMS, format_args!("{path}.terms"))?;
    count(group.shape.len(), 0, limits::DIMENSIONS, format_args!("{path}.shape"))?;
    let mut elements = 0;
    for (k, term) in group.terms.iter_mut().enumerate() {
        elements += observation(term, work, format_args!("{path}.terms[{k}]"))?;
    }
    // None where it overflows: then it is not the number of values either.
    let product = group.shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n as usize));
    ensure(
        product == Some(elements),
        format_args!("{path}.shape"),
        format_args!("{:?}", group.shape),
        format_args!("a shape of {elements} numbers"),
    )?;
    Ok(elements)
}

fn observation(
    term: &mut ObservationTerm,
    work: &mut Work<'_>,
    path: fmt::Arguments<'_>,
) -> Result<usize, crate::Error> {
    name(&term.name, format_args!("{path}.name"))?;
    label(&term.unit, format_args!("{path}.unit"))?;
    finite(&mut term.scale, format_args!("{path}.scale"))?;
    finite(&mut term.low, format_args!("{path}.low"))?;
    finite(&mut term.high, format_args!("{path}.high"))?;
    ensure(term.low <= term.high, format_args!("{path}.high"), term.high, format_args!("at least low = {}", term.low))?;
    match &mut term.value {
        Value::Slice(slice) => {
            work.slice(slice, format_args!("{path}.value"))?;
            Ok(slice.len.into())
        }
        Value::Program(program) => work.program(program, format_args!("{path}.value")).map(|()| 1),
    }
}

fn reset(term: &mut ResetTerm, blueprint: &Blueprint, path: fmt::Arguments<'_>) -> Checked {
    let robot = blueprint.robot.as_ref();
    let bodies = blueprint.rigid.as_ref().map_or(0, |r| r.bodies.len());
    let available = match term.target {
        ResetTarget::Qpos => robot.map_or(0, |r| r.nq()),
        ResetTarget::Qvel => robot.map_or(0, |r| r.nv()),
        ResetTarget::RigidPosition | ResetTarget::RigidLinearVelocity | ResetTarget::RigidAngularVelocity => 3 * bodies,
        ResetTarget::RigidOrientation => 4 * bodies,
    };
    let end = usize::from(term.start) + usize::from(term.len);
    let found = format_args!("{}..{end}", term.start);
    ensure(
        term.len > 0 && end <= available,
        path,
        found,
        format_args!("1 or more of the {available} numbers of {:?}", term.target),
    )?;
    let path = format_args!("{path}.distribution");
    let bound = limits::MAGNITUDE;
    match &mut term.distribution {
        Distribution::Uniform { low, high } => {
            number(low, -bound, bound, format_args!("{path}.low"))?;
            number(high, -bound, bound, format_args!("{path}.high"))?;
            ensure(low <= high, format_args!("{path}.high"), *high, format_args!("at least low = {low}"))
        }
        Distribution::Normal { mean, deviation } => {
            number(mean, -bound, bound, format_args!("{path}.mean"))?;
            number(deviation, 0.0, bound, format_args!("{path}.deviation"))
        }
    }
}

/// Sums up what the terms read.
struct Work<'a> {
    /// Without its task.
    blueprint: &'a Blueprint,
    action_elements: usize,
    reads: usize,
}

impl Work<'_> {
    fn program(&mut self, program: &mut Program, path: fmt::Arguments<'_>) -> Checked {
        for (i, op) in program.ops.iter_mut().enumerate() {
            let path = format_args!("{path}.ops[{i}]");
            match op {
                Op::Const(x) => finite(x, path)?,
                Op::Load(slice) => self.slice(slice, path)?,
                Op::Reduce(_, slice) => self.slice(slice, path)?,
                Op::ReduceClamped(_, slice, low, high) => {
                    self.slice(slice, path)?;
                    finite(low, path)?;
                    finite(high, path)?;
                    ensure(low <= high, path, format_args!("clamped to {low} to {high}"), "the lower bound first")?;
                }
                _ => {}
            }
        }
        match program::check(program) {
            Ok(_) => Ok(()),
            Err(error) => Err(invalid(path, error, "code that leaves one number")),
        }
    }

    fn slice(&mut self, slice: &Slice, path: fmt::Arguments<'_>) -> Checked {
        let available = match slice.source {
            Source::Action => self.action_elements,
            source => source_len(source, self.blueprint),
        };
        let end = usize::from(slice.start) + usize::from(slice.len);
        let found = format_args!("{:?}[{}..{end}]", slice.source, slice.start);
        ensure(slice.len > 0 && end <= available, path, found, format_args!("1 or more of its {available} numbers"))?;
        self.reads += usize::from(slice.len);
        ensure(
            self.reads <= limits::PROGRAM_READS,
            path,
            format_args!("{} numbers read in a step", self.reads),
            format_args!("at most {}", limits::PROGRAM_READS),
        )
    }
}
