//! The hosted companion: computes again what the store holds, in idle time, and writes down what it finds.
//!
//! An actor keeps the list of what nobody has checked yet and gives it, newest recordings last, to a few threads that do not
//! belong to the actors. They keep the [pace] of somebody who has time: while sessions step, a thread works a twentieth of the time. What a
//! check needs is read from the store and nothing is taken over from the session that recorded it: an episode is replayed from its start and
//! its actions. A verdict goes into the store beside its subject, and leaves with it.

mod episode;
mod job;
mod models;
mod pace;

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use hyperdust_store::{Id, Outcome, Query, Verdict};

use super::{Error, Hub, jobs, recorder::Flush};
use models::Models;
use pace::Pace;

/// Who the server's own companion is, in verdicts.
pub const NAME: &str = "this server";
/// Between looks at what there is to do.
const LOOK: Duration = Duration::from_millis(250);
/// Every so many looks are at jobs, too.
const JOBS: u64 = 8;
/// Subjects that wait, at most; more are found by a later look.
const QUEUE: usize = 1 << 16;
/// Entries that are read from the store at once.
const PAGE: u32 = 256;
/// Verdicts that are written down before they are flushed, at most.
const FLUSH: usize = 64;

/// A verdict in a few words: `attested`, or `disputed (step 3 differs in its reward)`.
pub fn said(verdict: &Verdict) -> String {
    let outcome = match verdict.outcome {
        Outcome::Attested => return "attested".into(),
        Outcome::Disputed => "disputed",
        Outcome::Inputs => "inputs",
        Outcome::Abstained => "abstained",
    };
    format!("{outcome} ({})", verdict.detail)
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    outcome: Outcome,
    detail: String,
}

impl Finding {
    fn new(outcome: Outcome, detail: impl std::fmt::Display) -> Self {
        let mut detail = detail.to_string();
        detail.truncate(detail.floor_char_boundary(hyperdust_store::MAX_TEXT));
        Self { outcome, detail }
    }

    fn abstained(why: impl std::fmt::Display) -> Self {
        Self::new(Outcome::Abstained, why)
    }
}

/// What is computed again.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Episode(Id),
    Job(Id),
}

/// What a look at the store came to.
struct Look {
    /// The newest episode.
    newest: Option<Id>,
    /// Unchecked, oldest first.
    found: VecDeque<Subject>,
    /// There are more.
    more: bool,
}

/// A look has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Looked(Option<Look>);

/// A check has ended; whether its verdict was kept.
#[derive(Message)]
#[rtype(result = "()")]
struct Checked(bool);

/// The actor.
pub struct Companion {
    hub: Arc<Hub>,
    models: Arc<Models>,
    /// Everything up to this one was looked at.
    newest: Option<Id>,
    queue: VecDeque<Subject>,
    looking: bool,
    /// Looks that were taken.
    looks: u64,
    busy: usize,
    /// Verdicts since the last flush.
    unflushed: usize,
}

impl Companion {
    /// Of this server.
    pub fn new(hub: Arc<Hub>) -> Self {
        let (models, newest, queue, looking, looks, busy, unflushed) = Default::default();
        Self { hub, models, newest, queue, looking, looks, busy, unflushed }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        if self.looking || !self.queue.is_empty() || self.hub.draining() {
            return;
        }
        self.looking = true;
        let (hub, newest) = (self.hub.clone(), self.newest);
        let jobs = self.looks.is_multiple_of(JOBS);
        self.looks += 1;
        let looked = tokio::task::spawn_blocking(move || look(&hub, newest, jobs));
        let told = looked.into_actor(self).map(|look, _, ctx| {
            let look = match look {
                Ok(Ok(look)) => Some(look),
                Ok(Err(error)) => {
                    tracing::error!(%error, "the companion cannot read the store");
                    None
                }
                Err(_) => None,
            };
            ctx.notify(Looked(look));
        });
        ctx.spawn(told);
    }

