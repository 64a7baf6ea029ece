//! What is to happen on the chain, and how far it has come.
//!
//! A record is written down whole at every change, as JSON: whoever has to find out what an account did can read it. Decoding is total; the
//! store below has checked that the bytes are those that were written.

use alloy::primitives::{Address, B256, Bytes};
use serde::{Deserialize, Serialize};

pub use crate::market::Call;
use crate::{fees::Fees, sender::Error};

/// Bytes of an intent's key, at most.
pub const MAX_KEY: usize = 256;
/// Bytes of a call's input, at most: more than any chain's pool takes.
pub const MAX_INPUT: usize = 128 << 10;
/// Bytes of what a call is called, at most.
pub const MAX_WHAT: usize = 256;
/// Transactions that are made for one nonce, at most: the first and its replacements.
pub const MAX_ATTEMPTS: usize = 64;
const VERSION: u32 = 1;

/// What has to hold before a transaction is made: this call returns exactly this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Which contract is asked.
    pub to: Address,
    /// Selector and arguments.
    pub input: Bytes,
    /// The answer.
    pub output: Bytes,
}

/// Something that has to happen on the chain once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its name: whoever puts the same thing twice gives it the same one ("claim/0x…").
    pub key: String,
    /// What is called.
    pub call: Call,
    /// Until when it is of use, in seconds since 1970 by the chain's clock. Nearer ones go first. After it nothing new is made for it.
    pub deadline: Option<u64>,
    /// Asked before a transaction is made, and not after that.
    pub requires: Option<Requirement>,
}

/// A transaction that was made. Its bytes may have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// Its bytes, as they are sent.
    pub raw: Bytes,
    /// What it offers.
    pub fees: Fees,
    /// Its gas limit.
    pub gas: u64,
    /// Number of the latest block when it was made.
    pub block: u64,
}

/// A nonce and every transaction that was made with it. Only one of them can ever be on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The account's number of the transaction.
    pub nonce: u64,
    /// Oldest first; never empty.
    pub attempts: Vec<Attempt>,
}

impl Bound {
    /// The one that is sent.
    pub fn newest(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// Whether one of them has this hash.
    pub fn contains(&self, hash: &B256) -> bool {
        self.attempts.iter().any(|attempt| attempt.hash == *hash)
    }
}

/// Where on the chain a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// The transaction's hash.
    pub hash: B256,
    /// The block's hash.
    pub block: B256,
    /// The block's number.
    pub number: u64,
    /// Whether it did what it should; otherwise it was reverted and only paid for.
    pub success: bool,
}

/// Why nothing came of an intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Its transaction is on the chain for good, and was reverted.
    Reverted {
        /// Where it is.
        inclusion: Inclusion,
        /// What the contract said; empty where no node could say.
        reason: Bytes,
    },
    /// Every transaction would have been reverted, for many blocks or looks. None was made.
    Foreseen {
        /// What the contract said.
        reason: Bytes,
    },
    /// A contract refused it for good before a transaction was made: somebody else did the same first, or its time has passed.
    Overtaken {
        /// What the contract said.
        reason: Bytes,
    },
    /// What it requires did not hold, for many blocks or looks. No transaction was made.
    Unwanted,
    /// Its deadline passed before a transaction could be made.
    Expired,
}

/// How far an intent has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// No transaction was made yet.
    Waiting,
    /// There are bytes, which may have been sent: see [`Record::bound`].
    Signed,
    /// One of them is in a block that may still vanish.
    Included(Inclusion),
    /// One of them is on the chain with as many confirmations as were asked for.
    Final {
        /// Where it is.
        inclusion: Inclusion,
        /// Blocks from its own to the latest one, both counted, when that was found.
        confirmations: u64,
    },
    /// Nothing came of it, and nothing will.
    Failed(Failure),
}

impl State {
    /// Where its transaction is, if it is on the chain.
    pub fn inclusion(&self) -> Option<&Inclusion> {
        match self {
            Self::Included(inclusion) | Self::Final { inclusion, .. } => Some(inclusion),
            Self::Failed(Failure::Reverted { inclusion, .. }) => Some(inclusion),
            _ => None,
        }
    }

    /// Whether it is over.
    pub fn over(&self) -> bool {
        matches!(self, Self::Final { .. } | Self::Failed(_))
    }
}

