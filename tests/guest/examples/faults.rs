//! `cargo run --release -p hyperdust-guest-tests --example faults -- [CASES] [SEED]`: so many random faults, each disputed to the
//! end. Prints a line for each on standard error and a JSON object on standard output; fails at the first that ends wrongly.

use std::{collections::BTreeMap, env, time::Instant};

use hyperdust_guest_tests::{faults, program};

fn main() {
    let mut arguments = env::args().skip(1).map(|number| number.parse().expect("numbers"));
    let (cases, seed) = (arguments.next().unwrap_or(200), arguments.next().unwrap_or(1));
    let program = program();
    let start = Instant::now();
    let mut played = Vec::new();
    let mut blamed: BTreeMap<&str, u32> = BTreeMap::new();
    for number in 0..cases {
        let case = faults::play(&program, seed, number as u32).unwrap_or_else(|error| panic!("case {number}: {error}"));
        if let Some(wrong) = case.wrong() {
            panic!("{wrong}");
        }
        *blamed.entry(case.report.blamed.unwrap_or("nobody")).or_default() += 1;
        eprintln!(
            "{number:>4} {:>13} {:<34} {:>10} lied: {} cuts, instruction {:?}, {:.1} s",
            case.scene,
            case.injection.as_deref().unwrap_or("-"),
            case.liar.unwrap_or("nobody"),
            case.report.provider_moves,
            case.report.instruction_index,
            case.report.seconds
        );
        played.push(case);
    }
    let most = played.iter().map(|case| case.report.provider_moves).max();
    // The moves in words are for people who play one.
    played.iter_mut().for_each(|case| case.report.moves.clear());
    let summary = serde_json::json!({
        "cases": cases, "seed": seed, "blamed": blamed, "most_cuts_of_a_trace": most,
        "seconds": start.elapsed().as_secs_f64(), "played": played,
    });
    println!("{}", serde_json::to_string_pretty(&summary).expect("plain data"));
}
