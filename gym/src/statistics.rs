//! What an episode was worth so far.

use borsh::{BorshDeserialize, BorshSerialize};

/// Return and length of a running or finished episode.
#[derive(Clone, Copy, Debug, Default, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Statistics {
    /// Undiscounted sum of rewards, in order, in f64.
    pub episode_return: f64,
    /// Environment steps.
    pub length: u32,
}

impl Statistics {
    /// Counts one step.
    pub fn add(&mut self, reward: f32) {
        self.episode_return += f64::from(reward);
        self.length = self.length.saturating_add(1);
    }
}
