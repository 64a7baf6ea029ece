//! Moves as calls: what the contract takes, with the coin that it asks for.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    sol_types::{SolCall, SolValue},
};
use hyperdust_proof::{abi, game::Move, graph::Execution, machine::StepProof, tree::Hash};

use super::{Game, Lane};
use crate::{Call, Error, Market, bindings as b};

/// What a party does about a game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The provider gives up, before its first move.
    Concede,
    /// The provider posts the roots at the steps that are due.
    Cut(Vec<Hash>),
    /// The challenger names a piece, from 0.
    Choose(u8),
    /// The provider opens the node that is left.
    Open(Box<Execution>),
    /// Anybody proves the step that is left.
    Prove(Box<StepProof>),
    /// Anybody ends a game whose time is over.
    Timeout,
    /// Anybody has a game paid out that is decided.
    Collect,
}

impl Act {
    /// The move as an act. `None` for those of games about plans and inputs, which this contract doesn't have.
    pub fn of(action: Move) -> Option<Self> {
        Some(match action {
            Move::Concede => Self::Concede,
            Move::Cut(roots) => Self::Cut(roots),
            Move::Choose(piece) => Self::Choose(piece),
            Move::Open(execution) => Self::Open(execution),
            Move::Prove(proof) => Self::Prove(proof),
            Move::Timeout => Self::Timeout,
            Move::Answer { .. } | Move::Split(_) | Move::Pick(_) => return None,
        })
    }
}

impl Market {
    /// Disputes the outputs of a lane, with the bond that the deployment asks for. The game's number is in the receipt: [`Market::filed`].
    pub fn dispute(&self, session: B256, lane: &Lane) -> Call {
        let call = b::Disputes::fileCall { session, lane: lane.into(), siblings: lane.siblings.clone() };
        let bond = self.deployment().parameters.dispute_bond;
        Call::new(self.deployment().addresses.disputes, call, "dispute a lane").paying(bond)
    }

    /// Lets another account make the caller's moves too, such as a watchtower's, which is trusted with the bonds behind them; none: nobody any more.
    pub fn entrust(&self, mover: Option<Address>) -> Call {
        let what = if mover.is_some() { "entrust a watchtower" } else { "entrust nobody" };
        let call = b::Disputes::entrustCall { mover: mover.unwrap_or_default() };
        Call::new(self.deployment().addresses.disputes, call, what)
    }

    /// Who may move in an account's place.
    pub async fn mover_of(&self, node: &impl Provider, account: Address) -> Result<Option<Address>, Error> {
        let mover = b::Disputes::new(self.deployment().addresses.disputes, node).moverOf(account).call().await?;
        Ok((!mover.is_zero()).then_some(mover))
    }

    /// Does something about a game, as it stands. What goes along for a move is what the deployment asks for.
    pub fn act(&self, game: &Game, act: &Act) -> Call {
        let to = self.deployment().addresses.disputes;
        let bond = self.deployment().parameters.move_bond;
        let searched = if game.state.node.is_some() { "a trace" } else { "a graph" };
        let roots = |roots: &[Hash]| roots.iter().map(|root| B256::from(*root)).collect::<Vec<_>>();
        let (game, state, posted) = (game.number, game.state.into(), roots(&game.roots));
        match act {
            Act::Concede => Call::new(to, b::Disputes::concedeCall { game, state }, "concede a game"),
            Act::Cut(found) => {
                let call = b::Disputes::cutCall { game, state, roots: roots(found) };
                Call::new(to, call, format!("cut {searched}")).paying(bond)
            }
            Act::Choose(piece) => {
                let call = b::Disputes::chooseCall { game, state, roots: posted, piece: U256::from(*piece) };
                Call::new(to, call, format!("choose a piece of {searched}")).paying(bond)
            }
            Act::Open(execution) => {
                let input = opening(game, &state, execution);
                Call { to, input, value: bond, what: "open a node".into() }
            }
            Act::Prove(proof) => {
                let call = b::Disputes::proveCall { game, state, proof: proof.encode().into() };
                Call::new(to, call, "prove a step")
            }
            Act::Timeout => Call::new(to, b::Disputes::timeoutCall { game, state }, "call time in a game"),
            Act::Collect => Call::new(to, b::Disputes::collectCall { game, state }, "collect a game"),
        }
    }
}

/// The input of `open`. The opening is laid out by the crate that the games of the contracts' tests are written with.
fn opening(game: U256, state: &b::Disputes::State, execution: &Execution) -> Bytes {
    let (state, words) = (state.abi_encode(), abi::opening(execution));
    // Where the opening begins: after the number, the state, and this word.
    let place = U256::from(64 + state.len());
    let fixed = [&b::Disputes::openCall::SELECTOR[..], &game.to_be_bytes::<32>(), &state, &place.to_be_bytes::<32>()];
    // The layout's own first word says the same of a list of one value.
    [fixed.concat(), words[1..].concat()].concat().into()
}
