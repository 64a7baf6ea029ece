//! `hyperdust companion make`: jobs and claims to try a companion with.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    Error, Program, SEGMENT,
    companion::{canary, commitment},
    job::roots,
    trial,
};

#[derive(Args)]
pub(in crate::cli) struct Make {
    /// A published scene's name, or a scene's folder
    #[arg(long)]
    scene: String,
    /// Seed of the reset and of the actions
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps of the job (across autoresets)
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    steps: u32,
    /// Steps of a segment
    #[arg(long, default_value_t = trial::SEGMENT_STEPS, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    segment: u32,
    /// Where the job is written to (NAME.hdjob)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where what the provider claims is written to (NAME.hdgraph)
    #[arg(long, value_name = "FILE")]
    claim: Option<PathBuf>,
    /// The claim is wrong from this segment on
    #[arg(long, value_name = "SEGMENT", requires = "claim")]
    inject: Option<u32>,
}

impl Make {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let program = Program::committed(SEGMENT)?.root;
        let job = trial::job(&trial::model(&self.scene)?, program, self.seed, self.steps, self.segment)?;
        super::write(&self.out, &job.encode())?;
        println!("{}: {} segments", self.out.display(), job.segments().len());
        if let Some(path) = self.claim {
            let mut claim = job.graph(&roots(&job.replay(|_| {})?))?;
            if let Some(from) = self.inject {
                claim = canary::plant(&job, &claim, from, &commitment::salt()?)?;
            }
            super::write(&path, &claim.encode())?;
            println!("{}: root {}", path.display(), super::shown(&claim.root()));
        }
        Ok(ExitCode::SUCCESS)
    }
}
