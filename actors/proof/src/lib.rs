//! What a program did, in a form that a stranger can check one instruction of.
//!
//! A dispute about a long computation ends at a single machine instruction: two parties agree on the state
//! before it and not on the state after it. [`machine`] is the machine whose instruction that is: RV32IM, 64 MiB
//! of Merkleised memory, no devices, nothing undefined. It has a [reference interpreter](machine::plain), a
//! [fast one](machine::blocks) that is exactly equal, [snapshots](machine::snapshots) that bound the replay of any
//! midpoint, and [one-step proofs](machine::step) that need neither the program nor the memory. [`dissection`] is the
//! search for the step.
//!
//! Around the machine stand the [`graph`] of a job, whose nodes are programs with Merkleised inputs and outputs, and the
//! [`game`] in which a claim about such a graph is disputed: rules, clocks and moves, from the first cut of the graph to the proof of
//! one instruction.
//!
//! The crate is pure: no clock, no threads, no input or output, no `unsafe`. Everything decoded from outside is
//! total and limited.
#![forbid(unsafe_code)]

pub mod abi;
mod codec;
pub mod dissection;
pub mod error;
pub mod game;
pub mod graph;
pub mod hex;
pub mod machine;

/// The tree of byte strings and of the machine's memory.
pub use hyperdust_merkle as tree;

pub use dissection::{Dissection, TraceProvider};
pub use error::{DissectionError, Error, ExecutionError, GraphError, MoveError, StepError, TranscriptError};
pub use game::{Game, Party, Transcript};
pub use graph::{Graph, Node, Source};
pub use hex::Hex;
