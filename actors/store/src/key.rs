//! Under which key what is kept. One tree of the database holds all of it, so that one log orders all of it.
//!
//! A key is a letter and fields of a fixed width, numbers big-endian so that they sort; a stored key has the number of a part after it.
//! Decoding is total, and only canonical bytes decode.

use std::fmt;

use crate::Id;

/// Names a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Name and length of a blueprint's bytes, by its root.
    Blueprint(Id),
    /// A session's checkpoint.
    Checkpoint(u64),
    /// An episode's record, by its place in the order in which they came.
    Episode(u64),
    /// The last commit.
    Head,
    /// A job's record.
    Job(Id),
    /// A session's command, by its number.
    Command(u64, u64),
    /// Bytes, by their content address.
    Object(Id),
    /// Name and length of the bytes of a job's segment, by its number.
    Segment(Id, u64),
    /// A verdict on a subject, by a digest of who gave it.
    Verdict(Id, u64),
}

impl Key {
    /// Bytes of the longest.
    pub const LONGEST: usize = 41;

    fn letter(&self) -> u8 {
        match self {
            Self::Blueprint(_) => b'B',
            Self::Checkpoint(_) => b'C',
            Self::Episode(_) => b'E',
            Self::Head => b'H',
            Self::Job(_) => b'J',
            Self::Command(..) => b'L',
            Self::Object(_) => b'O',
            Self::Segment(..) => b'S',
            Self::Verdict(..) => b'V',
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.letter()];
        match self {
            Self::Head => {}
            Self::Checkpoint(number) | Self::Episode(number) => bytes.extend(number.to_be_bytes()),
            Self::Command(session, number) => {
                bytes.extend(session.to_be_bytes());
                bytes.extend(number.to_be_bytes());
            }
            Self::Blueprint(id) | Self::Job(id) | Self::Object(id) => bytes.extend(id.0),
            Self::Segment(id, number) | Self::Verdict(id, number) => {
                bytes.extend(id.0);
                bytes.extend(number.to_be_bytes());
            }
        }
        bytes
    }

    /// The key of these bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&letter, mut rest) = bytes.split_first()?;
        let id = |rest: &mut &[u8]| {
            let (id, after) = rest.split_first_chunk()?;
            *rest = after;
            Some(Id(*id))
        };
        let number = |rest: &mut &[u8]| {
            let (number, after) = rest.split_first_chunk()?;
            *rest = after;
            Some(u64::from_be_bytes(*number))
        };
        let rest = &mut rest;
        let key = match letter {
            b'B' => Self::Blueprint(id(rest)?),
            b'C' => Self::Checkpoint(number(rest)?),
            b'E' => Self::Episode(number(rest)?),
            b'H' => Self::Head,
            b'J' => Self::Job(id(rest)?),
            b'L' => Self::Command(number(rest)?, number(rest)?),
            b'O' => Self::Object(id(rest)?),
            b'S' => Self::Segment(id(rest)?, number(rest)?),
            b'V' => Self::Verdict(id(rest)?, number(rest)?),
            _ => return None,
        };
        rest.is_empty().then_some(key)
    }

    /// What a part of its value is stored under.
    pub fn part(&self, part: u32) -> Vec<u8> {
        let mut bytes = self.encode();
        bytes.extend(part.to_be_bytes());
        bytes
    }

    /// The key and the part that are stored under these bytes.
    pub fn decode_part(bytes: &[u8]) -> Option<(Self, u32)> {
        let (key, part) = bytes.split_last_chunk()?;
        Some((Self::decode(key)?, u32::from_be_bytes(*part)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blueprint(id) => write!(f, "blueprint {id}"),
            Self::Checkpoint(session) => write!(f, "checkpoint of session {session}"),
            Self::Episode(order) => write!(f, "record of episode number {order}"),
            Self::Head => write!(f, "head"),
            Self::Job(id) => write!(f, "job {id}"),
            Self::Command(session, number) => write!(f, "command {number} of session {session}"),
            Self::Object(id) => write!(f, "bytes {id}"),
            Self::Segment(job, number) => write!(f, "segment {number} of job {job}"),
            Self::Verdict(subject, by) => write!(f, "verdict {by:016x} on {subject}"),
        }
    }
}
