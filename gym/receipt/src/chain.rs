//! Running roots: one hash for a list that grows, each known from the one before.
//!
//! `next = keccak256(kind ‖ previous ‖ item)`, three 32-byte words; the list that is still empty has [`START`], 32 zero
//! bytes. `kind` keeps actions apart from outputs. Which job the list is of is not hashed here: the signed message says it.
//! A signature over a running root is one over every item before it; but to open one, all later items must be shown.
//! Where a contract opens items one by one, there is [`crate::list`].

use sha3::{Digest, Keccak256};

use crate::{Hash, Kind};

/// Items are the roots of segments' action strings.
pub const ACTIONS: Kind = Kind::new("hyperdust action chain");
/// Items are the roots of segments' outputs.
pub const OUTPUTS: Kind = Kind::new("hyperdust output chain");
/// Running root of nothing.
pub const START: Hash = [0; 32];

/// The running root after one more item.
pub fn next(kind: Kind, previous: &Hash, item: &Hash) -> Hash {
    Keccak256::new().chain_update(kind.word()).chain_update(previous).chain_update(item).finalize().into()
}

/// The running root after more items, in order.
pub fn extend<'a>(kind: Kind, previous: &Hash, items: impl IntoIterator<Item = &'a Hash>) -> Hash {
    items.into_iter().fold(*previous, |root, item| next(kind, &root, item))
}
