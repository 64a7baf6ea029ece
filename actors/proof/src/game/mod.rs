//! The game in which a claim is disputed, from filing to blame: pure rules, no clock of its own, no chain.
//!
//! A provider claims the outputs of a [graph](crate::graph). A challenger files a [`Challenge`]: either that some output is
//! wrong, or that a node of the plan is not what was agreed and signed. One game is between the two, about this one challenge.
//!
//! | due | from | what it must be |
//! |---|---|---|
//! | [`Due::Split`] | provider | roots of the subtrees of its plan, a few levels further down |
//! | [`Due::Pick`] | challenger | the subtree that is not its own plan's |
//! | [`Due::Answer`] | provider | the questioned node, opened in the plan, with evidence; a [`Judge`] decides, and the game ends |
//! | [`Due::Cut`] of the graph | provider | roots of the graph with so many outputs known, at steps that the rules fix |
//! | [`Due::Choose`] | challenger | the piece whose beginning it accepts and whose end it does not |
//! | [`Due::Open`] | provider | the one node that is left, with its run's first and last state ([`Execution`]) |
//! | [`Due::Cut`], [`Due::Choose`] of the trace | | as above, over the states of that run |
//! | [`Due::Prove`] | provider, or either | the [proof of the one step](StepProof) that is left; it decides, and the game ends |
//!
//! Instead of its first move a provider may [concede](Move::Concede): it loses a multiple of the claim's fee and keeps its
//! bond, because a native run can differ from the machine where nobody lied. Whoever is due and does not move in time loses to
//! [`Move::Timeout`], which the other one plays. A move that the rules refuse changes nothing, and its author's time goes on.
//!
//! # Invariants
//! - An honest party that answers in time is never blamed ([`solver`] is one; tests play it against every adversary).
//! - A search takes log₁₆ of its length, rounded up, cuts: at most 4 for 2¹⁶ nodes, at most 8 for 2³² steps
//!   ([`crate::graph::MAX_STEPS`]).
//! - A game is over by [`Terms::latest`], whatever anybody does.
//! - A claim about another number of nodes than was signed has no game ([`Game::filed`]): what lies past its end, or past the end of what was
//!   signed, could not be searched. Within a game the number is fixed, because it heads the roots of plan and claim.
//! - After its [`Outcome`] nothing moves. The same [`Transcript`] leads to the same outcome, or to an error, never a panic.
//!
//! A game that a challenger loses says that this challenger was wrong somewhere, not that the claim is right: whoever wants
//! to see a false claim upheld may challenge it and lose on purpose. So every challenger plays a game of its own, all at
//! once if need be, and a claim stands only when every one of them is lost ([`standing`]).

mod clock;
mod moves;
mod outcome;
mod plan;
mod play;
pub mod solver;
mod terms;
mod transcript;

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

pub use self::{
    clock::Clock,
    moves::{EVIDENCE, Move, MoveKind},
    outcome::{Forfeit, Outcome, Reason, Standing, standing},
    play::{Due, Game, Layer, Turn},
    solver::{Knowledge, Runs, RunsError, answer_to, respond},
    terms::{ARITY, Challenge, Finding, Judge, NothingSigned, Part, Terms},
    transcript::{Entry, LONGEST, Row, Transcript},
};
#[cfg(doc)]
use crate::{graph::Execution, machine::StepProof};

/// A side of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub enum Party {
    /// Made the claim.
    Provider,
    /// Disputes it.
    Challenger,
}

impl Party {
    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Self::Provider => Self::Challenger,
            Self::Challenger => Self::Provider,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Provider => "provider",
            Self::Challenger => "challenger",
        })
    }
}
