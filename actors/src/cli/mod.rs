//! The command line of `hyperdust`.
//!
//! Exit codes: 0 where all is well, 1 where something was refused or failed (with the reason on standard error), 2 for arguments
//! that cannot be read, 3 where a claim was found to be wrong, or a companion that attested to a canary. What is meant for programs goes to standard output, as JSON with `--json`; progress goes to standard error.

mod agent;
mod canary;
mod chain;
mod companion;
mod devnet;
mod episode;
mod hosted;
mod keys;
mod provider;
mod recorded;
mod scene;
mod serve;
mod session;
mod settled;
mod source;
mod store;
mod wallet;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Parser, Subcommand};

use hyperdust_kernel::{Model, merkle::Hash};

use crate::{Error, Job, Program, SEGMENT, trial};

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
    /// Worlds: made, checked, packed
    #[command(subcommand)]
    Scene(scene::Command),
    /// What a server keeps on its disk
    #[command(subcommand)]
    Store(store::Command),
    /// Computes claims again, and attests to them or disputes them
    #[command(subcommand)]
    Companion(companion::Command),
    /// Wrong claims on purpose, that find companions which attest without computing
    #[command(subcommand)]
    Canary(canary::Command),
    /// A chain on this machine with the market on it, for trials
    Devnet(devnet::Command),
    /// Accounts on chains: keys in files that a password opens
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// How a server is reached on a chain, what it offers, and what stands behind it
    #[command(subcommand)]
    Provider(provider::Command),
    /// Sessions on a chain: deposits, claims, payment
    #[command(subcommand)]
    Session(session::Command),
    /// Policies on a chain: sold, paid, owned in shares
    #[command(subcommand)]
    Agent(agent::Command),
}

/// A job of random actions, to try things with.
#[derive(Args)]
struct Trial {
    /// A published scene's name, or a scene's folder
    #[arg(long)]
    scene: String,
    /// Seed of the reset and of the actions
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps (across autoresets)
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Steps of a segment
    #[arg(long, default_value_t = trial::SEGMENT_STEPS, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    segment: u32,
}

impl Trial {
    fn model(&self) -> Result<Arc<Model>, Error> {
        trial::model(&self.scene)
    }

    fn job(&self, program: Hash) -> Result<Job, Error> {
        trial::job(&self.model()?, program, self.seed, self.steps, self.segment)
    }
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
        Command::Scene(command) => scene::run(command),
        Command::Store(command) => store::run(command),
        Command::Companion(command) => companion::run(command),
        Command::Canary(command) => canary::run(command),
        Command::Devnet(command) => devnet::run(&command),
        Command::Wallet(command) => wallet::run(command),
        Command::Provider(command) => provider::run(command),
        Command::Session(command) => session::run(command),
        Command::Agent(command) => agent::run(command),
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
