//! What happens to a lane whose episode has ended.

use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

/// Gymnasium's `AutoresetMode`, as `SyncVectorEnv` implements it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum AutoresetMode {
    /// The next `step` ignores the lane's action and resets it: reward 0, neither terminated nor
    /// truncated, the reset's observation and info.
    #[default]
    NextStep,
    /// The same `step` resets the lane: observation and info are the reset's, reward and flags those of
    /// the last step, whose observation and info are found in `final_obs` and `final_info`.
    SameStep,
    /// Nothing; the caller resets ended lanes with a mask before it steps again.
    Disabled,
}

impl AutoresetMode {
    /// All modes, in the order of their encoding.
    pub const ALL: [Self; 3] = [Self::NextStep, Self::SameStep, Self::Disabled];

    /// Gymnasium's value of the enum member.
    pub fn name(self) -> &'static str {
        match self {
            Self::NextStep => "NextStep",
            Self::SameStep => "SameStep",
            Self::Disabled => "Disabled",
        }
    }
}

impl fmt::Display for AutoresetMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
