//! What a provider claims of a session's lanes, as the chain opens it one by one.
//!
//! A claim commits to the list ([`crate::list::CLAIMS`]) of its lanes' [items](LaneClaim::item). The contract is
//! `actors/settlement/contracts/src/market/SessionBook.sol`; `vectors.json` holds both to the same bytes.

use sha3::{Digest, Keccak256};

use crate::{Hash, Kind, typed::word};

/// Kind of an item.
pub const LANE: Kind = Kind::new("hyperdust lane claim");

/// The job of a session's lane: `keccak256(session ‖ lane)`, 32 bytes and 8, big-endian.
pub fn job(session: &Hash, lane: u64) -> Hash {
    Keccak256::new().chain_update(session).chain_update(lane.to_be_bytes()).finalize().into()
}

/// What the first reset of a minting session's lane has to be seeded with: the first eight bytes of `keccak256(seed ‖ lane)`, 32 bytes and
/// 8, big-endian, read as a little-endian number, as an action string's header holds it. `seed` is what the chain drew for the session.
pub fn lane_seed(seed: &Hash, lane: u64) -> u64 {
    let hash = job(seed, lane);
    u64::from_le_bytes(core::array::from_fn(|i| hash[i]))
}

/// One lane of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneClaim {
    /// The lane's stream of steps: [`job`].
    pub job: Hash,
    /// Root of its graph without outputs.
    pub plan: Hash,
    /// Root of its graph with the outputs that are claimed.
    pub claim: Hash,
    /// Nodes of the graph.
    pub nodes: u32,
}

impl LaneClaim {
    /// What the list holds: `keccak256(kind ‖ job ‖ plan ‖ claim ‖ nodes)`, five words.
    pub fn item(&self) -> Hash {
        [LANE.word(), self.job, self.plan, self.claim, word(self.nodes.into())]
            .iter()
            .fold(Keccak256::new(), Keccak256::chain_update)
            .finalize()
            .into()
    }
}
