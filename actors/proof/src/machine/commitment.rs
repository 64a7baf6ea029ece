//! The root of a state: keccak-256 over 200 bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 0–31 | `"hyperdust machine state"`, padded with zeros on the right |
//! | 32–63 | root of the memory's tree (depth 21, without kind and length: all memories have one size) |
//! | 64–67 | `pc` |
//! | 68–75 | status: 0, 0 running; 1, code exited; 2, cause trapped |
//! | 76–199 | registers `x1` to `x31` |
//!
//! Numbers are 32 bits, big-endian, as a contract packs them. The tag and the length separate states from nodes (64
//! bytes) and from roots of byte strings (96 bytes). The step counter is left out; see [`super::state`].

use sha3::{Digest, Keccak256};

use super::state::Processor;
use crate::tree::Hash;

/// First word of what is hashed.
pub const TAG: Hash = {
    let tag = b"hyperdust machine state";
    let mut word = [0; 32];
    let mut i = 0;
    while i < tag.len() {
        word[i] = tag[i];
        i += 1;
    }
    word
};

/// Bytes that are hashed.
pub const BYTES: usize = 200;

/// Root of the state with this memory root and processor.
pub fn commit(memory: &Hash, processor: &Processor) -> Hash {
    let mut bytes = [0; BYTES];
    bytes[..32].copy_from_slice(&TAG);
    bytes[32..64].copy_from_slice(memory);
    for (place, word) in bytes[64..].as_chunks_mut::<4>().0.iter_mut().zip(processor.words()) {
        *place = word.to_be_bytes();
    }
    Keccak256::digest(bytes).into()
}
