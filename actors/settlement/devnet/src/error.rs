//! Why a devnet can't be made, opened or served. What a client of the chain is told is [`crate::Failure`].

use std::{io, net::SocketAddr, path::PathBuf};

/// Why a devnet can't be made, opened or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Parameters that no chain can have.
    #[error("genesis: {what}: found {found}; accepted: {accepted}")]
    Genesis {
        /// Which.
        what: &'static str,
        /// Given.
        found: String,
        /// What may be given.
        accepted: &'static str,
    },
    /// The folder holds a chain that began otherwise.
    #[error("devnet {}: began with other parameters: found {found}; accepted: {accepted}", path.display())]
    OtherGenesis {
        /// The file.
        path: PathBuf,
        /// Asked for.
        found: String,
        /// What is on the disk.
        accepted: String,
    },
    /// Another process has this folder open.
    #[error("devnet {}: is open in another process; accepted: one process at a time", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The log is damaged before its end: what follows can't be trusted. Nothing was changed.
    #[error("devnet {}: damaged at byte {offset} (entry {entry}): {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the entry begins.
        offset: u64,
        /// Which entry, from 0 (the genesis).
        entry: u64,
        /// What is wrong.
        why: String,
    },
    /// The operating system refused.
    #[error("devnet {}: {what}: {why}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done.
        what: &'static str,
        /// What was said.
        why: String,
        /// Whether it may pass.
        passing: bool,
    },
    /// The address can't be listened on.
    #[error("listen on {address}: {why}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What was said.
        why: String,
    },
}

impl Error {
    /// Whether the same call may succeed later, with nothing else changed here.
    pub fn retryable(&self) -> bool {
        match self {
            Self::InUse { .. } | Self::Listen { .. } => true,
            Self::Io { passing, .. } => *passing,
            _ => false,
        }
    }

    pub(crate) fn io(path: &std::path::Path, what: &'static str, error: &io::Error) -> Self {
        // As in the store: what is said of names and rights lasts, the rest may pass.
        let lasting = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput
        );
        Self::Io { path: path.to_owned(), what, why: error.to_string(), passing: !lasting }
    }
}
