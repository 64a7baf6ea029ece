//! What a pass of the sender did, and what kept it from doing more.

use alloy::primitives::{Address, B256, Bytes, U256};

use crate::sender::Error;

/// How an intent got on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// It got a nonce and a transaction.
    Signed {
        /// The nonce.
        nonce: u64,
        /// The transaction.
        hash: B256,
    },
    /// It got a transaction that offers more, with the same nonce.
    Replaced {
        /// The nonce.
        nonce: u64,
        /// The transaction.
        hash: B256,
    },
    /// One of its transactions is in a block.
    Included {
        /// The block's number.
        number: u64,
        /// Whether it did what it should.
        success: bool,
    },
    /// The block that it was in is not on the chain any more; its bytes are sent again.
    Vanished {
        /// The block's number.
        number: u64,
    },
    /// Somebody else's transaction has its nonce for good; it gets another.
    Displaced {
        /// The nonce.
        nonce: u64,
        /// That transaction.
        by: B256,
    },
    /// It has happened.
    Final,
    /// Nothing came of it.
    Failed,
}

/// A step of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The intent.
    pub key: String,
    /// What it did.
    pub step: Step,
}

/// What keeps something from going on; the next pass tries again.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// A transaction would be reverted, so none was made.
    Foreseen {
        /// The intent.
        key: String,
        /// What the contract said.
        reason: Bytes,
    },
    /// What it requires does not hold, so no transaction was made.
    Unwanted {
        /// The intent.
        key: String,
    },
    /// The account has too little coin.
    Funds {
        /// The intent.
        key: String,
        /// Who has too little.
        account: Address,
        /// Wei that may be spent.
        found: U256,
        /// Wei that it may cost.
        needed: U256,
    },
    /// A stuck transaction already offers as much as is allowed.
    Capped {
        /// The intent.
        key: String,
        /// Wei per gas that it offers.
        offered: u128,
    },
    /// It needs more gas than is allowed, or than a block has.
    Gas {
        /// The intent.
        key: String,
        /// The estimate.
        needed: u64,
    },
    /// The node's pool refused a transaction.
    Rejected {
        /// The intent.
        key: String,
        /// The node's words.
        message: String,
    },
    /// A node did not answer, or not truthfully.
    Node {
        /// The intent that it was about, if it was about one.
        key: Option<String>,
        /// What was wrong.
        error: Error,
    },
}

/// What a pass did.
#[derive(Debug, Default)]
pub struct Pass {
    /// Number of the latest block that it believes in.
    pub head: Option<u64>,
    /// What has changed; written down already.
    pub changes: Vec<Change>,
    /// What went wrong.
    pub troubles: Vec<Trouble>,
}
