//! Every arithmetic instruction on edge values, in both interpreters and by proof, against 128-bit arithmetic.

use hyperdust_proof::machine::{Machine, Processor, State, Status, StepProof, plain};

use crate::assembler::*;

const EDGES: [u32; 14] =
    [0, 1, 2, 3, 31, 32, 0x7fff, 0x8000, 0xffff, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff];

/// The result by its definition over the integers.
fn expected(name: &str, a: u32, b: u32) -> u32 {
    let (u, v) = (i128::from(a), i128::from(b));
    let (s, t) = (i128::from(a as i32), i128::from(b as i32));
    let shift = 1i128 << (b % 32);
    let result = match name {
        "add" => u + v,
        "sub" => u - v,
        "sll" => u * shift,
        "slt" => (s < t).into(),
        "sltu" => (u < v).into(),
        "xor" => u ^ v,
        "srl" => u / shift,
        "sra" => s.div_euclid(shift),
        "or" => u | v,
        "and" => u & v,
        "mul" => s * t,
        "mulh" => (s * t).div_euclid(1 << 32),
        "mulhsu" => (s * v).div_euclid(1 << 32),
        "mulhu" => (u * v).div_euclid(1 << 32),
        "div" if t == 0 => -1,
        "div" => s / t,
        "divu" if v == 0 => -1,
        "divu" => u / v,
        "rem" if t == 0 => s,
        "rem" => s % t,
        "remu" if v == 0 => u,
        "remu" => u % v,
        _ => unreachable!(),
    };
    result.rem_euclid(1 << 32) as u32
}

/// The state after `word` was executed on `a1 = a`, `a2 = b`, by all three ways.
fn after(word: u32, a: u32, b: u32) -> Processor {
    let mut before = State::initial(&image(&[word]), &[]).unwrap();
    before.processor.set(A1 as u8, a);
    before.processor.set(A2 as u8, b);
    let mut plain = before.clone();
    plain::step(&mut plain);
    let mut blocks = Machine::new(before.clone());
    assert_eq!(blocks.run(1), 1);
    assert_eq!(blocks.state().processor, plain.processor, "{word:#010x} {a:#x} {b:#x}");
    // Hashing a tree for each of thousands of cases would take minutes; proofs have tests of their own.
    if a == b {
        assert_eq!(StepProof::of(&mut before).execute().unwrap(), plain.root());
    }
    plain.processor
}

#[test]
fn register_instructions_are_exact() {
    for (name, ..) in REGISTER {
        for a in EDGES {
            for b in EDGES {
                let processor = after(op(name, A0, A1, A2), a, b);
                assert_eq!(processor.registers()[A0 as usize], expected(name, a, b), "{name} {a:#x} {b:#x}");
                assert_eq!((processor.pc, processor.status), (4, Status::Running));
            }
        }
    }
}

#[test]
fn immediate_instructions_are_exact() {
    for a in EDGES {
        for (name, _) in IMMEDIATE {
            let twin = if name == "sltiu" { "sltu" } else { name.trim_end_matches('i') };
            for immediate in [0, 1, -1, 2047, -2048, 0x555] {
                let processor = after(opi(name, A0, A1, immediate), a, 0);
                let found = processor.registers()[A0 as usize];
                assert_eq!(found, expected(twin, a, immediate as u32), "{name} {a:#x} {immediate}");
            }
        }
        for (name, ..) in SHIFT {
            for by in 0..32 {
                let processor = after(opi(name, A0, A1, by), a, 0);
                let found = processor.registers()[A0 as usize];
                assert_eq!(found, expected(name.trim_end_matches('i'), a, by as u32), "{name} {a:#x} {by}");
            }
        }
    }
}

/// Whatever writes register 0 leaves it zero, and upper immediates are exact.
#[test]
fn register_zero_and_upper_immediates() {
    for (name, ..) in REGISTER {
        assert_eq!(after(op(name, ZERO, A1, A2), 7, 3).registers()[0], 0);
    }
    for word in [lui(ZERO, 5), auipc(ZERO, 5), opi("addi", ZERO, A1, 5), jal(ZERO, 8), load("lw", ZERO, 0, ZERO)] {
        assert_eq!(after(word, 7, 3).registers()[0], 0);
    }
    for upper in [0, 1, 0x7ffff, 0x80000, 0xfffff] {
        assert_eq!(after(lui(A0, upper), 0, 0).registers()[A0 as usize], upper << 12);
        assert_eq!(after(auipc(A0, upper), 0, 0).registers()[A0 as usize], upper << 12);
    }
}
