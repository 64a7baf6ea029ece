//! Why something on its way to the chain, or from it, could not go on.
//!
//! [`Error::retryable`] tells apart what the next pass may overcome (a node that is slow, behind or contradicts itself; a full disk)
//! from what a person has to look at.

/// Of outbox, sender and follower.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer in time.
    #[error("{method}: no answer within {ms} ms")]
    Timeout {
        /// What was asked.
        method: &'static str,
        /// How long was waited, in milliseconds.
        ms: u128,
    },
    /// The node could not be reached, or its connection broke.
    #[error("{method}: {why}")]
    Unreachable {
        /// What was asked.
        method: &'static str,
        /// What was said; without the node's address.
        why: String,
    },
    /// The node answered with an error.
    #[error("{method}: the node refused: {message} (code {code})")]
    Refused {
        /// What was asked.
        method: &'static str,
        /// JSON-RPC's code.
        code: i64,
        /// The node's words.
        message: String,
        /// What a contract reverted with, where the node says so.
        revert: Option<alloy::primitives::Bytes>,
    },
    /// An answer that is none, or that contradicts another one. The next may be right.
    #[error("{method}: {why}")]
    Inconsistent {
        /// What was asked.
        method: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The disk, or what is on it.
    #[error(transparent)]
    Store(#[from] hyperdust_store::Error),
    /// Something that was written down is lost: see the report. Going on could do twice what was done already.
    #[error("ledger {}: parts were lost: {why}; accepted: a person who checks what happened on the chain and removes the file {}", path.display(), mark.display())]
    Lost {
        /// The ledger's folder.
        path: std::path::PathBuf,
        /// The report.
        mark: std::path::PathBuf,
        /// Its first line.
        why: String,
    },
    /// A stored record that another release wrote, or nobody.
    #[error("ledger, number {number}: {why}")]
    Record {
        /// Which.
        number: u64,
        /// Why.
        why: String,
    },
    /// The ledger belongs to another account or chain.
    #[error("outbox: is that of {found}; accepted: {accepted}")]
    Account {
        /// In the ledger, or of the node.
        found: String,
        /// What was asked for.
        accepted: String,
    },
    /// The ledger was made on another chain of the same number.
    #[error(
        "{}: was made on the chain that began with block {accepted}, and the node's began with {found}; accepted: a node of that chain. Where it is gone for good, \
         as a devnet that was started anew, move this folder away: nothing in it is of use on another chain",
        path.display()
    )]
    OtherChain {
        /// The ledger's folder.
        path: std::path::PathBuf,
        /// The first block of the node's chain.
        found: alloy::primitives::B256,
        /// That of the ledger's.
        accepted: alloy::primitives::B256,
    },
    /// A key that names another intent already.
    #[error("intent {key:?}: is there with another {what}; accepted: one intent a key")]
    Taken {
        /// The key.
        key: String,
        /// What differs.
        what: &'static str,
    },
    /// Something longer than it may be, or empty.
    #[error("{what}: found {found} bytes; accepted: 1 to {accepted}")]
    Length {
        /// Which.
        what: &'static str,
        /// Given.
        found: usize,
        /// The limit.
        accepted: usize,
    },
    /// The signer did not sign.
    #[error("signer: {0}")]
    Signer(String),
    /// The chain was reorganised below everything that the follower remembers.
    #[error(
        "follower: none of the last {remembered} blocks that it remembers is on the chain any more, the oldest is number {oldest}; accepted: starting again below it"
    )]
    TooDeep {
        /// How many blocks are remembered.
        remembered: usize,
        /// The oldest one's number.
        oldest: u64,
    },
    /// Something was acknowledged that is not what comes next.
    #[error("follower: block {found} was acknowledged; accepted: what was given last, once")]
    Acknowledged {
        /// Which.
        found: u64,
    },
}

impl Error {
    /// Whether the same may succeed later with nothing else changed.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Timeout { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Inconsistent { .. }
            | Self::Signer(_) => true,
            Self::Store(error) => error.retryable(),
            _ => false,
        }
    }
}
