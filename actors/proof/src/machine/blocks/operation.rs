//! What a block is made of: instructions with one code each, and with everything that `pc` fixes computed.

use crate::machine::{
    decode::{Condition, Instruction, LoadWidth, Operation, StoreWidth, decode},
    state::Cause,
};

/// Where writes to register 0 go.
pub(super) const NOWHERE: u8 = 32;

/// A decoded instruction: 8 bytes.
#[derive(Clone, Copy)]
pub(super) struct Op {
    pub code: Code,
    pub rd: u8,
    pub rs1: u8,
    pub rs2: u8,
    /// Immediate, offset, absolute target, link value or cause.
    pub immediate: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Code {
    Nop, Set,
    AddI, SllI, SltI, SltuI, XorI, SrlI, SraI, OrI, AndI,
    Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And,
    Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu,
    Lb, Lh, Lw, Lbu, Lhu, Sb, Sh, Sw,
    Beq, Bne, Blt, Bge, Bltu, Bgeu,
    // From here on, the last of a block.
    Jalr, Ecall, Trap,
}

impl Code {
    pub fn ends(self) -> bool {
        self as u8 >= Self::Jalr as u8
    }
}

/// Does nothing.
pub(super) const NOP: Op = Op { code: Code::Nop, rd: NOWHERE, rs1: 0, rs2: 0, immediate: 0 };

/// The operation of the instruction word at `pc`, and where its block goes on.
pub(super) fn lower(word: u32, pc: u32) -> (Op, u32) {
    let next = pc.wrapping_add(4);
    match decode(word) {
        None => (trap(Cause::IllegalInstruction), next),
        Some(Instruction::Jal { rd, offset }) => match pc.wrapping_add(offset) {
            target if target & 3 != 0 => (trap(Cause::InstructionAddressMisaligned), next),
            target => (Op { code: Code::Set, rd: destination(rd), immediate: next, ..NOP }, target),
        },
        Some(instruction) => (straight(instruction, pc), next),
    }
}

fn destination(rd: u8) -> u8 {
    if rd == 0 { NOWHERE } else { rd }
}

fn trap(cause: Cause) -> Op {
    Op { code: Code::Trap, immediate: cause as u32, ..NOP }
}

/// The operation of any instruction but `jal`.
fn straight(instruction: Instruction, pc: u32) -> Op {
    match instruction {
        Instruction::Jal { .. } => unreachable!("a jal is followed when it is decoded"),
        Instruction::Lui { rd, immediate } => Op { code: Code::Set, rd: destination(rd), immediate, ..NOP },
        Instruction::Auipc { rd, immediate } => {
            Op { code: Code::Set, rd: destination(rd), immediate: pc.wrapping_add(immediate), ..NOP }
        }
        Instruction::Jalr { rd, rs1, offset } => {
            Op { code: Code::Jalr, rd: destination(rd), rs1, immediate: offset, ..NOP }
        }
        Instruction::Branch { condition, rs1, rs2, offset } => {
            let code = match condition {
                Condition::Equal => Code::Beq,
                Condition::NotEqual => Code::Bne,
                Condition::Less => Code::Blt,
                Condition::GreaterEqual => Code::Bge,
                Condition::LessUnsigned => Code::Bltu,
                Condition::GreaterEqualUnsigned => Code::Bgeu,
            };
            Op { code, rd: NOWHERE, rs1, rs2, immediate: pc.wrapping_add(offset) }
        }
        Instruction::Load { width, rd, rs1, offset } => {
            let code = match width {
                LoadWidth::Byte => Code::Lb,
                LoadWidth::Half => Code::Lh,
                LoadWidth::Word => Code::Lw,
                LoadWidth::ByteUnsigned => Code::Lbu,
                LoadWidth::HalfUnsigned => Code::Lhu,
            };
            Op { code, rd: destination(rd), rs1, immediate: offset, ..NOP }
        }
        Instruction::Store { width, rs1, rs2, offset } => {
            let code = match width {
                StoreWidth::Byte => Code::Sb,
                StoreWidth::Half => Code::Sh,
                StoreWidth::Word => Code::Sw,
            };
            Op { code, rs1, rs2, immediate: offset, ..NOP }
        }
        Instruction::Immediate { rd: 0, .. } | Instruction::Register { rd: 0, .. } | Instruction::Fence => NOP,
        Instruction::Immediate { operation, rd, rs1, immediate } => {
            let code = match operation {
                Operation::Add => Code::AddI,
                Operation::Sll => Code::SllI,
                Operation::Slt => Code::SltI,
                Operation::Sltu => Code::SltuI,
                Operation::Xor => Code::XorI,
                Operation::Srl => Code::SrlI,
                Operation::Sra => Code::SraI,
                Operation::Or => Code::OrI,
                Operation::And => Code::AndI,
                _ => unreachable!("the decoder gives no other operation an immediate"),
            };
            Op { code, rd, rs1, rs2: 0, immediate }
        }
        Instruction::Register { operation, rd, rs1, rs2 } => {
            let code = match operation {
                Operation::Add => Code::Add,
                Operation::Sub => Code::Sub,
                Operation::Sll => Code::Sll,
                Operation::Slt => Code::Slt,
                Operation::Sltu => Code::Sltu,
                Operation::Xor => Code::Xor,
                Operation::Srl => Code::Srl,
                Operation::Sra => Code::Sra,
                Operation::Or => Code::Or,
                Operation::And => Code::And,
                Operation::Mul => Code::Mul,
                Operation::Mulh => Code::Mulh,
                Operation::Mulhsu => Code::Mulhsu,
                Operation::Mulhu => Code::Mulhu,
                Operation::Div => Code::Div,
                Operation::Divu => Code::Divu,
                Operation::Rem => Code::Rem,
                Operation::Remu => Code::Remu,
            };
            Op { code, rd, rs1, rs2, immediate: 0 }
        }
        Instruction::Ecall => Op { code: Code::Ecall, ..NOP },
        Instruction::Ebreak => trap(Cause::Breakpoint),
    }
}
