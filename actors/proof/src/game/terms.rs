//! What a game is about, and who says whether an input was signed.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Clock;
use crate::{
    Dissection,
    dissection::Point,
    error::MoveError,
    graph::{self, MAX_STEPS, Node},
    tree::Hash,
};

/// Pieces of a cut, unless the terms say otherwise.
pub const ARITY: u16 = 16;

/// What both parties are bound to before the first move.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// Nodes of the graph.
    pub nodes: u32,
    /// Root of the graph without outputs.
    pub plan: Hash,
    /// Root of the graph with the outputs that the provider claims.
    pub claim: Hash,
    /// What is disputed.
    pub challenge: Challenge,
    /// Pieces of a cut, 2 to 256: [`ARITY`].
    pub arity: u16,
    /// How much time there is.
    pub clock: Clock,
    /// When the challenge was filed: the provider's time runs from then on.
    pub filed: u64,
}

/// What a challenger says is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Challenge {
    /// Some output of the claim, given the plan.
    Outputs,
    /// This node of the plan: its program, where its inputs come from, or a given input that nobody signed.
    Inputs {
        /// Which.
        node: u32,
    },
    /// Some node of the plan, as above, by a challenger that has another plan and does not know where they differ. (Their
    /// number of nodes is the same: terms with another than was signed are refused, see [`Judge::nodes`].)
    Plan,
}

impl Terms {
    /// Refuses terms that no game can have.
    pub fn check(&self) -> Result<(), MoveError> {
        let terms = |reason: String| MoveError::Terms { reason };
        graph::check_count(self.nodes).map_err(|error| terms(error.to_string()))?;
        if self.plan == self.claim {
            return Err(terms("the claim is the plan; accepted: a claim with outputs".into()));
        }
        if let Challenge::Inputs { node } = self.challenge
            && node >= self.nodes
        {
            return Err(terms(format!("found node {node}; accepted: 0 to {}", self.nodes - 1)));
        }
        if self.clock.budget == 0 {
            return Err(terms("found a clock without time; accepted: at least 1".into()));
        }
        self.dissection().map(|_| ()).map_err(|error| terms(error.to_string()))
    }

    /// Refuses a number of nodes that is not the one that was signed, where the judge knows it.
    pub fn check_nodes(&self, judge: &impl Judge) -> Result<(), MoveError> {
        match judge.nodes() {
            Some(accepted) if accepted != self.nodes => Err(MoveError::Nodes { found: self.nodes, accepted }),
            _ => Ok(()),
        }
    }

    /// The search through layer 1, at its beginning.
    pub(super) fn dissection(&self) -> Result<Dissection, crate::error::DissectionError> {
        let point = |step: u32, root| Point { step: step.into(), root };
        Dissection::new(self.arity.into(), point(0, self.plan), point(self.nodes, self.claim))
    }

    /// A time at which the game is over or can be ended by a timeout: both budgets, and an extension for every move that
    /// there can be.
    pub fn latest(&self) -> u64 {
        let cuts = |length: u64| (0..64).find(|&cuts| u128::from(self.arity).pow(cuts) >= length.into()).unwrap_or(64);
        let moves = 2 * (cuts(self.nodes.into()) + cuts(MAX_STEPS)) + 2;
        let extended = self.clock.extension.saturating_mul(moves.into());
        self.filed.saturating_add(self.clock.budget.saturating_mul(2)).saturating_add(extended)
    }
}

/// Says whether a node of the plan is what was agreed. Signatures are not known here: the caller checks them (natively or on a
/// chain), and a replay of the game asks it again.
pub trait Judge {
    /// Judges node `index` as the provider opened it, with the `evidence` that it showed (at most
    /// [`EVIDENCE`](super::EVIDENCE) bytes of any form, such as the other's signature).
    fn judge(&self, index: u32, node: &Node, evidence: &[u8]) -> Finding;

    /// How many nodes the plan has by what was signed, where that is known. A claim of another number is refused before any game
    /// ([`Game::filed`](super::Game::filed)); where it is not known, one of too many is refuted by a [question](Challenge::Inputs) about
    /// the first that nobody signed.
    fn nodes(&self) -> Option<u32> {
        None
    }
}

impl<F: Fn(u32, &Node, &[u8]) -> Finding> Judge for F {
    fn judge(&self, index: u32, node: &Node, evidence: &[u8]) -> Finding {
        self(index, node, evidence)
    }
}

/// What a judge found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Finding {
    /// Everything about the node is what was agreed, and signed where it has to be.
    Signed,
    /// This is not.
    Unsigned(Part),
}

/// What of a node can be other than agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Part {
    /// The program's image root.
    Program,
    /// Where inputs come from.
    Sources,
    /// A given input, 0 to 3.
    Input(u8),
}

/// A judge for whom nothing was signed; right for games about outputs, in which nobody is asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingSigned;

impl Judge for NothingSigned {
    fn judge(&self, _: u32, _: &Node, _: &[u8]) -> Finding {
        Finding::Unsigned(Part::Program)
    }
}
