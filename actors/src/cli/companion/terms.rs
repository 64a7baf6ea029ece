//! Under which terms jobs are taken on: as the chain has them, not as whoever hands out jobs says.

use std::path::PathBuf;

use clap::Args;
use hyperdust_receipt::{Address, Terms};

use super::read_session;
use crate::{Error, Job, companion::Session};

#[derive(Args)]
pub(super) struct Trust {
    /// The terms of the jobs' sessions (JSON), as the chain has them; in trials those that each job names
    #[arg(long, value_name = "FILE", required_unless_present_any = ["user", "trial_key"])]
    terms: Vec<PathBuf>,
    /// Instead of --terms: the user whose signatures count, everything else as each job has it
    #[arg(long, value_name = "ADDRESS", conflicts_with = "terms")]
    user: Option<Address>,
}

/// What was read.
pub(super) struct Accepted {
    sessions: Vec<Session>,
    user: Option<Address>,
}

impl Trust {
    pub(super) fn read(&self) -> Result<Accepted, Error> {
        let sessions = self.terms.iter().map(|path| read_session(path)).collect::<Result<_, _>>()?;
        Ok(Accepted { sessions, user: self.user })
    }
}

impl Accepted {
    /// The terms that a job is taken on under, from the first session that has it.
    pub(super) fn terms(&self, job: &Job) -> Result<Terms, Error> {
        let mut refused = None;
        for session in &self.sessions {
            match session.terms(job) {
                Ok(terms) => return Ok(terms),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some(error) = refused {
            return Err(error);
        }
        let mut terms = *job.terms().ok_or_else(|| Error::Terms("the job has none".into()))?;
        terms.user = self.user.unwrap_or(terms.user);
        Ok(terms)
    }
}
