//! What a pass of the sender did, and what kept it from doing more.

use alloy::primitives::{Address, B256, Bytes, U256};

use crate::{
    Revert,
    amount::{Coin, decimal},
    sender::Error,
};

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
    /// Nothing is left of it to do: somebody else did the same first, or its time has passed.
    Overtaken,
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
        /// The chain's.
        coin: Coin,
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
        /// The chain's.
        coin: Coin,
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

impl Trouble {
    /// The intent that it is about, if it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Foreseen { key, .. }
            | Self::Unwanted { key }
            | Self::Funds { key, .. }
            | Self::Capped { key, .. }
            | Self::Gas { key, .. }
            | Self::Rejected { key, .. } => Some(key),
            Self::Node { key, .. } => key.as_deref(),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreseen { key, reason, coin } => {
                let reason = Revert::decode(reason).in_coin(*coin);
                write!(f, "{key} waits: the contract would refuse it: {reason}")
            }
            Self::Unwanted { key } => write!(f, "{key} waits: what it requires does not hold"),
            Self::Funds { key, account, found, needed, coin } => {
                let (found, needed) = (coin.show(*found), coin.show(*needed));
                write!(f, "{key} waits: account {account} has {found} to spare, and it may cost {needed}")
            }
            Self::Capped { key, offered } => {
                let offered = decimal(U256::from(*offered), 9);
                write!(f, "{key} waits: its transaction offers {offered} gwei a gas, and more is not allowed")
            }
            Self::Gas { key, needed } => {
                write!(f, "{key} waits: it needs {needed} gas, more than is allowed or than a block has")
            }
            Self::Rejected { key, message } => write!(f, "{key} waits: the node refused its transaction: {message}"),
            Self::Node { key: Some(key), error } => write!(f, "{key} waits: {error}"),
            Self::Node { key: None, error } => write!(f, "nothing goes on: {error}"),
        }
    }
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
