//! A whole run, kept so that the state at any step is a bounded replay away.
//!
//! Every 2ⁿ steps the processor is saved, and the pages written since the last time; unwritten pages are shared. A
//! snapshot costs what the program wrote in between, and 1 KiB. Nothing is hashed before somebody asks.

use std::sync::Arc;

use super::{
    blocks::Machine,
    memory::{Memory, PAGES, Page},
    state::{Processor, State, Status},
};
use crate::{dissection::TraceProvider, error::Error, tree::Hash};

/// Pages of a group: snapshots share whole groups, too.
const GROUP: usize = 128;
/// Binary logarithms of the intervals that are accepted.
const INTERVALS: (u32, u32) = (4, 40);

type Group = [Option<Arc<Page>>; GROUP];

#[derive(Clone, Debug)]
struct Snapshot {
    processor: Processor,
    groups: Vec<Arc<Group>>,
}

/// A run from an initial state to its halt.
#[derive(Clone, Debug)]
pub struct Trace {
    start: u64,
    interval: u32,
    snapshots: Vec<Snapshot>,
    length: u64,
}

impl Trace {
    /// Runs `state` until it halts, with a snapshot at its start and every `2^interval` steps. Errors where the
    /// interval is not 2⁴ to 2⁴⁰, or the program is still running after `limit` steps.
    pub fn record(state: State, interval: u32, limit: u64) -> Result<Self, Error> {
        if !(INTERVALS.0..=INTERVALS.1).contains(&interval) {
            return Err(Error::Interval { found: interval, accepted: INTERVALS });
        }
        let start = state.steps;
        // Nothing of this memory was captured before: the only captured ones are those of this function's machines.
        let mut machine = Machine::new(state);
        let unwritten: Arc<Group> = Arc::new([const { None }; GROUP]);
        let mut groups = vec![unwritten; PAGES / GROUP];
        let (mut snapshots, mut length) = (Vec::new(), 0);
        loop {
            for (page, words) in machine.take_written() {
                Arc::make_mut(&mut groups[page / GROUP])[page % GROUP] = Some(words);
            }
            snapshots.push(Snapshot { processor: machine.state().processor.clone(), groups: groups.clone() });
            if machine.state().processor.status != Status::Running {
                return Ok(Self { start, interval, snapshots, length });
            }
            if length == limit {
                return Err(Error::TooLong { limit });
            }
            length += machine.run((1 << interval).min(limit - length));
        }
    }

    /// Steps that the program was running at, the halting one included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The state after `step` steps from the trace's start: any number, since a halted machine stays halted. Replays
    /// fewer than `2^interval` steps.
    pub fn state_at(&self, step: u64) -> State {
        // Every snapshot but the last, which is of the halted machine, stands at a multiple of the interval.
        let (at, snapshot) = if step >= self.length {
            (self.length, &self.snapshots[self.snapshots.len() - 1])
        } else {
            let number = (step >> self.interval) as usize;
            ((number as u64) << self.interval, &self.snapshots[number])
        };
        let mut memory = Memory::new();
        for (page, words) in snapshot.groups.iter().flat_map(|group| group.iter()).enumerate() {
            if let Some(words) = words {
                memory.set_page(page, words);
            }
        }
        let state = State::from_parts(snapshot.processor.clone(), self.start.wrapping_add(at), memory);
        let mut machine = Machine::new(state);
        machine.run(step - at);
        machine.into_state()
    }

    /// Root of the state after `step` steps.
    pub fn root_at(&self, step: u64) -> Hash {
        self.state_at(step).root()
    }
}

impl TraceProvider for Trace {
    fn root_at(&mut self, step: u64) -> Hash {
        Trace::root_at(self, step)
    }
}
