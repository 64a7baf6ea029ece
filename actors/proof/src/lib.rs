//! What a program did, in a form that a stranger can check one instruction of.
//!
//! A dispute about a long computation ends at a single machine instruction: two parties agree on the state
//! before it and not on the state after it. [`machine`] is the machine whose instruction that is: RV32IM, 64 MiB
//! of Merkleised memory, no devices, nothing undefined. It has a [reference interpreter](machine::plain), a
//! [fast one](machine::blocks) that is exactly equal, [snapshots](machine::snapshots) that bound the replay of any
//! midpoint, and [one-step proofs](machine::step) that need neither the program nor the memory. [`dissection`] is the
//! search for the step.
//!
//! The crate is pure: no clock, no threads, no input or output, no `unsafe`. Everything decoded from outside is
//! total and limited.
#![forbid(unsafe_code)]

pub mod dissection;
pub mod error;
pub mod machine;

/// The tree of byte strings and of the machine's memory.
pub use hyperdust_merkle as tree;

pub use dissection::{Dissection, TraceProvider};
pub use error::{DissectionError, Error, StepError};
