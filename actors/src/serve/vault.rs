//! What the server keeps, in the server's own words.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyperdust_gym::{Episode, Start};
use hyperdust_wire::{
    Hex,
    message::{EpisodeList, EpisodeQuery, EpisodeSummary},
};

use super::{
    Error,
    ledger::{Checkpoint, Entry, News},
    opening::Opening,
    session::Shared,
};

/// A recorded episode.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it is.
    pub summary: EpisodeSummary,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Recorded {
    /// Of this session and lane.
    pub fn new(scene: &str, session: u64, lane: u32, time_ms: u64, episode: &Episode) -> Self {
        let bytes = episode.encode();
        let summary = EpisodeSummary {
            id: Hex(episode.digest()),
            scene: scene.into(),
            blueprint: Hex(episode.blueprint.0),
            seed: match episode.start {
                Start::Seed(seed) => Some(seed),
                _ => None,
            },
            steps: episode.len() as u64,
            episode_return: episode.episode_return(),
            complete: episode.complete(),
            session,
            lane,
            time_ms,
            bytes: bytes.len() as u64,
        };
        Self { summary, bytes }
    }
}

/// A session's log as it was written down.
pub type Journal = (Opening, Checkpoint, Vec<Entry>);

#[derive(Debug, Default)]
struct Kept {
    episodes: Vec<Recorded>,
    journals: BTreeMap<u64, Journal>,
}

/// The store.
#[derive(Debug, Default)]
pub struct Vault {
    kept: Mutex<Kept>,
}

impl Vault {
    /// An episode, safe after the next [`Vault::flush`].
    pub fn put_episode(&self, recorded: Recorded) -> Result<(), Error> {
        let mut kept = self.lock();
        if kept.episodes.iter().all(|other| other.summary.id != recorded.summary.id) {
            kept.episodes.push(recorded);
        }
        Ok(())
    }

    /// What is new in a session's log.
    pub fn put_journal(&self, shared: &Shared, news: &News) -> Result<(), Error> {
        let mut kept = self.lock();
        let journal = kept.journals.entry(shared.id);
        let journal = journal.or_insert_with(|| {
            let nowhere = Checkpoint { request: 0, snapshot: None, seeded: Vec::new() };
            (shared.opening.clone(), nowhere, Vec::new())
        });
        if let Some(checkpoint) = &news.checkpoint {
            journal.1 = (**checkpoint).clone();
            journal.2.clear();
        }
        journal.2.extend(news.entries.iter().map(|entry| (**entry).clone()));
        Ok(())
    }

    /// The session has ended.
    pub fn drop_journal(&self, session: u64) -> Result<(), Error> {
        self.lock().journals.remove(&session);
        Ok(())
    }

    /// A session's log.
    pub fn journal(&self, session: u64) -> Result<Option<Journal>, Error> {
        Ok(self.lock().journals.get(&session).cloned())
    }

    /// Everything that was put is on the disk when this returns.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> u64 {
        self.lock().episodes.iter().map(|recorded| recorded.summary.bytes).sum()
    }

    /// A page of the episodes, newest first.
    pub fn episodes(&self, query: &EpisodeQuery) -> Result<EpisodeList, Error> {
        let kept = self.lock();
        let fits = |summary: &EpisodeSummary| {
            query.scene.as_ref().is_none_or(|scene| *scene == summary.scene)
                && query.session.is_none_or(|session| session == summary.session)
        };
        let limit = if query.limit == 0 { hyperdust_wire::limits::PAGE } else { query.limit } as usize;
        let all = kept.episodes.iter().rev().map(|recorded| &recorded.summary).filter(|summary| fits(summary));
        let mut episodes: Vec<_> = match query.after {
            None => all.take(limit + 1).cloned().collect(),
            Some(after) => all.skip_while(|s| s.id != after).skip(1).take(limit + 1).cloned().collect(),
        };
        let more = episodes.len() > limit;
        episodes.truncate(limit);
        Ok(EpisodeList { episodes, more })
    }

    /// An episode's bytes.
    pub fn episode(&self, id: &Hex<32>) -> Result<Option<(EpisodeSummary, Vec<u8>)>, Error> {
        let kept = self.lock();
        let found = kept.episodes.iter().find(|recorded| recorded.summary.id == *id);
        Ok(found.map(|recorded| (recorded.summary.clone(), recorded.bytes.clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
