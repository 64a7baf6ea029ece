//! Instruction words: a total decoder of RV32IM.
//!
//! Every `u32` is one instruction or illegal. Legal is RV32I as in the unprivileged specification (version 20191213,
//! chapter 2: `fence` with any fields, `ecall`, `ebreak`) and M (chapter 7). `fence.i`, control registers, compressed
//! and every other encoding are illegal.

/// Number of a register, 0 to 31.
pub type Register = u8;

/// What an instruction word means. Offsets and immediates are sign-extended, two's complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `rd ← immediate`, whose lower 12 bits are zero.
    Lui {
        /// Destination.
        rd: Register,
        /// Value.
        immediate: u32,
    },
    /// `rd ← pc + immediate`, whose lower 12 bits are zero.
    Auipc {
        /// Destination.
        rd: Register,
        /// Added to `pc`.
        immediate: u32,
    },
    /// `rd ← pc + 4`, then jump to `pc + offset`.
    Jal {
        /// Link.
        rd: Register,
        /// From the instruction, in bytes; even.
        offset: u32,
    },
    /// `rd ← pc + 4`, then jump to `(rs1 + offset) & !1`.
    Jalr {
        /// Link.
        rd: Register,
        /// Base.
        rs1: Register,
        /// In bytes.
        offset: u32,
    },
    /// Jump to `pc + offset` where the condition holds between `rs1` and `rs2`.
    Branch {
        /// What must hold.
        condition: Condition,
        /// Left operand.
        rs1: Register,
        /// Right operand.
        rs2: Register,
        /// From the instruction, in bytes; even.
        offset: u32,
    },
    /// `rd ←` memory at `rs1 + offset`.
    Load {
        /// How much, and how it is extended.
        width: LoadWidth,
        /// Destination.
        rd: Register,
        /// Base.
        rs1: Register,
        /// In bytes.
        offset: u32,
    },
    /// Memory at `rs1 + offset` `← rs2`.
    Store {
        /// How much.
        width: StoreWidth,
        /// Base.
        rs1: Register,
        /// Source.
        rs2: Register,
        /// In bytes.
        offset: u32,
    },
    /// `rd ← rs1 op immediate`.
    Immediate {
        /// One of those with an immediate form: not `Sub`, nothing of M.
        operation: Operation,
        /// Destination.
        rd: Register,
        /// Left operand.
        rs1: Register,
        /// Right operand; 0 to 31 for shifts.
        immediate: u32,
    },
    /// `rd ← rs1 op rs2`.
    Register {
        /// Any.
        operation: Operation,
        /// Destination.
        rd: Register,
        /// Left operand.
        rs1: Register,
        /// Right operand.
        rs2: Register,
    },
    /// Does nothing: there is one hart and no device.
    Fence,
    /// Exits, or traps.
    Ecall,
    /// Traps.
    Ebreak,
}

/// When a branch is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `beq`
    Equal,
    /// `bne`
    NotEqual,
    /// `blt`: signed.
    Less,
    /// `bge`: signed.
    GreaterEqual,
    /// `bltu`
    LessUnsigned,
    /// `bgeu`
    GreaterEqualUnsigned,
}

/// What a load reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadWidth {
    /// `lb`: sign-extended.
    Byte,
    /// `lh`: sign-extended.
    Half,
    /// `lw`
    Word,
    /// `lbu`: zero-extended.
    ByteUnsigned,
    /// `lhu`: zero-extended.
    HalfUnsigned,
}

/// What a store writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreWidth {
    /// `sb`
    Byte,
    /// `sh`
    Half,
    /// `sw`
    Word,
}

/// Integer operations of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `add`
    Add,
    /// `sub`
    Sub,
    /// `sll`: by the lower five bits, as all shifts.
    Sll,
    /// `slt`
    Slt,
    /// `sltu`
    Sltu,
    /// `xor`
    Xor,
    /// `srl`
    Srl,
    /// `sra`
    Sra,
    /// `or`
    Or,
    /// `and`
    And,
    /// `mul`
    Mul,
    /// `mulh`
    Mulh,
    /// `mulhsu`: left signed, right unsigned.
    Mulhsu,
    /// `mulhu`
    Mulhu,
    /// `div`
    Div,
    /// `divu`
    Divu,
    /// `rem`
    Rem,
    /// `remu`
    Remu,
}

