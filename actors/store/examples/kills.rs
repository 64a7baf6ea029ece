//! Kills a writing process again and again, and looks each time whether its store still has everything that it acknowledged.
//!
//! `cargo run --release -p hyperdust-store --example kills -- --rounds 500 --json kills.json`

#[path = "../tests/it/writer.rs"]
mod writer;

use std::{env, fs, path::PathBuf, process::Command, time::Instant};

use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// How often the writer is killed
    #[arg(long, default_value_t = 100)]
    rounds: u64,
    /// Rounds after which a new store is begun
    #[arg(long, default_value_t = 25)]
    renew: u64,
    /// Where the result goes, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// The writer: a folder and the number of the first episode
    #[arg(long, num_args = 2, hide = true)]
    write: Option<Vec<String>>,
}

fn main() {
    let arguments = Arguments::parse();
    if let Some([folder, first]) = arguments.write.as_deref() {
        return writer::write(folder.as_ref(), first.parse().expect("a number"));
    }
    let begun = Instant::now();
    let (mut episodes, mut stored, mut draw) = (0, 0, 1_u64);
    let mut folder = tempfile::tempdir().expect("a temporary folder");
    let (mut acknowledged, mut next) = (writer::Acknowledged::default(), 0);
    for round in 0..arguments.rounds {
        if round % arguments.renew.max(1) == 0 {
            (episodes, stored) = (episodes + acknowledged.episodes.len(), stored + next);
            folder = tempfile::tempdir().expect("a temporary folder");
            (acknowledged, next) = Default::default();
        }
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut program = Command::new(env::current_exe().expect("this program"));
        program.arg("--write").arg(folder.path()).arg(next.to_string());
        acknowledged.kill_after(&mut program, draw >> 33 & 15, draw >> 40 & 0xf_ffff);
        next = acknowledged.check(folder.path());
    }
    (episodes, stored) = (episodes + acknowledged.episodes.len(), stored + next);
    let result = serde_json::json!({
        "what": "a process that writes into a store is killed (SIGKILL) at random points; then the store is opened, everything that was acknowledged is compared byte by byte, and fsck is run",
        "kills": arguments.rounds,
        "acknowledgements_checked": episodes,
        "episodes_stored": stored,
        "lost": 0,
        "wrong": 0,
        "fsck_findings": 0,
        "seconds": begun.elapsed().as_secs(),
    });
    let text = serde_json::to_string_pretty(&result).expect("plain values");
    println!("{text}");
    if let Some(path) = arguments.json {
        fs::write(path, text + "\n").expect("the result is written");
    }
}
