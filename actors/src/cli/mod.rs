//! The command line of `hyperdust`.
//!
//! Exit codes: 0 where all is well, 1 where something was refused or failed (with the reason on standard error), 2 for arguments
//! that cannot be read, 3 where a companion found a claim to be wrong. What is meant for programs goes to standard output, as JSON with `--json`; progress goes to standard error.

mod companion;
mod episode;
mod recorded;
mod store;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{Error, Program, SEGMENT};

#[derive(Parser)]
#[command(name = "hyperdust", version, about = "Deterministic worlds: hosted, replayed, proved", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Recorded episodes and disputes about them
    #[command(subcommand)]
    Episode(episode::Command),
    /// What a server keeps on its disk
    #[command(subcommand)]
    Store(store::Command),
    /// Computes claims again, and attests to them or disputes them
    #[command(subcommand)]
    Companion(companion::Command),
}

/// Where programs of the proof machine are.
#[derive(Args)]
struct Guest {
    /// Folder with the programs that `make guest` builds
    #[arg(long, env = "HYPERDUST_GUEST", value_name = "FOLDER")]
    guest: PathBuf,
}

impl Guest {
    fn load(&self) -> Result<Program, Error> {
        Program::load(&self.guest, SEGMENT)
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Episode(command) => episode::run(command),
        Command::Store(command) => store::run(command),
        Command::Companion(command) => companion::run(command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Something as JSON on standard output.
fn print_json(value: &impl serde::Serialize) {
    println!("{}", serde_json::to_string_pretty(value).expect("reports have no maps with odd keys"));
}
