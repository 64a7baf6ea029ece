//! What can go wrong on the way to a server and back.

use std::time::Duration;

use crate::{
    Endpoint, EndpointError, Error, Failure,
    curve::NoCurve,
    signing::{SigningError, Unpayable},
};

/// Why a call gave nothing. [`ClientError::retryable`] says whether it is worth another try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Not an address.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// This build cannot encrypt.
    #[error(transparent)]
    NoCurve(#[from] NoCurve),
    /// An address beyond this machine, without keys.
    #[error("{endpoint} is beyond this machine: found no keys; accepted: the server's public key and one's own pair")]
    NeedsKeys {
        /// Which.
        endpoint: Endpoint,
    },
    /// The server does not know the key, or is not the one whose key was given.
    #[error("{endpoint} refused the connection: its key is another one, or this client's is not in its list")]
    Unauthorised {
        /// Which.
        endpoint: Endpoint,
    },
    /// No answer in time. Nothing is lost: what is pending goes on, and may be waited for again.
    #[error("{endpoint}: no answer to {what} within {after:?}")]
    Timeout {
        /// Which.
        endpoint: Endpoint,
        /// What was asked.
        what: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// A signal came. Nothing is lost: wait again.
    #[error("interrupted by a signal: wait again")]
    Interrupted,
    /// The server's error.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The session cannot go on: taken over by another client, or gone.
    #[error("the session is lost: {why}")]
    Lost {
        /// Why.
        why: String,
    },
    /// The other side does not keep to the protocol, or a value to be sent does not.
    #[error(transparent)]
    Message(#[from] Error),
    /// A call that waits for its own answer, while others are pending.
    #[error("{pending} requests are pending: wait for them first")]
    Pending {
        /// How many.
        pending: usize,
    },
    /// Nothing to wait for.
    #[error("nothing is pending: step first")]
    NothingPending,
    /// As many requests are pending as the session may have.
    #[error("{limit} requests are pending, which is all the session may have: wait for one")]
    PipelineFull {
        /// How many.
        limit: u32,
    },
    /// The session was closed.
    #[error("the session is closed: open a new one")]
    Closed,
    /// An answer of another kind than the request's.
    #[error("{what}: the server answered something else")]
    Unexpected {
        /// What was asked.
        what: &'static str,
    },
    /// A signature that is due, or one of the server's that does not hold: then what it was over is the server's lie.
    #[error("signing: {0}")]
    Signing(#[from] SigningError),
    /// What can't be paid for with what was put in.
    #[error(transparent)]
    Unpayable(#[from] Unpayable),
    /// The server's answer to OPEN is not what was agreed on. Nothing was signed.
    #[error("the server's terms: {what}: found {found}; accepted: {accepted}, as was agreed on")]
    Terms {
        /// Which of them.
        what: &'static str,
        /// The server's.
        found: String,
        /// What was agreed on.
        accepted: String,
    },
    /// A step would cost more than is left of the budget. It was not asked for; what was made is paid, and the session can be closed.
    #[error(
        "the budget of {budget} ends here: {spent} are spent for {made} units, {left} more can be paid, and a step takes {lanes}"
    )]
    Budget {
        /// What may be spent, in the smallest unit of the session's currency, as all money here.
        budget: u128,
        /// What the units that were made cost, paid or owed.
        spent: u128,
        /// Units that were made.
        made: u64,
        /// How many more the rest of the budget is enough for.
        left: u64,
        /// How many a step takes: one a lane.
        lanes: u64,
    },
    /// A seed in a session whose seeds the chain has drawn.
    #[error(
        "found a seed; accepted: none, since the chain has drawn the seeds of this session, whose work counts for minting only so"
    )]
    Drawn,
    /// Receipts that no voucher can be signed for.
    #[error("paying: {0}")]
    Undue(#[from] hyperdust_receipt::Error),
    /// Receipts could not be written down, so nothing was sent.
    #[error("receipts could not be kept: {error}")]
    Keep {
        /// Why not.
        error: std::io::Error,
    },
    /// libzmq's.
    #[error("{what}: {error}")]
    Socket {
        /// What was being done.
        what: &'static str,
        /// Why not.
        error: zmq::Error,
    },
}

impl ClientError {
    /// Whether the same call, or a new connection, may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Interrupted | Self::Socket { .. } => true,
            Self::Refused(failure) => failure.retryable,
            _ => false,
        }
    }

    pub(super) fn socket(what: &'static str) -> impl Fn(zmq::Error) -> Self {
        move |error| match error {
            zmq::Error::EINTR => Self::Interrupted,
            error => Self::Socket { what, error },
        }
    }
}
