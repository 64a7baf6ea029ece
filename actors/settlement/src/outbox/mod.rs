//! The list of what has to happen on the chain, which no crash shortens or doubles.
//!
//! - **One intent a key.** Putting it again changes nothing. [`Outbox::put`] returns when it is on the disk.
//! - **One nonce an intent.** The nonce and the bytes made with it are one record, on the disk before they are sent. Replacements have the same
//!   nonce, so of all the bytes of an intent the chain can take one. Only where somebody else's transaction has that nonce for good
//!   does the intent get another.
//! - **Nothing is over before it is final.** An inclusion is what a node says; [`crate::sender`] says when to believe it.
//!
//! The outbox belongs to one account on one chain, and to one [`crate::sender::Sender`]. It blocks on the disk for some milliseconds at
//! each change.

mod ledger;
mod record;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};

pub use ledger::Ledger;
pub(crate) use ledger::named;
pub use record::{
    Attempt, Bound, Call, Failure, Inclusion, Intent, MAX_ATTEMPTS, MAX_INPUT, MAX_KEY, MAX_WHAT, Record, Requirement,
    State,
};

use crate::sender::Error;
use ledger::NAMED;

/// Who sends, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The chain's number.
    pub chain: u64,
    /// Whose nonces they are.
    pub address: Address,
}

impl std::fmt::Display for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "account {} on chain {}", self.address, self.chain)
    }
}

/// What [`Outbox::put`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    New,
    /// It was there already.
    Known,
}

#[derive(Debug, Default)]
struct Index {
    records: BTreeMap<u64, Record>,
    keys: HashMap<String, u64>,
    /// Those that the sender still has to look at.
    open: BTreeSet<u64>,
}

/// The list. Cheap to clone: clones are one list.
#[derive(Clone, Debug)]
pub struct Outbox {
    ledger: Ledger,
    account: Account,
    index: Arc<Mutex<Index>>,
}

impl Outbox {
    /// Opens the outbox of this account in a ledger. Errors: the ledger is another account's, what is in it is not understood.
    pub fn open(ledger: &Ledger, account: Account) -> Result<Self, Error> {
        let mut index = Index::default();
        match ledger.read(0)? {
            None => ledger.write("put", 0, &serde_json::to_vec(&account).unwrap_or_default())?,
            Some(bytes) => {
                let broken = |error: serde_json::Error| Error::Record { number: 0, why: error.to_string() };
                let found: Account = serde_json::from_slice(&bytes).map_err(broken)?;
                if found != account {
                    return Err(Error::Account { found: found.to_string(), accepted: account.to_string() });
                }
            }
        }
        for number in ledger.numbers().into_iter().filter(|number| (1..NAMED).contains(number)) {
            let missing = || Error::Record { number, why: "is missing".into() };
            let record = Record::decode(number, &ledger.read(number)?.ok_or_else(missing)?)?;
            index.keys.insert(record.intent.key.clone(), number);
            index.open.insert(number);
            index.records.insert(number, record);
        }
        Ok(Self { ledger: ledger.clone(), account, index: Arc::new(Mutex::new(index)) })
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whose it is.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Adds an intent, unless its key is there, and returns when it is safe. Errors: the key is there with another call, something is too
    /// long, the disk.
    pub fn put(&self, intent: Intent) -> Result<Put, Error> {
        let known = {
            let mut index = self.index();
            match index.keys.get(&intent.key).and_then(|number| index.records.get(number)) {
                Some(record) => {
                    let taken = |what| Error::Taken { key: intent.key.clone(), what };
                    if record.intent.call != intent.call {
                        return Err(taken("call"));
                    }
                    if record.intent.deadline != intent.deadline {
                        return Err(taken("deadline"));
                    }
                    if record.intent.requires != intent.requires {
                        return Err(taken("requirement"));
                    }
                    true
                }
                None => {
                    let number = index.records.last_key_value().map_or(1, |(last, _)| last + 1);
                    let record = Record::new(number, intent)?;
                    self.ledger.queue("put", number, &record.encode())?;
                    index.keys.insert(record.intent.key.clone(), number);
                    index.open.insert(number);
                    index.records.insert(number, record);
                    false
                }
            }
        };
        // Known is not yet safe: another thread may have queued it a moment ago, or an earlier flush have failed.
        self.ledger.settle("put")?;
        Ok(if known { Put::Known } else { Put::New })
    }

    /// An intent and how far it has come.
    pub fn get(&self, key: &str) -> Option<Record> {
        let index = self.index();
        index.records.get(index.keys.get(key)?).cloned()
    }

    /// All of them, in the order in which they were put.
    pub fn all(&self) -> Vec<Record> {
        self.index().records.values().cloned().collect()
    }

    /// How many are not over.
    pub fn pending(&self) -> usize {
        let index = self.index();
        index.open.iter().filter(|number| index.records.get(number).is_some_and(|it| !it.state.over())).count()
    }

    /// Those that are not over, or whose block is not deep enough to be forgotten about.
    pub(crate) fn open_records(&self) -> Vec<Record> {
        let index = self.index();
        index.open.iter().filter_map(|number| index.records.get(number)).cloned().collect()
    }

    /// Says that a record needs no more looking at.
    pub(crate) fn close(&self, number: u64) {
        self.index().open.remove(&number);
    }

    /// Writes a change down.
    pub(crate) fn update(&self, why: &str, record: Record) -> Result<(), Error> {
        {
            let (mut index, number) = (self.index(), record.number);
            // What could not be queued did not happen. What was queued did, though it is acted on only when it is safe.
            self.ledger.queue(why, number, &record.encode())?;
            index.open.insert(number);
            index.records.insert(number, record);
        }
        self.ledger.settle(why)
    }

    /// Waits until every change is on the disk.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        self.ledger.flush()
    }
}
