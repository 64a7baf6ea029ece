//! How far a follower's consumer has come: the last blocks that it acknowledged, on the disk.

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

use super::{Error, Event};
use crate::outbox::{Ledger, named};

const VERSION: u32 = 1;

/// A block, and which of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Point {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    version: u32,
    start: u64,
    /// Whether blocks below these were acknowledged, too.
    forgotten: bool,
    /// In the order of their numbers. Where blocks are left out between two, nothing happened in them.
    points: Vec<Point>,
}

#[derive(Debug)]
pub(super) struct Cursor {
    ledger: Ledger,
    number: u64,
    remember: usize,
    state: State,
}

impl Cursor {
    pub fn open(ledger: &Ledger, name: &str, start: u64, remember: usize) -> Result<Self, Error> {
        let number = named(name);
        let fresh = State { version: VERSION, start, forgotten: false, points: Vec::new() };
        let broken = |why: String| Error::Record { number, why };
        let state = match ledger.read(number)? {
            None => fresh,
            Some(bytes) => {
                let state: State = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
                if state.version != VERSION {
                    return Err(broken(format!("found version {}; accepted: {VERSION}", state.version)));
                }
                if !state.points.is_sorted_by(|a, b| a.number < b.number) {
                    return Err(broken("its blocks are out of order".into()));
                }
                state
            }
        };
        Ok(Self { ledger: ledger.clone(), number, remember, state })
    }

    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The last block, if there is one.
    pub fn last(&self) -> Option<Point> {
        self.state.points.last().copied()
    }

    /// The last blocks, oldest first.
    pub fn points(&self) -> &[Point] {
        &self.state.points
    }

    /// The number of the block that comes next.
    pub fn next(&self) -> u64 {
        self.last().map_or(self.state.start, |last| last.number + 1)
    }

    /// Whether everything since the start is remembered.
    pub fn whole(&self) -> bool {
        !self.state.forgotten
    }

    /// Writes down that this was dealt with.
    pub fn advance(&mut self, event: &Event) -> Result<(), Error> {
        let mut state = self.state.clone();
        match event {
            Event::Applied { block, .. } => state.points.push(*block),
            Event::Undone(_) => drop(state.points.pop()),
        }
        if state.points.len() > self.remember {
            state.points.drain(..state.points.len() - self.remember);
            state.forgotten = true;
        }
        let bytes = serde_json::to_vec(&state).unwrap_or_default();
        self.ledger.write("cursor", self.number, &bytes)?;
        self.state = state;
        Ok(())
    }
}
