//! A blocking client: [`Client`] is a connection, [`Session`] a vector env on the server.
//!
//! No thread of its own: libzmq's carries the bytes, everything else happens inside calls. A call ends by its deadline. While it
//! waits it makes sure of the server every heartbeat: a session's client sends RESUME, which is answered by any
//! server that is there, and all requests that have no answer yet. Requests are numbered and act at most once, so sending them
//! again is always right; that is how lost connections, servers' restarts and lost messages are got over.
//!
//! A request is kept until it is answered, a reply is read from libzmq's message straight into the session's [`Batch`]: one
//! copy each way.
//!
//! [`Batch`]: hyperdust_gym::Batch

mod connection;
mod error;
mod link;
mod paid;
mod payment;
mod queue;
mod session;
mod signed;

use std::time::Duration;

pub use connection::Client;
pub use error::ClientError;
pub use paid::{Agreed, PaidPolicy};
pub use payment::Spending;
pub use session::Session;
pub use signed::{Books, Keep, SignedSession};

use crate::curve::{KeyPair, PublicKey};

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// Until when a call has succeeded or failed, from its beginning.
    pub timeout: Duration,
    /// The server's public key and one's own pair; none: no encryption, for loopback alone.
    pub keys: Option<(PublicKey, KeyPair)>,
    /// What the server's log calls this client.
    pub name: String,
}

impl Default for Options {
    /// 30 seconds, no keys.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            keys: None,
            name: concat!("hyperdust-wire/", env!("CARGO_PKG_VERSION")).into(),
        }
    }
}
