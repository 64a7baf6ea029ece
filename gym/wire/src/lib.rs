//! The protocol between a server of worlds and those who act in them, over ZeroMQ. `PROTOCOL.md` beside this crate is its
//! specification; `golden/` holds messages as files.
//!
//! A message is a [`Header`] of 24 bytes and the frames of its kind: JSON where people would want to read it, raw
//! little-endian arrays where the bytes are many. What a batch's arrays are and where they lie is fixed when a session is opened
//! ([`Layout`]), so that a step is one copy from the socket into the caller's arrays.
//!
//! [`Request`] and [`Reply`] are all messages, with their frames borrowed. Decoding is total: any frames give a message within
//! [`limits`], or an [`Error`], and allocate no more than a small multiple of their length. [`signing`] keeps the books of sessions
//! whose actions are signed.
//!
//! With the feature `sockets` (on by default) there are a blocking client and what CURVE needs on both sides.
#![deny(unsafe_code)]

mod array;
#[cfg(feature = "sockets")]
mod batches;
#[cfg(feature = "sockets")]
pub mod client;
mod control;
#[cfg(feature = "sockets")]
pub mod curve;
mod endpoint;
mod error;
mod failure;
mod faults;
mod header;
mod hex;
mod layout;
pub mod limits;
pub mod message;
pub mod signing;

pub use array::{ArraySpec, Bounds, Dtype};
#[cfg(feature = "sockets")]
pub use batches::enlarge;
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use failure::{Code, Failure};
pub use faults::FAULTS;
pub use header::{Header, Kind, Sort, VERSION};
pub use hex::{Hex, Token};
pub use layout::{Field, FrameLayout, Layout, Part};
pub use message::{Reply, Request};
