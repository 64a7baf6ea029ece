//! Going back to how the chain was: for tests that begin alike, and for reorganisations.

use super::{
    Chain,
    pool::Pool,
    state::{State, Undo},
};
use crate::{Failure, log::Entry};

/// Most snapshots that are kept.
const MOST: usize = 128;

/// How the chain was. Blocks are not copied: they only grow until one goes back.
pub struct Snapshot {
    id: u64,
    state: State,
    blocks: usize,
    by_hand: Undo,
    pool: Pool,
}

impl Chain {
    /// Notes how the chain is, and says under which number.
    pub fn snapshot(&mut self) -> Result<u64, Failure> {
        if self.snapshots.len() >= MOST {
            return Err(Failure::limit(format!("found {MOST} snapshots already; accepted: one less")));
        }
        self.log.write(&Entry::Snapshot)?;
        Ok(self.keep_snapshot())
    }

    pub(super) fn keep_snapshot(&mut self) -> u64 {
        let id = self.next_snapshot;
        self.next_snapshot += 1;
        self.snapshots.push(Snapshot {
            id,
            state: self.state.clone(),
            blocks: self.blocks.len(),
            by_hand: self.head().by_hand.clone(),
            pool: self.pool.clone(),
        });
        id
    }

    /// Goes back to a snapshot, which is used up by it, as are later ones. Says whether there is such a one.
    /// The clock goes back too, to the block that is the last one then.
    pub fn revert(&mut self, id: u64) -> Result<bool, Failure> {
        let Some(snapshot) = self.snapshots.iter().find(|snapshot| snapshot.id == id) else { return Ok(false) };
        let clock = self.clock.back(self.blocks[snapshot.blocks - 1].header.timestamp);
        let moved = Entry::Clock { offset: clock.offset, exact: clock.exact, pace: clock.pace };
        self.log.write_all(&[Entry::Revert { id }, moved])?;
        self.clock = clock;
        Ok(self.return_to(id))
    }

    pub(super) fn return_to(&mut self, id: u64) -> bool {
        let Some(index) = self.snapshots.iter().position(|snapshot| snapshot.id == id) else { return false };
        self.snapshots.truncate(index + 1);
        let Some(snapshot) = self.snapshots.pop() else { return false };
        for block in self.blocks.drain(snapshot.blocks..) {
            self.by_hash.remove(&block.hash);
            for signed in &block.transactions {
                self.places.remove(signed.tx_hash());
            }
        }
        self.state = snapshot.state;
        self.pool = snapshot.pool;
        let last = self.blocks.len() - 1;
        self.blocks[last].by_hand = snapshot.by_hand;
        self.filters.rewind(self.blocks.len());
        true
    }
}
