//! `hyperdust episode …`

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Subcommand, ValueEnum};
use hyperdust_gym::Episode;
use hyperdust_kernel::{Model, blueprint::Blueprint};
use hyperdust_proof::Party;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Guest, Trial, print_json, recorded};
use crate::{
    Error,
    dispute::{self, Injection, Truth},
    trial,
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Plays a whole dispute about an episode of random actions, and prints every move and the guilty instruction
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
    },
    /// Lists the episodes of a store, the newest first
    List(recorded::List),
    /// Prints what a store knows of an episode, and its verdicts
    Show(recorded::Show),
    /// Runs a recorded episode again, and says where it stops being true
    Verify {
        /// File that `Episode.save` wrote
        file: PathBuf,
        /// The scene that it is of, where it does not carry its blueprint
        #[arg(long)]
        scene: Option<String>,
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
        Command::Dispute { trial, inject, liar, json, guest } => {
            let liar = match liar {
                Liar::Provider => Some(Party::Provider),
                Liar::Companion => Some(Party::Challenger),
                Liar::None => None,
            };
            let bar = ProgressBar::new_spinner().with_style(style());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.set_message("the program is loaded");
            let program = guest.load()?;
            bar.set_message("both run the episode");
            let truth = Truth::of(trial.job(program.root)?)?;
            let report = dispute::play(&truth, &program, liar.map(|liar| (liar, inject)), |what| {
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
        Command::Verify { file, scene } => verify(&file, scene.as_deref()),
    }
}

fn verify(file: &std::path::Path, scene: Option<&str>) -> Result<ExitCode, Error> {
    let bytes = fs::read(file).map_err(|source| Error::Io { path: file.into(), source })?;
    let episode = Episode::decode(&bytes).map_err(hyperdust_gym::Error::from)?;
    let model = match (scene, &episode.blueprint_bytes) {
        (Some(scene), _) => trial::model(scene)?,
        (None, Some(blueprint)) => Model::new(Blueprint::decode(blueprint)?)?,
        (None, None) => {
            return Err(Error::Job("the episode does not carry its blueprint: name its scene with --scene".into()));
        }
    };
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
