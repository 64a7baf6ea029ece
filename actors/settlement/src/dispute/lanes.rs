//! What a claim commits to, lane by lane, and how a lane of it is shown.

use alloy::primitives::B256;
use hyperdust_proof::Graph;
use hyperdust_receipt::{
    claim::{LaneClaim, job},
    list,
};

use super::Game;
use crate::bindings as b;

/// The lanes of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lanes(Vec<LaneClaim>);

/// A lane of a claim, with what shows that it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its number.
    pub index: u32,
    /// What is claimed of it.
    pub claim: LaneClaim,
    /// Opens its item in the commitment, from its own sibling upwards.
    pub siblings: Vec<B256>,
}

impl Lanes {
    /// A session's lanes by their graphs, in order.
    pub fn of<'a>(session: B256, graphs: impl IntoIterator<Item = &'a Graph>) -> Self {
        let lane = |(lane, graph): (u64, &Graph)| LaneClaim {
            job: job(&session.0, lane),
            plan: graph.plan(),
            claim: graph.root(),
            nodes: graph.count(),
        };
        Self((0..).zip(graphs).map(lane).collect())
    }

    /// As somebody else says that they are; whether they are the claim's, the [commitment](Self::commitment) shows.
    pub fn new(claims: Vec<LaneClaim>) -> Self {
        Self(claims)
    }

    /// What is claimed of each, in order.
    pub fn claims(&self) -> &[LaneClaim] {
        &self.0
    }

    /// What a claim of them holds.
    pub fn commitment(&self) -> B256 {
        list::root(list::CLAIMS, &self.items()).into()
    }

    /// A lane to be disputed, or `None` where there is none of this number.
    pub fn open(&self, index: u32) -> Option<Lane> {
        let claim = *self.0.get(usize::try_from(index).ok()?)?;
        let proof = list::prove(&self.items(), index.into())?;
        Some(Lane { index, claim, siblings: proof.siblings.into_iter().map(B256::from).collect() })
    }

    /// The lane that a game is about: the first with this plan and claim, for the chain doesn't say. Lanes that share both share their graph, and whoever can play
    /// about one can about the other.
    pub fn find(&self, game: &Game) -> Option<u32> {
        self.0.iter().position(|claim| about(game, claim)).and_then(|index| u32::try_from(index).ok())
    }

    fn items(&self) -> Vec<hyperdust_receipt::Hash> {
        self.0.iter().map(LaneClaim::item).collect()
    }
}

impl Lane {
    /// Whether a game is about this lane, or one that shares its graph.
    pub fn is_of(&self, game: &Game) -> bool {
        about(game, &self.claim)
    }
}

fn about(game: &Game, claim: &LaneClaim) -> bool {
    (claim.plan, claim.claim, claim.nodes) == (game.plan, game.claim, game.state.nodes)
}

impl From<&Lane> for b::Disputes::Lane {
    fn from(lane: &Lane) -> Self {
        let LaneClaim { plan, claim, nodes, .. } = lane.claim;
        Self { index: lane.index, plan: plan.into(), claim: claim.into(), nodes }
    }
}
