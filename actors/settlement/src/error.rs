//! What can go wrong between this crate, a node, a chain and the files of wallets and deployments.
//!
//! Two kinds: what may be another way a moment later, with nothing changed ([`Error::is_retryable`]: a node that doesn't answer, or asks to be
//! left alone), and what is not. Nobody's key is in any of them, and no URL's path, user or query: they carry keys to nodes.

use std::path::PathBuf;

use alloy::{
    primitives::{Address, B256},
    transports::{RpcError, TransportError, TransportErrorKind},
};

use crate::{amount::Coin, revert::Revert};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Retryable: the node didn't answer in time, couldn't be reached, or has too much to do.
    #[error("the node did not answer: {why}")]
    Unreachable {
        /// In short, without its URL.
        why: String,
    },
    /// The node refused a request.
    #[error("the node refused a request: {message} (code {code})")]
    Refused {
        /// Of JSON-RPC, or HTTP's status.
        code: i64,
        /// The node's words, cut.
        message: String,
    },
    /// The node answered with what no node should.
    #[error("the node gave no valid answer: {why}")]
    Answer {
        /// In short.
        why: String,
    },
    /// A contract refused.
    #[error("{what} was refused by the contract: {why}")]
    Reverted {
        /// The action.
        what: String,
        /// Its error.
        why: Revert,
    },
    /// The account has too little coin for a transaction.
    #[error("{what}: account {account} has {has}; needed: {needed}{hint}")]
    Funds {
        /// The action.
        what: String,
        /// Who has too little.
        account: Address,
        /// What it has, with its unit.
        has: String,
        /// What it takes, with its unit.
        needed: String,
        /// How the account gets coin on this chain, where that is known; else empty.
        hint: String,
    },
    /// A transaction was mined and had failed; the chain does not keep why.
    #[error("{what} failed on chain (transaction {transaction})")]
    Failed {
        /// The action.
        what: String,
        /// Its hash.
        transaction: B256,
    },
    /// What isn't the URL of a node.
    #[error("no URL of a node: {why}; http, https, ws and wss are")]
    Url {
        /// In short, without the URL.
        why: &'static str,
    },
    /// A node of another chain.
    #[error("the node is of chain {found}, not of chain {accepted}")]
    WrongChain {
        /// The node's.
        found: u64,
        /// The one that was asked for.
        accepted: u64,
    },
    /// A contract isn't what the deployment says.
    #[error("{contract} at {address} is not what this deployment says: {why}")]
    Deployment {
        /// Its name.
        contract: &'static str,
        /// Where it should be.
        address: Address,
        /// What is wrong.
        why: String,
    },
    /// A deployment can't be made with these parameters, or wasn't made where its addresses were computed for.
    #[error("no deployment: {why}")]
    Parameter {
        /// Which, and what is accepted.
        why: String,
    },
    /// A file of JSON that isn't what it should be.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file that can't be read or written.
    #[error("{path}: {source}", path = path.display())]
    Disk {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A wallet's file that others than its owner can read or write.
    #[error("{path} has mode {mode:03o}: others can read it; `chmod 600` it", path = path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A name that a wallet can't have.
    #[error("no name of a wallet: {name:?}; 1 to 64 of a–z, A–Z, 0–9, - and _ are")]
    WalletName {
        /// As it was given, cut.
        name: String,
    },
    /// There is a wallet of this name already.
    #[error("there is a wallet {name} already")]
    WalletExists {
        /// Its name.
        name: String,
    },
    /// There is no wallet of this name.
    #[error("there is no wallet {name}")]
    NoWallet {
        /// The name.
        name: String,
    },
    /// The password doesn't open the wallet.
    #[error("wrong password for wallet {name}, or its file is damaged")]
    Password {
        /// Its name.
        name: String,
    },
    /// A text that is no amount.
    #[error("no amount: {text:?}: {why}")]
    Amount {
        /// As it was given, cut.
        text: String,
        /// What is wrong, and what is accepted.
        why: String,
    },
    /// An argument that the contracts would refuse.
    #[error("{what}: {why}")]
    Argument {
        /// The action.
        what: &'static str,
        /// What is wrong, and what is accepted.
        why: String,
    },
    /// Retryable: the chain took longer than the caller wanted to wait.
    #[error("{after:?} were too short for {what}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        after: std::time::Duration,
    },
    /// A receipt doesn't have the event of the action that it is said to be of.
    #[error("the receipt of {transaction} has no event {event}")]
    NoEvent {
        /// Its transaction.
        transaction: B256,
        /// Name of the event.
        event: &'static str,
    },
}

