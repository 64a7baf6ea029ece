//! What time it is on the chain: the machine's clock plus what its owner added, or a fixed pace. It never goes back.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Failure;

/// The last second that a block may have. Contracts keep times in 40 bits and more.
pub const LATEST: u64 = 1 << 40;
/// The most that the clock is moved at once, in seconds: 136 years.
pub const LEAP: u64 = 1 << 32;

/// The clock of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Seconds ahead of the machine's clock.
    pub offset: i64,
    /// The next block's time, if it was said.
    pub exact: Option<u64>,
    /// Seconds from block to block; 0: as the machine's clock says.
    pub pace: u64,
}

fn machine() -> u64 {
    // A machine that believes to live before 1970 gets the chain's own minimum, one second a block.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).min(LATEST)
}

impl Clock {
    /// A clock that says `timestamp` now (0: what the machine says), and goes on from there.
    pub fn starting(timestamp: u64, pace: u64) -> (Self, u64) {
        let now = machine();
        let first = if timestamp == 0 { now } else { timestamp };
        (Self { offset: first as i64 - now as i64, exact: None, pace }, first)
    }

    /// The time of a block after one at `last`; nothing changes.
    pub fn next(&self, last: u64) -> u64 {
        let told = match self.exact {
            Some(exact) => exact,
            None if self.pace > 0 => last.saturating_add(self.pace),
            None => machine().saturating_add_signed(self.offset),
        };
        told.max(last + 1)
    }

    /// Notes that a block was mined at `timestamp`: a time that was asked for is where the clock goes on from.
    pub fn mined(&mut self, timestamp: u64) {
        if self.exact.take().is_some() {
            self.offset = timestamp as i64 - machine() as i64;
        }
    }

    /// A chain whose last block is ahead of its clock goes on from there: after an opening, or a return to a snapshot.
    pub fn resume(&mut self, last: u64) {
        self.offset = self.offset.max(last as i64 - machine() as i64);
    }

    /// The clock of a chain that is back at a block of `last`.
    pub fn back(&self, last: u64) -> Self {
        Self { offset: last as i64 - machine() as i64, exact: None, pace: self.pace }
    }

    /// Adds seconds.
    pub fn advance(&mut self, seconds: u64, last: u64) -> Result<i64, Failure> {
        if seconds > LEAP || last.saturating_add(seconds) >= LATEST {
            return Err(Failure::params(format!("Timestamp error: {seconds} seconds are too many")));
        }
        // With a fixed pace the leap is from the last block; the machine's clock plays no part.
        if let Some(exact) = self.exact {
            self.exact = Some(exact.saturating_add(seconds).min(LATEST - 1));
        } else if self.pace > 0 {
            self.exact = Some(last.saturating_add(self.pace).saturating_add(seconds).min(LATEST - 1));
        }
        self.offset = self.offset.saturating_add(seconds as i64).min(LATEST as i64);
        Ok(self.offset)
    }

    /// Says the next block's time.
    pub fn set_next(&mut self, timestamp: u64, last: u64) -> Result<(), Failure> {
        if timestamp <= last {
            return Err(Failure::params(format!(
                "Timestamp error: {timestamp} is lower than or equal to previous block's timestamp"
            )));
        }
        if timestamp >= LATEST {
            return Err(Failure::params(format!("Timestamp error: {timestamp} is too late")));
        }
        self.exact = Some(timestamp);
        Ok(())
    }
}
