//! What a user pays for, of one reset or step.

use borsh::{BorshDeserialize, BorshSerialize};

/// The outcome of the last reset or step of a world, hashed. All hashes are BLAKE3.
///
/// Two runs of one blueprint, seed and actions agree in every field; the first record that differs names
/// the step to look at. (Authority in a dispute lies with Merkle roots, see [`crate::merkle`].)
#[derive(Clone, Copy, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct StepRecord {
    /// [`crate::World::digest`] after it.
    pub state: [u8; 32],
    /// Of the observation arena.
    pub observation: [u8; 32],
    /// 0 for a reset and for a step that faulted.
    pub reward: f32,
    /// See [`crate::Outcome`].
    pub terminated: bool,
    /// See [`crate::Outcome`].
    pub truncated: bool,
    /// Of the action's bytes as they were given; of no bytes for a reset.
    pub action: [u8; 32],
}

impl StepRecord {
    /// Bytes of [`Self::bytes`].
    pub const LEN: usize = 3 * 32 + 4 + 2;

    /// The fields in order, as borsh writes them.
    pub fn bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(&self.state);
        bytes[32..64].copy_from_slice(&self.observation);
        bytes[64..68].copy_from_slice(&self.reward.to_le_bytes());
        bytes[68] = u8::from(self.terminated);
        bytes[69] = u8::from(self.truncated);
        bytes[70..].copy_from_slice(&self.action);
        bytes
    }
}
