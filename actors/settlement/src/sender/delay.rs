//! How long an intent waits for a contract that would refuse it.
//!
//! Blocks are the measure where blocks come: each may change what the contract says. On a chain that makes none (a devnet mines when something is sent)
//! only its clock goes on, so it is asked ever more rarely, and given up after as many looks as it would have been blocks.

use alloy::primitives::B256;

use crate::rpc::Header;

/// The longest pause, as a power of two.
const LONGEST: u32 = 20;

/// Since when an intent gets no transaction.
#[derive(Debug)]
pub(super) struct Delay {
    /// The latest block when that began.
    since: u64,
    /// The latest block at the last look.
    block: B256,
    /// Looks at that block.
    looks: u32,
    /// Passes that go by before the next look, unless a block comes.
    rest: u64,
}

impl Delay {
    pub fn new(tip: &Header) -> Self {
        Self { since: tip.number, block: tip.hash, looks: 0, rest: 0 }
    }

    /// Whether this pass goes by without a look.
    pub fn rests(&mut self, tip: &Header) -> bool {
        let rests = self.block == tip.hash && self.rest > 0;
        self.rest = self.rest.saturating_sub(1);
        rests
    }

    /// Notes that it still waits. Where something may end that soon it begins to wait only now.
    pub fn look(&mut self, tip: &Header, lasting: bool) {
        if !lasting {
            *self = Self::new(tip);
            return;
        }
        self.looks = if self.block == tip.hash { self.looks.saturating_add(1) } else { 1 };
        self.block = tip.hash;
        self.rest = (1 << self.looks.min(LONGEST)) - 2;
    }

    /// Whether it has waited for longer than `patience`, in blocks or in looks.
    pub fn over(&self, tip: &Header, patience: u64) -> bool {
        let patience = patience.max(1);
        tip.number >= self.since.saturating_add(patience) || u64::from(self.looks) > patience
    }
}
