//! What a user asked of a lane in a segment: the string that is signed, and the segment's last input.
//!
//! A header of 32 bytes (one leaf), then the actions, one arena of the model's action layout after the other:
//!
//! | bytes | |
//! |---|---|
//! | 0..4 | `"HDAC"` |
//! | 4..6 | version, little-endian |
//! | 6 | how it begins: 0 goes on, 1 reset without a seed, 2 reset with the seed |
//! | 7 | autoreset mode: 0 next-step, 1 same-step, 2 disabled |
//! | 8..16 | seed, little-endian; 0 without one |
//! | 16..20 | number of actions, little-endian, at most [`Actions::MOST`] |
//! | 20..32 | 0 |

use alloc::{format, string::String, vec::Vec};

use crate::VERSION;
use crate::autoreset::AutoresetMode;
use crate::error::Error;

const WHAT: &str = "actions";
const MAGIC: &[u8; 4] = b"HDAC";
/// Bytes of the header.
const HEADER: usize = 32;

/// How a segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Where the one before ended.
    Continue,
    /// With a reset that was asked for; without a seed the random stream goes on.
    Reset {
        /// The new random stream's.
        seed: Option<u64>,
    },
}

/// The user's part of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actions<'a> {
    /// What comes before the first action.
    pub begin: Begin,
    /// What happens where an episode ends.
    pub mode: AutoresetMode,
    /// Bytes of one action; 0 in a scene that takes none.
    size: usize,
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Actions<'a> {
    /// Actions of a segment, at most: it bounds what a short string can ask for.
    pub const MOST: u32 = 1 << 16;

    /// `count` actions of `size` bytes each, one after the other. An error where `bytes` are not that many, or too many.
    pub fn new(begin: Begin, mode: AutoresetMode, size: usize, count: u32, bytes: &'a [u8]) -> Result<Self, Error> {
        if count > Self::MOST {
            return Err(malformed(format!("found {count} actions; accepted: at most {}", Self::MOST)));
        }
        if size.checked_mul(count as usize) != Some(bytes.len()) {
            return Err(malformed(format!(
                "found {} bytes; accepted: {count} actions of {size} bytes each",
                bytes.len()
            )));
        }
        Ok(Self { begin, mode, size, count, bytes })
    }

    /// Number of actions; 0 for a segment that only resets.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Action `index`, from 0.
    pub fn get(&self, index: u32) -> Option<&'a [u8]> {
        (index < self.count).then(|| &self.bytes[index as usize * self.size..][..self.size])
    }

    /// The actions in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let actions = *self;
        (0..self.count).filter_map(move |index| actions.get(index))
    }

    /// The string.
    pub fn encode(&self) -> Vec<u8> {
        let (begin, seed) = match self.begin {
            Begin::Continue => (0, 0),
            Begin::Reset { seed: None } => (1, 0),
            Begin::Reset { seed: Some(seed) } => (2, seed),
        };
        let mode = AutoresetMode::ALL.iter().position(|&mode| mode == self.mode).unwrap_or_default() as u8;
        let mut bytes = Vec::with_capacity(HEADER + self.bytes.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[begin, mode]);
        bytes.extend_from_slice(&seed.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend_from_slice(self.bytes);
        bytes
    }

    /// The actions, of `size` bytes each, that `bytes` are the encoding of.
    pub fn decode(bytes: &'a [u8], size: usize) -> Result<Self, Error> {
        let Some((header, actions)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(malformed(format!("found {} bytes; accepted: at least {HEADER}", bytes.len())));
        };
        if header[..4] != *MAGIC {
            return Err(malformed(format!("starts with {:02x?}; accepted: {MAGIC:02x?} (\"HDAC\")", &header[..4])));
        }
        let found = u16::from_le_bytes([header[4], header[5]]);
        if found != VERSION {
            return Err(Error::Version { what: WHAT, found, accepted: VERSION });
        }
        let seed = u64::from_le_bytes(core::array::from_fn(|i| header[8 + i]));
        let begin = match (header[6], seed) {
            (0, 0) => Begin::Continue,
            (1, 0) => Begin::Reset { seed: None },
            (2, seed) => Begin::Reset { seed: Some(seed) },
            (begin, _) => {
                return Err(malformed(format!(
                    "begins with {begin} and seed {seed}; accepted: 0 or 1 with seed 0, or 2 with a seed"
                )));
            }
        };
        let Some(&mode) = AutoresetMode::ALL.get(usize::from(header[7])) else {
            return Err(malformed(format!("autoreset mode: found {}; accepted: 0 to 2", header[7])));
        };
        if header[20..] != [0; 12] {
            return Err(malformed("header: not filled up with zeros".into()));
        }
        let count = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
        Self::new(begin, mode, size, count, actions)
    }
}

/// A stream's first segment needs a seed.
pub(super) fn unseeded() -> Error {
    malformed("found a stream's first segment without a seed; accepted: one that begins with a seeded reset".into())
}

fn malformed(reason: String) -> Error {
    Error::Malformed { what: WHAT, reason }
}
