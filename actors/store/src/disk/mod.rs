//! One database folder: sled, with what it lacks.
//!
//! - sled waits for `sync_file_range`, which leaves the file's length and the disk's own cache out. [`Disk::flush`] calls `fdatasync` as well.
//! - sled panics on some damage. Every call is caught, and a panic is [`Error::Damaged`].
//! - sled forgets, and overwrites with zeros, what lies behind damage in its log. [`log`] looks before sled does, and [`witness`] knows
//!   what there should be.

pub mod log;
pub mod salvage;
pub mod witness;

use std::{
    fs::File,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Error, Unfit,
    key::Key,
    value::{Part, Secret},
};

/// Bytes of a segment of sled's log. A page of more than a quarter of it would leave the log: see [`crate::value::PART`].
pub const SEGMENT: usize = 1 << 20;

/// Takes a stored key and what is stored under it.
pub type Each<'a> = dyn FnMut(&[u8], Result<Part<'_>, Unfit>) + 'a;

/// Times ten milliseconds that a closed database may take to let go of its file.
const PATIENCE: u32 = 300;

/// An open database.
pub struct Disk {
    db: sled::Db,
    file: File,
    path: PathBuf,
    secret: Secret,
    /// Where its log was damaged before it was opened, in what had long been replaced.
    pub harmless: Vec<u64>,
}

impl Disk {
    /// Opens or creates the database in this folder.
    pub fn open(path: &Path, secret: Secret, cache: u64) -> Result<Self, Error> {
        settle(path);
        let config = sled::Config::new()
            .path(path)
            .segment_size(SEGMENT)
            .cache_capacity(cache)
            .mode(sled::Mode::LowSpace)
            // Only a flush that is asked for may acknowledge anything.
            .flush_every_ms(None);
        let db = caught(|| config.open())?;
        let file = File::open(path.join("db")).map_err(|error| Error::io("open the log", &error))?;
        sync_folder(path)?;
        Ok(Self { db, file, path: path.into(), secret, harmless: Vec::new() })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a value. Not safe before [`Disk::flush`]; what is written earlier is never lost while what is written later is there.
    pub fn put(&self, key: Key, stamp: u64, value: &[u8]) -> Result<(), Error> {
        Part::cut(key, stamp, value).try_for_each(|part| {
            let bytes = part.encode(&self.secret);
            caught(|| self.db.insert(key.part(part.part), bytes)).map(drop)
        })
    }

    /// Removes so many parts of a value, the last first.
    pub fn remove(&self, key: &Key, parts: u32) -> Result<(), Error> {
        (0..parts).rev().try_for_each(|part| self.remove_raw(&key.part(part)))
    }

    /// Removes whatever is stored under these bytes.
    pub fn remove_raw(&self, key: &[u8]) -> Result<(), Error> {
        caught(|| self.db.remove(key)).map(drop)
    }

    /// Waits until everything is on the disk.
    pub fn flush(&self) -> Result<(), Error> {
        caught(|| self.db.flush())?;
        self.file.sync_data().map_err(|error| Error::io("write the log", &error))
    }

    /// A value. The outer error is the database's, the inner one the value's.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, Error> {
        let broken = |why| Error::Broken { key: key.to_string(), why };
        let (mut value, mut whole): (Vec<u8>, Option<(u64, u64)>) = (Vec::new(), None);
        for number in 0.. {
            let stored = match caught(|| self.db.get(key.part(number))) {
                Err(Error::Damaged { why }) => return Err(broken(Unfit::Unreadable(why))),
                stored => stored?,
            };
            let Some(stored) = stored else {
                return match whole {
                    None => Ok(None),
                    Some((total, _)) => Err(broken(Unfit::Part { part: number, parts: crate::value::parts(total) })),
                };
            };
            let part = Part::decode(&self.secret, &stored).map_err(broken)?;
            if (part.key, part.part) != (*key, number) {
                return Err(broken(Unfit::Misplaced));
            }
            // Parts of what has a content address are the same whenever they were written.
            let stamp = if matches!(key, Key::Object(_)) { 0 } else { part.stamp };
            if *whole.get_or_insert((part.total, stamp)) != (part.total, stamp) {
                return Err(broken(Unfit::Mixed));
            }
            value.extend_from_slice(part.bytes);
            if number + 1 == part.parts() {
                break;
            }
        }
        match key {
            Key::Object(id) if crate::Id::of(&value) != *id => Err(broken(Unfit::Content)),
            _ => Ok(Some(value)),
        }
    }

    /// Calls `each` with everything stored but the bytes of objects, in the order of keys.
    pub fn records(&self, each: &mut Each<'_>) -> Result<(), Error> {
        let (objects, behind): (&[u8], &[u8]) = (b"O", b"P");
        for entries in [self.db.range(..objects), self.db.range(behind..)] {
            self.walk(entries, each)?;
        }
        Ok(())
    }

    /// Calls `each` with every stored key of an object's part.
    pub fn objects(&self, each: &mut Each<'_>) -> Result<(), Error> {
        let (objects, behind): (&[u8], &[u8]) = (b"O", b"P");
        self.walk(self.db.range(objects..behind), each)
    }

    fn walk(&self, mut entries: sled::Iter, each: &mut Each<'_>) -> Result<(), Error> {
        while let Some((key, value)) = caught(|| entries.next().transpose())? {
            each(&key, Part::decode(&self.secret, &value));
        }
        Ok(())
    }

    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        folder_bytes(&self.path)
    }
}

/// Waits until a database that was closed in this process lets go of its file: sled's threads do so a moment after its last handle is
/// gone. The store's own lock keeps others away, so whoever holds the file is on the way out.
pub fn settle(path: &Path) {
    let Ok(file) = File::open(path.join("db")) else { return };
    for _ in 0..PATIENCE {
        if file.try_lock().is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Bytes of the files of a folder and of the folders in it.
fn folder_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Waits until a folder's list of names is on the disk.
pub fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| Error::io("write a folder", &error))
}

/// The first line of what a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
    text.lines().next().unwrap_or_default().into()
}

fn caught<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    // A panic may leave sled's own state in pieces: whoever gets the error never uses it for writing again.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(of_io(&error)),
        Ok(Err(error)) => Err(Error::Damaged { why: error.to_string() }),
        Err(panic) => Err(Error::Damaged { why: format!("the database gave up: {}", said(&*panic)) }),
    }
}

/// sled reports damage as input and output errors, too: the end of a file that should go on, a file that should be there.
fn of_io(error: &io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, UnexpectedEof};
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::DiskFull { free: 0, needed: SEGMENT as u64 }
        }
        Other if error.to_string().contains("acquire lock") => {
            Error::Io { what: "lock the log", why: error.to_string(), passing: true }
        }
        InvalidData | InvalidInput | NotFound | Other | UnexpectedEof => Error::Damaged { why: error.to_string() },
        _ => Error::io("read or write the log", error),
    }
}
