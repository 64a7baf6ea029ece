//! The one Merkle tree: byte strings that a chain may have to open, and the proof machine's memory.
//!
//! Bytes are cut into 32-byte leaves, the last one padded with zeros, and the number of leaves is filled
//! up to a power of two with zero leaves (at least one leaf). A leaf stands for itself; an inner node is
//! `keccak256(left ‖ right)`. The root by which a string is known
//! is `keccak256(kind ‖ length ‖ tree)`, three 32-byte words as Solidity's `abi.encode(bytes32, uint256,
//! bytes32)` lays them out: `kind` is an ASCII tag padded with zeros on the right, `length` the number of
//! bytes, big-endian. So strings of different kinds or lengths never share a root, and since the length
//! fixes the depth, an inner node cannot be passed off as a leaf.
//!
//! Since zero leaves fill both a string and the memory around it, the tree of a string is a subtree of every memory that
//! holds it at a place of its own size, and [`lift`] computes the larger subtree's root from the smaller one's.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::vec::Vec;

use sha3::{Digest, Keccak256};

/// A leaf, a node or a root.
pub type Hash = [u8; 32];

/// Bytes of a leaf.
pub const LEAF: usize = 32;

/// What a byte string is: separates the roots of one kind from those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(Hash);

impl Kind {
    /// Bytes of a blueprint.
    pub const BLUEPRINT: Self = Self::new("hyperdust blueprint");
    /// Bytes of a world's snapshot.
    pub const SNAPSHOT: Self = Self::new("hyperdust snapshot");

    /// A kind by its tag: 1 to 32 bytes of ASCII. Panics (when compiling, for a constant) on another.
    pub const fn new(tag: &str) -> Self {
        let bytes = tag.as_bytes();
        assert!(!bytes.is_empty() && bytes.len() <= LEAF && tag.is_ascii(), "a kind's tag is 1 to 32 bytes of ASCII");
        let mut word = [0; LEAF];
        let mut i = 0;
        while i < bytes.len() {
            word[i] = bytes[i];
            i += 1;
        }
        Self(word)
    }

    /// The 32-byte word that is hashed.
    pub const fn word(self) -> Hash {
        self.0
    }
}

/// Opens one leaf of a byte string: what a contract is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Number of the leaf, from 0.
    pub index: u64,
    /// Its 32 bytes, padding included.
    pub leaf: Hash,
    /// Siblings from the leaf's own up to below the tree's root.
    pub siblings: Vec<Hash>,
}

/// A byte string by what its root is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// [`Kind::word`] of its kind.
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
        let mut word = [0; LEAF];
        word[LEAF - 8..].copy_from_slice(&self.length.to_be_bytes());
        word
    }

    /// The root by which the string is known.
    pub fn root(&self) -> Hash {
        let head = Keccak256::new().chain_update(self.kind).chain_update(self.length_word());
        head.chain_update(self.tree).finalize().into()
    }
}

/// Root of `bytes` as a `kind`.
pub fn root(kind: Kind, bytes: &[u8]) -> Hash {
    Head::of(kind.word(), bytes).root()
}

/// The tree over `bytes`, padded with zeros to `2^depth(bytes.len())` leaves; without kind and length.
pub fn tree(bytes: &[u8]) -> Hash {
    let mut level = leaves(bytes);
    while level.len() > 1 {
        level = parents(&level);
    }
    level[0]
}

/// Proof of leaf `index`, or `None` where the (padded) tree has no such leaf.
pub fn prove(bytes: &[u8], index: u64) -> Option<Proof> {
    let depth = depth(bytes.len() as u64);
    let mut level = leaves(bytes);
    let mut at = usize::try_from(index).ok().filter(|&at| at < level.len())?;
    let leaf = level[at];
    let mut siblings = Vec::with_capacity(depth as usize);
    for _ in 0..depth {
        siblings.push(level[at ^ 1]);
        level = parents(&level);
        at /= 2;
    }
    Some(Proof { index, leaf, siblings })
}

