//! What is refused of a game.

use super::{DissectionError, ExecutionError, GraphError, StepError};
use crate::{
    game::{MoveKind, Party},
    hex::Hex,
    tree::Hash,
};

/// Why terms or a move were refused; the game stays as it was.
///
/// [`Early`](Self::Early) is worth trying again later; the others need another move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// Terms that no game can have.
    #[error("terms: {reason}")]
    Terms {
        /// What is wrong with them.
        reason: String,
    },
    /// A claim about more or fewer nodes than were signed.
    #[error("found {found} nodes; accepted: {accepted}, as many as were signed")]
    Nodes {
        /// Claimed.
        found: u32,
        /// Signed.
        accepted: u32,
    },
    /// The game has ended.
    #[error("the game is over; accepted: no more moves")]
    Over,
    /// A time before that of the last move.
    #[error("found time {found}; accepted: {accepted}, that of the last move, or later")]
    Backwards {
        /// Given.
        found: u64,
        /// Earliest.
        accepted: u64,
    },
    /// A move after its author's time.
    #[error("found a move at {found}; accepted: until {accepted}")]
    Late {
        /// Given.
        found: u64,
        /// Latest.
        accepted: u64,
    },
    /// A timeout while the other party still has time.
    #[error("found a timeout at {found}; accepted: after {accepted}")]
    Early {
        /// Given.
        found: u64,
        /// The other's last moment.
        accepted: u64,
    },
    /// Another move is due, or another party.
    #[error("found a {found} by the {by}; accepted now: a {accepted} by the {from}")]
    Turn {
        /// The move.
        found: MoveKind,
        /// Its author.
        by: Party,
        /// What is due.
        accepted: MoveKind,
        /// From whom.
        from: Party,
    },
    /// A concession by a challenger, or after the provider's first move.
    #[error("found a concession; accepted: from the provider alone, before its first move")]
    Concession,
    /// Too much evidence.
    #[error("found {found} bytes of evidence; accepted: at most {accepted}")]
    Evidence {
        /// Given.
        found: usize,
        /// Most.
        accepted: usize,
    },
    /// A cut or a choice that the rules of a dissection do not allow.
    #[error("dissection: {0}")]
    Dissection(#[from] DissectionError),
    /// Too few or too many subtrees of the plan.
    #[error("found {found} subtrees; accepted: {accepted}, all that are due")]
    Subtrees {
        /// Given.
        found: usize,
        /// Due.
        accepted: usize,
    },
    /// Subtrees that are not the plan's, or of which one behind the last node is not empty.
    #[error("the subtrees lead to {}; accepted: {}", Hex(found), Hex(accepted))]
    NotInPlan {
        /// Root that they lead to.
        found: Hash,
        /// Root of what they are to be subtrees of.
        accepted: Hash,
    },
    /// A node that is not in the plan.
    #[error("node proof: {0}")]
    Graph(#[from] GraphError),
    /// A node's run that does not lead from what is agreed to what is disputed.
    #[error("opening: {0}")]
    Execution(#[from] ExecutionError),
    /// A proof that is not one of the step that is left.
    #[error("step proof: {0}")]
    Step(StepError),
}

/// Why a transcript was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// Bytes are not the encoding of a transcript.
    #[error("malformed: {reason}")]
    Malformed {
        /// Where and why.
        reason: String,
    },
    /// Terms that no game can have.
    #[error("{0}")]
    Terms(MoveError),
    /// A move that the rules refuse.
    #[error("move {number}, by the {by}: {error}")]
    Move {
        /// Which, from 0.
        number: usize,
        /// Its author.
        by: Party,
        /// Why.
        error: MoveError,
    },
}
