//! What can go wrong with jobs, companions and disputes.

use std::path::PathBuf;

/// Why something could not be done. [`Error::Io`] may be worth retrying, and [`Error::Store`] where it says so.
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
    /// The store refused something, or is broken.
    #[error(transparent)]
    Store(#[from] hyperdust_store::Error),
    /// A graph that cannot be.
    #[error(transparent)]
    Graph(#[from] hyperdust_proof::GraphError),
    /// Bytes or segments that are no job.
    #[error("job: {0}")]
    Job(String),
    /// A chain, or what is kept of acts on it.
    #[error("chain: {0}")]
    Chain(String),
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
    /// Bytes, or a reveal, that are no commitment.
    #[error("commitment: {0}")]
    Commitment(String),
    /// A claim that is none, or that is not a claim about this job.
    #[error("claim: {0}")]
    Claim(String),
    /// Bytes that are no report of a companion, or a verdict that cannot be.
    #[error("report: {0}")]
    Report(String),
    /// A server could not be reached, or refused something.
    #[error(transparent)]
    Client(#[from] hyperdust_wire::client::ClientError),
    /// Terms of a session that are none, or not a job's.
    #[error("terms: {0}")]
    Terms(String),
    /// A canary that excuses nothing.
    #[error("canary: {0}")]
    Canary(String),
    /// A rate or an amount that cannot be reckoned with.
    #[error("{what}: found {found}; accepted: {accepted}")]
    Number {
        /// What it should say.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it may say.
        accepted: &'static str,
    },
    /// A key that is not used. The secret is never part of the message.
    #[error("key {path}: {why}; accepted: 64 hexadecimal digits in a file that its owner alone can read (chmod 600)")]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system: {0}")]
    Entropy(getrandom::Error),
    /// A node was run into a panic, which is a fault of this program.
    #[error("a fault of this program: {0}")]
    Panic(String),
    /// The server.
    #[error(transparent)]
    Serve(#[from] crate::serve::Error),
    /// A chain, a node or a wallet refused something.
    #[error(transparent)]
    Settlement(#[from] hyperdust_settlement::Error),
    /// The embedded chain.
    #[error(transparent)]
    Devnet(#[from] hyperdust_devnet::Error),
    /// What can't be done with what is on the chain, or was asked for.
    #[error("{what}: found {found}; accepted: {accepted}")]
    Market {
        /// What should be otherwise.
        what: String,
        /// What is there.
        found: String,
        /// What may be.
        accepted: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
