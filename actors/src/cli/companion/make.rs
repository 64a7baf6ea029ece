//! `hyperdust companion make`: jobs and claims to try a companion with.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    Error, Program, SEGMENT,
    cli::Trial,
    companion::{Session, canary, commitment},
    job::roots,
};

#[derive(Args)]
pub(in crate::cli) struct Make {
    #[command(flatten)]
    trial: Trial,
    /// Where the job is written to (NAME.hdjob)
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Where what the provider claims is written to (NAME.hdgraph)
    #[arg(long, value_name = "FILE")]
    claim: Option<PathBuf>,
    /// The claim is wrong from this segment on
    #[arg(long, value_name = "SEGMENT", requires = "claim")]
    inject: Option<u32>,
    /// Terms file that the job's session is added to (JSON)
    #[arg(long, value_name = "FILE")]
    terms: Option<PathBuf>,
}

impl Make {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let program = Program::committed(SEGMENT)?.root;
        let job = self.trial.job(program)?;
        super::write(&self.out, &job.encode())?;
        println!("{}: {} segments", self.out.display(), job.segments().len());
        if let (Some(path), Some(terms)) = (self.terms, job.terms()) {
            let mut session = Session::of(terms);
            if path.exists() {
                session = super::read_session(&path)?.with(session)?;
            }
            super::write(&path, &session.encode())?;
        }
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
