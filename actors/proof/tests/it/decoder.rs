//! The decoder is total and exact: what it accepts is what the specification's tables encode, and the text it gives
//! is an assembler's.

use hyperdust_proof::machine::{
    Instruction,
    decode::{Condition, LoadWidth, Operation, StoreWidth, decode},
    disassemble,
};
use proptest::prelude::*;

use crate::assembler::*;

/// Legal by a mask and a match for each instruction, as the specification's listings have them.
fn legal(word: u32) -> bool {
    let mut table = vec![(0x7f, 0x37), (0x7f, 0x17), (0x7f, 0x6f), (0x707f, 0x67), (0x707f, 0x0f)];
    table.extend([(u32::MAX, ECALL), (u32::MAX, EBREAK)]);
    table.extend(REGISTER.map(|(_, funct7, funct3)| (0xfe00_707f, r_type(funct7, 0, 0, funct3, 0))));
    table.extend(SHIFT.map(|(name, ..)| (0xfe00_707f, opi(name, 0, 0, 0))));
    table.extend(IMMEDIATE.map(|(name, _)| (0x707f, opi(name, 0, 0, 0))));
    table.extend(LOADS.map(|(name, _)| (0x707f, load(name, 0, 0, 0))));
    table.extend(STORES.map(|(name, _)| (0x707f, store(name, 0, 0, 0))));
    table.extend(BRANCHES.map(|(name, _)| (0x707f, branch(name, 0, 0, 0))));
    table.iter().any(|&(mask, matched)| word & mask == matched)
}

/// Every opcode, funct3 and funct7, with registers empty and full.
#[test]
fn legal_words_are_those_of_the_tables() {
    for rest in [0u32, 0x01f0_8f80, 0x000f_8000, 0x0010_0000] {
        for opcode in 0..128 {
            for funct3 in 0..8 {
                for funct7 in 0..128 {
                    let word = opcode | funct3 << 12 | funct7 << 25 | rest;
                    assert_eq!(decode(word).is_some(), legal(word), "{word:#010x}");
                    // Total, too: the text exists for every word.
                    assert!(!disassemble(word, 0).is_empty());
                }
            }
        }
    }
}

/// Immediates of all formats, at both ends and at each bit.
#[test]
fn immediates_are_sign_extended() {
    let bits = |least: u32, most: u32| (least..most).map(|bit| 1i32 << bit).chain([0]);
    for value in bits(0, 11).flat_map(|v| [v, -v, v - 2048]).chain([2047]) {
        let immediate = value as u32;
        let offset = immediate;
        assert_eq!(decode(jalr(1, value, 2)), Some(Instruction::Jalr { rd: 1, rs1: 2, offset }));
        let width = LoadWidth::HalfUnsigned;
        assert_eq!(decode(load("lhu", 3, value, 4)), Some(Instruction::Load { width, rd: 3, rs1: 4, offset }));
        let width = StoreWidth::Half;
        assert_eq!(decode(store("sh", 5, value, 6)), Some(Instruction::Store { width, rs2: 5, rs1: 6, offset }));
        let operation = Operation::Xor;
        let expected = Instruction::Immediate { operation, rd: 7, rs1: 8, immediate };
        assert_eq!(decode(opi("xori", 7, 8, value)), Some(expected));
    }
    for value in bits(1, 12).flat_map(|v| [v, -v, v - 4096]).chain([4094]) {
        let condition = Condition::GreaterEqual;
        let expected = Instruction::Branch { condition, rs1: 9, rs2: 10, offset: value as u32 };
        assert_eq!(decode(branch("bge", 9, 10, value)), Some(expected));
    }
    for value in bits(1, 20).flat_map(|v| [v, -v, v - (1 << 20)]).chain([(1 << 20) - 2]) {
        assert_eq!(decode(jal(31, value)), Some(Instruction::Jal { rd: 31, offset: value as u32 }));
    }
}

/// Text of one instruction of each shape.
#[test]
fn text_is_an_assemblers() {
    let pc = 0x1000;
    for (word, text) in [
        (lui(A0, 0x12345), "lui a0, 0x12345"),
        (auipc(RA, 1), "auipc ra, 0x1"),
        (jal(ZERO, -16), "jal zero, 0xff0"),
        (jalr(RA, -4, T0), "jalr ra, -4(t0)"),
        (branch("bltu", A0, SP, 8), "bltu a0, sp, 0x1008"),
        (load("lbu", T1, -1, S0), "lbu t1, -1(s0)"),
        (store("sw", 31, 2047, 8), "sw t6, 2047(s0)"),
        (opi("addi", A0, A0, -5), "addi a0, a0, -5"),
        (opi("sltiu", A0, A0, 5), "sltiu a0, a0, 5"),
        (opi("srai", A0, A1, 31), "srai a0, a1, 31"),
        (op("mulhsu", 3, 4, 27), "mulhsu gp, tp, s11"),
        (FENCE, "fence"),
        (ECALL, "ecall"),
        (EBREAK, "ebreak"),
        (0, ".word 0x00000000"),
        (0x0000_100f, ".word 0x0000100f"),
    ] {
        assert_eq!(disassemble(word, pc), text);
    }
}

proptest! {
    #[test]
    fn any_word_is_decoded_or_refused(word: u32, pc: u32) {
        prop_assert_eq!(decode(word).is_some(), legal(word));
        prop_assert_eq!(disassemble(word, pc).starts_with(".word"), !legal(word));
    }
}
