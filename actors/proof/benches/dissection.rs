//! What it costs a party to answer a whole dissection of a long trace: recording, and every root of every cut.
//!
//! `cargo bench -p hyperdust-proof --bench dissection [-- --log2-steps N --log2-interval N]`: a checksum loop over a table of 4 MiB
//! (1,024 pages, all of them rewritten again and again), cut into 16 down to one step, at the trace's start, middle and
//! end, and then the proof of that step. Numbers are worth quoting only with the machine's name.

use std::{env, time::Instant};

use hyperdust_proof::{
    Dissection, TraceProvider,
    dissection::{Point, Turn, answer},
    machine::{State, Trace, step},
};

#[path = "../tests/it/assembler.rs"]
mod assembler;
#[path = "../tests/it/programs.rs"]
mod programs;

/// Words of the table, and instructions for each of them in a round.
const TABLE: (u32, u64) = (1 << 20, 11);

fn main() {
    let (mut steps, mut interval) = (28, 20);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).expect("a number");
        match argument.as_str() {
            "--log2-steps" => steps = number(),
            "--log2-interval" => interval = number(),
            // Cargo's own.
            "--bench" => {}
            other => panic!("found {other}; accepted: --log2-steps N, --log2-interval N"),
        }
    }
    let rounds = (1u64 << steps).div_ceil(TABLE.1 * u64::from(TABLE.0));
    let initial = State::initial(&programs::checksum(TABLE.0, rounds as u32), &[]).expect("a small program");
    let started = Instant::now();
    let mut trace = Trace::record(initial, interval, u64::MAX).expect("a program that halts");
    let length = trace.length();
    println!("recorded {length} steps in {:.1} s", started.elapsed().as_secs_f64());
    println!("{:>14} {:>6} {:>6} {:>10}", "step", "cuts", "roots", "seconds");
    for wrong in [1, length / 2, length - 1] {
        let started = Instant::now();
        let (mut cuts, mut roots) = (0, 2);
        let mut point = |step| Point { step, root: trace.root_at(step) };
        let (first, mut last) = (point(0), point(length));
        // Nobody has a preimage of this root: the challenger never agrees with what comes after `wrong`.
        last.root[0] ^= 1;
        let mut game = Dissection::new(16, first, last).expect("a trace of several steps");
        while let Turn::Cut(between) = game.turn() {
            let posted = answer(&between, &mut trace);
            (cuts, roots) = (cuts + 1, roots + posted.len());
            game.cut(&posted).expect("as many roots as asked for");
            game.choose(between.iter().filter(|&&step| step < wrong).count()).expect("a piece of this cut");
        }
        let proof = trace.proof_at(game.agreed().step);
        let after = trace.root_at(game.agreed().step + 1);
        step::verify(&game.agreed().root, &after, &proof).expect("the proof of a step that was made");
        println!("{wrong:>14} {cuts:>6} {roots:>6} {:>10.2}", started.elapsed().as_secs_f64());
    }
}
