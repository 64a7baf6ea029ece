//! Everything that a caller can do wrong, and what to do instead.

use crate::EpisodeError;

/// An env was used in a way that Gymnasium forbids, or was given bytes that it cannot take.
///
/// All are terminal for the call and none for the env: after an error nothing was stepped, unless the
/// variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `step` or an observation before the first `reset`.
    #[error("env was stepped before its first reset: call reset() first")]
    StepBeforeReset,
    /// As [`Error::StepBeforeReset`], for a lane that no masked reset has reached.
    #[error("lane {lane} was stepped before its first reset: call reset() without a mask, or with one that covers it")]
    LaneBeforeReset {
        /// Index of the first such lane.
        lane: usize,
    },
    /// Any use after `close`.
    #[error("env is closed: make a new one")]
    Closed,
    /// A thread died inside a step; lanes are lost.
    #[error("an earlier call panicked and its lanes are lost: make a new env")]
    Poisoned,
    /// Wrong number of action segments.
    #[error("actions have {found} segments, the action space has {expected}")]
    ActionSegments {
        /// Given.
        found: usize,
        /// Accepted.
        expected: usize,
    },
    /// Wrong number of action bytes.
    #[error("action \"{segment}\" has {found} bytes, accepted are {expected}: {dtype} of shape {shape:?}")]
    ActionBytes {
        /// Name of the segment.
        segment: String,
        /// Given.
        found: usize,
        /// Accepted.
        expected: usize,
        /// Element type by NumPy's name.
        dtype: &'static str,
        /// Accepted shape, with the lanes first in a batch.
        shape: Vec<usize>,
    },
    /// Wrong number of bytes of a whole action arena.
    #[error("action arena has {found} bytes, accepted are {expected}")]
    ActionArena {
        /// Given.
        found: usize,
        /// Accepted.
        expected: usize,
    },
    /// A NaN or infinite action.
    #[error("action \"{segment}\"[{index}] of lane {lane} is {value}: actions must be finite")]
    ActionNotFinite {
        /// Lane; 0 in a single env.
        lane: usize,
        /// Name of the segment.
        segment: String,
        /// Row-major index inside the lane's segment.
        index: usize,
        /// What was found.
        value: f64,
    },
    /// A discrete action outside its space.
    #[error("action \"{segment}\" of lane {lane} is {value}, accepted are 0 to {}", choices - 1)]
    ActionChoice {
        /// Lane; 0 in a single env.
        lane: usize,
        /// Name of the segment.
        segment: String,
        /// What was found.
        value: i32,
        /// Number of choices.
        choices: u32,
    },
    /// A step of an ended lane with [`crate::AutoresetMode::Disabled`].
    #[error(
        "the episode of lane {lane} has ended and autoreset is disabled: reset it with options={{\"reset_mask\": …}} first"
    )]
    NeedsReset {
        /// Index of the first such lane.
        lane: usize,
    },
    /// A list of seeds of the wrong length.
    #[error("{found} seeds for {lanes} lanes: give one seed, or one for each lane")]
    SeedCount {
        /// Given.
        found: usize,
        /// Accepted.
        lanes: usize,
    },
    /// A reset mask of the wrong length.
    #[error("reset mask has {found} elements for {lanes} lanes")]
    MaskLength {
        /// Given.
        found: usize,
        /// Accepted.
        lanes: usize,
    },
    /// A reset mask that resets nothing.
    #[error("reset mask is false everywhere: set it to true for at least one lane")]
    MaskEmpty,
    /// A number of lanes out of bounds.
    #[error("{found} lanes, accepted are 1 to {limit}")]
    Lanes {
        /// Given.
        found: usize,
        /// Largest accepted.
        limit: usize,
    },
    /// A lane index out of range.
    #[error("lane {lane} does not exist, there are {lanes}")]
    NoSuchLane {
        /// Given.
        lane: usize,
        /// Number of lanes.
        lanes: usize,
    },
    /// A name that is no autoreset mode.
    #[error("autoreset mode \"{found}\" is unknown, accepted are NextStep, SameStep and Disabled")]
    AutoresetMode {
        /// Given, cut.
        found: String,
    },
    /// Bytes that are no snapshot of this env.
    #[error("env snapshot {0}")]
    Snapshot(SnapshotError),
    /// The system gave no random seed.
    #[error("the system gave no random seed ({0}): pass one to reset()")]
    Entropy(getrandom::Error),
    /// An episode that cannot be decoded or replayed.
    #[error(transparent)]
    Episode(#[from] EpisodeError),
    /// Refused by the kernel.
    #[error(transparent)]
    Kernel(#[from] hyperdust_kernel::Error),
}

/// Why bytes are no snapshot of this env.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not written by this crate, or cut, or damaged.
    #[error("is not one: {0}")]
    Malformed(String),
    /// Of another number of lanes.
    #[error("holds {found} lanes, this env has {lanes}")]
    Lanes {
        /// In the snapshot.
        found: usize,
        /// In the env.
        lanes: usize,
    },
    /// Of another autoreset mode.
    #[error("was taken with autoreset mode {found}, this env has {mode}")]
    Mode {
        /// In the snapshot.
        found: crate::AutoresetMode,
        /// In the env.
        mode: crate::AutoresetMode,
    },
}