/// The instruction that `word` encodes, or `None` where it is illegal.
#[inline(always)]
pub fn decode(word: u32) -> Option<Instruction> {
    let rd = (word >> 7 & 31) as Register;
    let rs1 = (word >> 15 & 31) as Register;
    let rs2 = (word >> 20 & 31) as Register;
    let funct3 = word >> 12 & 7;
    let funct7 = word >> 25;
    Some(match word & 0x7f {
        0x37 => Instruction::Lui { rd, immediate: word & 0xffff_f000 },
        0x17 => Instruction::Auipc { rd, immediate: word & 0xffff_f000 },
        0x6f => Instruction::Jal { rd, offset: j_immediate(word) },
        0x67 if funct3 == 0 => Instruction::Jalr { rd, rs1, offset: i_immediate(word) },
        0x63 => {
            let condition = match funct3 {
                0 => Condition::Equal,
                1 => Condition::NotEqual,
                4 => Condition::Less,
                5 => Condition::GreaterEqual,
                6 => Condition::LessUnsigned,
                7 => Condition::GreaterEqualUnsigned,
                _ => return None,
            };
            Instruction::Branch { condition, rs1, rs2, offset: b_immediate(word) }
        }
        0x03 => {
            let width = match funct3 {
                0 => LoadWidth::Byte,
                1 => LoadWidth::Half,
                2 => LoadWidth::Word,
                4 => LoadWidth::ByteUnsigned,
                5 => LoadWidth::HalfUnsigned,
                _ => return None,
            };
            Instruction::Load { width, rd, rs1, offset: i_immediate(word) }
        }
        0x23 => {
            let width = match funct3 {
                0 => StoreWidth::Byte,
                1 => StoreWidth::Half,
                2 => StoreWidth::Word,
                _ => return None,
            };
            Instruction::Store { width, rs1, rs2, offset: s_immediate(word) }
        }
        0x13 => {
            // A shift's upper seven bits choose it; any other operation has a whole immediate.
            let (operation, immediate) = match (funct3, funct7) {
                (0, _) => (Operation::Add, i_immediate(word)),
                (1, 0) => (Operation::Sll, rs2.into()),
                (2, _) => (Operation::Slt, i_immediate(word)),
                (3, _) => (Operation::Sltu, i_immediate(word)),
                (4, _) => (Operation::Xor, i_immediate(word)),
                (5, 0) => (Operation::Srl, rs2.into()),
                (5, 0x20) => (Operation::Sra, rs2.into()),
                (6, _) => (Operation::Or, i_immediate(word)),
                (7, _) => (Operation::And, i_immediate(word)),
                _ => return None,
            };
            Instruction::Immediate { operation, rd, rs1, immediate }
        }
        0x33 => {
            let operation = match (funct7, funct3) {
                (0, 0) => Operation::Add,
                (0, 1) => Operation::Sll,
                (0, 2) => Operation::Slt,
                (0, 3) => Operation::Sltu,
                (0, 4) => Operation::Xor,
                (0, 5) => Operation::Srl,
                (0, 6) => Operation::Or,
                (0, 7) => Operation::And,
                (0x20, 0) => Operation::Sub,
                (0x20, 5) => Operation::Sra,
                (1, 0) => Operation::Mul,
                (1, 1) => Operation::Mulh,
                (1, 2) => Operation::Mulhsu,
                (1, 3) => Operation::Mulhu,
                (1, 4) => Operation::Div,
                (1, 5) => Operation::Divu,
                (1, 6) => Operation::Rem,
                (1, 7) => Operation::Remu,
                _ => return None,
            };
            Instruction::Register { operation, rd, rs1, rs2 }
        }
        0x0f if funct3 == 0 => Instruction::Fence,
        0x73 if word == 0x0000_0073 => Instruction::Ecall,
        0x73 if word == 0x0010_0073 => Instruction::Ebreak,
        _ => return None,
    })
}

fn i_immediate(word: u32) -> u32 {
    (word as i32 >> 20) as u32
}

fn s_immediate(word: u32) -> u32 {
    (word as i32 >> 25 << 5) as u32 | word >> 7 & 0x1f
}

fn b_immediate(word: u32) -> u32 {
    (word as i32 >> 31 << 12) as u32 | word << 4 & 0x800 | word >> 20 & 0x7e0 | word >> 7 & 0x1e
}

fn j_immediate(word: u32) -> u32 {
    (word as i32 >> 31 << 20) as u32 | word & 0xf_f000 | word >> 9 & 0x800 | word >> 20 & 0x7fe
}