/// An intent and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub(crate) version: u32,
    /// Its place in the order in which they were put, from 1.
    pub number: u64,
    /// What has to happen.
    pub intent: Intent,
    /// How far it has come.
    pub state: State,
    /// The nonce that it has and what was made with it.
    pub bound: Option<Bound>,
    /// Nonces that it had before somebody else used them, each with the hash of the transaction that did.
    pub displaced: Vec<(u64, B256)>,
}

fn length(what: &'static str, found: usize, least: usize, accepted: usize) -> Result<(), Error> {
    if (least..=accepted).contains(&found) { Ok(()) } else { Err(Error::Length { what, found, accepted }) }
}

impl Record {
    pub(crate) fn new(number: u64, intent: Intent) -> Result<Self, Error> {
        length("key of an intent", intent.key.len(), 1, MAX_KEY)?;
        length("name of a call", intent.call.what.len(), 0, MAX_WHAT)?;
        length("input of a call", intent.call.input.len(), 0, MAX_INPUT)?;
        if let Some(requires) = &intent.requires {
            length("input of a requirement", requires.input.len(), 0, MAX_INPUT)?;
            length("output of a requirement", requires.output.len(), 0, MAX_INPUT)?;
        }
        Ok(Self { version: VERSION, number, intent, state: State::Waiting, bound: None, displaced: Vec::new() })
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<Self, Error> {
        let broken = |why: String| Error::Record { number, why };
        let record: Self = serde_json::from_slice(bytes).map_err(|error| broken(error.to_string()))?;
        if record.version != VERSION {
            return Err(broken(format!("found version {}; accepted: {VERSION}", record.version)));
        }
        if record.number != number {
            return Err(broken(format!("says that it is number {}", record.number)));
        }
        let bound = record.bound.as_ref().is_some_and(|bound| !bound.attempts.is_empty());
        let needed = record.state == State::Signed || record.state.inclusion().is_some();
        if bound != needed {
            return Err(broken("its state and its transactions contradict each other".into()));
        }
        Ok(record)
    }

    /// The nonce of transactions that may still come into a block, or are in one that may vanish.
    pub fn in_flight(&self) -> Option<u64> {
        match self.state {
            State::Signed | State::Included(_) => self.bound.as_ref().map(|bound| bound.nonce),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;
    use proptest::prelude::*;

    use super::*;

    fn call(input: Vec<u8>) -> Call {
        Call { to: Address::ZERO, input: input.into(), value: U256::MAX, what: "a test".into() }
    }

    fn record() -> Record {
        let call = call(vec![1, 2, 3]);
        let requires = Some(Requirement { to: call.to, input: Bytes::new(), output: vec![7].into() });
        let intent = Intent { key: "claim/7".into(), call, deadline: Some(u64::MAX), requires };
        let mut record = Record::new(3, intent).unwrap();
        let fees = Fees::Eip1559 { max_fee: u128::MAX, tip: 1 << 70 };
        let attempt = Attempt { hash: B256::ZERO, raw: vec![9; 40].into(), fees, gas: u64::MAX, block: 7 };
        record.bound = Some(Bound { nonce: u64::MAX, attempts: vec![attempt] });
        let inclusion = Inclusion { hash: B256::ZERO, block: B256::ZERO, number: 9, success: true };
        record.state = State::Final { inclusion, confirmations: 2 };
        record.displaced.push((4, B256::ZERO));
        record
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        assert_eq!(Record::decode(3, &record.encode()).unwrap(), record);
        assert!(Record::decode(4, &record.encode()).is_err());
        let mut other = record.clone();
        other.version += 1;
        assert!(Record::decode(3, &other.encode()).is_err());
        let mut other = record.clone();
        other.bound = None;
        assert!(Record::decode(3, &other.encode()).is_err());
        let mut other = record;
        other.state = State::Waiting;
        assert!(Record::decode(3, &other.encode()).is_err());
    }

    proptest! {
        /// Whatever the bytes: an answer, and no panic.
        #[test]
        fn decoding_is_total(mut bytes in Just(record().encode()), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len() + 1));
            drop(Record::decode(3, &bytes));
        }
    }

    #[test]
    fn lengths_are_limited() {
        let intent = |key: usize, input: usize| Intent {
            key: "k".repeat(key),
            call: call(vec![0; input]),
            deadline: None,
            requires: None,
        };
        assert!(Record::new(1, intent(0, 0)).is_err());
        assert!(Record::new(1, intent(MAX_KEY + 1, 0)).is_err());
        assert!(Record::new(1, intent(1, MAX_INPUT + 1)).is_err());
        assert!(Record::new(1, intent(MAX_KEY, MAX_INPUT)).is_ok());
    }
}
