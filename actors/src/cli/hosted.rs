//! Recorded episodes of a server that runs, over the wire: it has its store open, so nobody else can.

use hyperdust_store::{EpisodeMeta, EpisodeRecord, Id};
use hyperdust_wire::{
    Hex,
    client::{Client, Options},
    limits,
    message::{EpisodeId, EpisodeQuery, EpisodeSummary},
};

use super::recorded::{self, beginning};
use crate::Error;

/// Episodes that a server on this machine has.
pub(super) struct Hosted(Client);

impl Hosted {
    pub(super) fn at(endpoint: &str) -> Result<Self, Error> {
        Ok(Self(Client::connect(endpoint, &Options::default())?))
    }

    /// A page, the newest first, and whether there are more; `limit` 0: all.
    pub(super) fn list(
        &mut self,
        scene: Option<&str>,
        session: Option<u64>,
        offset: u64,
        limit: u32,
    ) -> Result<(Vec<EpisodeRecord>, bool), Error> {
        let last = if limit == 0 { u64::MAX } else { offset.saturating_add(limit.into()) };
        let (mut found, mut seen, mut after) = (Vec::new(), 0_u64, None);
        loop {
            let page = u32::try_from(last - seen).unwrap_or(limits::PAGE).min(limits::PAGE);
            let query = EpisodeQuery { scene: scene.map(str::to_owned), session, after, limit: page };
            let list = self.0.episodes(query)?;
            after = list.episodes.last().map(|summary| summary.id);
            for summary in list.episodes {
                if seen >= offset {
                    found.push(record(summary));
                }
                seen += 1;
            }
            if !list.more || after.is_none() || seen >= last {
                return Ok((found, list.more));
            }
        }
    }

    /// The one episode whose name begins so.
    pub(super) fn find(&mut self, name: &str) -> Result<Id, Error> {
        if let Some(whole) = recorded::whole(name) {
            return Ok(whole);
        }
        let begins = beginning(name)?;
        let mut all = self.list(None, None, 0, 0)?.0;
        all.retain(|record| record.id.to_string().starts_with(&begins));
        recorded::only(name, all).map(|record| record.id)
    }

    /// An episode and its bytes.
    pub(super) fn read(&mut self, name: &str) -> Result<(EpisodeRecord, Vec<u8>), Error> {
        let id = self.find(name)?;
        let (summary, bytes) = self.0.episode(EpisodeId { id: Hex(id.0) })?;
        Ok((record(summary), bytes))
    }
}

/// As a store has it. Whose it is, the wire doesn't say.
fn record(summary: EpisodeSummary) -> EpisodeRecord {
    let EpisodeSummary { id, scene, blueprint, seed, steps, episode_return, complete, session, lane, time_ms, bytes } =
        summary;
    let (blueprint, owners) = (Id(blueprint.0), Vec::new());
    let meta = EpisodeMeta { scene, blueprint, seed, steps, episode_return, complete, session, lane, time_ms, owners };
    EpisodeRecord { id: Id(id.0), bytes, meta }
}
