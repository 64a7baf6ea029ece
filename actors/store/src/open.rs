//! Opening a store's folder, whatever is in it.
//!
//! ```text
//! lock                      held by the process that has the store open; its number is in it
//! identity, identity.copy   the secret that values are sealed with
//! witness                   what the last commit left
//! db-1/                     the database; of several the one with the highest number
//! db-2.partial/             one that is being written: by a compaction, or a salvage
//! db-1.keep                 a copy of a suspicious log, while sled opens it
//! db-1.damaged              a mark: this database is to be salvaged
//! damaged-1/                a damaged database as it was found: nothing here reads or removes it
//! ```
//! A new database takes the place of an old one by being renamed once it is whole, so a crash leaves the one or the other.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    Error, Id,
    disk::{
        Disk,
        log::Log,
        salvage::Found,
        settle, sync_folder,
        witness::{Testimony, Witness},
    },
    fsck::{Finding, Objects},
    key::Key,
    load::{Loaded, Loader},
    value::Secret,
};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder, made where it is not there.
    pub path: PathBuf,
    /// Bytes that may be kept; 0: as many as there are. The files are larger: what was removed is written over later.
    pub capacity: u64,
    /// Bytes of memory for what was read.
    pub cache: u64,
    /// Bytes of the disk that a flush leaves free.
    pub reserve: u64,
    /// Bytes that may wait for a flush.
    pub backlog: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { path: "store".into(), capacity: 0, cache: 64 << 20, reserve: 16 << 20, backlog: 256 << 20 }
    }
}

/// What opening came upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Where a damaged database was moved to.
    pub moved_aside: Option<PathBuf>,
    /// Why it was.
    pub reason: Option<String>,
    /// What could not be saved of it.
    pub lost: Vec<Finding>,
    /// Values that belong to nothing that was saved: removed before, or what they belonged to is lost.
    pub loose: u64,
}

impl Opened {
    /// Whether a damaged database was found.
    pub fn salvaged(&self) -> bool {
        self.moved_aside.is_some()
    }
}

pub(crate) struct Parts {
    pub lock: Lock,
    pub secret: Secret,
    pub witness: Witness,
    pub disk: Disk,
    pub loaded: Loaded,
    pub opened: Opened,
}

fn at<T>(what: &'static str, result: io::Result<T>) -> Result<T, Error> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => Error::DiskFull { free: 0, needed: 1 },
        _ => Error::io(what, &error),
    })
}

/// A store's lock. Given back explicitly: a child process that another thread is about to start has a copy of the file until it runs, and
/// closing this one would leave it locked.
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Nothing can be done about it, and the end of the process does the same.
        let _unlocked = self.0.unlock();
    }
}

fn lock(path: &Path) -> Result<Lock, Error> {
    let name = path.join("lock");
    let mut file = at("open the lock", File::options().read(true).write(true).create(true).truncate(false).open(name))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut number = String::new();
            // Only for the message.
            drop(file.read_to_string(&mut number));
            return Err(Error::InUse { path: path.into(), process: number.trim().parse().ok() });
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock the store", &error)),
    }
    // A full disk must not keep anybody from opening the store: the number is a help and no more.
    drop(file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())));
    Ok(Lock(file))
}

/// The store's secret, from either of two files; a new one for a new store.
fn identity(path: &Path) -> Result<Secret, Error> {
    let names = [path.join("identity"), path.join("identity.copy")];
    let read = |name: &PathBuf| -> Option<[u8; 32]> {
        let bytes = fs::read(name).ok()?;
        let (secret, sum) = bytes.split_first_chunk::<32>()?;
        (blake3::hash(secret).as_bytes() == sum).then_some(*secret)
    };
    let known = names.iter().find_map(read);
    let secret = match known {
        Some(secret) => secret,
        None => {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(|error| Error::Io {
                what: "draw a secret",
                why: error.to_string(),
                passing: true,
            })?;
            secret
        }
    };
    for name in &names {
        if read(name) != Some(secret) {
            let partial = name.with_extension("partial");
            let write = || -> io::Result<()> {
                let mut file = File::create(&partial)?;
                file.write_all(&secret)?;
                file.write_all(blake3::hash(&secret).as_bytes())?;
                file.sync_all()?;
                fs::rename(&partial, name)
            };
            at("write the store's identity", write())?;
        }
    }
    Ok(Secret(secret))
}

