//! The store on sled: group commit, and what happens when the disk does not go along.
//!
//! A put changes the index and queues operations, under one short lock. A flush takes the whole queue, writes it in order with the number
//! of the commit as its last value, waits for the disk, and tells the witness; only then is anything acknowledged. Callers that come
//! meanwhile wait, and the next one of them writes for all. Reads look into the queue first, then into the database.
//!
//! Where writing fails, the queue is put back. sled accepts nothing more after such an error, so it is opened again before the next
//! attempt; where the disk is full, that is noticed before sled is touched ([`Options::reserve`]), and reads go on. After damage the
//! store answers reads as far as it can, refuses to write, and is salvaged when it is next opened.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::{
    Error, Usage,
    disk::{
        Disk,
        witness::{Testimony, Witness},
    },
    index::{Index, Op},
    key::Key,
    load,
    open::{self, Lock, Opened, Options},
    pending::Pending,
    value::Secret,
};

#[derive(Default)]
pub(crate) struct State {
    pub index: Index,
    pub pending: Pending,
    flushing: Option<Arc<Pending>>,
    /// Puts so far, and those of them that are safe.
    puts: u64,
    durable: u64,
}

pub(crate) enum Slot {
    /// All is well.
    Open(Disk),
    /// Reads work, writes do not: to be opened again.
    Stale(Disk),
    /// Could not be opened again yet.
    Closed(PathBuf),
    /// To be salvaged.
    Damaged(Option<Disk>, String),
}

impl Slot {
    pub fn disk(&self) -> Result<&Disk, Error> {
        match self {
            Self::Open(disk) | Self::Stale(disk) | Self::Damaged(Some(disk), _) => Ok(disk),
            Self::Damaged(None, why) => Err(Error::Damaged { why: why.clone() }),
            Self::Closed(_) => Err(Error::Io {
                what: "read the store",
                why: "it could not be opened again after an error".into(),
                passing: true,
            }),
        }
    }
}

/// The number of the last commit; held by who commits.
struct Commits {
    last: u64,
    witness: Witness,
}

/// A store in a folder. See [`crate::Store`] for what it promises.
pub struct SledStore {
    pub(crate) options: Options,
    pub(crate) secret: Secret,
    state: Mutex<State>,
    slot: RwLock<Slot>,
    commits: Mutex<Commits>,
    /// Held as long as the store is open; the last field, so that the database is closed before.
    _lock: Lock,
}

