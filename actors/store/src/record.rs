//! What is kept, in the store's own words. All of it is data: what the bytes inside mean is for others to say.

use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, Read},
};
use serde::Serialize;

use crate::{Error, Id};

/// Bytes of one value, at most: an episode, a segment, a command, a checkpoint.
pub const MAX_VALUE: u64 = 1 << 30;
/// Bytes of a scene's name, or of who gave a verdict, at most.
pub const MAX_NAME: usize = 256;
/// Bytes of a verdict's detail and of a job's note, at most.
pub const MAX_TEXT: usize = 8 << 10;
/// Episodes that one job pins, at most. A job's record is written anew while it grows, so all of it must stay in one part.
pub const MAX_PINS: usize = 100;
/// Owners of an episode, at most: its record is written anew where the same is recorded for somebody else, and must stay in one part.
pub const MAX_OWNERS: usize = 32;

/// What is known of an episode besides its bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, BorshSerialize, BorshDeserialize)]
pub struct EpisodeMeta {
    /// Name of its scene.
    pub scene: String,
    /// Root of what was simulated.
    pub blueprint: Id,
    /// What it was reset with, where that is known.
    pub seed: Option<u64>,
    /// Its steps.
    pub steps: u64,
    /// Undiscounted sum of rewards; no NaN.
    pub episode_return: f64,
    /// Whether it reaches the end of the episode.
    pub complete: bool,
    /// The session that it was recorded in.
    pub session: u64,
    /// Its lane there.
    pub lane: u32,
    /// When it was recorded, as its recorder has it: milliseconds since 1970.
    pub time_ms: u64,
    /// Whose it is: of equal recordings, which are one, everybody's, up to [`MAX_OWNERS`].
    #[borsh(deserialize_with = "owners")]
    pub owners: Vec<String>,
}

/// Records that were written before there were owners end here.
fn owners<R: Read>(reader: &mut R) -> io::Result<Vec<String>> {
    let mut count = [0; 4];
    let (first, rest) = count.split_at_mut(1);
    if reader.read(first)? == 0 {
        return Ok(Vec::new());
    }
    reader.read_exact(rest)?;
    (0..u32::from_le_bytes(count)).map(|_| String::deserialize_reader(reader)).collect()
}

/// A recorded episode, without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, BorshSerialize, BorshDeserialize)]
pub struct EpisodeRecord {
    /// BLAKE3 of its bytes.
    pub id: Id,
    /// How many there are.
    pub bytes: u64,
    /// What is known of it.
    #[serde(flatten)]
    pub meta: EpisodeMeta,
}

/// Which episodes to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this scene only.
    pub scene: Option<String>,
    /// Of this session only.
    pub session: Option<u64>,
    /// Of this owner only.
    pub owner: Option<String>,
    /// Those that come after this one: the last of the page before. One that is gone gives an empty page.
    pub after: Option<Id>,
    /// Leaves out so many (after `after`).
    pub offset: u64,
    /// How many at most; 0: all.
    pub limit: u32,
    /// Only those that a flush has made safe: what a crash may still take is left out.
    pub safe: bool,
}

/// Some episodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Page {
    /// The one that was put last comes first.
    pub episodes: Vec<EpisodeRecord>,
    /// Whether there are more after these.
    pub more: bool,
    /// Episodes of this scene and session in all.
    pub total: u64,
}

/// What is known of a job when it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
pub struct JobMeta {
    /// Name of its scene.
    pub scene: String,
    /// Root of what is simulated.
    pub blueprint: Id,
    /// The session that it is done in.
    pub session: u64,
    /// Its lane there.
    pub lane: u32,
    /// When it began: milliseconds since 1970.
    pub time_ms: u64,
    /// Whatever its owner needs: the terms, say.
    #[serde(skip)]
    pub note: Vec<u8>,
}

/// A job, without its segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobRecord {
    /// What its owner calls it.
    pub id: Id,
    /// What is known of it.
    #[serde(flatten)]
    pub meta: JobMeta,
    /// Episodes that are not evicted before it is finalised.
    pub pins: Vec<Id>,
    /// How many segments it has.
    pub segments: u64,
    /// Whether it is over: from then on it may be evicted, and pins nothing.
    pub finalised: bool,
}

/// What somebody found who looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It came to the same.
    Attested,
    /// It came to something else.
    Disputed,
    /// It was about other inputs.
    Inputs,
    /// It does not say.
    Abstained,
}

/// A verdict on an episode or a job. One party's later verdict on the same takes the place of its earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, BorshSerialize, BorshDeserialize)]
pub struct Verdict {
    /// The episode's or job's name.
    pub subject: Id,
    /// Who says so.
    pub by: String,
    /// What.
    pub outcome: Outcome,
    /// In words or JSON: where it differs, say.
    pub detail: String,
    /// When: milliseconds since 1970.
    pub time_ms: u64,
}

/// From what a session goes on: a checkpoint and every command since, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Number of the last command that the checkpoint contains; 0: none.
    pub after: u64,
    /// The checkpoint.
    pub state: Vec<u8>,
    /// Commands `after + 1`, `after + 2`, ….
    pub commands: Vec<Vec<u8>>,
}

/// A session that has a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionRecord {
    /// Its number.
    pub session: u64,
    /// Number of the last command that its checkpoint contains.
    pub after: u64,
    /// Number of its last command.
    pub last: u64,
    /// Bytes of its journal.
    pub bytes: u64,
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Bytes of everything kept: what the cap is about.
    pub bytes: u64,
    /// Of these, bytes that may not be evicted.
    pub pinned: u64,
    /// The cap; 0: none.
    pub capacity: u64,
    /// Bytes that wait for a flush.
    pub waiting: u64,
    /// Bytes of the files on disk: more than `bytes`, until [`crate::Store::compact`].
    pub disk: u64,
    /// Episodes.
    pub episodes: u64,
    /// Jobs.
    pub jobs: u64,
    /// Verdicts.
    pub verdicts: u64,
    /// Blueprints.
    pub blueprints: u64,
    /// Journals of sessions.
    pub sessions: u64,
    /// Values evicted since the store was opened.
    pub evicted: u64,
}

pub(crate) fn bounded(what: &'static str, found: usize, accepted: u64) -> Result<(), Error> {
    let found = found as u64;
    if found > accepted { Err(Error::TooLong { what, found, accepted }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records from before there were owners are read, and are nobody's; a list of owners that is cut off is no record.
    #[test]
    fn records_without_owners() {
        let meta = EpisodeMeta { scene: "ant".into(), seed: Some(3), time_ms: 7, ..EpisodeMeta::default() };
        let bytes = borsh::to_vec(&meta).unwrap();
        let before = &bytes[..bytes.len() - 4];
        assert_eq!(EpisodeMeta::try_from_slice(before).unwrap(), meta);
        assert_eq!(EpisodeMeta::try_from_slice(&bytes).unwrap(), meta);
        assert!(EpisodeMeta::try_from_slice(&bytes[..bytes.len() - 1]).is_err());
    }
}
