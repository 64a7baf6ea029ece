//! Contiguous lanes that one thread runs in one go.

use std::time::{Duration, Instant};

use hyperdust_kernel::record::StepRecord;

use crate::{AutoresetMode, lane::Lane, pool::Job, simd::Together};

/// What a block does when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Every lane steps with its row of [`Block::actions`].
    Step,
    /// Lanes reset as [`Block::resets`] says.
    Reset,
}

/// Lanes `first .. first + lanes.len()` of a vector env.
#[derive(Debug)]
pub(crate) struct Block {
    pub first: usize,
    pub lanes: Vec<Lane>,
    pub mode: AutoresetMode,
    pub command: Command,
    /// Action arenas, one per lane.
    pub actions: Vec<u8>,
    pub action_size: usize,
    /// Room for what a step records.
    records: Vec<StepRecord>,
    /// Per lane: none where it stays as it is, else its seed.
    pub resets: Vec<Option<Option<u64>>>,
    /// Of the last two commands. Only the order in which blocks run, and on how many threads, follows from it, never what they compute.
    times: [Duration; 2],
}

impl Block {
    pub fn new(first: usize, lanes: Vec<Lane>, mode: AutoresetMode, action_size: usize) -> Self {
        Self {
            first,
            mode,
            command: Command::Step,
            actions: vec![0; lanes.len() * action_size],
            action_size,
            resets: vec![None; lanes.len()],
            records: Vec::new(),
            times: [Duration::ZERO; 2],
            lanes,
        }
    }
}

impl Job for Block {
    /// Where stepping several lanes together pays.
    type Tool = Option<Box<dyn Together>>;

    fn run(&mut self, pack: &mut Self::Tool) {
        let start = Instant::now();
        self.obey(pack);
        self.times = [start.elapsed(), self.times[0]];
    }

    fn key(&self) -> usize {
        self.first
    }

    /// The shorter of the last two times: what makes a step long, contacts above all, lasts for many; an interruption makes one look long.
    fn cost(&self) -> u64 {
        self.times[0].min(self.times[1]).as_nanos() as u64
    }
}

impl Block {
    fn obey(&mut self, pack: &mut Option<Box<dyn Together>>) {
        match self.command {
            Command::Step => {
                let size = self.action_size;
                let action = |row: usize| row * size..(row + 1) * size;
                let Some(pack) = pack else {
                    for (row, lane) in self.lanes.iter_mut().enumerate() {
                        lane.step(&self.actions[action(row)], self.mode);
                    }
                    return;
                };
                for (row, lane) in self.lanes.iter_mut().enumerate() {
                    lane.act(&self.actions[action(row)], self.mode);
                }
                let stepping = self.lanes.iter_mut().filter(|lane| lane.stepping);
                let mut worlds = stepping.map(|lane| &mut lane.world).peekable();
                while worlds.peek().is_some() {
                    pack.step(&mut worlds);
                }
                let stepped = self.lanes.iter().enumerate().filter(|(_, lane)| lane.stepping && lane.recording());
                let stepped: Vec<_> = stepped.map(|(row, lane)| (&lane.world, &self.actions[action(row)])).collect();
                self.records.clear();
                pack.record(&stepped, &mut self.records);
                let mut records = self.records.drain(..);
                for (row, lane) in self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.stepping) {
                    let outcome = lane.world.outcome();
                    let record = if lane.recording() { records.next() } else { None };
                    lane.finish(&self.actions[action(row)], outcome, record, self.mode);
                }
            }
            Command::Reset => {
                for (lane, reset) in self.lanes.iter_mut().zip(&self.resets) {
                    match reset {
                        Some(seed) => lane.reset(*seed),
                        None => lane.idle(),
                    }
                }
            }
        }
    }
}
