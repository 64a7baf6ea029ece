//! Writes down what is not to be lost: ended episodes, and the logs of sessions.
//!
//! A commit takes everything that has come since the last one began, so the more there is to do the fewer there are. An episode
//! counts as recorded once its commit was flushed, and not before. Where the store refuses (a full disk), what is to be written stays
//! and is tried again; [`Backlog`] tells the sessions to stop making more. What it will never take (an episode that is longer than all it may
//! hold) is reported and let go, so that it stands in nobody else's way.

use std::{
    collections::HashSet,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use actix::prelude::*;
use hyperdust_gym::Episode;
use tokio::sync::oneshot;

use super::{Error, ledger::News, metrics::Metrics, session::Shared, vault::Vault};

/// Bytes of episodes that may wait, and of logs.
const BACKLOG: u64 = 256 << 20;
/// Before a commit that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// The oldest that a session's log may be on the disk.
const LOGS: Duration = Duration::from_millis(500);
/// Between looks at how large the store is.
const MEASURE: Duration = Duration::from_secs(5);

/// Between compactions of the store, where it needs them.
const COMPACT: Duration = Duration::from_secs(600);

/// What waits to be written.
#[derive(Debug, Default)]
pub struct Backlog {
    /// Of episodes.
    bytes: AtomicU64,
    logs: AtomicU64,
}

impl Backlog {
    /// Whether no more episodes may come.
    pub fn full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > BACKLOG
    }

    /// Whether no session may go on that has a log: else logs that cannot be written down would fill the memory.
    pub fn behind(&self) -> bool {
        self.logs.load(Ordering::Relaxed) > BACKLOG
    }
}

/// Episodes that have ended in one call.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Ended {
    shared: Arc<Shared>,
    episodes: Vec<(usize, Episode)>,
    time_ms: u64,
    bytes: u64,
    /// How many there were: those that the store will never take leave.
    count: u64,
}

impl Ended {
    /// Of this session, each with its lane.
    pub fn new(shared: Arc<Shared>, episodes: Vec<(usize, Episode)>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let size = |episode: &Episode| (episode.actions.len() + episode.records.len() * 102 + 256) as u64;
        let bytes = episodes.iter().map(|(_, episode)| size(episode)).sum();
        let count = episodes.len() as u64;
        Self { shared, episodes, time_ms: now.as_millis() as u64, bytes, count }
    }
}

/// A session whose log is to be written down.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Follow(pub Arc<Shared>);

/// A session that has ended: its log is not needed any more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Forget(pub u64);

/// Everything that came before this is safe; or why it is not.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), Error>")]
pub struct Flush;

/// As [`Flush`], for threads that are no actors.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Settle(pub oneshot::Sender<Result<(), Error>>);

/// A commit has ended.
#[derive(Message)]
#[rtype(result = "()")]
struct Committed {
    commit: Commit,
    result: Result<(), Error>,
}

/// What is written together.
#[derive(Default)]
struct Commit {
    begun: Vec<Arc<Shared>>,
    ended: Vec<Ended>,
    news: Vec<(Arc<Shared>, News)>,
    /// Bytes of these, as they count in the backlog.
    logs: u64,
    forgotten: Vec<u64>,
    /// Sessions whose logs cannot be written down: they go on, and end with the server.
    unkept: Vec<u64>,
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// Whether the store is written anew afterwards. What comes meanwhile waits in memory.
    compact: bool,
}

impl Commit {
    fn is_empty(&self) -> bool {
        self.begun.is_empty()
            && self.ended.is_empty()
            && self.news.is_empty()
            && self.forgotten.is_empty()
            && self.unkept.is_empty()
            && self.waiting.is_empty()
            && !self.compact
    }

    fn write(&mut self, vault: &Vault, flush: bool) -> Result<(), Error> {
        keep(vault, flush, || {
            let put = self.put(vault);
            // Whatever came of that: these make room for it.
            for session in self.forgotten.iter().chain(&self.unkept) {
                vault.drop_journal(*session)?;
            }
            put
        })?;
        if self.compact {
            match vault.compact() {
                Ok(()) => tracing::info!(bytes = vault.bytes(), "the store was compacted"),
                // Nothing is lost but the room that it would have given back.
                Err(error) => tracing::warn!(%error, "the store could not be compacted"),
            }
        }
        Ok(())
    }
}

