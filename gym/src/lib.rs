//! Worlds as Gymnasium environments, without Python.
//!
//! The kernel knows steps; this crate knows *episodes*: when one may begin, when it has ended, what
//! happens then ([`AutoresetMode`]), what it was worth ([`Statistics`]) and how anyone can check it
//! ([`Episode::replay`]). [`Env`] is one world, [`VectorEnv`] many worlds on a fixed set of threads.
//! Semantics are Gymnasium 1.4's, to the letter; where Gymnasium raises, an [`Error`] says what to do.
//!
//! A lane's stream can be cut into committed segments as it happens ([`VectorEnv::commit`], [`Segment`]), and segments of
//! many streams be computed again side by side ([`Streams`]).
//!
//! Invariant: lanes are independent, nothing here draws random numbers after construction, and the only clock says which
//! block of lanes runs first; so the bytes of a batch depend on blueprint, seeds and actions only, never on the number
//! of threads or lanes.
#![deny(unsafe_code)]

mod action;
mod autoreset;
mod batch;
mod block;
mod buffer;
mod env;
mod episode;
mod error;
mod journal;
mod lane;
mod pool;
mod recorder;
mod replay;
mod sampler;
mod seeding;
mod simd;
mod snapshot;
mod space;
mod statistics;
mod streams;
mod vector;

pub use autoreset::{AutoresetMode, autoreset_mode};
pub use batch::Batch;
pub use buffer::Buffer;
pub use env::{Env, Step};
pub use episode::{Episode, EpisodeError, Start};
pub use error::{Error, SnapshotError};
pub use journal::Segment;
pub use replay::{Divergence, Field, ReplayReport};
pub use sampler::{Sampler, rows};
pub use seeding::Seeds;
pub use space::Space;
pub use statistics::Statistics;
pub use streams::Streams;
pub use vector::{MAX_LANES, MAX_THREADS, VectorEnv, VectorOptions};
