//! Whole programs for tests and the benchmark, with their results computed here.
#![allow(dead_code, reason = "tests and the benchmark use different programs")]

use super::assembler::*;

/// Start of heap and stack.
const FREE: u32 = 0x0240_0000;

/// Sum of the primes below `n`, by a sieve of bytes on the heap; exits with it.
pub fn sieve(n: u32) -> Vec<u8> {
    let mut code = Vec::new();
    code.extend(li(S0, FREE)); // table
    code.extend(li(S1, n));
    code.extend([opi("addi", A0, ZERO, 0), opi("addi", T0, ZERO, 2)]);
    // outer (6):
    code.push(branch("bgeu", T0, S1, 4 * 14)); // → end (20)
    code.push(op("add", T1, S0, T0));
    code.push(load("lbu", T2, 0, T1));
    code.push(branch("bne", T2, ZERO, 4 * 9)); // → next (18)
    code.push(op("add", A0, A0, T0));
    code.push(op("mul", A1, T0, T0));
    code.push(opi("addi", A2, ZERO, 1));
    // inner (13):
    code.push(branch("bgeu", A1, S1, 4 * 5)); // → next (18)
    code.push(op("add", A3, S0, A1));
    code.push(store("sb", A2, 0, A3));
    code.push(op("add", A1, A1, T0));
    code.push(jal(ZERO, -4 * 4)); // → inner (13)
    // next (18):
    code.push(opi("addi", T0, T0, 1));
    code.push(jal(ZERO, -4 * 13)); // → outer (6)
    code.extend(exit());
    image(&code)
}

/// What [`sieve`] exits with.
pub fn sum_of_primes(n: u32) -> u32 {
    (2..n).filter(|&p| (2..p).take_while(|d| d * d <= p).all(|d| p % d != 0)).fold(0, u32::wrapping_add)
}

/// `rounds` rounds over a table of `words` words: mixing with shifts, a product, a load and a store each; exits with
/// the checksum.
pub fn checksum(words: u32, rounds: u32) -> Vec<u8> {
    let mut code = Vec::new();
    code.extend(li(S0, FREE));
    code.extend(li(S1, FREE + 4 * words));
    code.extend(li(A1, rounds));
    code.extend(li(A0, 0x811c_9dc5));
    code.extend(li(A2, 0x0100_0193));
    // round (10):
    code.push(opi("addi", T0, S0, 0));
    // word (11):
    code.push(load("lw", T1, 0, T0));
    code.push(op("xor", A0, A0, T1));
    code.push(opi("slli", T2, A0, 13));
    code.push(op("xor", A0, A0, T2));
    code.push(opi("srli", T2, A0, 17));
    code.push(op("xor", A0, A0, T2));
    code.push(op("mul", A0, A0, A2));
    code.push(op("add", A0, A0, A1));
    code.push(store("sw", A0, 0, T0));
    code.push(opi("addi", T0, T0, 4));
    code.push(branch("bltu", T0, S1, -4 * 10)); // → word (11)
    code.push(opi("addi", A1, A1, -1));
    code.push(branch("bne", A1, ZERO, -4 * 13)); // → round (10)
    code.extend(exit());
    image(&code)
}

/// What [`checksum`] exits with.
pub fn checksum_of(words: u32, rounds: u32) -> u32 {
    let mut table = vec![0u32; words as usize];
    let mut sum = 0x811c_9dc5u32;
    for round in (1..=rounds).rev() {
        for word in &mut table {
            sum ^= *word;
            sum ^= sum << 13;
            sum ^= sum >> 17;
            sum = sum.wrapping_mul(0x0100_0193).wrapping_add(round);
            *word = sum;
        }
    }
    sum
}

/// Kind of [`adder`]'s output.
pub const TOY: [u8; 32] = {
    let mut word = [0; 32];
    (word[0], word[1], word[2]) = (b't', b'o', b'y');
    word
};

/// A node's program of 16 instructions: the first words of inputs 0 and 1, and 1, added up; leaves the sum as a string
/// of 4 bytes, with its header, and exits with 0.
pub fn adder() -> Vec<u8> {
    let mut code = vec![lui(T0, 0x01000), load("lw", A1, 0, T0)];
    code.extend([lui(T0, 0x01400), load("lw", A2, 0, T0)]);
    code.extend([op("add", A1, A1, A2), opi("addi", A1, A1, 1)]);
    code.extend([lui(T0, 0x02000), store("sw", A1, 0, T0)]);
    // The header: kind, and the length, whose last byte is the word's first.
    code.push(lui(T0, 0x02200));
    code.extend(li(T1, u32::from_le_bytes(*b"toy\0")));
    code.push(store("sw", T1, 0, T0));
    code.extend([lui(T1, 4 << 12), store("sw", T1, 60, T0)]);
    code.extend(exit());
    image(&code)
}
