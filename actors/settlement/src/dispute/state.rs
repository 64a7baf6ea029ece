//! A game's state as the contract has it (`Rules.State`): what is due, from whom, until when.
//!
//! Decoding is total, and refuses what the contract can't come to: whatever is a [`State`] has a turn or an outcome.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue,
};
use hyperdust_proof::{
    Dissection, Party,
    dissection::{Point, Turn as Searching},
    game::{ARITY, Due, Layer, MoveKind, Turn},
    tree::Hash,
};

use crate::{Error, bindings as b};

/// Who lost a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The provider, which gave up before the search: it loses a multiple of the fee.
    Conceded,
    /// The provider, and with the game its bond.
    Provider,
    /// The challenger.
    Challenger,
}

impl Outcome {
    /// As the contract numbers them; `None` for a game that goes on.
    pub(super) fn of(number: u8) -> Result<Option<Self>, Error> {
        Ok(match number {
            0 => None,
            1 => Some(Self::Conceded),
            2 => Some(Self::Provider),
            3 => Some(Self::Challenger),
            other => return Err(Error::Answer { why: format!("a game has outcome {other}") }),
        })
    }

    /// Who gets the game's bonds.
    pub fn winner(self) -> Party {
        match self {
            Self::Conceded | Self::Provider => Party::Challenger,
            Self::Challenger => Party::Provider,
        }
    }
}

/// Everything about a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The session whose claim is disputed.
    pub session: B256,
    /// Who claimed.
    pub provider: Address,
    /// Who disputes.
    pub challenger: Address,
    /// Nodes of the graph.
    pub nodes: u32,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// Whether the provider has moved: it may not concede any more.
    pub moved: bool,
    /// The node whose run is searched; none while the graph is.
    pub node: Option<u32>,
    /// When the turn began, in Unix time's seconds.
    pub since: u64,
    /// What provider and challenger had left then, in seconds.
    pub left: [u64; 2],
    /// The latest point that both accept.
    pub agreed: Point,
    /// The earliest after it that the challenger doesn't.
    pub disputed: Point,
    /// Hash of the roots that the provider posted and the challenger hasn't answered.
    pub posted: Option<B256>,
    /// What was paid for moves, in wei.
    pub pot: U256,
}

impl State {
    /// What has to come next, in a game that has no outcome.
    pub fn due(&self) -> MoveKind {
        if self.posted.is_some() {
            MoveKind::Choose
        } else if self.disputed.step - self.agreed.step > 1 {
            MoveKind::Cut
        } else if self.node.is_some() {
            MoveKind::Prove
        } else {
            MoveKind::Open
        }
    }

    /// From whom.
    pub fn by(&self) -> Party {
        if self.due() == MoveKind::Choose { Party::Challenger } else { Party::Provider }
    }

    /// The last second for it.
    pub fn until(&self) -> u64 {
        self.since.saturating_add(self.left[self.by() as usize])
    }

    /// The same as the rules in Rust say it; `roots` are those that were posted last. `None` where the game is over, or these aren't the roots.
    pub fn turn(&self, roots: &[Hash]) -> Option<Turn> {
        if self.outcome.is_some() {
            return None;
        }
        let mut search = Dissection::new(ARITY.into(), self.agreed, self.disputed).ok()?;
        if let Some(posted) = self.posted {
            if hash_of(roots) != posted {
                return None;
            }
            search.cut(roots).ok()?;
        }
        let layer = self.node.map_or(Layer::Graph, |node| Layer::Trace { node });
        let due = match (search.turn(), self.node) {
            (Searching::Cut(steps), _) => Due::Cut { layer, steps },
            (Searching::Choose(points), _) => Due::Choose { layer, points },
            (Searching::Settle, Some(node)) => Due::Prove { node, step: self.agreed.step },
            (Searching::Settle, None) => Due::Open { node: u32::try_from(self.agreed.step).ok()? },
        };
        Some(Turn { by: due.by(), until: self.until(), due })
    }

    /// Who plays on this side.
    pub fn of(&self, party: Party) -> Address {
        match party {
            Party::Provider => self.provider,
            Party::Challenger => self.challenger,
        }
    }

    /// What the chain keeps.
    pub fn hash(&self) -> B256 {
        keccak256(b::Disputes::State::from(*self).abi_encode())
    }
}

/// What the chain keeps of posted roots.
pub(super) fn hash_of(roots: &[Hash]) -> B256 {
    keccak256(roots.as_flattened())
}

impl TryFrom<b::Disputes::State> for State {
    type Error = Error;

    fn try_from(s: b::Disputes::State) -> Result<Self, Error> {
        let refused = |why: &str| Error::Answer { why: format!("the state of a game {why}") };
        let outcome = Outcome::of(s.outcome)?;
        if s.agreedStep >= s.disputedStep {
            return Err(refused("has nothing between what is agreed and what is disputed"));
        }
        if !s.traced && (s.node != 0 || s.disputedStep > s.nodes.into()) {
            return Err(refused("has nodes that the graph has not"));
        }
        if !s.posted.is_zero() && s.disputedStep - s.agreedStep == 1 {
            return Err(refused("has roots where nothing is to be cut"));
        }
        Ok(Self {
            session: s.session,
            provider: s.provider,
            challenger: s.challenger,
            nodes: s.nodes,
            outcome,
            moved: s.moved,
            node: s.traced.then_some(s.node),
            since: s.since,
            left: [s.leftProvider, s.leftChallenger],
            agreed: Point { step: s.agreedStep, root: s.agreed.0 },
            disputed: Point { step: s.disputedStep, root: s.disputed.0 },
            posted: (!s.posted.is_zero()).then_some(s.posted),
            pot: s.pot,
        })
    }
}

impl From<State> for b::Disputes::State {
    fn from(s: State) -> Self {
        let [left_provider, left_challenger] = s.left;
        Self {
            session: s.session,
            provider: s.provider,
            challenger: s.challenger,
            nodes: s.nodes,
            outcome: match s.outcome {
                None => 0,
                Some(Outcome::Conceded) => 1,
                Some(Outcome::Provider) => 2,
                Some(Outcome::Challenger) => 3,
            },
            moved: s.moved,
            traced: s.node.is_some(),
            node: s.node.unwrap_or_default(),
            since: s.since,
            leftProvider: left_provider,
            leftChallenger: left_challenger,
            agreedStep: s.agreed.step,
            disputedStep: s.disputed.step,
            agreed: s.agreed.root.into(),
            disputed: s.disputed.root.into(),
            posted: s.posted.unwrap_or_default(),
            pot: s.pot,
        }
    }
}
