//! A real server, in this process or as the real binary, with real sockets: what a client gets is what it would have got at home, and
//! what happens to one client, or to the server, is nobody else's loss.

mod binary;
mod companion;
mod equality;
mod failure;
pub mod house;
mod http;
mod jobs;
mod manners;
mod paid;
mod policy;
mod signing;
mod strangers;
mod work;
