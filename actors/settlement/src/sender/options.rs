//! What a sender is told once.

use std::time::Duration;

use crate::fees::{Caps, Pricing};

/// How a sender works. Blocks are the chain's, so what is right depends on how fast it makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Blocks from a transaction's own to the latest, both counted, before it is final. At least 1.
    pub confirmations: u64,
    /// Transactions on their way at the same time, at most. At least 1.
    pub in_flight: usize,
    /// Blocks after which the first transaction in line is replaced by one that offers more.
    pub replace_after: u64,
    /// Blocks after which a transaction that is in no block is sent again. At least 1.
    pub resend_after: u64,
    /// Seconds before its deadline from which on an intent is sent whatever a simulation says, and replaced at every block.
    pub press: u64,
    /// Gas of a transaction that is sent although a simulation reverts.
    pub pressed_gas: u64,
    /// Blocks for which a simulation has to revert, or a requirement not to hold, before an intent is given up. Where no block comes, so many looks,
    /// each after a pause of twice as many passes as the one before.
    pub patience: u64,
    /// Which kind of transactions are sent; `None`: what the latest block looks like.
    pub pricing: Option<Pricing>,
    /// What fees and gas are limited by.
    pub caps: Caps,
    /// How long a node may take for an answer.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            confirmations: 6,
            in_flight: 8,
            replace_after: 3,
            resend_after: 2,
            press: 600,
            pressed_gas: 1_000_000,
            patience: 12,
            pricing: None,
            caps: Caps::default(),
            timeout: Duration::from_secs(10),
        }
    }
}