/// Whether `proof` opens a leaf of the byte string of `length` bytes whose root as a `kind` is `root`.
pub fn verify(kind: Kind, length: u64, root: &Hash, proof: &Proof) -> bool {
    let depth = depth(length);
    if proof.siblings.len() != depth as usize || proof.index >> depth != 0 {
        return false;
    }
    Head { kind: kind.word(), length, tree: climb(proof.index, &proof.leaf, &proof.siblings) }.root() == *root
}

/// The node that leaf `index` and its `siblings` (from the leaf's own upwards) lead to.
pub fn climb(index: u64, leaf: &Hash, siblings: &[Hash]) -> Hash {
    let mut at = index;
    siblings.iter().fold(*leaf, |below, sibling| {
        let above = if at & 1 == 0 { node(&below, sibling) } else { node(sibling, &below) };
        at >>= 1;
        above
    })
}

/// The inner node above two others.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Keccak256::new().chain_update(left).chain_update(right).finalize().into()
}

/// Roots of trees of 1, 2, 4, … zero leaves.
pub fn zeros() -> impl Iterator<Item = Hash> {
    core::iter::successors(Some([0; LEAF]), |below| Some(node(below, below)))
}

/// Root of a tree of `2^height` zero leaves.
pub fn zero(height: u32) -> Hash {
    (0..height).fold([0; LEAF], |below, _| node(&below, &below))
}

/// Root of the tree of height `to` whose leftmost subtree of height `from` has root `tree`, and whose other leaves
/// are zero. `tree` itself where `to <= from`.
pub fn lift(tree: Hash, from: u32, to: u32) -> Hash {
    let wanted = to.saturating_sub(from) as usize;
    zeros().skip(from as usize).take(wanted).fold(tree, |tree, zero| node(&tree, &zero))
}

/// Levels above the leaves of a string of `length` bytes (at most 59).
pub fn depth(length: u64) -> u32 {
    length.div_ceil(LEAF as u64).max(1).next_power_of_two().trailing_zeros()
}

fn leaves(bytes: &[u8]) -> Vec<Hash> {
    let count = 1usize << depth(bytes.len() as u64);
    let mut leaves = Vec::with_capacity(count);
    for chunk in bytes.chunks(LEAF) {
        let mut leaf = [0; LEAF];
        leaf[..chunk.len()].copy_from_slice(chunk);
        leaves.push(leaf);
    }
    leaves.resize(count, [0; LEAF]);
    leaves
}

fn parents(level: &[Hash]) -> Vec<Hash> {
    level.as_chunks::<2>().0.iter().map(|[left, right]| node(left, right)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// keccak-256 of the empty string as Ethereum has it (not SHA3-256), and the tree written out by hand.
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

    /// Every leaf of every size opens, and nothing else does.
    #[test]
    fn each_leaf_opens() {
        for length in [0usize, 1, 31, 32, 33, 64, 65, 200, 1024] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8 | 1).collect();
            let root = root(Kind::SNAPSHOT, &bytes);
            for index in 0..1u64 << depth(length as u64) {
                let proof = prove(&bytes, index).unwrap();
                assert!(verify(Kind::SNAPSHOT, length as u64, &root, &proof));
                assert!(!verify(Kind::BLUEPRINT, length as u64, &root, &proof), "another kind");
                assert!(!verify(Kind::SNAPSHOT, length as u64 + 1, &root, &proof), "another length");
                let mut forged = proof.clone();
                forged.leaf[7] ^= 1;
                assert!(!verify(Kind::SNAPSHOT, length as u64, &root, &forged), "another leaf");
                let mut moved = proof.clone();
                moved.index ^= 1 << 40;
                assert!(!verify(Kind::SNAPSHOT, length as u64, &root, &moved), "an index outside");
            }
            assert_eq!(prove(&bytes, 1 << depth(length as u64)), None);
        }
    }

    /// Trailing zeros and empty strings are told apart by the length.
    #[test]
    fn length_and_kind_change_the_root() {
        let roots = [
            root(Kind::BLUEPRINT, &[]),
            root(Kind::BLUEPRINT, &[0]),
            root(Kind::BLUEPRINT, &[0; 32]),
            root(Kind::BLUEPRINT, &[0; 33]),
            root(Kind::SNAPSHOT, &[]),
        ];
        for (i, a) in roots.iter().enumerate() {
            assert!(roots[..i].iter().all(|b| a != b));
        }
    }
}
