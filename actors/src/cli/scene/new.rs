//! `hyperdust scene new`

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use hyperdust_scene::Template;

use crate::Error;

#[derive(Args)]
pub(in crate::cli) struct New {
    /// Folder to write, which must not be there yet; its name becomes the scene's
    path: PathBuf,
    /// What to start from
    #[arg(long, value_enum, default_value_t = Start::Robot)]
    template: Start,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Start {
    /// An arm of two links with motors: MJCF, a reward, parameters
    Robot,
    /// Free rigid bodies and nothing to control
    Rigid,
}

impl New {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let template = match self.template {
            Start::Robot => Template::Robot,
            Start::Rigid => Template::Rigid,
        };
        template.package(name)?.unpack(&self.path)?;
        let path = self.path.display();
        println!("{path}: a scene that runs");
        println!("  hyperdust scene check {path}");
        println!("  python -c 'import hyperdust; env = hyperdust.load(\"{path}\"); print(env.reset(seed=0))'");
        Ok(ExitCode::SUCCESS)
    }
}
