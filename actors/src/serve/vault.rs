//! What the server keeps, in the server's own words: the [`Store`] knows bytes, this knows what they are.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock, mpsc},
};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_gym::{Episode, Start};
use hyperdust_kernel::blueprint::BlueprintId;
use hyperdust_store::{EpisodeMeta, EpisodeRecord, Id, Outcome, Query, Store, Verdict};
use hyperdust_wire::{
    Hex, limits,
    message::{EpisodeList, EpisodeQuery, EpisodeSummary},
};

use super::{
    Error,
    ledger::{Checkpoint, Entry, News},
    opening::Opening,
    session::Shared,
};

/// A session's log as it was written down.
pub type Journal = (Opening, Checkpoint, Vec<Entry>);

/// A recorded episode and what was said about it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What it is.
    pub summary: EpisodeSummary,
    /// What was found by who computed it again: a dispute, where there is one.
    pub verdict: Option<Verdict>,
}

/// What a journal begins with: the session, as JSON, and where its worlds stood.
#[derive(BorshSerialize, BorshDeserialize)]
struct Head {
    opening: Vec<u8>,
    checkpoint: Checkpoint,
}

/// The store.
pub struct Vault {
    store: Arc<dyn Store>,
    /// After the store: dropped once that is closed.
    open: OnceLock<mpsc::Sender<Infallible>>,
}

impl Vault {
    /// In this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, open: OnceLock::new() }
    }

    /// Hangs up once nobody has the vault any more and its store is closed.
    pub fn closed(&self) -> mpsc::Receiver<Infallible> {
        let (open, closed) = mpsc::channel();
        // Whoever asks second has one that hangs up at once.
        drop(self.open.set(open));
        closed
    }

    /// The store itself, for who has words of its own for what is in it.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// An episode of this session and lane, safe after the next [`Vault::flush`].
    pub fn put_episode(&self, shared: &Shared, lane: u32, time_ms: u64, episode: &Episode) -> Result<(), Error> {
        let opening = &shared.opening;
        let mut owners = vec![opening.owner.clone()];
        owners.extend(opening.open.agent.clone().filter(|agent| *agent != opening.owner));
        let meta = EpisodeMeta {
            scene: shared.opening.open.scene.clone(),
            blueprint: Id(episode.blueprint.0),
            seed: match episode.start {
                Start::Seed(seed) => Some(seed),
                _ => None,
            },
            steps: episode.len() as u64,
            episode_return: episode.episode_return(),
            complete: episode.complete(),
            session: shared.id,
            lane,
            time_ms,
            owners,
        };
        self.store.put_episode(&meta, &episode.encode()).map(drop).map_err(refused)
    }

    /// What a session steps, so that its episodes can be replayed without its scene.
    pub fn put_blueprint(&self, shared: &Shared) -> Result<(), Error> {
        let model = &shared.shape.dish.model;
        let bytes = model.blueprint().encode().map_err(failed)?;
        self.store.put_blueprint(&Id(model.id().0), &bytes).map_err(refused)
    }

    /// A blueprint's bytes.
    pub fn blueprint(&self, id: &BlueprintId) -> Result<Option<Vec<u8>>, Error> {
        self.store.blueprint(&Id(id.0)).map_err(failed)
    }

    /// What is new in a session's log.
    pub fn put_journal(&self, shared: &Shared, news: &News) -> Result<(), Error> {
        self.append(shared.id, &news.before)?;
        if let Some(checkpoint) = &news.checkpoint {
            let head = Head {
                opening: serde_json::to_vec(&shared.opening).map_err(failed)?,
                checkpoint: (**checkpoint).clone(),
            };
            let state = borsh::to_vec(&head).map_err(failed)?;
            self.store.checkpoint(shared.id, checkpoint.request, &state).map_err(refused)?;
        }
        self.append(shared.id, &news.entries)
    }

    fn append(&self, session: u64, entries: &[Arc<Entry>]) -> Result<(), Error> {
        for entry in entries {
            let command = borsh::to_vec(&**entry).map_err(failed)?;
            self.store.append(session, entry.request, &command).map_err(refused)?;
        }
        Ok(())
    }

    /// The session has ended.
    pub fn drop_journal(&self, session: u64) -> Result<(), Error> {
        self.store.drop_journal(session).map_err(failed)
    }

    /// A session's log.
    pub fn journal(&self, session: u64) -> Result<Option<Journal>, Error> {
        let Some(journal) = self.store.journal(session).map_err(failed)? else { return Ok(None) };
        let head: Head = borsh::from_slice(&journal.state).map_err(failed)?;
        let opening = serde_json::from_slice(&head.opening).map_err(failed)?;
        let entries = journal.commands.iter().map(|command| borsh::from_slice(command)).collect::<Result<_, _>>();
        Ok(Some((opening, head.checkpoint, entries.map_err(failed)?)))
    }

    /// Sessions that have a log.
    pub fn journals(&self) -> Result<Vec<u64>, Error> {
        Ok(self.store.sessions().map_err(failed)?.iter().map(|record| record.session).collect())
    }

    /// Everything that was put is on the disk when this returns.
    pub fn flush(&self) -> Result<(), Error> {
        self.store.flush().map_err(failed)
    }

    /// Bytes of everything kept.
    pub fn bytes(&self) -> u64 {
        self.store.usage().bytes
    }

    /// Whether its files are larger than three times what is in them and `slack` bytes: what was removed takes room until
    /// [`Vault::compact`].
    pub fn wasteful(&self, slack: u64) -> bool {
        let usage = self.store.usage();
        usage.disk > slack.saturating_add(3 * usage.bytes)
    }

    /// Writes the store anew, without what was removed. Other calls wait meanwhile.
    pub fn compact(&self) -> Result<(), Error> {
        self.store.compact().map_err(failed)
    }

    /// A page of the episodes, newest first, for a client: all of them, or those of an owner.
    pub fn episodes(&self, query: &EpisodeQuery, owner: Option<&str>) -> Result<EpisodeList, Error> {
        let page = self.store.episodes(&Query {
            scene: query.scene.clone(),
            session: query.session,
            owner: owner.map(str::to_owned),
            after: query.after.map(|after| Id(after.0)),
            offset: 0,
            // What is listed survives a crash.
            safe: true,
            limit: if query.limit == 0 { limits::PAGE } else { query.limit },
        });
        let page = page.map_err(failed)?;
        Ok(EpisodeList { episodes: page.episodes.into_iter().map(summary).collect(), more: page.more })
    }

    /// A page of the episodes, newest first, with how many there are.
    pub fn page(&self, offset: u64, limit: u32) -> Result<(u64, Vec<Listed>), Error> {
        let page = self.store.episodes(&Query { offset, limit, safe: true, ..Query::default() }).map_err(failed)?;
        let listed = page.episodes.into_iter().map(|record| self.list(record)).collect::<Result<_, _>>();
        Ok((page.total, listed?))
    }

    /// One of them.
    pub fn listed(&self, id: &Hex<32>) -> Result<Option<Listed>, Error> {
        let record = self.store.episode(&Id(id.0)).map_err(failed)?;
        record.map(|record| self.list(record)).transpose()
    }

    /// An episode's bytes; none where it is not this owner's, as if it were not there.
    pub fn episode(&self, id: &Hex<32>, owner: Option<&str>) -> Result<Option<(EpisodeSummary, Vec<u8>)>, Error> {
        let id = Id(id.0);
        let theirs = |record: &EpisodeRecord| owner.is_none_or(|owner| record.meta.owners.iter().any(|o| o == owner));
        let Some(record) = self.store.episode(&id).map_err(failed)?.filter(theirs) else { return Ok(None) };
        Ok(self.store.episode_bytes(&id).map_err(failed)?.map(|bytes| (summary(record), bytes)))
    }

    fn list(&self, record: EpisodeRecord) -> Result<Listed, Error> {
        let mut verdicts = self.store.verdicts(&record.id).map_err(failed)?;
        let worst = verdicts.iter().position(|verdict| verdict.outcome == Outcome::Disputed);
        let verdict = worst.map(|at| verdicts.swap_remove(at)).or_else(|| verdicts.pop());
        Ok(Listed { summary: summary(record), verdict })
    }
}