/// Longest text of a stranger in an error, in characters.
const LONGEST: usize = 200;

/// A stranger's text, cut, on one line.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl Error {
    /// Whether the same may succeed a moment later, with nothing changed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Late { .. })
    }

    /// Whether a node says that the account has too little coin. There is no code for that, and every node has its own words.
    pub(crate) fn is_poverty(&self) -> bool {
        let Self::Refused { message, .. } = self else { return false };
        let message = message.to_ascii_lowercase();
        ["insufficient funds", "insufficient balance", "not enough funds", "sender doesn't have enough"]
            .iter()
            .any(|sign| message.contains(sign))
    }

    /// The same with amounts of a contract's refusal shown in this coin.
    pub(crate) fn in_coin(self, coin: Coin) -> Self {
        match self {
            Self::Reverted { what, why } => Self::Reverted { what, why: why.in_coin(coin) },
            other => other,
        }
    }

    /// What a node's error says about `what`.
    pub(crate) fn of(what: &str, error: TransportError) -> Self {
        match Self::from(error) {
            Self::Reverted { why, .. } => Self::Reverted { what: what.into(), why },
            other => other,
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(payload) => match Revert::of(&payload) {
                Some(why) => Self::Reverted { what: "the call".into(), why },
                None if busy(payload.code, &payload.message) => Self::Unreachable { why: cut(&payload.message) },
                None => Self::Refused { code: payload.code, message: cut(&payload.message) },
            },
            RpcError::NullResp => Self::Answer { why: "nothing, where there has to be something".into() },
            RpcError::DeserError { err, .. } => Self::Answer { why: cut(&err.to_string()) },
            RpcError::UnsupportedFeature(what) => Self::Answer { why: format!("unsupported: {what}") },
            RpcError::LocalUsageError(error) => Self::Answer { why: cut(&error.to_string()) },
            RpcError::SerError(error) => Self::Answer { why: cut(&error.to_string()) },
            RpcError::Transport(kind) => kind.into(),
        }
    }
}

impl From<TransportErrorKind> for Error {
    fn from(kind: TransportErrorKind) -> Self {
        if let Some(http) = kind.as_http_error() {
            // The body is the stranger's: it may hold anything, the URL that was asked too.
            let (code, message) = (i64::from(http.status), format!("HTTP status {}", http.status));
            return match http.status {
                408 | 425 | 429 | 500..=599 => Self::Unreachable { why: message },
                _ => Self::Refused { code, message },
            };
        }
        match kind {
            TransportErrorKind::MissingBatchResponse(_) => {
                Self::Unreachable { why: "a part of the answer is missing".into() }
            }
            TransportErrorKind::BackendGone => Self::Unreachable { why: "the connection is gone".into() },
            TransportErrorKind::PubsubUnavailable => {
                Self::Answer { why: "this connection has no subscriptions".into() }
            }
            TransportErrorKind::NonRetryable(error) => Self::Answer { why: cut(&error.to_string()) },
            TransportErrorKind::Custom(error) => match error.downcast::<reqwest::Error>() {
                Ok(error) => Self::Unreachable { why: cut(&error.without_url().to_string()) },
                Err(error) => Self::Unreachable { why: cut(&error.to_string()) },
            },
            _ => Self::Unreachable { why: "the connection failed".into() },
        }
    }
}

impl From<alloy::contract::Error> for Error {
    fn from(error: alloy::contract::Error) -> Self {
        match error {
            alloy::contract::Error::TransportError(error) => error.into(),
            alloy::contract::Error::ZeroData(function, _) => {
                Self::Answer { why: format!("{function} answers nothing: there is no such contract") }
            }
            other => Self::Answer { why: cut(&other.to_string()) },
        }
    }
}

/// Whether a node says that it is its load, or that it has not heard of the newest block yet, and not the request.
fn busy(code: i64, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    matches!(code, 429 | -32005 | -32016)
        || ["rate limit", "too many requests", "header not found", "timeout", "timed out"]
            .iter()
            .any(|sign| message.contains(sign))
}
