//! Programs of the proof machine beside the same code compiled for this machine, and what the tests of them share.
//!
//! `make guest` builds the programs; the Makefile says where they are in `HYPERDUST_GUEST`. These tests are a crate of their own,
//! outside the default ones, so that `cargo test` works without the programs; none of them is ever skipped.

use std::{env, path::PathBuf};

use hyperdust_actors::{Program, SEGMENT};

pub mod faults;
mod machine;
pub mod worlds;

pub use machine::{ERROR, End, Guest, Segment};

/// The folder that `make guest` leaves programs in. Panics where nobody says which.
pub fn folder() -> PathBuf {
    env::var_os("HYPERDUST_GUEST").map(PathBuf::from).unwrap_or_else(|| {
        panic!("HYPERDUST_GUEST is not set: `make test-guest` builds the programs, sets it and runs these tests")
    })
}

/// The program that runs segments.
pub fn program() -> Program {
    Program::load(&folder(), SEGMENT).unwrap_or_else(|error| panic!("{error}"))
}