impl Commit {
    /// Puts what is new. On an error it may all be put again.
    fn put(&mut self, vault: &Vault) -> Result<(), Error> {
        for shared in &self.begun {
            taken(vault.put_blueprint(shared), shared, "its scene cannot be kept")?;
        }
        for Ended { shared, episodes, time_ms, .. } in &mut self.ended {
            let mut result = Ok(());
            episodes.retain(|(lane, episode)| {
                let put = vault.put_episode(shared, *lane as u32, *time_ms, episode);
                taken(put, shared, "an episode of it is lost").unwrap_or_else(|error| {
                    result = Err(error);
                    true
                })
            });
            result?;
        }
        for (shared, news) in &self.news {
            if self.forgotten.contains(&shared.id) || self.unkept.contains(&shared.id) {
                // A commit that is tried again has them still.
                continue;
            }
            if !taken(vault.put_journal(shared, news), shared, "it ends with this server: its log cannot be kept")? {
                self.unkept.push(shared.id);
            }
        }
        Ok(())
    }
}

/// Puts and flushes. What the store does not take all at once is flushed as far as it took it: that makes room for the rest, which is put
/// again. Else it would stay full of what nobody flushes.
fn keep(vault: &Vault, flush: bool, put: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let put = put();
    if flush || put.is_err() {
        vault.flush()?;
    }
    put
}

