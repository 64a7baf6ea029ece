//! A whole run, kept so that the state at any step is a bounded replay away.
//!
//! Every 2ⁿ steps the processor is saved, and the pages written since the last time; unwritten pages are shared. A
//! snapshot costs what the program wrote in between, and 1 KiB. Nothing is hashed before somebody asks.
//!
//! A dissection asks for fifteen roots in ascending order, and then for fifteen between two of those. So a trace that is
//! asked as a [`TraceProvider`] keeps one machine and goes on from where that stands: forward where the step lies
//! ahead before the next snapshot, and otherwise by exchanging the pages that differ from the snapshot's. What was decoded of the
//! image stays, and a saved page is hashed once. A whole dissection then costs a few passes over the pages that the program wrote,
//! and less than two intervals of steps a root (`cargo bench -p hyperdust-proof --bench dissection`).

use std::{fmt, sync::Arc};

use super::{
    blocks::Machine,
    memory::{Memory, PAGES, SavedPage},
    state::{Processor, State, Status},
    step::StepProof,
};
use crate::{dissection::TraceProvider, error::Error, tree::Hash};

/// Pages of a group: snapshots share whole groups, too.
const GROUP: usize = 128;
/// Binary logarithms of the intervals that are accepted.
const INTERVALS: (u32, u32) = (4, 40);

type Group = [Option<Arc<SavedPage>>; GROUP];
type Groups = Vec<Arc<Group>>;

#[derive(Clone, Debug)]
struct Snapshot {
    /// Steps since the trace's start.
    at: u64,
    processor: Processor,
    groups: Groups,
}

/// A run from an initial state to its halt, or to where recording ended.
pub struct Trace {
    start: u64,
    /// By ascending `at`; the first at 0, the last at the end.
    snapshots: Vec<Snapshot>,
    length: u64,
    /// Made when a root or a proof is asked for, and not copied with the trace.
    cursor: Option<Box<Cursor>>,
}

impl Trace {
    /// Runs `state` until it halts, with a snapshot at its start and every `2^interval` steps. Errors where the
    /// interval is not 2⁴ to 2⁴⁰, or the program is still running after `limit` steps.
    pub fn record(state: State, interval: u32, limit: u64) -> Result<Self, Error> {
        let trace = Self::record_up_to(state, interval, limit)?;
        if trace.halted() { Ok(trace) } else { Err(Error::TooLong { limit }) }
    }

    /// As [`record`](Self::record), but a program that is still running after `limit` steps is no error: what it does
    /// later is replayed from there, without bound.
    pub fn record_up_to(state: State, interval: u32, limit: u64) -> Result<Self, Error> {
        if !(INTERVALS.0..=INTERVALS.1).contains(&interval) {
            return Err(Error::Interval { found: interval, accepted: INTERVALS });
        }
        let start = state.steps;
        let mut machine = Machine::new(state);
        let mut groups = unwritten();
        let (mut snapshots, mut length) = (Vec::new(), 0);
        let mut pages = machine.state_mut().memory_mut().take_touched();
        loop {
            for (page, words) in pages {
                Arc::make_mut(&mut groups[page / GROUP])[page % GROUP] = Some(words);
            }
            let processor = machine.state().processor.clone();
            snapshots.push(Snapshot { at: length, processor, groups: groups.clone() });
            if machine.state().processor.status != Status::Running || length == limit {
                return Ok(Self { start, snapshots, length, cursor: None });
            }
            length += machine.run((1 << interval).min(limit - length));
            pages = machine.state_mut().memory_mut().take_written();
        }
    }

    /// Steps that the program was running at, the halting one included; those recorded, where it did not halt.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether the program halted within the trace.
    pub fn halted(&self) -> bool {
        self.last().processor.status != Status::Running
    }

    /// The state after `step` steps from the trace's start: any number, since a halted machine stays halted. Replays
    /// fewer than `2^interval` steps, on a machine of its own: several roots cost less through [`TraceProvider::root_at`].
    pub fn state_at(&self, step: u64) -> State {
        let mut cursor = Cursor::new();
        cursor.seek(self, step);
        cursor.machine.into_state()
    }

