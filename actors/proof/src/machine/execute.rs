//! What each instruction does, apart from memory itself: the one definition that the reference interpreter and the
//! one-step proofs share.
//!
//! [`execute`] looks at an instruction, `pc` and the registers and says what happens: a register and `pc` change, or
//! a word is loaded or stored at an address that was checked, or the program exits, or it traps. Arithmetic follows the
//! specification: a division by zero gives all ones and the dividend as remainder, the one signed overflow
//! (`-2³¹ / -1`) gives the dividend and remainder zero.
//!
//! A misaligned address traps as such also where it lies outside of memory. A jump to a misaligned target traps at
//! the jump, before the link is written; a jump out of the image is made, and the fetch traps.

use super::{
    decode::{Condition, Instruction, LoadWidth, Operation, Register, StoreWidth},
    layout::{MEMORY, Region},
    state::Cause,
};

/// Number of the system call that exits.
pub const EXIT: u32 = 93;

/// Register of the exit code and of the system call's number.
const A0: usize = 10;
const A7: usize = 17;

/// What an instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `rd ← value`, `pc ← next`.
    Write {
        /// Destination; 0 for none.
        rd: Register,
        /// New value.
        value: u32,
        /// Next `pc`; aligned.
        next: u32,
    },
    /// `rd ←` memory, `pc ← pc + 4`.
    Load {
        /// How much.
        width: LoadWidth,
        /// Destination.
        rd: Register,
        /// Aligned, within memory.
        address: u32,
    },
    /// Memory `← value`, `pc ← pc + 4`.
    Store {
        /// How much.
        width: StoreWidth,
        /// Aligned, within memory, outside of the image.
        address: u32,
        /// Its lower bits are stored.
        value: u32,
    },
    /// The program ends.
    Exit {
        /// Its result.
        code: u32,
    },
}

/// What `instruction` at `pc` does, or why it traps.
#[inline(always)]
pub fn execute(instruction: Instruction, pc: u32, registers: &[u32; 32]) -> Result<Effect, Cause> {
    let register = |number: Register| registers[usize::from(number) % 32];
    let next = pc.wrapping_add(4);
    Ok(match instruction {
        Instruction::Lui { rd, immediate } => Effect::Write { rd, value: immediate, next },
        Instruction::Auipc { rd, immediate } => Effect::Write { rd, value: pc.wrapping_add(immediate), next },
        Instruction::Jal { rd, offset } => Effect::Write { rd, value: next, next: target(pc.wrapping_add(offset))? },
        Instruction::Jalr { rd, rs1, offset } => {
            Effect::Write { rd, value: next, next: target(register(rs1).wrapping_add(offset) & !1)? }
        }
        Instruction::Branch { condition, rs1, rs2, offset } => {
            let taken = holds(condition, register(rs1), register(rs2));
            Effect::Write { rd: 0, value: 0, next: if taken { target(pc.wrapping_add(offset))? } else { next } }
        }
        Instruction::Load { width, rd, rs1, offset } => {
            let address = register(rs1).wrapping_add(offset);
            check_load(width, address)?;
            Effect::Load { width, rd, address }
        }
        Instruction::Store { width, rs1, rs2, offset } => {
            let address = register(rs1).wrapping_add(offset);
            check_store(width, address)?;
            Effect::Store { width, address, value: register(rs2) }
        }
        Instruction::Immediate { operation, rd, rs1, immediate } => {
            Effect::Write { rd, value: operate(operation, register(rs1), immediate), next }
        }
        Instruction::Register { operation, rd, rs1, rs2 } => {
            Effect::Write { rd, value: operate(operation, register(rs1), register(rs2)), next }
        }
        Instruction::Fence => Effect::Write { rd: 0, value: 0, next },
        Instruction::Ecall if registers[A7] == EXIT => Effect::Exit { code: registers[A0] },
        Instruction::Ecall => return Err(Cause::EnvironmentCall),
        Instruction::Ebreak => return Err(Cause::Breakpoint),
    })
}

/// Whether an instruction can be fetched from `pc`, or why not.
#[inline]
pub fn check_fetch(pc: u32) -> Result<(), Cause> {
    target(pc)?;
    if pc < Region::IMAGE.bytes { Ok(()) } else { Err(Cause::InstructionAccessFault) }
}

