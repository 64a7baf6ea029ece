//! The search for a node of the plan that is not what was agreed.
//!
//! A challenger knows what it signed, and so the plan as it has to be, but not the provider's where that is another one: it
//! sees a root alone. So the provider opens its plan's tree from the root downwards, a few levels at a time, and
//! the challenger picks a subtree that is not its own. Nothing can be made up on the way, because what is posted has to hash to
//! what was there before; and two trees with different roots differ in some subtree, down to a node. That node is then
//! [answered](super::Due::Answer) for. Behind the last node there is nothing to differ in: a tree that holds something there is no
//! plan's, and cannot be opened.

use crate::{
    error::{DissectionError, MoveError},
    graph::{self, NODE_DEPTH},
    tree::{self, Hash},
};

/// Where the search stands: at a subtree of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlanSearch {
    nodes: u32,
    /// Levels that one move opens, at most.
    step: u32,
    /// Levels of the subtree above its nodes.
    level: u32,
    /// Its number among those of its level, from the left.
    place: u32,
    /// Its root; of the whole tree, the plan's length-headed root.
    root: Hash,
    /// What the provider posted and the challenger has not answered.
    posted: Vec<Hash>,
}

impl PlanSearch {
    /// At the plan of `nodes` nodes, opened as many levels at a time as give at most `arity` subtrees.
    pub(super) fn new(nodes: u32, plan: Hash, arity: u16) -> Self {
        let level = nodes.next_power_of_two().trailing_zeros();
        Self { nodes, step: u32::from(arity).ilog2(), level, place: 0, root: plan, posted: Vec::new() }
    }

    /// The node that is left, once one is.
    pub(super) fn found(&self) -> Option<u32> {
        (self.level == 0).then_some(self.place)
    }

    /// Whether subtrees were posted.
    pub(super) fn posted(&self) -> &[Hash] {
        &self.posted
    }

    /// The level of the subtrees that come next, and their numbers.
    pub(super) fn below(&self) -> (u32, Vec<u32>) {
        let down = self.step.min(self.level);
        let first = self.place << down;
        (self.level - down, (first..first + (1 << down)).collect())
    }

    /// The provider's move: the roots of the subtrees [below](Self::below).
    pub(super) fn split(&mut self, roots: &[Hash]) -> Result<(), MoveError> {
        let (below, places) = self.below();
        if roots.len() != places.len() {
            return Err(MoveError::Subtrees { found: roots.len(), accepted: places.len() });
        }
        let empty = tree::zero(NODE_DEPTH + below);
        let behind = places.iter().zip(roots).filter(|(place, _)| **place << below >= self.nodes);
        if let Some((_, &found)) = behind.into_iter().find(|(_, root)| **root != empty) {
            return Err(MoveError::NotInPlan { found, accepted: empty });
        }
        let mut level = roots.to_vec();
        while level.len() > 1 {
            level = level.as_chunks::<2>().0.iter().map(|[left, right]| tree::node(left, right)).collect();
        }
        let whole = self.level == self.nodes.next_power_of_two().trailing_zeros();
        let found = if whole { graph::headed(self.nodes, level[0]) } else { level[0] };
        if found != self.root {
            return Err(MoveError::NotInPlan { found, accepted: self.root });
        }
        self.posted = roots.to_vec();
        Ok(())
    }

    /// The challenger's move: the subtree `piece`, from 0, of those posted; one with a node in it.
    pub(super) fn pick(&mut self, piece: usize) -> Result<(), MoveError> {
        let (level, places) = self.below();
        let pieces = places.iter().take_while(|&&place| place << level < self.nodes).count();
        let Some((&place, &root)) = places[..pieces].get(piece).zip(self.posted.get(piece)) else {
            return Err(DissectionError::Piece { found: piece, pieces }.into());
        };
        (self.level, self.place, self.root) = (level, place, root);
        self.posted.clear();
        Ok(())
    }
}
