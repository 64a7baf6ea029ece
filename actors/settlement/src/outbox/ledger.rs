//! Records that must not be lost, on `hyperdust-store`.
//!
//! The store's journals are what is needed here: sealed, versioned, in one order, acknowledged by one flush, and a database that lost its end is
//! noticed when it is opened. Each record is a journal, each change of it a command that holds the whole record, and every few changes a
//! checkpoint takes the place of those before.
//!
//! A change is queued and seen here at once, and is safe when [`Ledger::flush`] has returned. Where that fails, the change stays queued and is written
//! by the next flush, so whoever acts on a record only after a flush never acts on something that a crash takes back.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::{primitives::B256, providers::DynProvider};
use hyperdust_store::{Options, SledStore, Store};

use crate::{crash::crash_point, rpc::Rpc, sender::Error};

/// Changes after which the earlier ones are dropped.
const CHECKPOINT: u64 = 8;
/// Numbers from here on are not intents'.
pub(crate) const NAMED: u64 = 1 << 63;

/// A folder with outbox and cursors. Cheap to clone; one process at a time.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
    store: Arc<SledStore>,
    /// Of each record: its last change, and the last one that a checkpoint holds.
    changes: Arc<Mutex<HashMap<u64, (u64, u64)>>>,
}

impl Ledger {
    /// Opens the ledger in this folder, or makes one.
    ///
    /// Where the disk lost something, [`Error::Lost`] until a person has looked at it: whoever forgets that a transaction was made
    /// makes it again.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (store, opened) = SledStore::open(&Options { path: path.into(), cache: 8 << 20, ..Options::default() })?;
        let mark = path.join("lost.txt");
        if !opened.lost.is_empty() {
            let lost: Vec<String> = opened.lost.iter().map(|it| format!("{}: {}\n", it.key, it.reason)).collect();
            fs::write(&mark, lost.concat()).map_err(|error| Error::Record { number: 0, why: error.to_string() })?;
        }
        if let Ok(report) = fs::read_to_string(&mark) {
            let why = report.lines().next().unwrap_or("nothing is known").into();
            return Err(Error::Lost { path: path.into(), mark, why });
        }
        let changes = store.sessions()?.into_iter().map(|it| (it.session, (it.last, it.after))).collect();
        Ok(Self { path: path.into(), store: Arc::new(store), changes: Arc::new(Mutex::new(changes)) })
    }

    /// Refuses a node whose chain began with another block than the one that this ledger was made on; a ledger that knows of none gets this one's.
    ///
    /// Chains of one number may be two: devnets, mostly, that were started anew. What was to happen on the one has no meaning on the other.
    pub async fn check(&self, node: &DynProvider) -> Result<(), Error> {
        self.belongs(&Rpc::new(node.clone(), crate::chain::PATIENCE)).await
    }

    pub(crate) async fn belongs(&self, rpc: &Rpc) -> Result<(), Error> {
        // A node that doesn't know, as where old blocks are left out, proves nothing.
        let Some(found) = rpc.first().await? else { return Ok(()) };
        let number = named("the first block");
        let Some(known) = self.read(number)? else { return self.write("put", number, found.as_slice()) };
        let broken = |_| Error::Record { number, why: "is no block's hash".into() };
        let accepted = B256::try_from(known.as_slice()).map_err(broken)?;
        match found == accepted {
            true => Ok(()),
            false => Err(Error::OtherChain { path: self.path.clone(), found, accepted }),
        }
    }

    fn changes(&self) -> MutexGuard<'_, HashMap<u64, (u64, u64)>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of all records, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.changes().keys().copied().collect();
        numbers.sort_unstable();
        numbers
    }

    /// A record as it was last written.
    pub(crate) fn read(&self, number: u64) -> Result<Option<Vec<u8>>, Error> {
        let journal = self.store.journal(number)?;
        Ok(journal.map(|mut journal| journal.commands.pop().unwrap_or(journal.state)))
    }

    fn append(&self, number: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut changes = self.changes();
        let Some((last, kept)) = changes.get(&number).copied() else {
            self.store.checkpoint(number, 0, bytes)?;
            changes.insert(number, (0, 0));
            return Ok(());
        };
        self.store.append(number, last + 1, bytes)?;
        changes.insert(number, (last + 1, kept));
        if last + 1 - kept >= CHECKPOINT {
            self.store.checkpoint(number, last + 1, bytes)?;
            changes.insert(number, (last + 1, last + 1));
        }
        Ok(())
    }

    /// Waits until everything that was queued is on the disk.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        Ok(self.store.flush()?)
    }

    /// Queues a record. `why` is only for tests: see [`crate::crash`].
    pub(crate) fn queue(&self, _why: &str, number: u64, bytes: &[u8]) -> Result<(), Error> {
        crash_point!("ledger {_why} write");
        self.append(number, bytes)
    }

    /// Waits for the disk after something was queued; under no lock, so that many callers share one flush.
    pub(crate) fn settle(&self, _why: &str) -> Result<(), Error> {
        crash_point!("ledger {_why} flush");
        self.flush()?;
        crash_point!("ledger {_why} done");
        Ok(())
    }

    /// Queues a record and waits for the disk.
    pub(crate) fn write(&self, why: &str, number: u64, bytes: &[u8]) -> Result<(), Error> {
        self.queue(why, number, bytes)?;
        self.settle(why)
    }
}

/// The number of a record that has a name: the same everywhere, and no intent's.
pub(crate) fn named(name: &str) -> u64 {
    let digest = alloy::primitives::keccak256(name);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    NAMED | u64::from_be_bytes(first)
}
