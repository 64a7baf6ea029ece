//! Policies that the server hosts: pure functions from rows of observations to rows of actions.
//!
//! Two ways lead to one. POLICY_ACT of any client goes through the policy's [seat](seat::Seat), which gathers what many ask for and
//! computes it on a thread of its own. RUN computes in the session's worker: its lanes are a batch already, and a way through
//! another thread and back would cost each step two wake-ups, and make sessions wait for each other. Both call the same function, of which
//! a row's answer depends on that row alone, so nobody can tell the difference.

mod drive;
pub mod paid;
mod seat;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use hyperdust_merkle::Hash;
use hyperdust_policy::Policy;
use hyperdust_wire::{
    Code, Failure, Hex, limits,
    message::{self, PolicyName, PolicyOpen, Reply, Role},
};
use serde::{Deserialize, Serialize};

use super::{Error, gateway::Ticket, metrics::Metrics, quota::Quota};
pub use drive::{actions, fits};
use seat::{Asked, Seat};

/// Characters of a policy's name, at most.
const NAME: usize = 256;

/// How requests for a policy are gathered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Rows that are waited for before a policy computes; 1: none, it takes what is there.
    pub min_batch: usize,
    /// Microseconds that the first of them waits, at most.
    pub timeout_us: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { min_batch: 1, timeout_us: 1000 }
    }
}

impl Settings {
    /// Of these policies; or what is wrong.
    pub(super) fn check(&self, policies: &BTreeMap<String, PathBuf>) -> Result<(), Error> {
        let wrong = |place: &str, why: String| Err(Error::Config { place: place.into(), why });
        if !(1..=1 << 20).contains(&self.min_batch) {
            return wrong("policy.min_batch", format!("found {}; accepted: 1 to 1048576", self.min_batch));
        }
        if self.timeout_us > 60_000_000 {
            return wrong("policy.timeout_us", format!("found {}; accepted: at most 60000000", self.timeout_us));
        }
        match policies.keys().find(|name| name.is_empty() || name.len() > NAME || name.chars().any(char::is_control)) {
            Some(name) => {
                let why = format!("found the name {name:?}; accepted: 1 to {NAME} bytes, no control characters");
                wrong("policies", why)
            }
            None => Ok(()),
        }
    }
}

/// A request for a policy.
#[derive(Debug)]
pub enum Ask {
    /// Its shapes.
    Open(PolicyOpen),
    /// Actions for these rows of observations, and the voucher that pays for them.
    Act(PolicyName, Vec<u8>, Option<Vec<u8>>),
}

/// All of them.
#[derive(Debug, Default)]
pub struct Policies {
    seats: BTreeMap<String, Seat>,
    /// Where it is paid, on a server with a chain.
    till: Option<paid::Till>,
}

impl Policies {
    /// Reads the files and gives each policy its thread. `frame`: bytes of a frame, at most.
    pub fn load(
        files: &BTreeMap<String, PathBuf>,
        settings: &Settings,
        frame: u64,
        metrics: &Metrics,
    ) -> Result<Self, Error> {
        let mut seats = BTreeMap::new();
        for (name, path) in files {
            let wrong = |error: hyperdust_policy::Error| Error::Policy {
                name: name.clone(),
                why: format!("{}: {error}", path.display()),
            };
            let policy = Arc::new(Policy::read(path).map_err(wrong)?);
            let (inputs, outputs) = (policy.inputs(), policy.outputs());
            tracing::info!(name, inputs, outputs, digest = %Hex(policy.digest()), "a policy is hosted");
            // What a frame holds, in and out.
            let frame = usize::try_from(frame).unwrap_or(usize::MAX).min(limits::DATA);
            let rows = policy.rows().min(frame / 4 / inputs.max(outputs)).max(1);
            let counters = metrics.policy(name);
            let seat =
                Seat::new(name, policy, rows, settings.min_batch, Duration::from_micros(settings.timeout_us), counters);
            let no_thread = |source| Error::Io { path: "a thread".into(), source };
            seats.insert(name.clone(), seat.map_err(no_thread)?);
        }
        Ok(Self { seats, till: None })
    }

    /// The same, with whoever takes what is paid for them.
    pub fn with(self, till: Option<paid::Till>) -> Self {
        Self { till, ..self }
    }

    /// Who takes what is paid for them.
    pub fn till(&self) -> Option<&paid::Till> {
        self.till.as_ref()
    }

