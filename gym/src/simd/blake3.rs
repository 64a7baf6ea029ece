//! BLAKE3 of several messages of one length at once, for step records.
//!
//! A record hashes an observation, a state and an action of some hundred bytes each: too little for the `blake3` crate
//! to use wide registers, which it does within a message. Here each lane is a message. The algorithm is the specification's
//! (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, *BLAKE3: one function, fast everywhere*, section 2); the tests compare
//! with the crate.

/// A 32-bit word of every message.
pub(super) trait Word: Copy {
    /// Messages.
    const LANES: usize;

    fn splat(x: u32) -> Self;
    /// Puts one message's word.
    fn set_lane(&mut self, lane: usize, x: u32);
    fn lane(&self, lane: usize) -> u32;
    fn add(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    /// Rotated right.
    fn right_16(self) -> Self;
    fn right_12(self) -> Self;
    fn right_8(self) -> Self;
    fn right_7(self) -> Self;
}

/// Longest message, in chunks.
const CHUNKS: usize = 1 << LEVELS;
const LEVELS: usize = 10;
const CHUNK: usize = 1024;
const BLOCK: usize = 64;

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

const IV: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Which message word each round takes where: the permutation of the specification, applied again and again.
const SCHEDULE: [[usize; 16]; 7] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8],
    [3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1],
    [10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6],
    [12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4],
    [9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7],
    [11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13],
];

/// Whether [`hash`] takes messages of this length.
pub(super) fn takes(length: usize) -> bool {
    length <= CHUNKS * CHUNK
}

/// The hashes of at most [`Word::LANES`] messages of one length that [`takes`] allows.
#[inline(always)]
pub(super) fn hash<W: Word>(messages: &[&[u8]], hashes: &mut [[u8; 32]]) {
    debug_assert!(messages.len() <= W::LANES);
    let length = messages.first().map_or(0, |m| m.len());
    let chunks = length.div_ceil(CHUNK).max(1);
    // Chaining values of finished subtrees, the largest first.
    let mut stack = [[W::splat(0); 8]; LEVELS + 1];
    let mut depth = 0;
    let mut value = [W::splat(0); 8];
    for chunk in 0..chunks {
        value = chunk_value::<W>(messages, length, chunk, if chunks == 1 { ROOT } else { 0 });
        if chunk + 1 == chunks {
            break;
        }
        let mut total = chunk + 1;
        while total & 1 == 0 {
            depth -= 1;
            value = parent(&stack[depth], &value, 0);
            total >>= 1;
        }
        stack[depth] = value;
        depth += 1;
    }
    while depth > 0 {
        depth -= 1;
        value = parent(&stack[depth], &value, if depth == 0 { ROOT } else { 0 });
    }
    for (lane, hash) in hashes[..messages.len()].iter_mut().enumerate() {
        for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(&value) {
            *bytes = word.lane(lane).to_le_bytes();
        }
    }
}

/// Chaining value of a chunk, or with [`ROOT`] the hash.
#[inline(always)]
fn chunk_value<W: Word>(messages: &[&[u8]], length: usize, chunk: usize, root: u32) -> [W; 8] {
    let (start, end) = (chunk * CHUNK, length.min((chunk + 1) * CHUNK));
    let blocks = (end - start).div_ceil(BLOCK).max(1);
    let mut value = initial();
    for block in 0..blocks {
        let from = start + block * BLOCK;
        let size = BLOCK.min(end - from);
        let mut words = [W::splat(0); 16];
        for (lane, message) in messages.iter().enumerate() {
            let mut padded = [0; BLOCK];
            let bytes = match message[from..from + size].as_chunks::<BLOCK>() {
                ([whole], _) => whole,
                (_, part) => {
                    padded[..size].copy_from_slice(part);
                    &padded
                }
            };
            for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
                word.set_lane(lane, u32::from_le_bytes(*bytes));
            }
        }
        let mut flags = 0;
        if block == 0 {
            flags |= CHUNK_START;
        }
        if block + 1 == blocks {
            flags |= CHUNK_END | root;
        }
        value = compress(&value, &words, chunk as u32, size as u32, flags);
    }
    value
}

#[inline(always)]
fn parent<W: Word>(left: &[W; 8], right: &[W; 8], root: u32) -> [W; 8] {
    let mut words = [W::splat(0); 16];
    words[..8].copy_from_slice(left);
    words[8..].copy_from_slice(right);
    compress(&initial(), &words, 0, BLOCK as u32, PARENT | root)
}

#[inline(always)]
fn initial<W: Word>() -> [W; 8] {
    let mut value = [W::splat(0); 8];
    for i in 0..8 {
        value[i] = W::splat(IV[i]);
    }
    value
}

/// The first half of the compression function's output; counters here stay below 2³².
#[inline(always)]
fn compress<W: Word>(value: &[W; 8], words: &[W; 16], counter: u32, size: u32, flags: u32) -> [W; 8] {
    let [a, b, c, d, e, f, g, h] = *value;
    let last = [W::splat(counter), W::splat(0), W::splat(size), W::splat(flags)];
    let iv = [W::splat(IV[0]), W::splat(IV[1]), W::splat(IV[2]), W::splat(IV[3])];
    let mut v = [a, b, c, d, e, f, g, h, iv[0], iv[1], iv[2], iv[3], last[0], last[1], last[2], last[3]];
    for s in &SCHEDULE {
        mix(&mut v, [0, 4, 8, 12], words[s[0]], words[s[1]]);
        mix(&mut v, [1, 5, 9, 13], words[s[2]], words[s[3]]);
        mix(&mut v, [2, 6, 10, 14], words[s[4]], words[s[5]]);
        mix(&mut v, [3, 7, 11, 15], words[s[6]], words[s[7]]);
        mix(&mut v, [0, 5, 10, 15], words[s[8]], words[s[9]]);
        mix(&mut v, [1, 6, 11, 12], words[s[10]], words[s[11]]);
        mix(&mut v, [2, 7, 8, 13], words[s[12]], words[s[13]]);
        mix(&mut v, [3, 4, 9, 14], words[s[14]], words[s[15]]);
    }
    let mut out = *value;
    for i in 0..8 {
        out[i] = v[i].xor(v[i + 8]);
    }
    out
}

#[inline(always)]
fn mix<W: Word>(v: &mut [W; 16], [a, b, c, d]: [usize; 4], x: W, y: W) {
    v[a] = v[a].add(v[b]).add(x);
    v[d] = v[d].xor(v[a]).right_16();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).right_12();
    v[a] = v[a].add(v[b]).add(y);
    v[d] = v[d].xor(v[a]).right_8();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).right_7();
}
