//! What can go wrong: [`Error`] for bytes and values from outside, [`Fault`] for a world that cannot go on.
//!
//! An [`Error`] leaves everything as it was; none is worth retrying with the same input. A [`Fault`] is
//! not an error of the caller's program: it is a deterministic outcome of an episode, part of the state,
//! of the digest and of every replay.

use alloc::string::String;
use core::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::blueprint::BlueprintId;
use crate::rigid::RigidError;

/// Why outside data was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value of a blueprint is outside what is accepted.
    #[error("blueprint: {path}: found {found}; accepted: {accepted}")]
    Invalid {
        /// Field, with indices: `robot.joints[3].axis`.
        path: String,
        /// What is there.
        found: String,
        /// What may be there.
        accepted: String,
    },
    /// The rigid bodies of a blueprint cannot be simulated.
    #[error("blueprint: rigid: {0}")]
    Rigid(#[from] RigidError),
    /// Bytes are not the canonical encoding of anything.
    #[error("{what}: {reason}")]
    Malformed {
        /// What was being decoded: "blueprint", "snapshot", ….
        what: &'static str,
        /// Where and why.
        reason: String,
    },
    /// Written by a version of the simulation that this one does not speak.
    #[error("{what}: version {found}; this build reads version {accepted}")]
    Version {
        /// What was being decoded.
        what: &'static str,
        /// In the bytes.
        found: u16,
        /// Readable here.
        accepted: u16,
    },
    /// A snapshot of a world of another blueprint.
    #[error("snapshot: of blueprint {found}; this world runs {accepted}")]
    OtherBlueprint {
        /// Named in the snapshot.
        found: BlueprintId,
        /// The world's own.
        accepted: BlueprintId,
    },
    /// A state that a robot cannot have.
    #[error("state: {what}: found {found}; accepted: {accepted}")]
    State {
        /// "qpos" or "qvel", or the world.
        what: &'static str,
        /// What is there.
        found: String,
        /// What may be there.
        accepted: String,
    },
}

/// Why an episode was cut off: what failed, and on which body where that is known.
///
/// State and observation stay the last finite ones and the reward is 0. The step counter, the flags, the
/// action (and the controls, where it was a good one), the cost and the reward infos are of the step that faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Fault {
    /// What failed.
    pub kind: FaultKind,
    /// Sensor body (0: world, then the robot's, then rigid bodies).
    pub body: Option<u16>,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
#[non_exhaustive]
pub enum FaultKind {
    /// The action has not as many bytes as the action layout.
    ActionLength,
    /// A number of the action is NaN or infinite.
    ActionNotFinite,
    /// Physics gave a NaN or an infinity.
    StateNotFinite,
    /// A sensed quantity is NaN or infinite.
    QuantityNotFinite,
    /// A reward term, or their sum.
    RewardNotFinite,
    /// A termination condition.
    TerminationNotFinite,
    /// An info term.
    InfoNotFinite,
    /// An observed value.
    ObservationNotFinite,
    /// The step cost more than the task's budget.
    BudgetExceeded(Cap),
}

/// A cap of the task's budget per environment step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Cap {
    /// `budget.contacts`
    Contacts,
    /// `budget.rows`
    Rows,
    /// `budget.rays`
    Rays,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind) -> Self {
        Self { kind, body: None }
    }

    pub(crate) fn of_body(kind: FaultKind, body: Option<u16>) -> Self {
        Self { kind, body }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ActionLength => "the action has the wrong number of bytes",
            Self::ActionNotFinite => "the action is not finite",
            Self::StateNotFinite => "the physics state is not finite",
            Self::QuantityNotFinite => "a sensed quantity is not finite",
            Self::RewardNotFinite => "the reward is not finite",
            Self::TerminationNotFinite => "a termination condition is not finite",
            Self::InfoNotFinite => "an info term is not finite",
            Self::ObservationNotFinite => "the observation is not finite",
            Self::BudgetExceeded(Cap::Contacts) => "the step exceeded its budget of contacts",
            Self::BudgetExceeded(Cap::Rows) => "the step exceeded its budget of solver rows",
            Self::BudgetExceeded(Cap::Rays) => "the step exceeded its budget of rays",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.body {
            Some(body) => write!(f, "{} (body {body})", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}
