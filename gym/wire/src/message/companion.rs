//! What a companion is told, in the order in which it is told: inputs, and only after its commitment the claim.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
    control::{Bad, Control},
    limits,
};

/// A job that waits for this companion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSummary {
    /// Its number at this server.
    pub job: Hex<32>,
    /// Root of what was simulated.
    pub blueprint: Hex<32>,
    /// Its segments.
    pub segments: u32,
    /// Steps of all segments.
    pub steps: u64,
}

/// The answer to JOBS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobList {
    /// Oldest first.
    pub jobs: Vec<JobSummary>,
}

impl Control for JobList {
    const LIMIT: usize = limits::REPLY_JSON;

    fn check(&self) -> Result<(), Bad> {
        crate::control::between("jobs", self.jobs.len() as u64, 0, limits::PAGE.into())
    }
}

/// JOB: which one. The answer is a frame with its bytes: inputs alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobId {
    /// From the list.
    pub job: Hex<32>,
}

impl Control for JobId {}

/// COMMIT. The answer is a frame with the provider's claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitRequest {
    /// From the list.
    pub job: Hex<32>,
    /// A hash of its own result, its account and a salt.
    pub commitment: Hex<32>,
    /// The companion's account.
    pub companion: Hex<20>,
}

impl Control for CommitRequest {}

/// The JSON of OPENING; a frame with the opening and the verdict follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningRequest {
    /// From the list.
    pub job: Hex<32>,
}

impl Control for OpeningRequest {}
