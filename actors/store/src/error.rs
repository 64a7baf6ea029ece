//! Why the store refused, or what it found broken.
//!
//! [`Error::retryable`] tells apart what passes (a full disk, another process, too much at once) from what does not. Whatever the
//! error: everything that an earlier flush acknowledged is still there, or is named in a report.

use std::{fmt, io, path::PathBuf};

use crate::{Id, key::Key};

/// Why bytes are not the value that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Too short to be one.
    #[error("found {found} bytes; accepted: at least {accepted}")]
    Short {
        /// Given.
        found: usize,
        /// Needed.
        accepted: usize,
    },
    /// Not a value of this store.
    #[error("does not start with \"HDSV\"")]
    Magic,
    /// Written by another release.
    #[error("is of version {found}; accepted: {accepted}")]
    Version {
        /// In the bytes.
        found: u16,
        /// Of this release.
        accepted: u16,
    },
    /// Bytes changed since they were written.
    #[error("its checksum does not match")]
    Checksum,
    /// A value, but of another key.
    #[error("belongs to another key")]
    Misplaced,
    /// A part of it is not there.
    #[error("part {part} of {parts} is missing")]
    Part {
        /// Which, from 0.
        part: u32,
        /// How many there should be.
        parts: u32,
    },
    /// Its parts were not written together.
    #[error("its parts do not belong together")]
    Mixed,
    /// Its bytes are not those that its name promises.
    #[error("its bytes have another content address")]
    Content,
    /// Checks, and says nothing that is understood.
    #[error("malformed: {0}")]
    Malformed(String),
    /// It is known of and not there.
    #[error("is missing")]
    Missing,
    /// What it refers to is not there.
    #[error("refers to {0}, which is not there")]
    Dangling(String),
    /// The database below cannot read it.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has this folder open.
    #[error("store {}: is open in another process{}; accepted: one process at a time", path.display(), Process(*process))]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its number, where it is known.
        process: Option<u32>,
    },
    /// The disk has no room. Nothing that was acknowledged is lost; what was put since waits for the next flush.
    #[error("store: the disk is full: found {free} bytes free; accepted: {needed}")]
    DiskFull {
        /// Bytes free.
        free: u64,
        /// Bytes that the flush wants to find.
        needed: u64,
    },
    /// The operating system refused. What was put since the last flush waits for the next one.
    #[error("store: {what}: {why}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What was said.
        why: String,
        /// Whether it may pass.
        passing: bool,
    },
    /// More has been put than a flush should take.
    #[error("store: found {found} bytes waiting for a flush; accepted: at most {accepted}")]
    Backlog {
        /// Bytes that would wait.
        found: u64,
        /// The limit.
        accepted: u64,
    },
    /// The value does not fit under the size cap, even with everything evicted that may be.
    #[error("store: found {needed} bytes to put; accepted: at most {accepted} ({pinned} of {capacity} are pinned)")]
    NoRoom {
        /// Bytes of the value.
        needed: u64,
        /// Bytes that could be made free.
        accepted: u64,
        /// Bytes that may not be evicted.
        pinned: u64,
        /// The cap.
        capacity: u64,
    },
    /// A value that is longer than a value may be.
    #[error("{what}: found {found} bytes; accepted: at most {accepted}")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Given.
        found: u64,
        /// The limit.
        accepted: u64,
    },
    /// A stored value is broken. Others are not affected; `fsck` names all of them.
    #[error("{key}: {why}")]
    Broken {
        /// Which.
        key: String,
        /// How.
        why: Unfit,
    },
    /// The database itself is broken: opening the store again moves it aside and saves what checks.
    #[error("store: the database is damaged: {why}; accepted: opening it again, which saves what checks")]
    Damaged {
        /// How.
        why: String,
    },
    /// No such job or session.
    #[error("{what} {name}: is not in the store")]
    Unknown {
        /// "job", "session" or "episode or job".
        what: &'static str,
        /// Which.
        name: String,
    },
    /// A job that is not added to any more.
    #[error("job {job}: is finalised; accepted: segments before that")]
    Finalised {
        /// Which.
        job: Id,
    },
    /// Entries of a journal or segments of a job come one after the other.
    #[error("{what}: found number {found}; accepted: {accepted}")]
    Gap {
        /// Of what.
        what: String,
        /// Given.
        found: u64,
        /// The next one.
        accepted: u64,
    },
    /// A job that pins too much.
    #[error("job {job}: found {found} pinned episodes; accepted: at most {accepted}")]
    Pins {
        /// Which.
        job: Id,
        /// With those asked for.
        found: usize,
        /// The limit.
        accepted: usize,
    },
    /// A number that is none.
    #[error("{what}: found NaN; accepted: numbers")]
    NotANumber {
        /// Which.
        what: &'static str,
    },
    /// Text that is no name.
    #[error(
        "name: found {found:?}; accepted: 64 hexadecimal digits, or in a command line their beginning if only one begins so"
    )]
    Name {
        /// The text.
        found: String,
    },
}

impl Error {
    /// Whether the same call may succeed later, with nothing else changed here.
    pub fn retryable(&self) -> bool {
        match self {
            Self::InUse { .. } | Self::DiskFull { .. } | Self::Backlog { .. } => true,
            Self::Io { passing, .. } => *passing,
            _ => false,
        }
    }

    pub(crate) fn missing(key: &Key) -> Self {
        Self::Broken { key: key.to_string(), why: Unfit::Missing }
    }

    pub(crate) fn io(what: &'static str, error: &io::Error) -> Self {
        // Whatever an operating system says of files may pass but for what is said of names and rights.
        let lasting = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
        );
        Self::Io { what, why: error.to_string(), passing: !lasting }
    }
}

struct Process(Option<u32>);

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |id| write!(f, " (number {id})"))
    }
}
