//! What can go wrong with jobs and disputes.

use std::path::PathBuf;

/// Why something could not be done. Only [`Error::Io`] may be worth retrying.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel refused a blueprint, a state or actions.
    #[error(transparent)]
    Kernel(#[from] hyperdust_kernel::Error),
    /// A scene could not be read or cooked.
    #[error(transparent)]
    Scene(#[from] hyperdust_scene::Error),
    /// A vector env refused something.
    #[error(transparent)]
    Gym(#[from] hyperdust_gym::Error),
    /// The proof machine refused something.
    #[error(transparent)]
    Machine(#[from] hyperdust_proof::Error),
    /// A graph that cannot be.
    #[error(transparent)]
    Graph(#[from] hyperdust_proof::GraphError),
    /// Bytes or segments that are no job.
    #[error("job: {0}")]
    Job(String),
    /// Actions that nobody signed.
    #[error("segment {segment}: its actions are not the user's: {why}")]
    Unsigned {
        /// Number of the segment.
        segment: usize,
        /// What is wrong with the signature.
        why: String,
    },
    /// A program's image that is not there, or not the one that was committed to.
    #[error("program \"{name}\": {why}; `make guest` builds it")]
    Program {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// An injection that cannot be made.
    #[error("injection: found {found}; accepted: {accepted}")]
    Injection {
        /// What was asked for.
        found: String,
        /// What can be.
        accepted: String,
    },
    /// A game that an honest party could not play on.
    #[error("dispute: {0}")]
    Dispute(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
