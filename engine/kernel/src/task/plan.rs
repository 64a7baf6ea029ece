//! A task compiled for running: layouts, addresses, programs.

use alloc::string::String;
use alloc::{vec, vec::Vec};
use core::ops::Range;

use super::action::{self, Drive};
use super::observation::{self, Observed, Origin};
use super::program::{self, Code, Stack};
use super::quantities::Addresses;
use super::reward_info_name;
use crate::blueprint::{Blueprint, Program, Slice, Task, Value};
use crate::error::Error;
use crate::layout::{Dtype, Layout};
use crate::math::{Mask, Real};

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
    /// Of reward terms, infos, terminations, observations, in this order.
    programs: Vec<Code>,
    /// One per reward term.
    weights: Vec<f32>,
    /// Programs of reward terms and infos.
    informing: usize,
    /// One per termination: whether it truncates.
    truncates: Vec<bool>,
    groups: Vec<(Dtype, Vec<Observed>)>,
    /// Numbers of an observation, all segments together.
    observation_elements: usize,
}

/// What a task's terms come to, in one world or several.
#[derive(Clone, Debug)]
pub(crate) struct Results<T: Real> {
    stack: Stack<T>,
    programs: Vec<T>,
    /// Sum of the reward terms.
    pub reward: T,
    /// Summands of the reward, then infos.
    pub info: Vec<T>,
    /// The task's endings, before time limits.
    pub terminated: T::Mask,
    pub truncated: T::Mask,
    /// Elements of all segments, in order.
    observation: Vec<T>,
}

impl<T: Real> Results<T> {
    pub fn new(plan: &Plan) -> Self {
        Self {
            stack: Stack::default(),
            programs: vec![T::zero(); plan.programs.len()],
            reward: T::zero(),
            info: vec![T::zero(); plan.informing],
            terminated: T::Mask::splat(false),
            truncated: T::Mask::splat(false),
            observation: Vec::with_capacity(plan.observation_elements),
        }
    }
}

impl Plan {
    /// Of a blueprint that is valid; an error names a term that is not.
    pub fn new(blueprint: &Blueprint) -> Result<Self, Error> {
        let task = &blueprint.task;
        let addresses = Addresses::new(&slices(task), blueprint);
        let compile = |path: &str, i: usize, program: &Program| {
            Code::compile(program, |slice| addresses.locate(slice)).map_err(|error| refused(path, i, &error))
        };
        let mut programs = Vec::new();
        for (i, term) in task.rewards.iter().enumerate() {
            programs.push(compile("rewards", i, &term.value)?);
        }
        for (i, term) in task.infos.iter().enumerate() {
            programs.push(compile("infos", i, &term.value)?);
        }
        let informing = programs.len();
        for (i, term) in task.terminations.iter().enumerate() {
            programs.push(compile("terminations", i, &term.value)?);
        }
        let mut groups = Vec::with_capacity(task.observations.len());
        for (i, group) in task.observations.iter().enumerate() {
            let mut terms = Vec::with_capacity(group.terms.len());
            for term in &group.terms {
                let origin = match &term.value {
                    Value::Program(program) => {
                        programs.push(compile("observations", i, program)?);
                        Origin::Program(programs.len() - 1)
                    }
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
            observation_elements: groups.iter().flat_map(|(_, terms)| terms).map(Observed::len).sum(),
            weights: task.rewards.iter().map(|t| t.weight).collect(),
            informing,
            truncates: task.terminations.iter().map(|t| t.truncates).collect(),
            programs,
            groups,
        })
    }

    /// Number of reward terms: the first entries of `info`.
    pub fn reward_terms(&self) -> usize {
        self.weights.len()
    }

    /// Reward terms, their sum (`Σ weight · value` in order) and infos. Returns where the reward is finite with all its summands, and
    /// where the infos are.
    #[inline(always)]
    pub fn reward<T: Real>(&self, values: &[T], results: &mut Results<T>) -> [T::Mask; 2] {
        self.evaluate(0..self.informing, values, results);
        let mut finite = [T::Mask::splat(true); 2];
        results.reward = T::zero();
        for (i, out) in results.info.iter_mut().enumerate() {
            *out = results.programs[i];
            if let Some(&weight) = self.weights.get(i) {
                *out = T::splat(weight) * *out + T::zero();
                results.reward += *out;
                finite[0] = finite[0].and(out.is_finite());
            } else {
                finite[1] = finite[1].and(out.is_finite());
            }
        }
        results.reward += T::zero();
        finite[0] = finite[0].and(results.reward.is_finite());
        finite
    }

    /// Endings (all conditions are evaluated) and the observation. Returns where the conditions are finite, and where
    /// the observation is.
    #[inline(always)]
    pub fn end<T: Real>(&self, values: &[T], results: &mut Results<T>) -> [T::Mask; 2] {
        self.evaluate(self.informing..self.programs.len(), values, results);
        let mut finite = [T::Mask::splat(true); 2];
        (results.terminated, results.truncated) = (T::Mask::splat(false), T::Mask::splat(false));
        for (&value, &truncates) in results.programs[self.informing..].iter().zip(&self.truncates) {
            finite[0] = finite[0].and(value.is_finite());
            let holds = value.is_zero().not();
            if truncates {
                results.truncated = results.truncated.or(holds);
            } else {
                results.terminated = results.terminated.or(holds);
            }
        }
        results.observation.clear();
        for (_, terms) in &self.groups {
            for term in terms {
                let fine = observation::append(term, values, &results.programs, &mut results.observation);
                finite[1] = finite[1].and(fine);
            }
        }
        finite
    }

    #[inline(always)]
    fn evaluate<T: Real>(&self, which: Range<usize>, values: &[T], results: &mut Results<T>) {
        for i in which {
            results.programs[i] = self.programs[i].run(values, &mut results.stack);
        }
    }

    /// Writes one lane's observation into an arena of the observation layout, whose padding stays as it is.
    pub fn observe<T: Real>(&self, results: &Results<T>, lane: usize, arena: &mut [u8]) {
        let mut numbers = &results.observation[..];
        for ((dtype, _), segment) in self.groups.iter().zip(&self.observations.segments) {
            let out = &mut arena[segment.offset..segment.offset + segment.bytes()];
            let (own, rest) = numbers.split_at(out.len() / dtype.size());
            observation::write(own, lane, *dtype, out);
            numbers = rest;
        }
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
