//! Why something was refused: [`Error`] for programs, inputs and traces, [`StepError`] for one-step proofs,
//! [`DissectionError`] for cuts and choices, [`GraphError`] and [`ExecutionError`] for nodes, [`MoveError`] and
//! [`TranscriptError`] for games.
//!
//! None is worth retrying with the same input. A trap is not an error: it is a state of the machine
//! ([`crate::machine::state::Status::Trapped`]), as provable as any other.

mod game;
mod graph;

use std::fmt;

pub use self::{
    game::{MoveError, TranscriptError},
    graph::{ExecutionError, GraphError},
};

use crate::{hex::Hex, tree::Hash};

/// Why a machine could not be set up or followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes do not fit where they should go.
    #[error("{what}: found {found} bytes; accepted: at most {accepted}")]
    TooLarge {
        /// What was to be placed: "image", "input 2", ….
        what: String,
        /// Its size in bytes.
        found: u64,
        /// The largest size in bytes.
        accepted: u64,
    },
    /// More inputs than there are input regions.
    #[error("inputs: found {found}; accepted: at most {accepted}")]
    TooManyInputs {
        /// Given.
        found: usize,
        /// Input regions of the layout.
        accepted: usize,
    },
    /// A program that did not halt in time.
    #[error("trace: still running after {limit} steps; accepted: programs that halt within that")]
    TooLong {
        /// Steps that were allowed.
        limit: u64,
    },
    /// A distance between snapshots that is out of range.
    #[error("snapshots: found an interval of 2^{found} steps; accepted: 2^{} to 2^{}", accepted.0, accepted.1)]
    Interval {
        /// Binary logarithm asked for.
        found: u32,
        /// Smallest and largest.
        accepted: (u32, u32),
    },
    /// A one-step proof that does not hold.
    #[error("step proof: {0}")]
    Step(#[from] StepError),
    /// A move that the rules of a dissection do not allow.
    #[error("dissection: {0}")]
    Dissection(#[from] DissectionError),
}

/// Why a dissection could not begin or a move was refused; the dissection stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DissectionError {
    /// Steps in an order in which nothing lies between them.
    #[error("begins at step {agreed} and ends at {disputed}; accepted: an end after the beginning")]
    Empty {
        /// Step of the agreed root.
        agreed: u64,
        /// Step of the disputed root.
        disputed: u64,
    },
    /// A cut into too few or too many pieces.
    #[error("found {found} pieces a cut; accepted: {least} to {most}", least = accepted.0, most = accepted.1)]
    Arity {
        /// Asked for.
        found: u64,
        /// Fewest and most.
        accepted: (u64, u64),
    },
    /// A move of another kind is due.
    #[error("found a {found}; accepted now: a {accepted}")]
    Turn {
        /// The move.
        found: &'static str,
        /// What is due.
        accepted: &'static str,
    },
    /// A cut with too few or too many roots.
    #[error("found {found} roots; accepted: {accepted}, one for each step between")]
    Roots {
        /// Posted.
        found: usize,
        /// Due.
        accepted: usize,
    },
    /// A choice of a piece that does not exist.
    #[error("found piece {found}; accepted: 0 to {most}", most = pieces - 1)]
    Piece {
        /// Chosen.
        found: usize,
        /// Pieces of the cut.
        pieces: usize,
    },
}

/// Why a one-step proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// Bytes are not the encoding of a proof.
    #[error("malformed: {reason}")]
    Malformed {
        /// Where and why.
        reason: String,
    },
    /// The state that the proof opens is not the one committed to before the step.
    #[error("the opened state has root {}; accepted: the root before the step, {}", Hex(found), Hex(accepted))]
    PreState {
        /// Root of what the proof opens.
        found: Hash,
        /// Root before the step.
        accepted: Hash,
    },
    /// A leaf that the step touches is not shown.
    #[error("no opening of the {leaf} leaf; accepted: one, of the leaf that holds address {address:#010x}")]
    Missing {
        /// Which leaf.
        leaf: Leaf,
        /// What the step touches, in bytes.
        address: u32,
    },
    /// A leaf is shown that the step does not touch: there is one proof of a step, not many.
    #[error("an opening of the {leaf} leaf; accepted: none, because this step touches no such leaf")]
    Superfluous {
        /// Which leaf.
        leaf: Leaf,
    },
    /// A leaf that is not in the memory before the step.
    #[error("the {leaf} leaf at {address:#010x} leads to memory root {}; accepted: {}", Hex(found), Hex(accepted))]
    NotInMemory {
        /// Which leaf.
        leaf: Leaf,
        /// What the step touches, in bytes.
        address: u32,
        /// Root that leaf and siblings lead to.
        found: Hash,
        /// Memory root of the opened state.
        accepted: Hash,
    },
    /// The instruction was executed and gives another state: the claim about this step is false.
    #[error("the instruction leads to state root {}, and the claim was {}", Hex(computed), Hex(claimed))]
    PostState {
        /// What executing the instruction gives.
        computed: Hash,
        /// What was claimed.
        claimed: Hash,
    },
}

/// A leaf that a step can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Holds the instruction.
    Instruction,
    /// Holds what the instruction loads or stores.
    Data,
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instruction => "instruction",
            Self::Data => "data",
        })
    }
}
