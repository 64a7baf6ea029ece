//! Moves, before anybody has checked them.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    graph::{Execution, NodeProof},
    machine::StepProof,
    tree::Hash,
};

/// Bytes of evidence, at most.
pub const EVIDENCE: usize = 4096;

/// What a party does.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Move {
    /// The provider gives up the claim before anything was searched.
    Concede,
    /// The provider shows the questioned node, as it is in the plan.
    Answer {
        /// The node.
        proof: Box<NodeProof>,
        /// That it was agreed to, in a form that the judge knows.
        evidence: Vec<u8>,
    },
    /// The provider posts the roots at the steps that are due.
    Cut(Vec<Hash>),
    /// The challenger chooses a piece, from 0.
    Choose(u8),
    /// The provider posts the roots of the subtrees of the plan that are due.
    Split(Vec<Hash>),
    /// The challenger picks one of them, from 0.
    Pick(u8),
    /// The provider opens the node that is left.
    Open(Box<Execution>),
    /// Either party proves the step that is left.
    Prove(Box<StepProof>),
    /// The other party has let its time go by.
    Timeout,
}

impl Move {
    /// Which kind of move it is.
    pub fn kind(&self) -> MoveKind {
        match self {
            Self::Concede => MoveKind::Concede,
            Self::Answer { .. } => MoveKind::Answer,
            Self::Cut(_) => MoveKind::Cut,
            Self::Choose(_) => MoveKind::Choose,
            Self::Split(_) => MoveKind::Split,
            Self::Pick(_) => MoveKind::Pick,
            Self::Open(_) => MoveKind::Open,
            Self::Prove(_) => MoveKind::Prove,
            Self::Timeout => MoveKind::Timeout,
        }
    }
}

/// A kind of move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MoveKind {
    /// [`Move::Concede`]
    Concede,
    /// [`Move::Answer`]
    Answer,
    /// [`Move::Cut`]
    Cut,
    /// [`Move::Choose`]
    Choose,
    /// [`Move::Split`]
    Split,
    /// [`Move::Pick`]
    Pick,
    /// [`Move::Open`]
    Open,
    /// [`Move::Prove`]
    Prove,
    /// [`Move::Timeout`]
    Timeout,
}

impl fmt::Display for MoveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Concede => "concession",
            Self::Answer => "answer about inputs",
            Self::Cut => "cut",
            Self::Choose => "choice",
            Self::Split => "split of the plan",
            Self::Pick => "pick of a subtree",
            Self::Open => "opening of a node",
            Self::Prove => "proof of a step",
            Self::Timeout => "timeout",
        })
    }
}
