//! Chance that is the same in every run.

use alloy::primitives::{B256, keccak256};

/// A stream of numbers from a seed.
pub struct Dice {
    state: B256,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { state: keccak256(seed.to_le_bytes()) }
    }

    pub fn word(&mut self) -> B256 {
        self.state = keccak256(self.state);
        self.state
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        u64::from_le_bytes(*self.word().first_chunk().unwrap()) % end
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    pub fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = self.below(most + 1) as usize;
        let mut bytes = Vec::with_capacity(length + 32);
        while bytes.len() < length {
            bytes.extend_from_slice(self.word().as_slice());
        }
        bytes.truncate(length);
        bytes
    }
}