fn summary(record: EpisodeRecord) -> EpisodeSummary {
    let EpisodeRecord { id, bytes, meta } = record;
    EpisodeSummary {
        id: Hex(id.0),
        scene: meta.scene,
        blueprint: Hex(meta.blueprint.0),
        seed: meta.seed,
        steps: meta.steps,
        episode_return: meta.episode_return,
        complete: meta.complete,
        session: meta.session,
        lane: meta.lane,
        time_ms: meta.time_ms,
        bytes,
    }
}

/// Why a put failed: for now, or for good.
fn refused(error: hyperdust_store::Error) -> Error {
    use hyperdust_store::Error::{Broken, Gap, NoRoom, NotANumber, TooLong, Unknown};
    match error {
        NoRoom { needed, capacity, .. } if needed <= capacity => failed(error),
        // What is there already is broken: putting it again will not mend it.
        NoRoom { .. } | TooLong { .. } | NotANumber { .. } | Gap { .. } | Unknown { .. } | Broken { .. } => {
            Error::Unfit(error.to_string())
        }
        error => failed(error),
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Store(error.to_string())
}

#[cfg(test)]
mod tests {
    use hyperdust_store::{Options, SledStore};

    use super::*;

    /// Files that have grown far beyond what is in them are noticed, and compacting them is enough: it does not go on for ever.
    #[test]
    fn waste_is_seen_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let slack = 8 << 20;
        let open = |capacity| {
            let options = Options { path: folder.path().into(), capacity, reserve: 0, ..Options::default() };
            Vault::new(Arc::new(SledStore::open(&options).unwrap().0))
        };
        let put = |vault: &Vault, number: u64| {
            let bytes = number.to_le_bytes().repeat(12_000);
            vault.store.put_episode(&EpisodeMeta::default(), &bytes).unwrap();
        };
        let vault = open(0);
        (0..300).for_each(|number| put(&vault, number));
        vault.flush().unwrap();
        assert!(!vault.wasteful(slack), "{:?}", vault.store.usage());
        drop(vault);
        // The operator has less room for it from now on.
        let vault = open(1 << 20);
        put(&vault, 300);
        vault.flush().unwrap();
        assert!(vault.wasteful(slack), "{:?}", vault.store.usage());
        vault.compact().unwrap();
        assert!(!vault.wasteful(slack), "{:?}", vault.store.usage());
    }
}