/// Whoever panicked while it held a lock was not this crate's doing alone, and left nothing half done that is acted on.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SledStore {
    /// Opens the store in this folder, makes one where there is none, and salvages a damaged one.
    ///
    /// Reads the database's file once. Errors: another process has it open, the disk is full, the operating system refuses.
    pub fn open(options: &Options) -> Result<(Self, Opened), Error> {
        let parts = open::open(options)?;
        let state = State { index: parts.loaded.index, ..State::default() };
        let store = Self {
            options: options.clone(),
            secret: parts.secret,
            state: Mutex::new(state),
            slot: RwLock::new(Slot::Open(parts.disk)),
            commits: Mutex::new(Commits { last: parts.loaded.commit, witness: parts.witness }),
            _lock: parts.lock,
        };
        if parts.opened.salvaged() {
            // What was saved is the truth from here on.
            store.commit(true)?;
        }
        Ok((store, parts.opened))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        held(&self.state)
    }

    pub(crate) fn slot(&self) -> RwLockReadGuard<'_, Slot> {
        self.slot.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_mut(&self) -> RwLockWriteGuard<'_, Slot> {
        self.slot.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses where nothing can be put any more.
    pub(crate) fn writable(&self) -> Result<(), Error> {
        match &*self.slot() {
            Slot::Damaged(_, why) => Err(Error::Damaged { why: why.clone() }),
            _ => Ok(()),
        }
    }

    /// Queues the operations of one put.
    pub(crate) fn queue(state: &mut State, ops: Vec<Op>) {
        if !ops.is_empty() {
            state.pending.extend(ops);
            state.puts += 1;
        }
    }

    /// Makes room for `needed` bytes of a put, or refuses; queues the evictions.
    pub(crate) fn make_room(&self, state: &mut State, needed: u64, spare: &crate::Id) -> Result<(), Error> {
        let waiting = state.waiting() + needed;
        // One value alone is always taken: it could never be put otherwise.
        if waiting > self.options.backlog && waiting > needed {
            return Err(Error::Backlog { found: waiting, accepted: self.options.backlog });
        }
        let capacity = self.options.capacity;
        let (blueprints, items) = state.index.room(needed, capacity, spare).map_err(|free| {
            let pinned = state.index.bytes.saturating_sub(free);
            Error::NoRoom { needed, accepted: capacity.saturating_sub(pinned), pinned, capacity }
        })?;
        let mut ops = Vec::new();
        state.index.evicted += (blueprints.len() + items.len()) as u64;
        for item in items {
            state.index.remove(&mut ops, item);
        }
        for root in blueprints {
            state.index.remove_blueprint(&mut ops, &root);
        }
        Self::queue(state, ops);
        Ok(())
    }

    /// A value, from the queue or the database.
    pub(crate) fn read(&self, key: &Key) -> Result<Option<Arc<[u8]>>, Error> {
        let queued = self.state().queued(key);
        if let Some(value) = queued {
            return Ok(value);
        }
        let value = self.slot().disk()?.get(key)?;
        Ok(value.map(Into::into))
    }

    /// A record that the index knows.
    pub(crate) fn record<T: borsh::BorshDeserialize>(&self, key: &Key) -> Result<Option<T>, Error> {
        let broken = |why| Error::Broken { key: key.to_string(), why };
        self.read(key)?.map(|bytes| load::decode(&bytes).map_err(broken)).transpose()
    }

    pub(crate) fn flush_all(&self) -> Result<(), Error> {
        self.commit(false)
    }

    fn commit(&self, always: bool) -> Result<(), Error> {
        let target = self.state().puts;
        let mut commits = held(&self.commits);
        if !always && self.state().durable >= target {
            return Ok(());
        }
        self.commit_now(&mut commits)
    }

    fn commit_now(&self, commits: &mut Commits) -> Result<(), Error> {
        // Before anything is taken from the queue.
        self.revive()?;
        let (batch, counts, puts) = {
            let mut state = self.state();
            self.check_disk(state.pending.bytes())?;
            let batch = Arc::new(std::mem::take(&mut state.pending));
            state.flushing = Some(batch.clone());
            (batch, state.index.counts(), state.puts)
        };
        let commit = commits.last + 1;
        let result = self.write(&batch, commit);
        let mut state = self.state();
        state.flushing = None;
        match result {
            Ok(()) => {
                commits.last = commit;
                state.durable = puts;
                drop(state);
                // A witness that cannot be written is behind, which is harmless.
                drop(commits.witness.testify(&Testimony { commit, counts }));
                Ok(())
            }
            Err(error) => {
                state.pending.put_back(&batch);
                drop(state);
                Err(self.fail(error))
            }
        }
    }

    fn write(&self, batch: &Pending, commit: u64) -> Result<(), Error> {
        let slot = self.slot();
        let disk = slot.disk()?;
        batch.write(disk, commit)?;
        disk.put(Key::Head, commit, &load::encode(&commit))?;
        disk.flush()
    }

    /// Writing failed: nothing is written through this handle any more.
    fn fail(&self, error: Error) -> Error {
        let mut slot = self.slot_mut();
        let before = std::mem::replace(&mut *slot, Slot::Closed(PathBuf::new()));
        *slot = match (before, &error) {
            (Slot::Open(disk) | Slot::Stale(disk), Error::Damaged { why }) => {
                open::mark(disk.path());
                Slot::Damaged(Some(disk), why.clone())
            }
            (Slot::Open(disk), _) => Slot::Stale(disk),
            (before, _) => before,
        };
        drop(slot);
        match error {
            Error::DiskFull { needed, .. } => Error::DiskFull { free: self.free(), needed },
            error => error,
        }
    }

    /// Opens the database again after an error.
    fn revive(&self) -> Result<(), Error> {
        let mut slot = self.slot_mut();
        let path = match &*slot {
            Slot::Open(_) => return Ok(()),
            Slot::Damaged(_, why) => return Err(Error::Damaged { why: why.clone() }),
            Slot::Stale(disk) => disk.path().to_path_buf(),
            Slot::Closed(path) => path.clone(),
        };
        self.check_disk(0)?;
        // The old one holds a lock on its file.
        *slot = Slot::Closed(path.clone());
        match Disk::open(&path, self.secret, self.options.cache) {
            Ok(disk) => {
                *slot = Slot::Open(disk);
                Ok(())
            }
            Err(Error::Damaged { why }) => {
                open::mark(&path);
                *slot = Slot::Damaged(None, why.clone());
                Err(Error::Damaged { why })
            }
            Err(error) => Err(error),
        }
    }

    fn free(&self) -> u64 {
        fs2::available_space(&self.options.path).unwrap_or(u64::MAX)
    }

    fn check_disk(&self, bytes: u64) -> Result<(), Error> {
        // sled writes a value about twice: alone, and with its neighbours.
        let (free, needed) = (self.free(), self.options.reserve.saturating_add(2 * bytes));
        if self.options.reserve > 0 && free < needed { Err(Error::DiskFull { free, needed }) } else { Ok(()) }
    }

    /// Calls `with` and the number of the last commit while nothing is committed.
    pub(crate) fn at_rest<T>(&self, with: impl FnOnce(u64) -> Result<T, Error>) -> Result<T, Error> {
        let commits = held(&self.commits);
        with(commits.last)
    }

    /// Copies what is kept into a new database, which takes the place of the old one.
    pub(crate) fn rewrite(&self) -> Result<(), Error> {
        let mut commits = held(&self.commits);
        // Index and disk must say the same, so nothing is put from here on.
        let state = loop {
            self.commit_now(&mut commits)?;
            let state = self.state();
            if state.pending.is_empty() {
                break state;
            }
        };
        let mut slot = self.slot_mut();
        self.check_disk(state.index.bytes)?;
        let disk = slot.disk()?;
        let (partial, number) = open::build(&self.options.path, self.secret, &self.options, |new| {
            let mut waiting = 0;
            for key in state.index.keys() {
                let value = disk.get(&key)?.ok_or_else(|| Error::missing(&key))?;
                new.put(key, commits.last, &value)?;
                waiting += value.len();
                if waiting > 16 << 20 {
                    waiting = 0;
                    new.flush()?;
                }
            }
            new.put(Key::Head, commits.last, &load::encode(&commits.last))
        })?;
        let old = disk.path().to_path_buf();
        let new = open::adopt(&self.options.path, &partial, number)?;
        *slot = Slot::Closed(new.clone());
        *slot = Slot::Open(Disk::open(&new, self.secret, self.options.cache)?);
        fs::remove_dir_all(&old).map_err(|error| Error::io("remove the old database", &error))
    }

    pub(crate) fn measure(&self) -> Usage {
        let disk = self.slot().disk().map_or(0, Disk::bytes);
        let state = self.state();
        let [episodes, jobs, verdicts, blueprints, sessions] = state.index.counts();
        Usage {
            bytes: state.index.bytes,
            pinned: state.index.pinned(),
            capacity: self.options.capacity,
            waiting: state.waiting(),
            disk,
            episodes,
            jobs,
            verdicts,
            blueprints,
            sessions,
            evicted: state.index.evicted,
        }
    }
}

impl State {
    /// Whether these bytes are new, and not on the disk yet.
    pub(crate) fn unsafe_yet(&self, object: &crate::Id) -> bool {
        matches!(self.queued(&Key::Object(*object)), Some(Some(_)))
    }

    fn queued(&self, key: &Key) -> Option<Option<Arc<[u8]>>> {
        self.pending.get(key).or_else(|| self.flushing.as_ref().and_then(|flushing| flushing.get(key)))
    }

    fn waiting(&self) -> u64 {
        self.pending.bytes() + self.flushing.as_ref().map_or(0, |flushing| flushing.bytes())
    }
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore").field("path", &self.options.path).finish_non_exhaustive()
    }
}
