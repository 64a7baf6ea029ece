//! `hyperdust episode …`

use std::{fs, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Subcommand, ValueEnum};
use hyperdust_proof::Party;
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Guest, Trial, print_json, recorded,
    settled::{self, Settling},
    source::Source,
};
use crate::{
    Error,
    dispute::{self, Injection, Truth},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Plays a whole dispute about an episode of random actions, and prints every move and the guilty instruction; on a chain with --chain
    Dispute {
        #[command(flatten)]
        trial: Trial,
        /// What the liar changes: step=N,bit=N and perhaps value=V, where V is position, velocity, impulse, rng, observation,
        /// reward or action
        #[arg(long, default_value = "step=1,bit=0")]
        inject: Injection,
        /// Who lies
        #[arg(long, value_enum, default_value_t = Liar::Provider)]
        liar: Liar,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        guest: Guest,
        #[command(flatten)]
        settling: Settling,
    },
    /// Lists the episodes of a store, the newest first
    List(recorded::List),
    /// Prints what a store knows of an episode, and its verdicts
    Show(recorded::Show),
    /// Runs a recorded episode again, and says where it stops being true
    Verify {
        #[command(flatten)]
        source: Source,
    },
    /// Writes a recorded episode into a file, with its blueprint: all that it takes to run it again
    Export {
        #[command(flatten)]
        source: Source,
        /// The file; there must be none yet. NPZ and data sets: `hyperdust.datasets` in Python
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Liar {
    /// It claims what it did not compute
    Provider,
    /// It disputes what is true
    Companion,
    /// Nobody
    None,
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Dispute { trial, inject, liar, json, guest, settling } => {
            let liar = match liar {
                Liar::Provider => Some(Party::Provider),
                Liar::Companion => Some(Party::Challenger),
                Liar::None => None,
            };
            let lie = liar.map(|liar| (liar, inject));
            let bar = ProgressBar::new_spinner().with_style(style());
            bar.enable_steady_tick(Duration::from_millis(100));
            if settling.is_wanted() {
                let (settled, coin) =
                    settling.run(&trial, lie, &guest, &mut |what: &str| bar.set_message(what.to_owned()))?;
                bar.finish_and_clear();
                settled::print(&settled, coin, json);
                return Ok(ExitCode::SUCCESS);
            }
            bar.set_message("the program is loaded");
            let program = guest.load()?;
            bar.set_message("both run the episode");
            let truth = Truth::of(trial.job(program.root)?)?;
            let report = dispute::play(&truth, &program, lie, |what| {
                bar.set_message(what.to_owned());
            })?;
            bar.finish_and_clear();
            if json {
                print_json(&report)
            } else {
                println!("{report}")
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::List(command) => recorded::list(command),
        Command::Show(command) => recorded::show(command),
        Command::Verify { source } => verify(&source),
        Command::Export { source, out } => export(&source, out),
    }
}

fn export(source: &Source, path: PathBuf) -> Result<ExitCode, Error> {
    let mut found = source.read()?;
    let model = source.model(&found)?;
    found.episode.blueprint_bytes = Some(model.blueprint().encode()?);
    // Refused where the model is another than the episode's.
    found.episode.model().map_err(hyperdust_gym::Error::from)?;
    let written = fs::File::create_new(&path).and_then(|mut file| file.write_all(&found.episode.encode()));
    written.map_err(|source| Error::Io { path, source })?;
    Ok(ExitCode::SUCCESS)
}

fn verify(source: &Source) -> Result<ExitCode, Error> {
    let found = source.read()?;
    let (model, episode) = (source.model(&found)?, found.episode);
    let report = episode.replay(&model).map_err(hyperdust_gym::Error::from)?;
    match &report.divergence {
        None => {
            println!("{} of {} steps are true; return {}", report.matched, report.steps, report.episode_return);
            Ok(ExitCode::SUCCESS)
        }
        Some(divergence) => {
            println!("{divergence}");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is valid")
}
