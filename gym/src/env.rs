//! A single environment.

use std::sync::Arc;

use hyperdust_kernel::{Fault, Model, World};

use crate::{AutoresetMode, Episode, Error, Statistics, action, lane::Lane, recorder::Recorder, seeding, snapshot};

/// What `step` returns besides observation and info.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Weighted sum of the reward terms.
    pub reward: f64,
    /// The task ended the episode.
    pub terminated: bool,
    /// Something else did: the time limit, a budget, a fault.
    pub truncated: bool,
    /// `truncated` for no other reason than the time limit: for callers that keep a limit of their own.
    pub timed_out: bool,
    /// What went wrong, where the episode ended because of it.
    pub fault: Option<Fault>,
    /// Return and length, where this step ended the episode.
    pub episode: Option<Statistics>,
}

/// One world as a Gymnasium `Env`: `reset`, `step` until `terminated` or `truncated`, `reset`.
///
/// The time limit is the blueprint's. Stepping past the end of an episode goes on simulating, as
/// Gymnasium's own environments do; that part is neither counted nor recorded.
#[derive(Debug)]
pub struct Env {
    lane: Lane,
    closed: bool,
    actions: Vec<u8>,
}

impl Env {
    /// A world that waits for its first reset.
    pub fn new(model: Arc<Model>) -> Self {
        let actions = vec![0; model.actions().size];
        Self { lane: Lane::new(World::new(model, 0), AutoresetMode::Disabled), closed: false, actions }
    }

    /// Starts an episode. Without a seed the random stream goes on; a first reset without one takes a seed
    /// from the operating system.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<(), Error> {
        self.open()?;
        let seed = match seed {
            None if !self.lane.ready => Some(seeding::entropy()?),
            seed => seed,
        };
        self.lane.reset(seed);
        Ok(())
    }

    /// One step with an action arena of the model's layout.
    pub fn step(&mut self, arena: &[u8]) -> Result<Step, Error> {
        self.ready()?;
        action::check_arena(self.lane.world.model().actions(), arena)?;
        Ok(self.advance(arena))
    }

    /// One step with one contiguous array per action segment.
    pub fn step_segments(&mut self, segments: &[&[u8]]) -> Result<Step, Error> {
        self.ready()?;
        let mut arena = core::mem::take(&mut self.actions);
        let checked = action::check_batch(self.lane.world.model().actions(), 1, segments);
        let result = checked.map(|()| {
            action::scatter(self.lane.world.model().actions(), segments, 0, &mut arena);
            self.advance(&arena)
        });
        self.actions = arena;
        result
    }

    fn advance(&mut self, arena: &[u8]) -> Step {
        self.lane.step(arena, AutoresetMode::Disabled);
        Step {
            reward: f64::from(self.lane.reward),
            terminated: self.lane.terminated,
            truncated: self.lane.truncated,
            timed_out: self.lane.timed_out,
            fault: self.lane.fault,
            episode: self.lane.finished,
        }
    }

    /// The observation arena: segments of [`Model::observations`] at their offsets.
    pub fn observation(&self) -> Result<&[u8], Error> {
        self.ready()?;
        Ok(self.lane.world.observation())
    }

    /// Numbers for `info`, one per [`Model::info_names`].
    pub fn info(&self) -> Result<&[f32], Error> {
        self.ready()?;
        Ok(self.lane.world.info())
    }

    /// Return and length of the running episode.
    pub fn statistics(&self) -> Statistics {
        self.lane.statistics
    }

    /// The compiled scene.
    pub fn model(&self) -> &Arc<Model> {
        self.lane.world.model()
    }

    /// The world, to read: digest, positions, bodies, cost.
    pub fn world(&self) -> &World {
        &self.lane.world
    }

    /// Puts the robot into a state (`nq` positions, `nv` velocities; SI units). A recording begins anew here.
    pub fn set_state(&mut self, qpos: &[f32], qvel: &[f32]) -> Result<(), Error> {
        self.ready()?;
        self.lane.world.set_state(qpos, qvel)?;
        self.lane.begin_here();
        Ok(())
    }

    /// Records episodes from the next reset on, and from here where one is running.
    /// `embed`: each carries its blueprint, so that it can be replayed alone.
    pub fn record(&mut self, embed: bool) {
        self.lane.record(Recorder { embed, ..Recorder::default() });
    }

    /// Stops recording and forgets what was recorded.
    pub fn stop_recording(&mut self) {
        self.lane.recorder = None;
    }

    /// The running episode so far, or the last one; none where nothing was recorded.
    pub fn episode(&self) -> Option<&Episode> {
        self.lane.recorder.as_ref()?.current.as_ref()
    }

    /// Everything that the future depends on, recording included.
    pub fn snapshot(&self) -> Result<Vec<u8>, Error> {
        self.open()?;
        Ok(snapshot::encode(AutoresetMode::Disabled, core::iter::once(&self.lane)))
    }

    /// Becomes the env that the snapshot was taken of. On an error nothing has changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.open()?;
        let states = snapshot::decode(bytes, AutoresetMode::Disabled, 1)?;
        let mut lane = self.lane.clone();
        for state in states {
            snapshot::apply(state, &mut lane)?;
        }
        self.lane = lane;
        Ok(())
    }

    /// A second env in the same state, which goes its own way from here.
    pub fn fork(&self) -> Self {
        Self { lane: self.lane.clone(), closed: self.closed, actions: self.actions.clone() }
    }

    /// Ends all use; a second call does nothing.
    pub fn close(&mut self) {
        self.closed = true;
        self.lane.recorder = None;
    }

    /// Whether it was closed.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn open(&self) -> Result<(), Error> {
        if self.closed { Err(Error::Closed) } else { Ok(()) }
    }

    fn ready(&self) -> Result<(), Error> {
        self.open()?;
        if self.lane.ready { Ok(()) } else { Err(Error::StepBeforeReset) }
    }
}
