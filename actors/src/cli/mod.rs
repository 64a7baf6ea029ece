//! The command line of `hyperdust`.
//!
//! Exit codes: 0 where all is well, 1 where something was refused or failed (with the reason on standard error), 2 for arguments
//! that cannot be read, 3 where a companion found a claim to be wrong. What is meant for programs goes to standard output, as JSON with `--json`; progress goes to standard error.

mod companion;
mod episode;
mod keys;
mod serve;

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
    /// Hosts worlds for remote agents
    Serve(serve::Command),
    /// Who may connect to a server beyond loopback
    #[command(subcommand)]
    Keys(keys::Command),
    /// Recorded episodes and disputes about them
    #[command(subcommand)]
    Episode(episode::Command),
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
        Command::Serve(command) => serve::run(&command),
        Command::Keys(command) => keys::run(command),
        Command::Episode(command) => episode::run(command),
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

/// The environment, but for what is no text.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Something as JSON on standard output.
fn print_json(value: &impl serde::Serialize) {
    println!("{}", serde_json::to_string_pretty(value).expect("reports have no maps with odd keys"));
}
