//! What the tests that need the programs of the proof machine share.
//!
//! `make guest` builds the programs; the Makefile says where they are in `HYPERDUST_GUEST`. These tests are a crate of their own,
//! outside the default ones, so that `cargo test` works without the programs; none of them is ever skipped.

use std::{env, path::PathBuf};

use hyperdust_actors::{Program, SEGMENT};

pub mod faults;

/// The program that runs segments.
pub fn program() -> Program {
    let folder = env::var_os("HYPERDUST_GUEST").expect("HYPERDUST_GUEST names the folder that `make guest` builds");
    Program::load(&PathBuf::from(folder), SEGMENT).unwrap_or_else(|error| panic!("{error}"))
}
