//! What sessions are paid and disputed with, on any EVM chain.
//!
//! - [`chain`]: a connection to a node, what is known of chains, what a node can do.
//! - [`deployment`]: which contracts, where, with which parameters; made, read from a file, and checked against the chain.
//! - [`market`]: everything that anybody does with them, as values that can be kept and sent later, and what receipts say of it.
//! - [`dispute`]: games about claims, played by whoever has the data.
//! - [`wallet`]: keys in files. [`amount`]: wei, shown and read exactly. [`revert`]: why a contract refused, in words.
//! - [`account`]: somebody on a chain, as settings name them. [`user`]: how such a one comes to a session, and what it keeps of it.
//! - [`bindings`]: the contracts as they are.
//! - [`outbox`]: what has to happen on the chain, which no crash shortens or doubles. [`sender`]: takes it there. [`fees`]: what that offers.
//! - [`keeper`]: what a party has to do next about its sessions.
//! - [`follower`]: what contracts say, once and in order, and taken back where the chain takes it back.
#![forbid(unsafe_code)]

pub mod account;
pub mod amount;
pub mod bindings;
pub mod chain;
mod crash;
pub mod deployment;
pub mod dispute;
mod error;
pub mod fees;
pub mod follower;
pub mod keeper;
pub mod market;
pub mod outbox;
pub mod revert;
mod rpc;
pub mod sender;
pub mod user;
pub mod wallet;

pub use account::Account;
pub use chain::Chain;
#[cfg(feature = "failpoints")]
#[doc(hidden)]
pub use crash::POINTS;
pub use deployment::Deployment;
pub use error::Error;
pub use market::{Call, Market};
pub use revert::Revert;
pub use wallet::Wallet;
