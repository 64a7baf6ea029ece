//! The Merkle root of a list of roots: what a claim commits to, and opens item by item.
//!
//! The list is the byte string of its items, 32 bytes each, under the one tree ([`hyperdust_merkle`]): an item is a leaf,
//! the length that heads the root is 32 times the number of items. Zero leaves fill the tree up to a power of two; they are
//! no items, and [`verify`] refuses to open them.

use hyperdust_merkle::{self as merkle, Proof};

use crate::{Hash, Kind};

/// Items are the running roots of a session's lanes in order.
pub const LANES: Kind = Kind::new("hyperdust lanes");
/// Items are a session's lanes as they are claimed ([`crate::claim::LaneClaim::item`]), in order.
pub const CLAIMS: Kind = Kind::new("hyperdust claims");
/// Items are salted canary jobs, in an order that says nothing.
pub const CANARIES: Kind = Kind::new("hyperdust canaries");

/// Root of the list.
pub fn root(kind: Kind, items: &[Hash]) -> Hash {
    merkle::root(kind, items.as_flattened())
}

/// Opens item `index`, or `None` where there is none.
pub fn prove(items: &[Hash], index: u64) -> Option<Proof> {
    (index < items.len() as u64).then(|| merkle::prove(items.as_flattened(), index)).flatten()
}

/// Whether `proof` opens an item of the list of `count` items with this root.
pub fn verify(kind: Kind, count: u64, root: &Hash, proof: &Proof) -> bool {
    proof.index < count && count.checked_mul(32).is_some_and(|length| merkle::verify(kind, length, root, proof))
}
