//! A recorded episode: enough for anyone to run it again and compare every step.
//!
//! Bytes: `"HDEP" ‖ format (u16 LE) ‖ borsh(body)`. Decoding is total and bounded: any byte string gives
//! an episode that keeps the invariants below, or an error, and allocates no more than a small multiple of
//! the input. An episode proves nothing by itself: [`Episode::replay`] does.
//!
//! Invariants of a decoded episode: as many actions as records, all of `action_size` bytes; no record
//! after one that ended the episode.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::{
    Model, VERSION,
    blueprint::{Blueprint, BlueprintId},
    record::StepRecord,
};

/// First bytes of an encoded episode.
pub const MAGIC: [u8; 4] = *b"HDEP";
/// Version of the encoding.
pub const FORMAT: u16 = 1;
/// Bytes that [`Episode::decode`] takes at most.
pub const MAX_BYTES: usize = 1 << 30;
/// Steps of an episode that [`Episode::decode`] takes at most.
pub const MAX_STEPS: usize = 1 << 24;

/// Where an episode starts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Start {
    /// `reset(seed)`.
    Seed(u64),
    /// `reset()`: the random stream of an earlier seed went on from here.
    Continue {
        /// What the stream was started with.
        seed: u64,
        /// How far earlier resets had drawn.
        position: u64,
    },
    /// A state put there by hand, as a snapshot; nothing is known of how it came about.
    State(Vec<u8>),
}

/// A recording.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Episode {
    /// [`hyperdust_kernel::VERSION`] that ran it.
    pub kernel: u16,
    /// What was simulated.
    pub blueprint: BlueprintId,
    /// The blueprint's own bytes, where the recording carries them.
    pub blueprint_bytes: Option<Vec<u8>>,
    /// Where it started.
    pub start: Start,
    /// State and observation after the reset.
    pub initial: StepRecord,
    /// Bytes of one action: the size of the model's action arena.
    pub action_size: u32,
    /// Every action arena, one after the other.
    pub actions: Vec<u8>,
    /// What each step gave.
    pub records: Vec<StepRecord>,
}

/// Why bytes are no episode, or an episode cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EpisodeError {
    /// Too many bytes.
    #[error("episode has {found} bytes, at most {MAX_BYTES} are accepted")]
    TooLong {
        /// Given.
        found: usize,
    },
    /// Not an episode.
    #[error("episode does not start with \"HDEP\"")]
    Magic,
    /// Of another encoding.
    #[error("episode is of format {found}, accepted is {FORMAT}")]
    Format {
        /// In the bytes.
        found: u16,
    },
    /// Damaged.
    #[error("episode is malformed: {0}")]
    Malformed(String),
    /// Numbers of actions and records differ.
    #[error("episode has {bytes} bytes of actions of {action_size} bytes each, but {records} records")]
    Count {
        /// Bytes of actions.
        bytes: usize,
        /// Bytes of one.
        action_size: u32,
        /// Number of records.
        records: usize,
    },
    /// More steps than accepted.
    #[error("episode has {found} steps, at most {MAX_STEPS} are accepted")]
    Steps {
        /// In the bytes.
        found: usize,
    },
    /// Records go on after the end.
    #[error("episode ended at step {step} but {extra} more are recorded")]
    PastEnd {
        /// The step that ended it, from 1.
        step: usize,
        /// Records after it.
        extra: usize,
    },
    /// Recorded by another kernel.
    #[error(
        "episode was recorded by kernel version {found}, this is {VERSION}: replay it with a release of that version"
    )]
    Kernel {
        /// In the episode.
        found: u16,
    },
    /// Of another scene.
    #[error("episode is of blueprint {found}, the model is {expected}")]
    Blueprint {
        /// In the episode.
        found: BlueprintId,
        /// Of the model.
        expected: BlueprintId,
    },
    /// The recording carries no blueprint.
    #[error("episode carries no blueprint: load the scene and replay with its model")]
    NoBlueprint,
    /// The embedded blueprint, or the snapshot it starts from, is refused.
    #[error("episode's {part}: {error}")]
    Refused {
        /// Which.
        part: &'static str,
        /// Why.
        error: hyperdust_kernel::Error,
    },
    /// Actions of another size than the model's.
    #[error("episode's actions have {found} bytes each, the model's {expected}")]
    ActionSize {
        /// In the episode.
        found: u32,
        /// Of the model.
        expected: usize,
    },
}

impl Episode {
    /// Number of steps.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no step was recorded.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether the recording reaches the end of the episode.
    pub fn complete(&self) -> bool {
        self.records.last().is_some_and(ended)
    }

    /// Undiscounted sum of the recorded rewards.
    pub fn episode_return(&self) -> f64 {
        self.records.iter().map(|record| f64::from(record.reward)).sum()
    }

    /// The arena of the action of step `index`, from 0.
    pub fn action(&self, index: usize) -> Option<&[u8]> {
        let size = self.action_size as usize;
        self.actions.get(index.checked_mul(size)?..index.checked_add(1)?.checked_mul(size)?)
    }

    /// The embedded blueprint, compiled; refused where it is not the one that the id names.
    pub fn model(&self) -> Result<Arc<Model>, EpisodeError> {
        let bytes = self.blueprint_bytes.as_deref().ok_or(EpisodeError::NoBlueprint)?;
        let refused = |error| EpisodeError::Refused { part: "blueprint", error };
        let model = Model::new(Blueprint::decode(bytes).map_err(refused)?).map_err(refused)?;
        if model.id() != self.blueprint {
            return Err(EpisodeError::Blueprint { found: self.blueprint, expected: model.id() });
        }
        Ok(model)
    }

    /// BLAKE3 of the encoded bytes: a name for this recording.
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.encode()).as_bytes()
    }

    /// Canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256 + self.actions.len() + self.records.len() * 102);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        // Writing to memory cannot fail, and no recorded number is a NaN.
        BorshSerialize::serialize(self, &mut bytes).expect("an episode in memory is encodable");
        bytes
    }

    /// The episode that these bytes encode.
    pub fn decode(bytes: &[u8]) -> Result<Self, EpisodeError> {
        if bytes.len() > MAX_BYTES {
            return Err(EpisodeError::TooLong { found: bytes.len() });
        }
        let rest = bytes.strip_prefix(&MAGIC).ok_or(EpisodeError::Magic)?;
        let (format, body) = rest.split_first_chunk().ok_or(EpisodeError::Malformed("cut after the magic".into()))?;
        let format = u16::from_le_bytes(*format);
        if format != FORMAT {
            return Err(EpisodeError::Format { found: format });
        }
        let episode: Self = borsh::from_slice(body).map_err(|e| EpisodeError::Malformed(e.to_string()))?;
        episode.check()?;
        Ok(episode)
    }

    /// The invariants of the module.
    pub(crate) fn check(&self) -> Result<(), EpisodeError> {
        if self.records.len() > MAX_STEPS {
            return Err(EpisodeError::Steps { found: self.records.len() });
        }
        if self.actions.len() as u64 != self.records.len() as u64 * u64::from(self.action_size) {
            return Err(EpisodeError::Count {
                bytes: self.actions.len(),
                action_size: self.action_size,
                records: self.records.len(),
            });
        }
        if let Some(index) = self.records.iter().position(ended)
            && index + 1 != self.records.len()
        {
            return Err(EpisodeError::PastEnd { step: index + 1, extra: self.records.len() - index - 1 });
        }
        Ok(())
    }
}

/// Whether a record is an episode's last.
pub(crate) fn ended(record: &StepRecord) -> bool {
    record.terminated || record.truncated
}
