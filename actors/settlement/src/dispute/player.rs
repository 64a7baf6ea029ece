//! Who plays, and when: the next act of a party, from a game's state and what the party computed, and from nothing else.
//!
//! Moves are those of `hyperdust_proof::game`'s honest solver. What is added is the chain's: games are collected that were won, and nothing is
//! sent that the contract would refuse, or that would lose the game to its sender: a proof of the last step that shows the other to be right.

use alloy::primitives::Address;
use hyperdust_proof::{
    ExecutionError, Party, StepError,
    game::{Due, Knowledge, MoveKind, answer_to},
    machine::step,
};

use super::{Act, Game, Lane};

/// When a provider gives a claim up, before its first move of a game. That costs fees, a lost search the bond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concession {
    /// When its own computation says something else than its claim.
    #[default]
    WhenMistaken,
    /// In every game that it can, because it wants to or has no machine to defend itself with.
    Always,
    /// In none.
    Never,
}

/// Why a party that is due can't play.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stuck<E> {
    /// What it needs of its own computation isn't to be had.
    #[error("{0}")]
    Knowledge(E),
    /// The roots that the provider posted are not known: the node that told of the game kept them back. To be read again.
    #[error("the roots that the provider posted are not known")]
    Roots,
    /// What it would open does not lead from what is agreed to what is disputed: its claim is of another computation.
    #[error("what would be opened is not what is disputed: {0}")]
    Opening(ExecutionError),
    /// What it would prove is no step from what is agreed: it accepted what it did not compute.
    #[error("what would be proved is no step from what is agreed: {0}")]
    Proof(StepError),
}

/// A party of games.
#[derive(Clone, Debug)]
pub struct Player<K> {
    party: Party,
    address: Address,
    concession: Concession,
    knowledge: K,
}

impl<K: Knowledge> Player<K> {
    /// Plays this side of the games in which it has this address, by what is known of the lane's job.
    pub fn new(party: Party, address: Address, knowledge: K) -> Self {
        Self { party, address, concession: Concession::default(), knowledge }
    }

    /// With another rule for conceding.
    pub fn conceding(self, concession: Concession) -> Self {
        Self { concession, ..self }
    }

    /// What is known.
    pub fn knowledge(&mut self) -> &mut K {
        &mut self.knowledge
    }

    /// Whether a lane's outputs are to be disputed: its plan is the one that is known here, and its outputs are others. Where the plan is another one, that is a
    /// matter for games about inputs.
    pub fn doubts(&mut self, lane: &Lane) -> bool {
        let claimed = &lane.claim;
        self.knowledge.prefix(0) == claimed.plan && self.knowledge.prefix(claimed.nodes) != claimed.claim
    }

    /// What to do about a game at this time, the latest block's; `None` to wait. Asked again without anything having changed it says the
    /// same, so whoever asks keeps in mind what is on its way.
    pub fn next(&mut self, game: &Game, now: u64) -> Result<Option<Act>, Stuck<K::Error>> {
        let state = &game.state;
        if state.of(self.party) != self.address || game.collected {
            return Ok(None);
        }
        if let Some(outcome) = state.outcome {
            return Ok((outcome.winner() == self.party).then_some(Act::Collect));
        }
        if now > state.until() {
            return Ok((state.by() != self.party).then_some(Act::Timeout));
        }
        if self.concedes(game) {
            return Ok(Some(Act::Concede));
        }
        // The last step is anybody's.
        if state.by() != self.party && state.due() != MoveKind::Prove {
            return Ok(None);
        }
        let turn = state.turn(&game.roots).ok_or(Stuck::Roots)?;
        let due = turn.due.clone();
        let action = answer_to(self.party, turn, now, &mut self.knowledge).map_err(Stuck::Knowledge)?;
        match (action.and_then(Act::of), due) {
            (Some(Act::Open(execution)), Due::Open { node }) => {
                let (agreed, disputed) = (&state.agreed.root, &state.disputed.root);
                execution.check(agreed, disputed, state.nodes, node).map_err(Stuck::Opening)?;
                Ok(Some(Act::Open(execution)))
            }
            (Some(Act::Prove(proof)), _) => match step::verify(&state.agreed.root, &state.disputed.root, &proof) {
                Ok(()) => Ok((self.party == Party::Provider).then_some(Act::Prove(proof))),
                Err(StepError::PostState { .. }) => Ok((self.party == Party::Challenger).then_some(Act::Prove(proof))),
                Err(error) => Err(Stuck::Proof(error)),
            },
            (act, _) => Ok(act),
        }
    }

    /// Whether the provider gives this game up now.
    fn concedes(&mut self, game: &Game) -> bool {
        if self.party != Party::Provider || game.state.moved {
            return false;
        }
        match self.concession {
            Concession::WhenMistaken => self.knowledge.prefix(game.state.nodes) != game.claim,
            Concession::Always => true,
            Concession::Never => false,
        }
    }
}