/// Whether `address` can be loaded from, or why not.
#[inline]
pub fn check_load(width: LoadWidth, address: u32) -> Result<(), Cause> {
    let bytes = match width {
        LoadWidth::Byte | LoadWidth::ByteUnsigned => 1,
        LoadWidth::Half | LoadWidth::HalfUnsigned => 2,
        LoadWidth::Word => 4,
    };
    if address & (bytes - 1) != 0 {
        return Err(Cause::LoadAddressMisaligned);
    }
    if address < MEMORY { Ok(()) } else { Err(Cause::LoadAccessFault) }
}

/// Whether `address` can be stored to, or why not.
#[inline]
pub fn check_store(width: StoreWidth, address: u32) -> Result<(), Cause> {
    let bytes = match width {
        StoreWidth::Byte => 1,
        StoreWidth::Half => 2,
        StoreWidth::Word => 4,
    };
    if address & (bytes - 1) != 0 {
        return Err(Cause::StoreAddressMisaligned);
    }
    if (Region::IMAGE.bytes..MEMORY).contains(&address) { Ok(()) } else { Err(Cause::StoreAccessFault) }
}

/// What a load of `address` gives, where the aligned word around it is `word` (little-endian).
#[inline(always)]
pub fn extract(width: LoadWidth, address: u32, word: u32) -> u32 {
    let shifted = word >> (8 * (address & 3));
    match width {
        LoadWidth::Byte => shifted as i8 as u32,
        LoadWidth::Half => shifted as i16 as u32,
        LoadWidth::Word => word,
        LoadWidth::ByteUnsigned => shifted & 0xff,
        LoadWidth::HalfUnsigned => shifted & 0xffff,
    }
}

/// The aligned word around `address` after a store of `value`, where it was `word`.
#[inline(always)]
pub fn insert(width: StoreWidth, address: u32, word: u32, value: u32) -> u32 {
    let shift = 8 * (address & 3);
    let mask = match width {
        StoreWidth::Byte => 0xff << shift,
        StoreWidth::Half => 0xffff << shift,
        StoreWidth::Word => return value,
    };
    word & !mask | value << shift & mask
}

/// Whether a branch is taken.
#[inline(always)]
pub fn holds(condition: Condition, a: u32, b: u32) -> bool {
    match condition {
        Condition::Equal => a == b,
        Condition::NotEqual => a != b,
        Condition::Less => (a as i32) < b as i32,
        Condition::GreaterEqual => a as i32 >= b as i32,
        Condition::LessUnsigned => a < b,
        Condition::GreaterEqualUnsigned => a >= b,
    }
}

/// The result of an operation.
#[inline(always)]
pub fn operate(operation: Operation, a: u32, b: u32) -> u32 {
    let (signed_a, signed_b) = (a as i32, b as i32);
    match operation {
        Operation::Add => a.wrapping_add(b),
        Operation::Sub => a.wrapping_sub(b),
        Operation::Sll => a.wrapping_shl(b),
        Operation::Slt => (signed_a < signed_b).into(),
        Operation::Sltu => (a < b).into(),
        Operation::Xor => a ^ b,
        Operation::Srl => a.wrapping_shr(b),
        Operation::Sra => signed_a.wrapping_shr(b) as u32,
        Operation::Or => a | b,
        Operation::And => a & b,
        Operation::Mul => a.wrapping_mul(b),
        Operation::Mulh => ((i64::from(signed_a) * i64::from(signed_b)) >> 32) as u32,
        Operation::Mulhsu => ((i64::from(signed_a) * i64::from(b)) >> 32) as u32,
        Operation::Mulhu => ((u64::from(a) * u64::from(b)) >> 32) as u32,
        Operation::Div if b == 0 => u32::MAX,
        Operation::Div => signed_a.wrapping_div(signed_b) as u32,
        Operation::Divu => a.checked_div(b).unwrap_or(u32::MAX),
        Operation::Rem if b == 0 => a,
        Operation::Rem => signed_a.wrapping_rem(signed_b) as u32,
        Operation::Remu => a.checked_rem(b).unwrap_or(a),
    }
}

/// `address` where a jump may go there: four-byte aligned.
#[inline]
fn target(address: u32) -> Result<u32, Cause> {
    if address & 3 == 0 { Ok(address) } else { Err(Cause::InstructionAddressMisaligned) }
}
