//! Jobs as companions see them: the streams of signed sessions that have ended.
//!
//! A companion is given a job's inputs alone; the roots of its outputs, which are in the store beside them, leave only in the answer to
//! a commitment, and a commitment is for good: it is on the disk before the claim leaves, and another one for the same job, by the same
//! account or the same key of the connection, is refused. Every companion that may connect is assigned every job. A job that somebody attested
//! to is finalised: it may be evicted once room is needed.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use hyperdust_kernel::{Model, blueprint::Blueprint, merkle::Hash};
use hyperdust_proof::Graph;
use hyperdust_receipt::{Address, Terms};
use hyperdust_store::{Id, JobRecord, Outcome, Verdict};
use hyperdust_wire::{
    Code, Failure, Hex, limits,
    message::{CommitRequest, JobList, JobSummary},
};
use serde::{Deserialize, Serialize};

use super::{
    Hub, companion,
    gateway::Client,
    signing::{Note, Stored},
};
use crate::{Job, companion::Report, companion::Verdict as Said};

/// What the server knows of companions beside the store.
#[derive(Debug, Default)]
pub struct Desk {
    /// Sessions that live: their jobs may still grow.
    active: Mutex<HashSet<u64>>,
    /// Held while a commitment or its opening is looked up and written down, so that no two are written.
    committing: Mutex<()>,
}

impl Desk {
    /// A session begins.
    pub fn begins(&self, session: u64) {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).insert(session);
    }

    /// Whether it has begun, or is about to.
    pub fn lives(&self, session: u64) -> bool {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    /// A session has ended.
    pub fn ended(&self, session: u64) {
        self.active.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}

/// What is kept of a companion's part in a job, as JSON in the detail of its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    commitment: Hex<32>,
    /// Key of the connection.
    user: String,
    /// What it said; none: it has not opened its commitment yet.
    said: Option<String>,
}

/// A job and what is claimed of it.
pub struct Filed {
    /// Inputs, with the user's signatures.
    pub job: Job,
    /// Under which it was signed.
    pub terms: Terms,
    /// Roots of the outputs.
    pub outputs: Vec<Hash>,
    /// Whether its session was opened on the chain.
    paid: bool,
}

impl Filed {
    /// What is claimed of it.
    pub fn claim(&self) -> Result<Graph, Failure> {
        self.job.graph(&self.outputs).map_err(|error| Failure::new(Code::Internal, error))
    }
}

fn storage(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Storage, error)
}

fn missing(job: &Hex<32>) -> Failure {
    Failure::new(Code::NotFound, format!("there is no job {job} for you"))
}

/// Whether a session has ended for good, so that its jobs will not grow any more.
pub fn over(hub: &Hub, session: u64) -> Result<bool, Failure> {
    let journals = hub.vault.journals().map_err(storage)?;
    let active = hub.desk.active.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(!active.contains(&session) && !journals.contains(&session))
}

/// Jobs that will not grow any more, oldest first.
pub fn finished(hub: &Hub) -> Result<Vec<JobRecord>, Failure> {
    let mut jobs = hub.vault.store().jobs(false).map_err(storage)?;
    // Read after the jobs: one whose session is gone by now is whole.
    let journals: HashSet<u64> = hub.vault.journals().map_err(storage)?.into_iter().collect();
    let active = hub.desk.active.lock().unwrap_or_else(PoisonError::into_inner);
    jobs.retain(|job| {
        let lane = borsh::from_slice(&job.meta.note).is_ok_and(|note: Note| note.lane().is_some());
        lane && job.segments > 0 && !active.contains(&job.meta.session) && !journals.contains(&job.meta.session)
    });
    jobs.reverse();
    Ok(jobs)
}

/// A finished job.
pub fn filed(hub: &Hub, id: &Hex<32>) -> Result<Filed, Failure> {
    let record = hub.vault.store().job(&Id(id.0)).map_err(storage)?.ok_or_else(|| missing(id))?;
    if record.segments == 0 || !over(hub, record.meta.session)? {
        return Err(missing(id));
    }
    let note = borsh::from_slice::<Note>(&record.meta.note).map_err(|_| missing(id))?;
    let paid = matches!(note, Note::Paid { .. });
    let note = note.lane();
    let Some((program, terms)) = note else { return Err(missing(id)) };
    let store = hub.vault.store();
    let bytes = store.blueprint(&record.meta.blueprint).map_err(storage)?.ok_or_else(|| missing(id))?;
    let broken = |error: &dyn std::fmt::Display| Failure::new(Code::Internal, format!("job {id}: {error}"));
    let model = Blueprint::decode(&bytes).and_then(Model::new).map_err(|error| broken(&error))?;
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for number in 0..record.segments {
        let stored = stored(hub, &record.id, number)?;
        inputs.push(stored.inputs);
        outputs.push(stored.output);
    }
    let job = Job::new(&model, program, inputs, Some(terms)).map_err(|error| broken(&error))?;
    Ok(Filed { job, terms, outputs, paid })
}

