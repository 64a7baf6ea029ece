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
