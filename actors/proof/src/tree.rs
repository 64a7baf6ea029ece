//! keccak-256 trees: the one tree of byte strings and of the machine's memory.
//!
//! Bytes are cut into 32-byte leaves; a leaf stands for itself; an inner node is `keccak256(left ‖ right)`. A byte
//! string is padded with zeros to a power of two of leaves, and its root is `keccak256(kind ‖ length ‖ tree)`, three
//! 32-byte words, the length big-endian (the definition of `hyperdust_kernel::merkle`). Since zero leaves fill both a
//! string and the memory around it, the tree of a string is a subtree of every memory that holds it at a place of its
//! own size, and [`lift`] computes the larger subtree's root from the smaller one's.

use std::sync::LazyLock;

use sha3::{Digest, Keccak256};

/// A leaf, a node or a root.
pub type Hash = [u8; 32];

/// Bytes of a leaf.
pub const LEAF: usize = 32;

/// Levels for which the root of an all-zero tree is known.
const HEIGHTS: usize = 64;

static ZEROS: LazyLock<[Hash; HEIGHTS]> = LazyLock::new(|| {
    let mut zeros = [[0; 32]; HEIGHTS];
    for height in 1..HEIGHTS {
        zeros[height] = node(&zeros[height - 1], &zeros[height - 1]);
    }
    zeros
});

/// The inner node above two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Keccak256::new().chain_update(left).chain_update(right).finalize().into()
}

/// Root of a tree of `2^height` zero leaves. Panics for a height of 64 or more.
pub fn zero(height: u32) -> Hash {
    ZEROS[height as usize]
}

/// Root of the tree of height `to` whose leftmost subtree of height `from` has root `tree`, and whose other leaves
/// are zero. `tree` itself where `to <= from`.
pub fn lift(tree: Hash, from: u32, to: u32) -> Hash {
    (from..to).fold(tree, |tree, height| node(&tree, &zero(height)))
}

/// Levels above the leaves of a string of `length` bytes (at most 59).
pub fn depth(length: u64) -> u32 {
    length.div_ceil(LEAF as u64).max(1).next_power_of_two().trailing_zeros()
}

/// The tree over `bytes`, padded with zeros to `2^depth(bytes.len())` leaves; without kind and length.
pub fn tree(bytes: &[u8]) -> Hash {
    let mut level: Vec<Hash> = bytes
        .chunks(LEAF)
        .map(|chunk| {
            let mut leaf = [0; LEAF];
            leaf[..chunk.len()].copy_from_slice(chunk);
            leaf
        })
        .collect();
    if level.is_empty() {
        level.push([0; LEAF]);
    }
    let depth = depth(bytes.len() as u64);
    for height in 0..depth {
        if level.len() % 2 == 1 {
            level.push(zero(height));
        }
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect();
    }
    level[0]
}

/// The node that leaf `index` and its `siblings` (from the leaf's own upwards) lead to.
pub fn climb(index: u32, leaf: &Hash, siblings: &[Hash]) -> Hash {
    let mut at = index;
    siblings.iter().fold(*leaf, |below, sibling| {
        let above = if at & 1 == 0 { node(&below, sibling) } else { node(sibling, &below) };
        at >>= 1;
        above
    })
}

/// A byte string by what its root is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Tag that separates roots of one kind from those of another: ASCII, padded with zeros on the right.
    pub kind: Hash,
    /// Number of bytes.
    pub length: u64,
    /// [`tree`] over the bytes.
    pub tree: Hash,
}

impl Head {
    /// The head of `bytes` as a `kind`.
    pub fn of(kind: Hash, bytes: &[u8]) -> Self {
        Self { kind, length: bytes.len() as u64, tree: tree(bytes) }
    }

    /// The length as the 32-byte big-endian word that is hashed.
    pub fn length_word(&self) -> Hash {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&self.length.to_be_bytes());
        word
    }

    /// The root by which the string is known: a BlueprintId, for one.
    pub fn root(&self) -> Hash {
        let head = Keccak256::new().chain_update(self.kind).chain_update(self.length_word());
        head.chain_update(self.tree).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// keccak-256 of the empty string as Ethereum has it (not SHA3-256), and a headed tree written out by hand.
    #[test]
    fn the_tree_is_the_documented_one() {
        let empty: Hash = Keccak256::digest([]).into();
        assert_eq!(empty[..4], [0xc5, 0xd2, 0x46, 0x01]);
        let bytes: Vec<u8> = (0..70).collect();
        let mut third = [0; 32];
        third[..6].copy_from_slice(&bytes[64..]);
        let (first, second) = (bytes[..32].try_into().unwrap(), bytes[32..64].try_into().unwrap());
        let expected = node(&node(&first, &second), &node(&third, &[0; 32]));
        assert_eq!(tree(&bytes), expected);
        let mut words = [7u8; 96];
        words[32..64].fill(0);
        words[63] = 70;
        words[64..].copy_from_slice(&expected);
        let root: Hash = Keccak256::digest(words).into();
        assert_eq!(Head::of([7; 32], &bytes).root(), root);
    }

    /// Lifting equals padding, for every depth.
    #[test]
    fn lifting_is_padding_with_zeros() {
        for length in [0usize, 1, 32, 33, 100, 1000] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8 | 1).collect();
            let mut padded = bytes.clone();
            padded.resize(2048, 0);
            assert_eq!(lift(tree(&bytes), depth(length as u64), 6), tree(&padded));
        }
    }
}
