//! A real server, in this process or as the real binary, with real sockets: what a client gets is what it would have got at home, and
//! what happens to one client, or to the server, is nobody else's loss.

// A real node, as the settlement crate's own tests have it.
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../settlement/tests/it/anvil.rs"]
mod anvil;
mod binary;
mod companion;
mod deeds;
mod equality;
mod failure;
pub mod house;
mod http;
mod jobs;
mod killed;
mod manners;
mod paid;
mod policy;
mod signing;
mod strangers;
mod town;
mod work;
