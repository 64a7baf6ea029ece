//! The terms of a session, as its operator has them: from the chain, and not from whoever hands out jobs.
//!
//! A job's file says under which terms its actions were signed, but whoever wrote the file may have made up the user together with
//! the signatures. So a companion takes jobs on under terms that it was told otherwise: chain and contract, user and provider,
//! and how many steps may go unsigned. Only which stream a job is of, it may take from the file: every signature of the user names it.
//!
//! Bytes: a JSON object, `{"chain", "contract", "user", "provider", "every"}` and perhaps `"jobs"`, at most [`LONGEST`] bytes.

use std::{collections::BTreeSet, num::NonZeroU64};

use hyperdust_proof::Hex;
use hyperdust_receipt::{Address, Domain, Terms};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Job,
    word::{self, Word, address},
};

/// Bytes of a terms file, at most.
pub const LONGEST: usize = 1 << 23;

/// The terms of a session's jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    chain: u64,
    #[serde(with = "address")]
    contract: Address,
    #[serde(with = "address")]
    user: Address,
    #[serde(with = "address")]
    provider: Address,
    every: NonZeroU64,
    /// The streams that the session has, where that is known; any, where not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jobs: Option<BTreeSet<Word>>,
}

impl Session {
    /// The session that a job of these terms is of, and no other job.
    pub fn of(terms: &Terms) -> Self {
        let Terms { domain: Domain { chain_id: chain, contract }, job, user, provider, credit: every } = *terms;
        Self { chain, contract, user, provider, every, jobs: Some([Word(job)].into()) }
    }

    /// With the streams of another one, too. An error where they are under other terms.
    pub fn with(mut self, other: Self) -> Result<Self, Error> {
        let Some(jobs) = other.jobs.clone() else { return Ok(other) };
        if (Self { jobs: other.jobs.clone(), ..self.clone() }) != other {
            return Err(Error::Terms("chain, contract, user, provider or every is another than in the session".into()));
        }
        if let Some(own) = &mut self.jobs {
            own.extend(jobs);
        }
        Ok(self)
    }

    /// Where its signatures count.
    pub fn domain(&self) -> Domain {
        Domain { chain_id: self.chain, contract: self.contract }
    }

    /// The session of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > LONGEST {
            return Err(Error::Terms(format!("found {} bytes; accepted: at most {LONGEST}", bytes.len())));
        }
        word::read(bytes).map_err(Error::Terms)
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        word::write(self)
    }

    /// The terms under which this session's user signs the stream that `job` says it is. An error names the first of its terms
    /// that is not the session's.
    pub fn terms(&self, job: &Job) -> Result<Terms, Error> {
        let found = job.terms().ok_or_else(|| Error::Terms("the job has none under which anybody signed".into()))?;
        let other = |what: &str, found: &dyn std::fmt::Display, accepted: &dyn std::fmt::Display| {
            Err(Error::Terms(format!("{what}: the job has {found}; accepted: {accepted}, the session's")))
        };
        if found.domain.chain_id != self.chain {
            return other("chain", &found.domain.chain_id, &self.chain);
        }
        let addresses = [
            ("contract", found.domain.contract, self.contract),
            ("user", found.user, self.user),
            ("provider", found.provider, self.provider),
        ];
        if let Some((what, found, accepted)) = addresses.iter().find(|(_, found, accepted)| found != accepted) {
            return other(what, found, accepted);
        }
        if found.credit != self.every {
            return other("every", &found.credit, &self.every);
        }
        if let Some(jobs) = &self.jobs
            && !jobs.contains(&Word(found.job))
        {
            return other("stream", &Hex(&found.job), &format_args!("one of {}", jobs.len()));
        }
        Ok(*found)
    }
}
