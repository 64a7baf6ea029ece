//! keccak-256 of several nodes at once, and the Merkle roots of a segment's strings made of it.
//!
//! A tree's nodes are messages of 64 bytes, each hashed alone: on one level of one tree they are many, and none depends on another. Here
//! each lane is a message. The permutation is that of FIPS 202, section 3, over words that a [`Word`] holds one of per message;
//! the roots are those of [`merkle::root`], with which the tests compare.

use std::sync::LazyLock;

use hyperdust_kernel::merkle::{self, Hash, Head, Kind, LEAF};

use super::Level;

/// A 64-bit word of every message.
pub(super) trait Word: Copy {
    /// Messages.
    const LANES: usize;

    fn splat(x: u64) -> Self;
    /// Puts one message's word.
    fn set_lane(&mut self, lane: usize, x: u64);
    fn lane(&self, lane: usize) -> u64;
    fn xor(self, other: Self) -> Self;
    /// `!self & other`.
    fn not_and(self, other: Self) -> Self;
    /// Rotated left.
    fn left(self, bits: u32) -> Self;
}

/// Words of a state, and those of it that a message goes into.
const STATE: usize = 25;
const RATE: usize = 17;

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Steps ρ and π of each word but the first: whence, whither, and by how much rotated.
const MOVES: [(usize, usize, u32); STATE - 1] = {
    let mut moves = [(0, 0, 0); STATE - 1];
    let (mut x, mut y, mut i) = (1, 0, 0);
    while i < moves.len() {
        let from = x + 5 * y;
        moves[i] = (from, y + 5 * ((2 * x + 3 * y) % 5), ((i + 1) * (i + 2) / 2 % 64) as u32);
        (x, y) = (y, (2 * x + 3 * y) % 5);
        i += 1;
    }
    moves
};

/// Hashes of messages of `N` nodes each.
#[inline(always)]
pub(super) fn hash<W: Word, const N: usize>(messages: &[[Hash; N]], hashes: &mut [Hash]) {
    const { assert!(N * LEAF / 8 < RATE) };
    for (messages, hashes) in messages.chunks(W::LANES).zip(hashes.chunks_mut(W::LANES)) {
        let mut words = [W::splat(0); RATE];
        for (lane, message) in messages.iter().enumerate() {
            for (word, bytes) in words.iter_mut().zip(message.as_flattened().as_chunks::<8>().0) {
                word.set_lane(lane, u64::from_le_bytes(*bytes));
            }
        }
        words[N * LEAF / 8] = W::splat(1);
        words[RATE - 1] = words[RATE - 1].xor(W::splat(1 << 63));
        let mut state = [W::splat(0); STATE];
        state[..RATE].copy_from_slice(&words);
        let [a, b, c, d, ..] = permute(state);
        for (lane, hash) in hashes.iter_mut().enumerate() {
            for (bytes, word) in hash.as_chunks_mut::<8>().0.iter_mut().zip([a, b, c, d]) {
                *bytes = word.lane(lane).to_le_bytes();
            }
        }
    }
}

/// keccak-f\[1600\]; word (x, y) of a state is at x + 5 y.
#[inline(always)]
fn permute<W: Word>(mut state: [W; STATE]) -> [W; STATE] {
    for round in ROUNDS {
        // θ
        let mut columns = [W::splat(0); 5];
        for x in 0..5 {
            columns[x] = state[x].xor(state[x + 5]).xor(state[x + 10]).xor(state[x + 15]).xor(state[x + 20]);
        }
        for x in 0..5 {
            let mixed = columns[(x + 4) % 5].xor(columns[(x + 1) % 5].left(1));
            for y in 0..5 {
                state[x + 5 * y] = state[x + 5 * y].xor(mixed);
            }
        }
        // ρ and π; written out, since the compiler leaves a loop of so many moves one, and the state in memory then.
        let mut moved = state;
        macro_rules! rotate {
            ($($i:literal)*) => {$(
                let (from, to, bits) = const { MOVES[$i] };
                moved[to] = state[from].left(bits);
            )*};
        }
        rotate!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23);
        // χ
        for y in 0..5 {
            for x in 0..5 {
                let (next, second) = (moved[5 * y + (x + 1) % 5], moved[5 * y + (x + 2) % 5]);
                state[5 * y + x] = moved[5 * y + x].xor(next.not_and(second));
            }
        }
        // ι
        state[0] = state[0].xor(W::splat(round));
    }
    state
}

/// Roots of trees of zeros, by height: as high as a string can be long.
static ZEROS: LazyLock<[Hash; 60]> = LazyLock::new(|| {
    let mut zeros = merkle::zeros();
    std::array::from_fn(|_| zeros.next().expect("there is always a higher tree"))
});

/// [`merkle::root`] of each string, their trees side by side. Nodes over nothing but padding are not computed again.
pub(super) fn roots<L: Level, const N: usize>(level: &L, strings: [(Kind, &[u8]); N]) -> [Hash; N] {
    // The lowest level that is not above a tree's root, without what is over padding alone.
    let mut trees = strings.map(|(_, bytes)| {
        let mut leaves = vec![[0; LEAF]; bytes.len().div_ceil(LEAF).max(1)];
        leaves.as_flattened_mut()[..bytes.len()].copy_from_slice(bytes);
        leaves
    });
    let (mut pairs, mut parents) = (Vec::new(), Vec::new());
    for zero in &*ZEROS {
        // One node is left of a tree exactly when its root is reached: all but the highest of its nodes are more than half filled.
        for nodes in trees.iter().filter(|nodes| nodes.len() > 1) {
            let (whole, rest) = nodes.as_chunks::<2>();
            pairs.extend_from_slice(whole);
            pairs.extend(rest.first().map(|&last| [last, *zero]));
        }
        if pairs.is_empty() {
            break;
        }
        parents.resize(pairs.len(), [0; LEAF]);
        level.keccak(&pairs, &mut parents);
        pairs.clear();
        let mut parents = parents.drain(..);
        for nodes in trees.iter_mut().filter(|nodes| nodes.len() > 1) {
            let count = nodes.len().div_ceil(2);
            nodes.clear();
            nodes.extend(parents.by_ref().take(count));
        }
    }
    let mut heads = [[[0; LEAF]; 3]; N];
    for ((head, (kind, bytes)), nodes) in heads.iter_mut().zip(strings).zip(&trees) {
        let found = Head { kind: kind.word(), length: bytes.len() as u64, tree: nodes[0] };
        *head = [found.kind, found.length_word(), found.tree];
    }
    let mut roots = [[0; LEAF]; N];
    level.keccak(&heads, &mut roots);
    roots
}
