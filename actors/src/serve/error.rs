//! Why a server does not start, or stops.

use std::path::PathBuf;

/// Nothing of this reaches a client: what clients are told has codes of its own, in the wire crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that is none.
    #[error("settings: {place}: {why}")]
    Config {
        /// The layer, variable or key.
        place: String,
        /// What is wrong, and what is accepted.
        why: String,
    },
    /// A folder of scenes, or a scene in it.
    #[error("scene {name}: {why}")]
    Scene {
        /// Its name or folder.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A policy's file.
    #[error("policy {name}: {why}")]
    Policy {
        /// Its name.
        name: String,
        /// The file, and what is wrong with it.
        why: String,
    },
    /// An endpoint that cannot be listened on.
    #[error("listen on {endpoint}: {why}")]
    Listen {
        /// Which.
        endpoint: String,
        /// What is wrong, and what is accepted.
        why: String,
    },
    /// A socket failed.
    #[error("ZeroMQ: {0}")]
    Socket(String),
    /// The store cannot be opened or written.
    #[error("store: {0}")]
    Store(String),
    /// The store will never take this: it is longer than anything that it holds, say.
    #[error("store: {0}")]
    Unfit(String),
    /// The list of keys, or a key in it.
    #[error("keys: {0}")]
    Keys(String),
    /// The chain, the deployment or the wallet that work is paid with.
    #[error("settlement: {0}")]
    Settlement(String),
    /// A file or folder.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A thread that the server cannot do without has ended.
    #[error("the {0} has stopped: a fault of this program")]
    Stopped(&'static str),
}
