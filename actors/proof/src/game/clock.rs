//! Chess clocks over times that the caller gives: block timestamps, for a chain.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Party;
use crate::error::MoveError;

/// How much time each party has. Any unit, as long as every time of the game is in it; seconds, on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Clock {
    /// For all moves together; at least 1.
    pub budget: u64,
    /// What a party has after each of its moves, at least: a late move is followed by a short turn, and not by none. So
    /// whoever reaches a chain within this time of its turn never loses by the clock, whatever was used up before.
    pub extension: u64,
}

/// The two clocks of a game, one of which runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clocks {
    extension: u64,
    /// Of provider and challenger, at the beginning of the turn.
    left: [u64; 2],
    /// When the turn began.
    since: u64,
}

impl Clocks {
    pub(super) fn new(clock: Clock, at: u64) -> Self {
        Self { extension: clock.extension, left: [clock.budget; 2], since: at }
    }

    /// The last moment at which this party, whose turn it is, may move.
    pub(super) fn until(&self, by: Party) -> u64 {
        self.since.saturating_add(self.left[by as usize])
    }

    /// Refuses a time before the last move.
    pub(super) fn check(&self, at: u64) -> Result<(), MoveError> {
        if at < self.since { Err(MoveError::Backwards { found: at, accepted: self.since }) } else { Ok(()) }
    }

    /// This party moved, in time.
    pub(super) fn moved(&mut self, by: Party, at: u64) {
        let left = &mut self.left[by as usize];
        *left = left.saturating_sub(at - self.since).max(self.extension);
        self.since = at;
    }
}