    /// Proof of the step that follows `step` steps.
    pub fn proof_at(&mut self, step: u64) -> StepProof {
        self.with_cursor(step, StepProof::of)
    }

    fn with_cursor<T>(&mut self, step: u64, look: impl FnOnce(&mut State) -> T) -> T {
        let mut cursor = self.cursor.take().unwrap_or_else(|| Box::new(Cursor::new()));
        cursor.seek(self, step);
        let seen = look(cursor.machine.state_mut());
        self.cursor = Some(cursor);
        seen
    }

    /// A trace that equals this one before `step`, where its state becomes what `change` makes of it, and goes on from
    /// that by the rules: the trace of a machine that failed once, or of a liar. `interval` and `limit` as for
    /// [`record_up_to`](Self::record_up_to); the limit counts from the start.
    pub fn tampered(
        &self,
        step: u64,
        change: impl FnOnce(&mut State),
        interval: u32,
        limit: u64,
    ) -> Result<Self, Error> {
        let mut state = self.state_at(step);
        change(&mut state);
        let rest = Self::record_up_to(state, interval, limit.saturating_sub(step))?;
        let mut snapshots: Vec<_> = self.snapshots.iter().take_while(|snapshot| snapshot.at < step).cloned().collect();
        snapshots.extend(rest.snapshots.into_iter().map(|snapshot| Snapshot { at: snapshot.at + step, ..snapshot }));
        Ok(Self { start: self.start, snapshots, length: step + rest.length, cursor: None })
    }

    /// The last snapshot at or before `step`.
    fn before(&self, step: u64) -> &Snapshot {
        &self.snapshots[self.snapshots.partition_point(|snapshot| snapshot.at <= step) - 1]
    }

    fn last(&self) -> &Snapshot {
        &self.snapshots[self.snapshots.len() - 1]
    }
}

impl Clone for Trace {
    fn clone(&self) -> Self {
        let Self { start, length, .. } = *self;
        Self { start, length, snapshots: self.snapshots.clone(), cursor: None }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Trace");
        debug.field("start", &self.start).field("length", &self.length).field("snapshots", &self.snapshots.len());
        debug.finish_non_exhaustive()
    }
}

impl TraceProvider for Trace {
    fn root_at(&mut self, step: u64) -> Hash {
        self.with_cursor(step, State::root)
    }
}

/// A machine that stands at some step of a trace, always the same one.
struct Cursor {
    machine: Machine,
    /// Steps since the trace's start; none before the first snapshot was loaded.
    at: Option<u64>,
    /// What the memory holds, apart from pages written since.
    groups: Groups,
}

impl Cursor {
    fn new() -> Self {
        let state = State::from_parts(Processor::default(), 0, Memory::new());
        Self { machine: Machine::new(state), at: None, groups: unwritten() }
    }

    fn seek(&mut self, trace: &Trace, step: u64) {
        let snapshot = trace.before(step);
        let at = match self.at {
            Some(at) if (snapshot.at..=step).contains(&at) => at,
            _ => {
                self.load(trace.start, snapshot);
                snapshot.at
            }
        };
        self.machine.run(step - at);
        self.at = Some(step);
    }

    fn load(&mut self, start: u64, snapshot: &Snapshot) {
        let state = self.machine.state_mut();
        state.processor = snapshot.processor.clone();
        state.steps = start.wrapping_add(snapshot.at);
        for (number, (old, new)) in self.groups.iter().zip(&snapshot.groups).enumerate() {
            let same = Arc::ptr_eq(old, new);
            for (place, (held, wanted)) in old.iter().zip(new.iter()).enumerate() {
                let page = number * GROUP + place;
                let kept = same || held.as_ref().map(Arc::as_ptr) == wanted.as_ref().map(Arc::as_ptr);
                if !kept || state.memory().written(page) {
                    state.memory_mut().set_page(page, wanted.as_deref());
                }
            }
        }
        self.groups.clone_from(&snapshot.groups);
    }
}

/// The groups of a memory that nothing was written to.
fn unwritten() -> Groups {
    let group: Arc<Group> = Arc::new([const { None }; GROUP]);
    vec![group; PAGES / GROUP]
}
