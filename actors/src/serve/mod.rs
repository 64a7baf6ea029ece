//! The server: sessions of remote clients as supervised actors, each with its worlds on a thread of its own.

pub mod catalogue;
pub mod config;
mod error;
mod ledger;
pub mod quota;
pub mod stage;
mod worlds;

pub use config::Config;
pub use error::Error;
