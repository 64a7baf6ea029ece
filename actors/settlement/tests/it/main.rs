//! The settlement crate against real nodes: `anvil`, an EVM with a JSON-RPC by others, in a process of its own.

mod amounts;
mod anew;
mod anvil;
mod buying;
mod chains;
mod deployments;
mod market;
mod overtaken;
mod reverts;
mod wallets;
mod world;