/// A segment that both sides signed.
pub fn stored(hub: &Hub, job: &Id, number: u64) -> Result<Stored, Failure> {
    // What is lost does not come back.
    let lost =
        |why: &dyn std::fmt::Display| Failure::new(Code::Internal, format!("job {job}: segment {number}: {why}"));
    let bytes = hub.vault.store().segment(job, number);
    let bytes = bytes.map_err(|error| if error.retryable() { storage(error) } else { lost(&error) })?;
    let bytes = bytes.ok_or_else(|| lost(&"it is not there"))?;
    borsh::from_slice(&bytes).map_err(|error| lost(&error))
}

fn parts(hub: &Hub, job: &Id) -> Result<Vec<(Verdict, Part)>, Failure> {
    let verdicts = hub.vault.store().verdicts(job).map_err(storage)?;
    let part = |verdict: Verdict| serde_json::from_str(&verdict.detail).ok().map(|part| (verdict, part));
    Ok(verdicts.into_iter().filter_map(part).collect())
}

/// JOBS: those that this companion has not given a verdict on.
pub fn list(hub: &Hub, client: &Client) -> Result<JobList, Failure> {
    let mut list = JobList::default();
    for record in finished(hub)? {
        let over = |(_, part): &(_, Part)| part.user == client.user && part.said.is_some();
        if parts(hub, &record.id)?.iter().any(over) {
            continue;
        }
        let last = match stored(hub, &record.id, record.segments - 1) {
            Ok(last) => last,
            // It is in nobody else's way.
            Err(failure) => {
                tracing::error!(%failure, "a job cannot be read");
                continue;
            }
        };
        list.jobs.push(JobSummary {
            job: Hex(record.id.0),
            blueprint: Hex(record.meta.blueprint.0),
            segments: u32::try_from(record.segments).unwrap_or(u32::MAX),
            steps: last.receipt.actions.message.steps,
        });
        if list.jobs.len() >= limits::PAGE as usize {
            break;
        }
    }
    Ok(list)
}

/// COMMIT: fixes the commitment; only then the claim's bytes.
pub fn commit(hub: &Hub, client: &Client, request: &CommitRequest) -> Result<Vec<u8>, Failure> {
    let claim = filed(hub, &request.job)?.claim()?.encode();
    let (subject, by) = (Id(request.job.0), Address(request.companion.0).to_string());
    let _one = hub.desk.committing.lock().unwrap_or_else(PoisonError::into_inner);
    for (verdict, part) in parts(hub, &subject)? {
        // Without keys everybody is the same user: there the account alone tells companions apart.
        let same = verdict.by == by || part.user == client.user && client.user != Client::LOCAL;
        if same && (verdict.by != by || part.commitment != request.commitment || part.user != client.user) {
            let why = format!("job {}: found a second commitment; accepted: {}", request.job, part.commitment);
            return Err(Failure::new(Code::Forbidden, why));
        }
        if same {
            return Ok(claim);
        }
    }
    let part = Part { commitment: request.commitment, user: client.user.clone(), said: None };
    put(hub, subject, by, Outcome::Abstained, &part)?;
    Ok(claim)
}

/// OPENING: opens the commitment and keeps the verdict, once it is seen to hold.
pub fn open(hub: &Hub, client: &Client, job: &Hex<32>, frame: &[u8]) -> Result<(), Failure> {
    let refused = |code: Code| move |error: crate::Error| Failure::new(code, error);
    let report = Report::decode(frame).map_err(refused(Code::Malformed))?;
    let filed = filed(hub, job)?;
    let (claim, subject) = (filed.claim()?, Id(job.0));
    // Of two verdicts that come at once, one is the second.
    let _one = hub.desk.committing.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failure = Failure::new(Code::Forbidden, "no commitment of yours for this job");
    for (verdict, part) in parts(hub, &subject)?.into_iter().filter(|(_, part)| part.user == client.user) {
        let Ok(address) = verdict.by.parse::<Address>() else { continue };
        if let Err(error) = report.check(&filed.terms, &claim, &part.commitment.0, &address) {
            failure = Failure::new(Code::Receipt, error);
            continue;
        }
        let (outcome, said) = match &report.verdict {
            Said::Attested(_) => (Outcome::Attested, "all outputs are as claimed".into()),
            Said::Disputed { node, .. } => (Outcome::Disputed, format!("segment {node} gives another output")),
            Said::Inputs { segment, why } => (Outcome::Inputs, format!("segment {segment}: {why}")),
            Said::Abstained { why } => (Outcome::Abstained, why.clone()),
        };
        if part.said.is_some() {
            if verdict.outcome == outcome {
                return Ok(());
            }
            return Err(Failure::new(Code::Forbidden, "found a second verdict; accepted: one"));
        }
        put(hub, subject, verdict.by, outcome, &Part { said: Some(said), ..part })?;
        hub.metrics.verdict(outcome);
        // What is paid on a chain is kept until it is settled there.
        if outcome == Outcome::Attested && !filed.paid {
            hub.vault.store().finalise(&subject).map_err(storage)?;
        }
        return Ok(());
    }
    Err(failure)
}

fn put(hub: &Hub, subject: Id, by: String, outcome: Outcome, part: &Part) -> Result<(), Failure> {
    let detail = serde_json::to_string(part).map_err(storage)?;
    let verdict = Verdict { subject, by, outcome, detail, time_ms: companion::now() };
    hub.vault.store().put_verdict(&verdict).map_err(storage)?;
    hub.vault.flush().map_err(storage)
}
