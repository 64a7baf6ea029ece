//! What the rest of the server sees.

use crate::{
    EpisodeMeta, EpisodeRecord, Error, Id, JobMeta, JobRecord, Journal, Page, Query, SessionRecord, Usage, Verdict,
    fsck::Report,
};

/// Keeps what must not be lost. Object safe; every method may be called from any thread, and may block on the disk.
///
/// **Acknowledgement.** A `put`, `append` or `drop` is safe once a [`flush`](Store::flush) that began after it has returned `Ok`, and not
/// before. Until then it is visible to reads here, and gone after a crash. Where a flush fails, everything stays in memory and
/// is written by the next one; putting it again is harmless too, because every put is idempotent. So a server answers for what it has
/// flushed, and tries again what it has not.
///
/// **Order.** A flush writes everything put before it, in that order. A crash before it returns leaves a beginning of it, without
/// halves: an episode with its bytes or none, a journal with its checkpoint and the commands after it up to one of them.
pub trait Store: Send + Sync {
    /// Keeps an episode and gives its name, the BLAKE3 digest of `bytes`. One that is there already stays as it is.
    ///
    /// May evict the oldest episodes and finalised jobs that are not pinned. Errors: too long, a backlog, no room under the cap.
    fn put_episode(&self, meta: &EpisodeMeta, bytes: &[u8]) -> Result<Id, Error>;

    /// What is known of an episode.
    fn episode(&self, id: &Id) -> Result<Option<EpisodeRecord>, Error>;

    /// An episode's bytes, compared with its name.
    fn episode_bytes(&self, id: &Id) -> Result<Option<Vec<u8>>, Error>;

    /// Some episodes, the one put last first.
    fn episodes(&self, query: &Query) -> Result<Page, Error>;

    /// Keeps a blueprint under its root. It stays as long as an episode or a job refers to it, and then until room is needed.
    fn put_blueprint(&self, root: &Id, bytes: &[u8]) -> Result<(), Error>;

    /// A blueprint's bytes.
    fn blueprint(&self, root: &Id) -> Result<Option<Vec<u8>>, Error>;

    /// Begins a job, or adds pins to it: until it is finalised neither it nor the episodes in `pins` are evicted. The meta of a job
    /// that is there stays as it is. Errors: more than [`crate::MAX_PINS`] pins in all, a finalised job.
    fn put_job(&self, id: &Id, meta: &JobMeta, pins: &[Id]) -> Result<(), Error>;

    /// Adds segment `number` of a job: the next one, from 0. A number that is there already is taken for the same segment and ignored.
    fn put_segment(&self, job: &Id, number: u64, bytes: &[u8]) -> Result<(), Error>;

    /// Says that a job is over, so that it and what it pinned may be evicted. Harmless when it is.
    fn finalise(&self, job: &Id) -> Result<(), Error>;

    /// A job without its segments.
    fn job(&self, id: &Id) -> Result<Option<JobRecord>, Error>;

    /// All jobs, the one put last first; with `open`, those that are not finalised.
    fn jobs(&self, open: bool) -> Result<Vec<JobRecord>, Error>;

    /// A segment of a job.
    fn segment(&self, job: &Id, number: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Keeps a verdict; it goes when its subject does. Errors: a subject that is neither an episode nor a job here.
    fn put_verdict(&self, verdict: &Verdict) -> Result<(), Error>;

    /// The verdicts on an episode or a job, in the order of who gave them.
    fn verdicts(&self, subject: &Id) -> Result<Vec<Verdict>, Error>;

    /// Begins a session's journal, or goes on from a new checkpoint: `state` takes the place of all commands up to number `after`.
    ///
    /// `after` lies between the last checkpoint's and the last command's, or begins a journal; an earlier one is taken for a repetition
    /// and ignored. A journal is never evicted. Numbers of sessions never return: what is salvaged of a damaged database may contain
    /// commands of a journal that was dropped.
    fn checkpoint(&self, session: u64, after: u64, state: &[u8]) -> Result<(), Error>;

    /// Adds command `number` to a session's journal: the next one. A number that is there already is ignored.
    fn append(&self, session: u64, number: u64, command: &[u8]) -> Result<(), Error>;

    /// A session's journal.
    fn journal(&self, session: u64) -> Result<Option<Journal>, Error>;

    /// All sessions that have one, by number.
    fn sessions(&self) -> Result<Vec<SessionRecord>, Error>;

    /// Forgets a session's journal: it has ended. Harmless when there is none.
    fn drop_journal(&self, session: u64) -> Result<(), Error>;

    /// Waits until everything that was put before this call is on the disk. Callers at the same time share one write.
    fn flush(&self) -> Result<(), Error>;

    /// What it holds.
    fn usage(&self) -> Usage;

    /// Writes everything that is kept into new files and removes the old ones. Takes as long as copying does, and other calls wait.
    /// Crash safe: one of the two is always whole.
    fn compact(&self) -> Result<(), Error>;

    /// Reads everything and reports every value that is broken, missing or that nothing refers to. Changes nothing.
    fn fsck(&self) -> Result<Report, Error>;
}
