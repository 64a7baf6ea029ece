//! Instruction words as standard assembler text, registers by their ABI names, for people at the end of a dispute.

use super::decode::{Condition, Instruction, LoadWidth, Operation, StoreWidth, decode};

/// ABI names of the registers, by number.
pub const REGISTER_NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

/// What an assembler would be given for `word` at address `pc`; jump targets are absolute. `.word 0x…` where the word
/// is illegal.
pub fn disassemble(word: u32, pc: u32) -> String {
    let Some(instruction) = decode(word) else {
        return format!(".word {word:#010x}");
    };
    let name = |register: u8| REGISTER_NAMES[usize::from(register)];
    match instruction {
        Instruction::Lui { rd, immediate } => format!("lui {}, {:#x}", name(rd), immediate >> 12),
        Instruction::Auipc { rd, immediate } => format!("auipc {}, {:#x}", name(rd), immediate >> 12),
        Instruction::Jal { rd, offset } => format!("jal {}, {:#x}", name(rd), pc.wrapping_add(offset)),
        Instruction::Jalr { rd, rs1, offset } => format!("jalr {}, {}({})", name(rd), offset as i32, name(rs1)),
        Instruction::Branch { condition, rs1, rs2, offset } => {
            let mnemonic = match condition {
                Condition::Equal => "beq",
                Condition::NotEqual => "bne",
                Condition::Less => "blt",
                Condition::GreaterEqual => "bge",
                Condition::LessUnsigned => "bltu",
                Condition::GreaterEqualUnsigned => "bgeu",
            };
            format!("{mnemonic} {}, {}, {:#x}", name(rs1), name(rs2), pc.wrapping_add(offset))
        }
        Instruction::Load { width, rd, rs1, offset } => {
            let mnemonic = match width {
                LoadWidth::Byte => "lb",
                LoadWidth::Half => "lh",
                LoadWidth::Word => "lw",
                LoadWidth::ByteUnsigned => "lbu",
                LoadWidth::HalfUnsigned => "lhu",
            };
            format!("{mnemonic} {}, {}({})", name(rd), offset as i32, name(rs1))
        }
        Instruction::Store { width, rs1, rs2, offset } => {
            let mnemonic = match width {
                StoreWidth::Byte => "sb",
                StoreWidth::Half => "sh",
                StoreWidth::Word => "sw",
            };
            format!("{mnemonic} {}, {}({})", name(rs2), offset as i32, name(rs1))
        }
        Instruction::Immediate { operation, rd, rs1, immediate } => {
            // The one irregular name: `sltiu`, not `sltui`.
            let mnemonic = match operation {
                Operation::Sltu => "sltiu".to_owned(),
                operation => format!("{}i", mnemonic(operation)),
            };
            format!("{mnemonic} {}, {}, {}", name(rd), name(rs1), immediate as i32)
        }
        Instruction::Register { operation, rd, rs1, rs2 } => {
            format!("{} {}, {}, {}", mnemonic(operation), name(rd), name(rs1), name(rs2))
        }
        Instruction::Fence => "fence".into(),
        Instruction::Ecall => "ecall".into(),
        Instruction::Ebreak => "ebreak".into(),
    }
}

fn mnemonic(operation: Operation) -> &'static str {
    match operation {
        Operation::Add => "add",
        Operation::Sub => "sub",
        Operation::Sll => "sll",
        Operation::Slt => "slt",
        Operation::Sltu => "sltu",
        Operation::Xor => "xor",
        Operation::Srl => "srl",
        Operation::Sra => "sra",
        Operation::Or => "or",
        Operation::And => "and",
        Operation::Mul => "mul",
        Operation::Mulh => "mulh",
        Operation::Mulhsu => "mulhsu",
        Operation::Mulhu => "mulhu",
        Operation::Div => "div",
        Operation::Divu => "divu",
        Operation::Rem => "rem",
        Operation::Remu => "remu",
    }
}
