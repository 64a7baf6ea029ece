//! `kill -9` at any point loses nothing that was acknowledged. `cargo run --release --example kills` does it more often.

use std::{env, process::Command};

use super::{Dice, writer};

const FOLDER: &str = "HYPERDUST_STORE_WRITER";
const FIRST: &str = "HYPERDUST_STORE_FIRST";

/// Not a test by itself: what the test below starts and kills.
#[test]
fn the_writer() {
    if let Some(folder) = env::var_os(FOLDER) {
        let first = env::var(FIRST).unwrap().parse().unwrap();
        writer::write(folder.as_ref(), first);
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = writer::Acknowledged::default();
    let (mut dice, mut next) = (Dice(7), 0);
    for _ in 0..6 {
        let mut program = Command::new(env::current_exe().unwrap());
        program.args(["--exact", "kills::the_writer", "--nocapture"]);
        program.env(FOLDER, folder.path()).env(FIRST, next.to_string());
        let (lines, spins) = (dice.below(6), dice.below(2_000_000));
        acknowledged.kill_after(&mut program, lines, spins);
        next = acknowledged.check(folder.path());
    }
    assert!(acknowledged.episodes.len() > 6);
}