/// Whether the store has taken it; `loss` is reported where it never will.
fn taken(put: Result<(), Error>, shared: &Shared, loss: &str) -> Result<bool, Error> {
    match put {
        Ok(()) => Ok(true),
        Err(Error::Unfit(why)) => {
            tracing::error!(session = shared.id, scene = shared.opening.open.scene, why, "{loss}");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The actor.
pub struct Recorder {
    vault: Arc<Vault>,
    metrics: Metrics,
    backlog: Arc<Backlog>,
    /// Whether logs are written down.
    journal: bool,
    gather: Duration,
    /// Bytes that the store's files may waste.
    slack: u64,
    followed: Vec<Weak<Shared>>,
    /// Those of them whose logs are not written down any more. Still followed, since what is not fetched piles up.
    unkept: HashSet<u64>,
    next: Commit,
    flushed: Instant,
    compacted: Option<Instant>,
    busy: bool,
    /// The store is written anew, and whoever asks it anything waits.
    compacting: bool,
}

impl Recorder {
    /// That writes here.
    pub fn new(vault: Arc<Vault>, metrics: Metrics, backlog: Arc<Backlog>, keep: &super::config::Keep) -> Self {
        let (journal, gather) = (keep.journal, Duration::from_millis(keep.gather.max(1)));
        let (followed, unkept, next) = Default::default();
        Self {
            vault,
            metrics,
            backlog,
            journal,
            gather,
            slack: keep.slack,
            followed,
            unkept,
            next,
            flushed: Instant::now(),
            compacted: None,
            busy: false,
            compacting: false,
        }
    }

    fn commit(&mut self, ctx: &mut Context<Self>) {
        if self.busy {
            return;
        }
        // Logs are not waited for, so they need not be on the disk at once; episodes are, and what somebody asked for. What is not
        // flushed is not put either: that would be work every few milliseconds, beside steps that take microseconds.
        let flush = !self.next.ended.is_empty() || !self.next.waiting.is_empty() || self.flushed.elapsed() >= LOGS;
        if self.journal && flush {
            self.followed.retain(|shared| shared.strong_count() > 0);
            let news = self.followed.iter().filter_map(Weak::upgrade).filter_map(|shared| {
                let news = shared.ledger().news();
                (!news.is_empty() && !self.unkept.contains(&shared.id)).then_some((shared, news))
            });
            for (shared, news) in news {
                let bytes = news.bytes();
                self.backlog.logs.fetch_add(bytes, Ordering::Relaxed);
                self.next.logs += bytes;
                self.next.news.push((shared, news));
            }
        }
        if self.next.is_empty() {
            return;
        }
        self.busy = true;
        let mut commit = std::mem::take(&mut self.next);
        self.compacting = commit.compact;
        if flush {
            self.flushed = Instant::now();
        }
        let (vault, metrics, address) = (self.vault.clone(), self.metrics.clone(), ctx.address());
        tokio::task::spawn_blocking(move || {
            let timer = metrics.commits.start_timer();
            let result = commit.write(&vault, flush);
            timer.observe_duration();
            address.do_send(Committed { commit, result });
        });
    }
}

impl Recorder {
    fn measure(&mut self) {
        if self.compacting {
            return;
        }
        self.metrics.store.set(self.vault.bytes() as i64);
        if self.compacted.is_none_or(|last| last.elapsed() > COMPACT) && self.vault.wasteful(self.slack) {
            self.compacted = Some(Instant::now());
            self.next.compact = true;
        }
    }
}

impl Actor for Recorder {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // One that waits for a commit must never be refused because others wait too.
        ctx.set_mailbox_capacity(1 << 16);
        ctx.run_interval(self.gather, Self::commit);
        ctx.run_interval(MEASURE, |recorder, _| recorder.measure());
    }
}

impl Handler<Ended> for Recorder {
    type Result = ();

    fn handle(&mut self, ended: Ended, _: &mut Self::Context) {
        self.backlog.bytes.fetch_add(ended.bytes, Ordering::Relaxed);
        self.metrics.recorder.add(ended.episodes.len() as i64);
        self.next.ended.push(ended);
    }
}

impl Handler<Follow> for Recorder {
    type Result = ();

    fn handle(&mut self, Follow(shared): Follow, _: &mut Self::Context) {
        self.followed.push(Arc::downgrade(&shared));
        self.next.begun.push(shared);
    }
}

impl Handler<Forget> for Recorder {
    type Result = ();

    fn handle(&mut self, Forget(session): Forget, _: &mut Self::Context) {
        self.followed.retain(|shared| shared.upgrade().is_some_and(|shared| shared.id != session));
        self.next.news.retain(|(shared, _)| shared.id != session);
        self.unkept.remove(&session);
        if self.journal {
            self.next.forgotten.push(session);
        }
    }
}

impl Handler<Settle> for Recorder {
    type Result = ();

    fn handle(&mut self, Settle(done): Settle, ctx: &mut Self::Context) {
        self.next.waiting.push(done);
        self.commit(ctx);
    }
}

impl Handler<Flush> for Recorder {
    type Result = ResponseFuture<Result<(), Error>>;

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (done, flushed) = oneshot::channel();
        self.handle(Settle(done), ctx);
        Box::pin(async move { flushed.await.unwrap_or(Err(Error::Stopped("recorder"))) })
    }
}

impl Handler<Committed> for Recorder {
    type Result = ();

    fn handle(&mut self, Committed { mut commit, result }: Committed, ctx: &mut Self::Context) {
        self.compacting = false;
        self.unkept.extend(&commit.unkept);
        match result {
            Ok(()) => {
                self.busy = false;
                self.backlog.logs.fetch_sub(commit.logs, Ordering::Relaxed);
                for ended in &commit.ended {
                    let saved = ended.episodes.len() as u64;
                    ended.shared.saved.fetch_add(saved, Ordering::Relaxed);
                    self.backlog.bytes.fetch_sub(ended.bytes, Ordering::Relaxed);
                    self.metrics.recorder.sub(ended.count as i64);
                    self.metrics.episodes.inc_by(saved);
                }
                commit.waiting.into_iter().for_each(|done| drop(done.send(Ok(()))));
                if !(self.next.ended.is_empty() && self.next.waiting.is_empty()) {
                    self.commit(ctx);
                }
            }
            Err(error) => {
                tracing::error!(%error, "what was to be recorded could not be; it is kept and tried again");
                let why = error.to_string();
                commit.waiting.drain(..).for_each(|done| drop(done.send(Err(Error::Store(why.clone())))));
                // In the order in which things came.
                commit.begun.append(&mut self.next.begun);
                commit.ended.append(&mut self.next.ended);
                commit.news.append(&mut self.next.news);
                commit.logs += self.next.logs;
                commit.forgotten.append(&mut self.next.forgotten);
                commit.unkept.append(&mut self.next.unkept);
                commit.waiting.append(&mut self.next.waiting);
                commit.compact |= self.next.compact;
                self.next = commit;
                ctx.run_later(AGAIN, |recorder, ctx| {
                    recorder.busy = false;
                    recorder.commit(ctx);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hyperdust_store::{EpisodeMeta, Options, Query, SledStore};

    use super::*;

    /// More than the store lets wait for a flush, in one commit: tried again and again it is all there in the end.
    #[test]
    fn a_commit_beyond_the_backlog_comes_through() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { path: folder.path().into(), reserve: 0, backlog: 25_000, ..Options::default() };
        let vault = Vault::new(Arc::new(SledStore::open(&options).unwrap().0));
        let put = || {
            let put = |number: u8| vault.store().put_episode(&EpisodeMeta::default(), &[number; 10_000]);
            (0..9).try_for_each(|number| put(number).map(drop)).map_err(|error| Error::Store(error.to_string()))
        };
        let tries = (1..20).find(|_| keep(&vault, true, put).is_ok());
        assert!(tries.is_some_and(|tries| tries > 1), "{tries:?}");
        assert_eq!(vault.store().episodes(&Query { safe: true, ..Query::default() }).unwrap().total, 9);
    }
}
