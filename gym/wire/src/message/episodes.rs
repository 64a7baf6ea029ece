//! Recorded episodes.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
    control::{Bad, Control, between, name},
    limits,
};

/// EPISODES: a page of the recorded episodes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeQuery {
    /// Of this scene only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<String>,
    /// Of this session only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Those that come after this one: the last of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Hex<32>>,
    /// How many at most; 0: as many as a page has.
    #[serde(default)]
    pub limit: u32,
}

impl Control for EpisodeQuery {
    fn check(&self) -> Result<(), Bad> {
        self.scene.as_ref().map_or(Ok(()), |scene| name("scene", scene, 1))?;
        between("limit", self.limit.into(), 0, limits::PAGE.into())
    }
}

/// A recorded episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeSummary {
    /// BLAKE3 of its bytes.
    pub id: Hex<32>,
    /// Name of its scene.
    pub scene: String,
    /// Root of what was simulated.
    pub blueprint: Hex<32>,
    /// What it was reset with, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Its steps.
    pub steps: u64,
    /// Undiscounted sum of rewards.
    pub episode_return: f64,
    /// Whether it reaches the end of the episode.
    pub complete: bool,
    /// The session that it was recorded in.
    pub session: u64,
    /// Its lane there.
    pub lane: u32,
    /// When it was recorded, milliseconds since 1970.
    pub time_ms: u64,
    /// Bytes of the recording.
    pub bytes: u64,
}

/// The answer to EPISODES.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeList {
    /// Newest first.
    pub episodes: Vec<EpisodeSummary>,
    /// Whether there are more.
    pub more: bool,
}

impl Control for EpisodeList {
    const LIMIT: usize = limits::REPLY_JSON;
}

impl Control for EpisodeSummary {
    const LIMIT: usize = limits::REPLY_JSON;
}

/// EPISODE: which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeId {
    /// BLAKE3 of its bytes.
    pub id: Hex<32>,
}

impl Control for EpisodeId {}
