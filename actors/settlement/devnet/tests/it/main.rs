//! The devnet from outside: as an alloy provider, over HTTP, on the disk, with nonsense, and beside anvil.

mod anvil;
mod differential;
mod http;
mod kept;
mod nonsense;
mod posting;
mod provider;
