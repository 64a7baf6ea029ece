//! What is done with streams beyond one process: jobs, their disputes, and the `hyperdust` binary.
//!
//! A [`job`] is a stream as inputs alone. Whoever has one can compute what a provider claims to have computed, natively or
//! on the proof machine with the committed [`program`], and play the game about a difference ([`dispute`]). A [`companion`] does so for a living.
#![forbid(unsafe_code)]

pub mod cli;
pub mod companion;
pub mod dispute;
mod error;
pub mod job;
pub mod key;
pub mod program;
pub mod serve;
pub mod trial;
mod word;

pub use error::Error;
pub use job::Job;
pub use program::{Program, SEGMENT};
