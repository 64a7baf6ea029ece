//! One world and the bookkeeping of its episode: what [`crate::Env`] and every row of a
//! [`crate::VectorEnv`] have in common.
//!
//! Invariant: a lane holds everything that its next call depends on. It knows no other lane, so lanes may
//! run in any order and on any thread.

use hyperdust_kernel::{Fault, Outcome, World, record::StepRecord};

use crate::{AutoresetMode, Buffer, Statistics, episode::Start, journal::Journal, recorder::Recorder};

/// A world with its episode.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub world: World,
    /// Whether it was ever reset (or restored), and so has been seeded.
    pub ready: bool,
    /// Of the last step; 0 after a reset.
    pub reward: f32,
    pub terminated: bool,
    pub truncated: bool,
    /// See [`hyperdust_kernel::Outcome::timed_out`].
    pub timed_out: bool,
    /// The episode has ended and nothing has reset it yet. With same-step autoreset never: the flags above
    /// are then of an episode that is gone.
    pub over: bool,
    pub fault: Option<Fault>,
    /// Of the running episode.
    pub statistics: Statistics,
    /// Of the episode that ended in the last call.
    pub finished: Option<Statistics>,
    /// Whether the step under way is one (and not a reset).
    pub stepping: bool,
    /// Whether the last call stepped or reset this lane.
    pub touched: bool,
    /// Whether the two fields below are of an episode that ended in the last call.
    pub has_final: bool,
    /// Last observation arena before a same-step reset; empty in other modes.
    pub final_observation: Buffer,
    /// Last info before a same-step reset; empty in other modes.
    pub final_info: Vec<f32>,
    pub recorder: Option<Box<Recorder>>,
    pub journal: Option<Box<Journal>>,
}

impl Lane {
    pub fn new(world: World, mode: AutoresetMode) -> Self {
        let keeps = mode == AutoresetMode::SameStep;
        let final_observation = Buffer::new(if keeps { world.observation().len() } else { 0 });
        let final_info = vec![0.0; if keeps { world.info().len() } else { 0 }];
        Self {
            world,
            ready: false,
            reward: 0.0,
            terminated: false,
            truncated: false,
            timed_out: false,
            over: false,
            fault: None,
            statistics: Statistics::default(),
            finished: None,
            stepping: false,
            touched: false,
            has_final: false,
            final_observation,
            final_info,
            recorder: None,
            journal: None,
        }
    }

    /// Starts an episode because the caller says so; without a seed the random stream goes on.
    pub fn reset(&mut self, seed: Option<u64>) {
        self.cut();
        if let Some(journal) = &mut self.journal {
            journal.reset(seed);
        }
        self.restart(seed);
    }

    fn restart(&mut self, seed: Option<u64>) {
        self.idle();
        self.touched = true;
        self.ready = true;
        self.reward = 0.0;
        self.terminated = false;
        self.truncated = false;
        self.begin(seed);
        self.fault = self.world.fault();
    }

    /// One step, and what the mode does around it.
    pub fn step(&mut self, action: &[u8], mode: AutoresetMode) {
        self.act(action, mode);
        if self.stepping {
            self.world.physics();
            self.world.sense();
            self.world.reward();
            let outcome = self.world.end();
            self.finish(action, outcome, None, mode);
        }
    }

    /// Begins a step. Where the mode makes it a reset instead, that is done and the lane is not
    /// [`Self::stepping`]; else the other phases are to follow, alone or in a pack, then [`Self::finish`].
    pub fn act(&mut self, action: &[u8], mode: AutoresetMode) {
        self.stepping = mode != AutoresetMode::NextStep || !self.over;
        if self.stepping {
            self.idle();
            self.touched = true;
            self.world.act(action);
        } else {
            if let Some(journal) = &mut self.journal {
                journal.act(action);
            }
            self.restart(None);
            self.cut_full();
        }
    }

    /// Whether somebody wants the record of a step of it.
    pub fn recording(&self) -> bool {
        self.journal.is_some() || self.recorder.as_ref().is_some_and(|recorder| recorder.open)
    }

    /// Ends the running segment.
    pub fn cut(&mut self) {
        if let Some(journal) = self.journal.as_mut().filter(|journal| journal.running()) {
            journal.cut(&self.world, self.over);
        }
    }

    fn cut_full(&mut self) {
        if self.journal.as_ref().is_some_and(|journal| journal.full()) {
            self.cut();
        }
    }

    /// Does the books of a step that [`Self::act`] began with the same action.
    /// `record`: the world's, where somebody has it already.
    pub fn finish(&mut self, action: &[u8], outcome: Outcome, record: Option<StepRecord>, mode: AutoresetMode) {
        self.reward = outcome.reward;
        self.terminated = outcome.terminated;
        self.truncated = outcome.truncated;
        self.timed_out = outcome.timed_out;
        self.fault = outcome.fault;
        // A single env may be stepped past its end: that is no second episode.
        if !self.over {
            self.statistics.add(outcome.reward);
        }
        let ended = self.terminated || self.truncated;
        let record = record.or_else(|| self.recording().then(|| self.world.record()));
        if let (Some(journal), Some(record)) = (&mut self.journal, &record) {
            journal.act(action);
            journal.record(record);
            journal.stepped(ended && !self.over);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.step(action, record, &self.world, ended);
        }
        if ended {
            self.finished = (!self.over).then_some(self.statistics);
            self.over = true;
            if mode == AutoresetMode::SameStep {
                self.final_observation.copy_from_slice(self.world.observation());
                self.final_info.copy_from_slice(self.world.info());
                self.has_final = true;
                self.begin(None);
            }
        }
        self.cut_full();
    }

    /// The call does not concern this lane: what belongs to the last call only is forgotten.
    pub fn idle(&mut self) {
        self.touched = false;
        self.finished = None;
        self.has_final = false;
    }

    /// Records from the next reset on, and from here where an episode is running; it goes on as it was.
    pub fn record(&mut self, mut recorder: Recorder) {
        if self.ready && !self.over {
            recorder.begin(Start::State(self.world.snapshot()), &self.world);
        }
        self.recorder = Some(Box::new(recorder));
    }

    /// The state was put there by hand: a new episode, of which nothing before is known.
    pub fn begin_here(&mut self) {
        self.over = false;
        self.statistics = Statistics::default();
        if let Some(recorder) = &mut self.recorder {
            recorder.begin(Start::State(self.world.snapshot()), &self.world);
        }
        if let Some(journal) = &mut self.journal {
            journal.move_to(&self.world, self.over);
        }
    }

    /// Cuts the stream into segments of so many steps from here on.
    pub fn commit(&mut self, every: u32, mode: AutoresetMode) {
        self.cut();
        match &mut self.journal {
            Some(journal) => journal.length(every),
            None => {
                let world = self.ready.then_some((&self.world, self.over));
                self.journal = Some(Box::new(Journal::new(every, mode, world)));
            }
        }
    }

    fn begin(&mut self, seed: Option<u64>) {
        let start = self.recorder.is_some().then(|| match seed {
            Some(seed) => Start::Seed(seed),
            None => {
                let (seed, position) = self.world.random_stream();
                Start::Continue { seed, position }
            }
        });
        self.world.reset(seed);
        self.over = false;
        self.statistics = Statistics::default();
        if let (Some(recorder), Some(start)) = (&mut self.recorder, start) {
            recorder.begin(start, &self.world);
        }
        if let Some(journal) = &mut self.journal {
            journal.record(&self.world.record());
        }
    }
}