    /// One by its name.
    pub fn named(&self, name: &str) -> Option<&Arc<Policy>> {
        self.seats.get(name).map(|seat| &seat.policy)
    }

    /// One by its digest: for what was done with it before.
    pub fn known(&self, digest: &Hash) -> Option<&Arc<Policy>> {
        self.seats.values().map(|seat| &seat.policy).find(|policy| policy.digest() == *digest)
    }

    /// One by its name, or by its digest as text: whoever found it on a chain knows no other.
    fn seat(&self, name: &str) -> Option<&Seat> {
        let known = || {
            let digest = Hex::<32>::parse(name)?;
            self.seats.values().find(|seat| seat.policy.digest() == digest.0)
        };
        self.seats.get(name).or_else(known)
    }

    /// Whether nothing waits to be answered.
    pub fn idle(&self) -> bool {
        self.seats.values().all(Seat::idle) && self.till.as_ref().is_none_or(paid::Till::idle)
    }

    /// Answers, now or when it is computed.
    pub fn ask(&self, ticket: Ticket, ask: Ask, quota: &Quota) {
        if ticket.client.role == Role::Companion {
            return ticket.refuse(Failure::new(Code::Forbidden, "companions ask no policies"));
        }
        let (Ask::Open(PolicyOpen { name, .. }) | Ask::Act(PolicyName { name }, ..)) = &ask;
        let Some(seat) = self.seat(name) else {
            return ticket.refuse(Failure::new(Code::NotFound, format!("there is no policy {name}")));
        };
        let (name, bytes, voucher) = match ask {
            Ask::Open(open) => return self.open(ticket, open, seat),
            Ask::Act(PolicyName { name }, bytes, voucher) => (name, bytes, voucher),
        };
        let inputs = seat.policy.inputs();
        let rows = bytes.len() / (4 * inputs);
        if !bytes.len().is_multiple_of(4 * inputs) || rows > seat.rows {
            let (found, most) = (bytes.len(), seat.rows);
            let why = format!("observations: found {found} bytes; accepted: up to {most} rows of {inputs} float32");
            return ticket.refuse(Failure::new(Code::Invalid, why));
        }
        if let Err(wait) = quota.rows(&ticket.client.user, rows as u64, Instant::now()) {
            let why = format!("{} rows a second of policies are allowed", quota.limits().policy_rows_per_second);
            let retry_after_ms = Some(wait.as_millis() as u64 + 1);
            return ticket.refuse(Failure { retry_after_ms, ..Failure::new(Code::Quota, why) });
        }
        let answer = match (voucher, &self.till) {
            (None, _) => Box::new(move |result: Result<&[f32], String>| reply(ticket, result)) as seat::Answer,
            (Some(_), None) => return ticket.refuse(no_chain()),
            (Some(voucher), Some(till)) => match till.take(ticket, &name, &seat.policy, (rows as u64, &bytes), voucher)
            {
                Ok(answer) => answer,
                Err((ticket, failure)) => return ticket.refuse(failure),
            },
        };
        let numbers = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        seat.put(Asked { answer, numbers });
    }

    /// Tells what it is, and where somebody pays, how; the chain is asked beside the actors.
    fn open(&self, ticket: Ticket, PolicyOpen { name, payment }: PolicyOpen, seat: &Seat) {
        let policy = &seat.policy;
        let (inputs, outputs, rows) = (policy.inputs(), policy.outputs(), seat.rows);
        let mut shapes = message::Policy { name, inputs, outputs, rows, digest: Hex(policy.digest()), payment: None };
        let Some(payer) = payment else { return ticket.reply(&Reply::Policy(shapes)) };
        let Some(till) = &self.till else { return ticket.refuse(no_chain()) };
        let opening = till.open(payer, policy);
        actix::spawn(async move {
            match opening.await {
                Ok(terms) => {
                    shapes.payment = Some(terms.into());
                    ticket.reply(&Reply::Policy(shapes));
                }
                Err(failure) => ticket.refuse(failure),
            }
        });
    }
}

fn no_chain() -> Failure {
    Failure::new(Code::Invalid, "payment: found one; accepted: none, for this server has no chain")
}

fn reply(ticket: Ticket, result: Result<&[f32], String>) {
    match result {
        Ok(actions) => {
            let bytes: Vec<u8> = actions.iter().flat_map(|x| x.to_le_bytes()).collect();
            ticket.reply(&Reply::Actions(&bytes));
        }
        Err(why) => ticket.refuse(Failure::new(Code::Invalid, why)),
    }
}
