//! Instructions per second of the two interpreters, in the same run.
//!
//! `cargo bench -p hyperdust-proof [-- --rounds N]`: the best of five runs each, in turn, over a checksum loop
//! (arithmetic, a load and a store in eleven instructions) and a sieve (branches, bytes). Numbers are worth quoting
//! only with the machine's name.

use std::{env, time::Instant};

use hyperdust_proof::machine::{Machine, State, Status, plain};

#[path = "../tests/it/assembler.rs"]
mod assembler;
#[path = "../tests/it/programs.rs"]
mod programs;

const RUNS: usize = 5;

fn main() {
    let mut rounds = 2000;
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => rounds = arguments.next().and_then(|n| n.parse().ok()).expect("--rounds takes a number"),
            // Cargo's own.
            "--bench" => {}
            other => panic!("found {other}; accepted: --rounds N"),
        }
    }
    println!("{:10} {:>14} {:>12} {:>12} {:>8}", "program", "instructions", "plain M/s", "blocks M/s", "ratio");
    for (name, program) in [("checksum", programs::checksum(4096, rounds)), ("sieve", programs::sieve(65_535))] {
        let initial = State::initial(&program, &[]).expect("a small program");
        let (mut slow, mut fast, mut length) = (0.0f64, 0.0f64, 0);
        for _ in 0..RUNS {
            let mut state = initial.clone();
            let started = Instant::now();
            length = plain::run(&mut state, u64::MAX);
            slow = slow.max(length as f64 / started.elapsed().as_secs_f64());
            let mut machine = Machine::new(initial.clone());
            let started = Instant::now();
            assert_eq!(machine.run(u64::MAX), length);
            fast = fast.max(length as f64 / started.elapsed().as_secs_f64());
            assert!(matches!(state.processor.status, Status::Exited(_)));
            assert_eq!(machine.state().processor, state.processor);
        }
        println!("{name:10} {length:>14} {:>12.0} {:>12.0} {:>8.2}", slow / 1e6, fast / 1e6, fast / slow);
    }
}
