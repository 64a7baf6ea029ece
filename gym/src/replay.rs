//! Running a recorded episode again, and saying where it stops being true.

use core::fmt;
use std::sync::Arc;

use hyperdust_kernel::{Fault, Model, Outcome, VERSION, World, record::StepRecord};

use crate::episode::{Episode, EpisodeError, Start};

/// A part of a step record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// Digest of the world's state.
    State,
    /// Hash of the observation.
    Observation,
    /// Reward, by its bits.
    Reward,
    /// Whether it terminated.
    Terminated,
    /// Whether it was truncated.
    Truncated,
    /// Hash of the action.
    Action,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "state digest",
            Self::Observation => "observation",
            Self::Reward => "reward",
            Self::Terminated => "terminated",
            Self::Truncated => "truncated",
            Self::Action => "action",
        })
    }
}

/// The first place where a replay and its recording differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// 0: the reset; else the step, from 1.
    pub step: usize,
    /// What differs; of several, the one nearest to the cause: action, state, observation, reward, flags.
    pub field: Field,
    /// What was recorded.
    pub recorded: StepRecord,
    /// What the replay gave.
    pub replayed: StepRecord,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            0 => write!(f, "the reset differs in its {}", self.field),
            step => write!(f, "step {step} differs in its {}", self.field),
        }
    }
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayReport {
    /// Steps that were compared and equal.
    pub matched: usize,
    /// Steps recorded.
    pub steps: usize,
    /// Where the recording stops being true; none: every digest matched.
    pub divergence: Option<Divergence>,
    /// Sum of the replayed rewards.
    pub episode_return: f64,
    /// Whether the recording reaches the end of the episode.
    pub complete: bool,
    /// What faulted the replay's last step, if anything.
    pub fault: Option<Fault>,
}

impl ReplayReport {
    /// Whether every record was equal.
    pub fn equal(&self) -> bool {
        self.divergence.is_none()
    }
}

impl Episode {
    /// A world as it was when the episode's first action came. An error where a snapshot that it starts from is refused.
    pub fn begin(&self, model: &Arc<Model>) -> Result<World, EpisodeError> {
        begin(&self.start, model)
    }

    /// Runs the recording again on `model` and compares record after record, up to the first difference.
    ///
    /// An error means that it could not be run at all: another kernel version, another blueprint, a
    /// snapshot that the kernel refuses.
    pub fn replay(&self, model: &Arc<Model>) -> Result<ReplayReport, EpisodeError> {
        self.replay_each(model, |_, _| {})
    }

    /// As [`Self::replay`], and shows the world after the reset (no outcome) and after each step that was run,
    /// the one that differs included: what a recording does not hold, such as observations, is read off there.
    pub fn replay_each(
        &self,
        model: &Arc<Model>,
        mut each: impl FnMut(&World, Option<&Outcome>),
    ) -> Result<ReplayReport, EpisodeError> {
        let all = |world: &World, outcome: Option<&Outcome>| {
            each(world, outcome);
            true
        };
        Ok(self.replay_while(model, all)?.expect("nobody stopped it"))
    }

    /// As [`Self::replay_each`], as long as `each` says `true`; none where it was stopped before there was a result.
    pub fn replay_while(
        &self,
        model: &Arc<Model>,
        mut each: impl FnMut(&World, Option<&Outcome>) -> bool,
    ) -> Result<Option<ReplayReport>, EpisodeError> {
        self.check()?;
        if self.kernel != VERSION {
            return Err(EpisodeError::Kernel { found: self.kernel });
        }
        if self.blueprint != model.id() {
            return Err(EpisodeError::Blueprint { found: self.blueprint, expected: model.id() });
        }
        if self.action_size as usize != model.actions().size {
            return Err(EpisodeError::ActionSize { found: self.action_size, expected: model.actions().size });
        }
        let mut world = begin(&self.start, model)?;
        let mut report = ReplayReport {
            matched: 0,
            steps: self.records.len(),
            divergence: compare(0, &self.initial, &world.record()),
            episode_return: 0.0,
            complete: self.complete(),
            fault: None,
        };
        if !each(&world, None) {
            return Ok(None);
        }
        for (index, recorded) in self.records.iter().enumerate() {
            if report.divergence.is_some() {
                break;
            }
            // `check` made sure that there is an action for each record.
            let Some(action) = self.action(index) else { break };
            let outcome = world.step(action);
            if !each(&world, Some(&outcome)) {
                return Ok(None);
            }
            report.fault = outcome.fault;
            report.episode_return += f64::from(outcome.reward);
            report.divergence = compare(index + 1, recorded, &world.record());
            if report.divergence.is_none() {
                report.matched += 1;
            }
        }
        Ok(Some(report))
    }
}

/// A world as it was when the episode's first action came.
fn begin(start: &Start, model: &Arc<Model>) -> Result<World, EpisodeError> {
    let refused = |error| EpisodeError::Refused { part: "first snapshot", error };
    Ok(match start {
        Start::Seed(seed) => World::new(model.clone(), *seed),
        Start::Continue { seed, position } => {
            let mut world = World::new(model.clone(), 0);
            world.reset_at(*seed, *position);
            world
        }
        Start::State(snapshot) => {
            let mut world = World::new(model.clone(), 0);
            world.restore(snapshot).map_err(refused)?;
            world
        }
    })
}

fn compare(step: usize, recorded: &StepRecord, replayed: &StepRecord) -> Option<Divergence> {
    let field = if recorded.action != replayed.action {
        Field::Action
    } else if recorded.state != replayed.state {
        Field::State
    } else if recorded.observation != replayed.observation {
        Field::Observation
    } else if recorded.reward.to_bits() != replayed.reward.to_bits() {
        Field::Reward
    } else if recorded.terminated != replayed.terminated {
        Field::Terminated
    } else if recorded.truncated != replayed.truncated {
        Field::Truncated
    } else {
        return None;
    };
    Some(Divergence { step, field, recorded: *recorded, replayed: *replayed })
}