    fn begin(&mut self, ctx: &mut Context<Self>) {
        while self.busy < self.hub.config.companion.threads
            && !self.hub.draining()
            && let Some(subject) = self.queue.pop_front()
        {
            self.busy += 1;
            let (hub, models) = (self.hub.clone(), self.models.clone());
            // The verdict is put there, too: where the store is being written anew, that takes its time.
            let checked = tokio::task::spawn_blocking(move || {
                let (Subject::Episode(id) | Subject::Job(id)) = subject;
                let finding = catch_unwind(AssertUnwindSafe(|| match &subject {
                    Subject::Episode(id) => episode::check(&hub, &models, id, &mut Pace::new(&hub)),
                    Subject::Job(id) => job::check(&hub, id, &mut Pace::new(&hub)),
                }));
                let finding = finding.unwrap_or_else(|_| Ok(Some(Finding::abstained("a fault of the replay"))));
                let kept = finding.and_then(|finding| finding.map_or(Ok(false), |finding| put(&hub, id, finding)));
                kept.unwrap_or_else(|error| {
                    tracing::error!(%id, %error, "what was recorded could not be checked");
                    false
                })
            });
            let told = checked.into_actor(self).map(|kept, _, ctx| ctx.notify(Checked(kept.unwrap_or_default())));
            ctx.spawn(told);
        }
        self.hub.metrics.companion.set((self.queue.len() + self.busy) as i64);
    }
}

impl Actor for Companion {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(LOOK, |companion, ctx| companion.look(ctx));
    }
}

impl Handler<Looked> for Companion {
    type Result = ();

    fn handle(&mut self, Looked(look): Looked, ctx: &mut Self::Context) {
        self.looking = false;
        if let Some(Look { newest, found, more }) = look {
            // Where there are more the next look is at everything again; what is checked by then is passed over.
            self.newest = if more { None } else { newest };
            self.queue = found;
            self.begin(ctx);
        }
    }
}

impl Handler<Checked> for Companion {
    type Result = ();

    fn handle(&mut self, Checked(kept): Checked, ctx: &mut Self::Context) {
        self.busy -= 1;
        self.unflushed += usize::from(kept);
        self.begin(ctx);
        if self.unflushed >= FLUSH || self.unflushed > 0 && self.busy == 0 {
            self.unflushed = 0;
            self.hub.recorder.do_send(Flush);
        }
    }
}

/// Writes a verdict down; whether its subject is still there.
fn put(hub: &Hub, subject: Id, Finding { outcome, detail }: Finding) -> Result<bool, Error> {
    match outcome {
        Outcome::Attested => tracing::debug!(%subject, "attested"),
        _ => tracing::warn!(%subject, ?outcome, detail, "the companion does not attest"),
    }
    let verdict = Verdict { subject, by: NAME.into(), outcome, detail, time_ms: now() };
    match hub.vault.store().put_verdict(&verdict) {
        Ok(()) => {}
        // It was evicted meanwhile.
        Err(hyperdust_store::Error::Unknown { .. }) => return Ok(false),
        Err(error) => return Err(Error::Store(error.to_string())),
    }
    hub.metrics.verdict(outcome);
    Ok(true)
}

/// Episodes that came after `newest` and that this companion has not checked; with `jobs`, jobs too.
fn look(hub: &Hub, newest: Option<Id>, jobs: bool) -> Result<Look, Error> {
    let store = hub.vault.store();
    let failed = |error: hyperdust_store::Error| Error::Store(error.to_string());
    let mut look = Look { newest: None, found: VecDeque::new(), more: false };
    let checked = |id: &Id| Ok(store.verdicts(id).map_err(failed)?.iter().any(|verdict| verdict.by == NAME));
    if jobs {
        for record in jobs::finished(hub).map_err(|failure| Error::Store(failure.to_string()))?.iter().rev() {
            if !checked(&record.id)? {
                look.found.push_front(Subject::Job(record.id));
            }
        }
    }
    let mut after = None;
    loop {
        let page = store.episodes(&Query { after, limit: PAGE, ..Query::default() }).map_err(failed)?;
        for record in &page.episodes {
            look.newest.get_or_insert(record.id);
            if Some(record.id) == newest {
                return Ok(look);
            }
            if !checked(&record.id)? {
                look.found.push_front(Subject::Episode(record.id));
            }
        }
        after = page.episodes.last().map(|record| record.id);
        look.more = look.found.len() >= QUEUE;
        if !page.more || look.more || hub.draining() {
            look.newest = look.newest.or(newest);
            return Ok(look);
        }
    }
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page marks verdicts by their first words.
    #[test]
    fn the_page_knows_verdicts() {
        let page = include_str!("../../../page/src/elements.js");
        let marks = page.lines().find_map(|line| line.strip_prefix("const VERDICTS = ")).unwrap();
        for (outcome, mark) in [(Outcome::Attested, "good"), (Outcome::Disputed, "bad")] {
            let (by, detail) = (NAME.into(), String::new());
            let said = said(&Verdict { subject: Id::of(b""), by, outcome, detail, time_ms: 0 });
            let word = said.split(' ').next().unwrap();
            assert!(marks.contains(&format!("{word}: \"{mark}\"")), "{said}");
        }
    }
}
