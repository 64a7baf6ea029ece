//! A task compiled for running: layouts, addresses, programs.

use alloc::string::String;
use alloc::vec::Vec;

use super::action::{self, Drive};
use super::observation::{self, Observed, Origin};
use super::program::{self, Code};
use super::quantities::Addresses;
use super::reward_info_name;
use crate::blueprint::{Blueprint, Program, Slice, Task, Value};
use crate::error::{Error, Fault, FaultKind};
use crate::layout::{Dtype, Layout};

/// A space's lower bound: −∞ where the blueprint says "none".
pub(super) fn lower(bound: f32) -> f32 {
    if bound == f32::MIN { f32::NEG_INFINITY } else { bound }
}

/// A space's upper bound: ∞ where the blueprint says "none".
pub(super) fn upper(bound: f32) -> f32 {
    if bound == f32::MAX { f32::INFINITY } else { bound }
}

/// A task of a valid blueprint, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub actions: Layout,
    pub observations: Layout,
    /// Reward terms first.
    pub info_names: Vec<String>,
    pub addresses: Addresses,
    pub drive: Drive,
    /// Numbers of an action, all segments together.
    pub action_elements: usize,
    rewards: Vec<(f32, Code)>,
    infos: Vec<Code>,
    /// With whether it truncates.
    terminations: Vec<(bool, Code)>,
    groups: Vec<(Dtype, Vec<Observed>)>,
}

/// How a step ends, before time limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub terminated: bool,
    pub truncated: bool,
}

impl Plan {
    /// Of a blueprint that is valid; an error names a term that is not.
    pub fn new(blueprint: &Blueprint) -> Result<Self, Error> {
        let task = &blueprint.task;
        let addresses = Addresses::new(&slices(task), blueprint);
        let compile = |path: &str, i: usize, program: &Program| {
            Code::compile(program, |slice| addresses.locate(slice)).map_err(|error| refused(path, i, &error))
        };
        let mut rewards = Vec::with_capacity(task.rewards.len());
        for (i, term) in task.rewards.iter().enumerate() {
            rewards.push((term.weight, compile("rewards", i, &term.value)?));
        }
        let mut infos = Vec::with_capacity(task.infos.len());
        for (i, term) in task.infos.iter().enumerate() {
            infos.push(compile("infos", i, &term.value)?);
        }
        let mut terminations = Vec::with_capacity(task.terminations.len());
        for (i, term) in task.terminations.iter().enumerate() {
            terminations.push((term.truncates, compile("terminations", i, &term.value)?));
        }
        let mut groups = Vec::with_capacity(task.observations.len());
        for (i, group) in task.observations.iter().enumerate() {
            let mut terms = Vec::with_capacity(group.terms.len());
            for term in &group.terms {
                let origin = match &term.value {
                    Value::Program(program) => Origin::Program(compile("observations", i, program)?),
                    Value::Slice(slice) => Origin::Values {
                        start: addresses
                            .locate(slice)
                            .ok_or_else(|| refused("observations", i, &"a slice of nothing"))?,
                        len: slice.len.into(),
                    },
                };
                terms.push(Observed { origin, scale: term.scale, low: term.low, high: term.high });
            }
            groups.push((group.dtype, terms));
        }
        let reward_names = task.rewards.iter().map(|t| reward_info_name(&t.name));
        Ok(Self {
            actions: action::layout(&task.actions),
            observations: observation::layout(&task.observations),
            info_names: reward_names.chain(task.infos.iter().map(|t| t.name.clone())).collect(),
            drive: Drive::new(blueprint),
            action_elements: task.actions.iter().map(action::elements).sum(),
            addresses,
            rewards,
            infos,
            terminations,
            groups,
        })
    }

    /// Number of reward terms: the first entries of `info`.
    pub fn reward_terms(&self) -> usize {
        self.rewards.len()
    }

    /// The reward: `Σ weight · value` in order; each summand goes to the front of `info`.
    pub fn reward(&self, values: &[f32], info: &mut [f32]) -> Result<f32, Fault> {
        let mut sum = 0.0;
        for ((weight, code), out) in self.rewards.iter().zip(info) {
            let summand = weight * code.evaluate(values) + 0.0;
            if !summand.is_finite() {
                return Err(Fault::new(FaultKind::RewardNotFinite));
            }
            *out = summand;
            sum += summand;
        }
        if sum.is_finite() { Ok(sum + 0.0) } else { Err(Fault::new(FaultKind::RewardNotFinite)) }
    }

    /// Info terms, behind the reward's.
    pub fn infos(&self, values: &[f32], info: &mut [f32]) -> Result<(), Fault> {
        for (code, out) in self.infos.iter().zip(&mut info[self.rewards.len()..]) {
            let value = code.evaluate(values);
            if !value.is_finite() {
                return Err(Fault::new(FaultKind::InfoNotFinite));
            }
            *out = value;
        }
        Ok(())
    }

    /// Whether any condition holds; all are evaluated.
    pub fn end(&self, values: &[f32]) -> Result<End, Fault> {
        let mut end = End::default();
        for (truncates, code) in &self.terminations {
            let value = code.evaluate(values);
            if !value.is_finite() {
                return Err(Fault::new(FaultKind::TerminationNotFinite));
            }
            if *truncates {
                end.truncated |= value != 0.0;
            } else {
                end.terminated |= value != 0.0;
            }
        }
        Ok(end)
    }

    /// Writes all segments into an arena of the observation layout, whose padding stays as it is.
    pub fn observe(&self, values: &[f32], arena: &mut [u8]) -> Result<(), Fault> {
        for ((dtype, terms), segment) in self.groups.iter().zip(&self.observations.segments) {
            let out = &mut arena[segment.offset..segment.offset + segment.bytes()];
            observation::write(terms, *dtype, values, out)?;
        }
        Ok(())
    }
}

fn refused(path: &str, i: usize, error: &dyn core::fmt::Display) -> Error {
    Error::Invalid {
        path: alloc::format!("task.{path}[{i}]"),
        found: alloc::format!("{error}"),
        accepted: "a valid term".into(),
    }
}

/// Every slice that any term reads.
fn slices(task: &Task) -> Vec<Slice> {
    fn of(program: &Program) -> impl Iterator<Item = Slice> + '_ {
        program.ops.iter().filter_map(program::slice_of).copied()
    }
    let mut slices: Vec<Slice> = Vec::new();
    slices.extend(task.rewards.iter().flat_map(|t| of(&t.value)));
    slices.extend(task.infos.iter().flat_map(|t| of(&t.value)));
    slices.extend(task.terminations.iter().flat_map(|t| of(&t.value)));
    for term in task.observations.iter().flat_map(|g| &g.terms) {
        match &term.value {
            Value::Slice(slice) => slices.push(*slice),
            Value::Program(program) => slices.extend(of(program)),
        }
    }
    slices
}
