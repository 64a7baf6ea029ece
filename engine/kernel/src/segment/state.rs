//! What a segment leaves behind: its output, and the next segment's input.
//!
//! Two leaves, so that a contract that wants the counters or the chain opens one, then the world's snapshot:
//!
//! | bytes | |
//! |---|---|
//! | 0..4 | `"HDSG"` |
//! | 4..6 | version, little-endian |
//! | 6 | 1 where the episode has ended and nothing has reset it yet, else 0 |
//! | 8..16 | steps, little-endian |
//! | 16..24 | episodes, little-endian |
//! | 32..64 | head of the chain |
//! | 64.. | snapshot |
//!
//! What is not named is 0.

use alloc::{format, string::String, vec::Vec};

use crate::VERSION;
use crate::error::Error;

const WHAT: &str = "segment state";
const MAGIC: &[u8; 4] = b"HDSG";
/// Bytes before the snapshot.
const HEADER: usize = 64;

/// The state of a stream between two segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The episode has ended and nothing has reset it yet.
    pub over: bool,
    /// Steps simulated since the stream began; resets are none.
    pub steps: u64,
    /// Episodes ended since the stream began.
    pub episodes: u64,
    /// Head of the chain of records.
    pub chain: [u8; 32],
    /// [`crate::World::snapshot`].
    pub snapshot: Vec<u8>,
}

impl State {
    /// The string.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.snapshot.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[u8::from(self.over), 0]);
        bytes.extend_from_slice(&self.steps.to_le_bytes());
        bytes.extend_from_slice(&self.episodes.to_le_bytes());
        bytes.resize(HEADER - 32, 0);
        bytes.extend_from_slice(&self.chain);
        bytes.extend_from_slice(&self.snapshot);
        bytes
    }

    /// The state that `bytes` are the encoding of. The snapshot is whatever follows: only a world can tell.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let Some((header, snapshot)) = bytes.split_first_chunk::<HEADER>() else {
            return Err(malformed(format!("found {} bytes; accepted: none, or at least {HEADER}", bytes.len())));
        };
        if header[..4] != *MAGIC {
            return Err(malformed(format!("starts with {:02x?}; accepted: {MAGIC:02x?} (\"HDSG\")", &header[..4])));
        }
        let found = u16::from_le_bytes([header[4], header[5]]);
        if found != VERSION {
            return Err(Error::Version { what: WHAT, found, accepted: VERSION });
        }
        if header[6] > 1 || header[7] != 0 || header[24..32] != [0; 8] {
            return Err(malformed("header: a flag is neither 0 nor 1, or it is not filled up with zeros".into()));
        }
        let number = |at: usize| u64::from_le_bytes(core::array::from_fn(|i| header[at + i]));
        Ok(Self {
            over: header[6] == 1,
            steps: number(8),
            episodes: number(16),
            chain: core::array::from_fn(|i| header[32 + i]),
            snapshot: snapshot.to_vec(),
        })
    }
}

fn malformed(reason: String) -> Error {
    Error::Malformed { what: WHAT, reason }
}