/// The folders of databases in this store by number.
fn generations(path: &Path) -> Result<Vec<u64>, Error> {
    let mut found = Vec::new();
    for entry in at("read the store's folder", fs::read_dir(path))? {
        let name = at("read the store's folder", entry)?.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix("db-")) else { continue };
        if let Ok(number) = rest.parse() {
            found.push(number);
        } else if rest.ends_with(".partial") {
            at("remove what is unfinished", fs::remove_dir_all(path.join(&name)))?;
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn folder(path: &Path, number: u64) -> PathBuf {
    path.join(format!("db-{number}"))
}

fn beside(path: &Path, number: u64, what: &str) -> PathBuf {
    path.join(format!("db-{number}.{what}"))
}

/// Marks the database in this folder as damaged, so that the next opening salvages it.
pub(crate) fn mark(database: &Path) {
    // Where even that fails, the damage is found again.
    drop(File::create(database.with_extension("damaged")));
}

/// Builds a database beside the others; `fill` writes it. It is not one of them before [`adopt`].
pub(crate) fn build(
    path: &Path,
    secret: Secret,
    options: &Options,
    fill: impl FnOnce(&Disk) -> Result<(), Error>,
) -> Result<(PathBuf, u64), Error> {
    let number = generations(path)?.last().map_or(1, |last| last + 1);
    let partial = beside(path, number, "partial");
    let whole = Disk::open(&partial, secret, options.cache).and_then(|disk| {
        fill(&disk)?;
        disk.flush()
    });
    if let Err(error) = whole.and_then(|()| sync_folder(&partial)) {
        // Where the disk is full, this is what fills it. What cannot be removed now is removed by the next opening.
        drop(fs::remove_dir_all(&partial));
        return Err(error);
    }
    Ok((partial, number))
}

/// Makes a database that was built the one that counts.
pub(crate) fn adopt(path: &Path, partial: &Path, number: u64) -> Result<PathBuf, Error> {
    let whole = folder(path, number);
    at("put a new database in place", fs::rename(partial, &whole))?;
    sync_folder(path)?;
    Ok(whole)
}

/// Moves a damaged database aside and gives where it is now.
fn move_aside(path: &Path, number: u64) -> Result<PathBuf, Error> {
    let aside = (1..).map(|count| path.join(format!("damaged-{count}"))).find(|aside| !aside.exists());
    let aside = aside.unwrap_or_else(|| path.join("damaged"));
    at("move the damaged database aside", fs::rename(folder(path, number), &aside))?;
    drop(fs::remove_file(beside(path, number, "damaged")));
    sync_folder(path)?;
    Ok(aside)
}

fn load(disk: &Disk, objects: Option<&HashMap<Id, u64>>, known: u64) -> Result<Loaded, Error> {
    let mut loader = Loader::default();
    disk.records(&mut |key, part| loader.feed(key, part))?;
    Ok(loader.finish(objects, known))
}

/// Opens the store.
pub(crate) fn open(options: &Options) -> Result<Parts, Error> {
    let path = &options.path;
    at("make the store's folder", fs::create_dir_all(path))?;
    let lock = lock(path)?;
    let secret = identity(path)?;
    let (witness, said) = at("open the witness", Witness::open(&path.join("witness"), secret))?;
    let mut numbers = generations(path)?;
    let last = numbers.pop();
    for number in numbers {
        if beside(path, number, "damaged").exists() {
            move_aside(path, number)?;
        } else {
            at("remove an old database", fs::remove_dir_all(folder(path, number)))?;
        }
    }
    let mut opened = Opened::default();
    let (disk, mut loaded) = match last {
        None => {
            let (partial, number) = build(path, secret, options, |_| Ok(()))?;
            let disk = Disk::open(&adopt(path, &partial, number)?, secret, options.cache)?;
            (disk, Loaded::default())
        }
        Some(number) => match try_open(path, number, secret, options, said.as_ref()) {
            Err(Error::Damaged { why }) => salvage(path, number, secret, options, said.as_ref(), why, &mut opened)?,
            result => result?,
        },
    };
    for key in std::mem::take(&mut loaded.sweep) {
        disk.remove_raw(&key)?;
    }
    if said.is_none() {
        let now = Testimony { commit: loaded.commit, counts: loaded.index.counts() };
        at("write the witness", witness.begin(&now))?;
    }
    Ok(Parts { lock, secret, witness, disk, loaded, opened })
}

/// Opens a database that may be damaged; where it is, its files are as they were before.
fn try_open(
    path: &Path,
    number: u64,
    secret: Secret,
    options: &Options,
    said: Option<&Testimony>,
) -> Result<(Disk, Loaded), Error> {
    let (database, keep) = (folder(path, number), beside(path, number, "keep"));
    let db = database.join("db");
    if keep.exists() {
        // The last opening did not end: sled may have been at work.
        at("restore the log", fs::rename(&keep, &db))?;
    }
    if beside(path, number, "damaged").exists() {
        return Err(Error::Damaged { why: "it was found so while it was open".into() });
    }
    let log = at("read the log", Log::examine(&database))?;
    if !log.suspect.is_empty() {
        keep_copy(&db, &beside(path, number, "keep.copying"), &keep)?;
    }
    let result = judge(&database, secret, options, said, &log);
    if let Err(Error::Damaged { .. }) = &result {
        settle(&database);
        let restored = if keep.exists() { fs::rename(&keep, &db) } else { log.restore(&database) };
        // A log that is not there cannot be restored, and is searched as it is.
        if let Err(error) = restored
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(Error::io("restore the log", &error));
        }
    } else if result.is_ok() && keep.exists() {
        at("remove a copy", fs::remove_file(&keep))?;
    }
    result
}

/// Copies a log to `keep`, by way of `partial`. A disk without room for that is left as it was.
fn keep_copy(db: &Path, partial: &Path, keep: &Path) -> Result<(), Error> {
    let copied = fs::copy(db, partial).and_then(|_| fs::rename(partial, keep));
    copied.map_err(|error| {
        // What cannot be removed now is written over by the next opening.
        drop(fs::remove_file(partial));
        let needed = fs::metadata(db).map_or(1, |log| log.len());
        match error.kind() {
            io::ErrorKind::StorageFull => {
                let free = fs2::available_space(db).unwrap_or(0);
                Error::DiskFull { free, needed }
            }
            _ => Error::io("copy the log", &error),
        }
    })
}

fn judge(
    database: &Path,
    secret: Secret,
    options: &Options,
    said: Option<&Testimony>,
    log: &Log,
) -> Result<(Disk, Loaded), Error> {
    let mut disk = Disk::open(database, secret, options.cache)?;
    let known = said.map_or(0, |said| said.commit);
    let loaded = load(&disk, None, known)?;
    let damaged = |why: String| Err(Error::Damaged { why });
    if said.is_none() && loaded.commit > 0 {
        return damaged("what its witness has seen could not be read: it may have lost its end".into());
    }
    if loaded.commit < known {
        return damaged(format!("its last commit is {}; the witness has seen {known}", loaded.commit));
    }
    if let Some(finding) = loaded.findings.first() {
        return damaged(format!("{}: {}", finding.key, finding.reason));
    }
    if let Some((offset, what)) = log.suspect.first() {
        // What is damaged may be out of use.
        let whole = Objects::read(&disk)?.whole;
        if loaded.index.objects.iter().any(|(id, held)| whole.get(id) != Some(&held.bytes)) {
            return damaged(format!("at byte {offset} of its log, {what}"));
        }
        disk.harmless = log.suspect.iter().map(|(offset, _)| *offset).collect();
    }
    Ok((disk, loaded))
}

/// Saves what checks into a new database and moves the old one aside.
fn salvage(
    path: &Path,
    number: u64,
    secret: Secret,
    options: &Options,
    said: Option<&Testimony>,
    why: String,
    opened: &mut Opened,
) -> Result<(Disk, Loaded), Error> {
    let old = folder(path, number);
    mark(&old);
    let found = at("search the damaged database", Found::search(&old, &secret))?;
    let mut objects = HashMap::new();
    let mut partial = Vec::new();
    let (new, next) = build(path, secret, options, |disk| {
        let mut failed = None;
        let result = found.each(&secret, |key, stamp, value| {
            if let Key::Object(id) = key {
                objects.insert(id, value.len() as u64);
            }
            disk.put(key, stamp, value).map_err(|error| {
                failed = Some(error);
                io::Error::other("the new database")
            })
        });
        match (result, failed) {
            (_, Some(error)) => Err(error),
            (result, None) => {
                partial = at("read the damaged database", result)?;
                Ok(())
            }
        }
    })?;
    let disk = Disk::open(&adopt(path, &new, next)?, secret, options.cache)?;
    let mut loaded = load(&disk, Some(&objects), said.map_or(0, |said| said.commit))?;
    opened.moved_aside = Some(move_aside(path, number)?);
    opened.reason = Some(why);
    opened.lost = std::mem::take(&mut loaded.findings);
    let part = |key: &Key| Finding { key: key.to_string(), reason: "parts of it are missing".into() };
    // Bytes are missed by what refers to them.
    opened.lost.extend(partial.iter().filter(|key| !matches!(key, Key::Object(_))).map(part));
    let loose = objects.keys().filter(|id| !loaded.index.objects.contains_key(id));
    for (id, bytes) in loose.map(|id| (id, objects[id])) {
        loaded.loose += 1;
        loaded.sweep.extend((0..crate::value::parts(bytes)).map(|part| Key::Object(*id).part(part)));
    }
    opened.loose = loaded.loose;
    if let Some(said) = said {
        let names = ["episodes", "jobs", "verdicts", "blueprints", "journals"];
        for ((name, found), expected) in names.iter().zip(loaded.index.counts()).zip(said.counts) {
            if found < expected {
                let reason = format!("found {found}; the last commit had {expected}");
                opened.lost.push(Finding { key: (*name).into(), reason });
            }
        }
    } else {
        let reason = "it, or the secret that it is sealed with, could not be read: how much there was is not known";
        opened.lost.push(Finding { key: "witness".into(), reason: reason.into() });
    }
    loaded.commit = loaded.commit.max(found.commit).max(said.map_or(0, |said| said.commit));
    Ok((disk, loaded))
}
