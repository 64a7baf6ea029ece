//! `cargo run --release -p hyperdust-guest-tests --example worlds -- --seconds S [--seed N] [--first N] [--threads T] [--json FILE]`:
//! random worlds natively and on the proof machine, for so long; a difference is shrunk, printed and kept.
//!
//! `--only NUMBER` plays one world of the series. FILE is written every minute and at the end, so an interrupted run counts.
//! Fails where anything differed.

use std::{
    io::{IsTerminal as _, Write as _, stderr},
    path::PathBuf,
    process::ExitCode,
    sync::Mutex,
    time::{Duration, Instant},
};

use clap::Parser;
use hyperdust_guest_tests::{
    Guest,
    worlds::{Campaign, Totals},
};

/// Random worlds, natively and on the proof machine.
#[derive(Parser)]
struct Flags {
    /// How long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Series of worlds.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the first world.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Play one world alone.
    #[arg(long, conflicts_with = "first")]
    only: Option<u64>,
    /// At once.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Where results are kept.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let flags = Flags::parse();
    // Panics are findings: they are printed with the world in which they happened.
    std::panic::set_hook(Box::new(|_| {}));
    let guest = Guest::new("segment");
    let (first, worlds) = flags.only.map_or((flags.first, u64::MAX), |number| (number, 1));
    let campaign = Campaign::new(flags.seed, first);
    let (begun, written) = (Instant::now(), Mutex::new(Instant::now()));
    let keep = |totals: &Totals| {
        if let Some(path) = &flags.json
            && let Err(error) = totals.write(path)
        {
            eprintln!("{}: {error}", path.display());
        }
    };
    campaign.run(&guest, flags.threads, worlds, Duration::from_secs(flags.seconds), |totals| {
        if stderr().is_terminal() || totals.worlds.is_power_of_two() {
            let rate = totals.worlds as f64 / totals.cpu_seconds.unwrap_or(totals.seconds).max(0.01);
            eprint!(
                "\r{:>5.0} s: {} worlds ({rate:.1} a CPU second), {} steps, {} faults, {} worlds that touch, {} differences ",
                begun.elapsed().as_secs_f64(),
                totals.worlds,
                totals.sums.steps,
                totals.sums.faults,
                totals.sums.touched,
                totals.different
            );
            let _ = stderr().flush();
        }
        if let Ok(mut last) = written.lock()
            && last.elapsed() >= Duration::from_secs(60)
        {
            *last = Instant::now();
            keep(totals);
        }
    });
    let totals = campaign.totals();
    keep(&totals);
    eprintln!();
    println!("{}", serde_json::to_string_pretty(&totals).expect("numbers and text"));
    for difference in &totals.differences {
        eprintln!("{difference}");
    }
    if totals.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
