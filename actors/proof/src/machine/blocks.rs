//! The fast interpreter: the image is decoded once, into blocks that are entered at their start alone.
//!
//! A block starts wherever a jump arrives. It goes on past a branch as if that were not taken, and through a `jal` to
//! its target, and ends with a `jalr`, a system instruction, or after [`LONGEST`] instructions. Its instructions are
//! stored with one code each, with everything that `pc` fixes (link values, jump targets) computed, and with writes to
//! register 0 sent to a register that nothing reads. Running a block checks once how many of its instructions may run;
//! then nothing is counted or checked but addresses. The cache cannot go stale: instructions come from the image
//! alone, no store reaches it, and a [`Machine`] owns its memory. It is bounded: a program that fills it starts anew.
//!
//! After every number of steps the state equals that of [`super::plain`], which tests compare.

mod operation;

use self::operation::{Code, NOP, Op, lower};
use super::{
    decode::{LoadWidth, Operation, StoreWidth},
    execute::{EXIT, check_load, check_store, operate},
    layout::{MEMORY, Region},
    memory::{Memory, PAGE, PAGES, WORDS, WRITTEN, boxed},
    plain,
    state::{Cause, State, Status},
};

/// Instructions of a block, at most.
pub const LONGEST: usize = 64;

/// Operations that are kept, at most.
const KEPT: usize = 1 << 22;
/// Words of the image.
const IMAGE_WORDS: usize = (Region::IMAGE.bytes / 4) as usize;

/// A register file indexed by any byte, so that no index has to be checked.
type Registers = [u32; 256];

/// How a run through a block ended.
enum End {
    /// With all instructions that were to run.
    Through,
    /// With instruction `.0` of the block, which jumped to `.1`, aligned.
    Jump(usize, u32),
    /// With instruction `.0`, which halted the machine.
    Halt(usize, Status),
}

/// A running machine: a state and what was decoded of its image.
#[derive(Debug)]
pub struct Machine {
    state: State,
    blocks: Blocks,
}

impl Machine {
    /// A machine in `state`; nothing is decoded yet.
    pub fn new(state: State) -> Self {
        Self { state, blocks: Blocks::new() }
    }

    /// The state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state; the machine is given up, because another's image may differ from what was decoded.
    pub fn into_state(self) -> State {
        self.state
    }

    /// The memory's root and the processor's, hashed as [`State::root`] does.
    pub fn root(&mut self) -> crate::tree::Hash {
        self.state.root()
    }

    /// The state, to save or restore pages that are not of the image; what was decoded of that stays true.
    pub(super) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Makes exactly `steps` steps, also where that ends in the middle of a block; returns how many of them the
    /// machine was running at, the halting one included.
    pub fn run(&mut self, steps: u64) -> u64 {
        let State { processor, memory, .. } = &mut self.state;
        let mut left = steps;
        if processor.status == Status::Running {
            let mut registers = [0; 256];
            registers[..32].copy_from_slice(processor.registers());
            let mut pc = processor.pc;
            while left > 0 && pc < Region::IMAGE.bytes && pc & 3 == 0 {
                let (first, length) = self.blocks.at(pc, memory);
                let count = length.min(usize::try_from(left).unwrap_or(usize::MAX));
                let Blocks { operations, addresses, .. } = &self.blocks;
                match run_block(&operations[first..first + count], addresses, first, &mut registers, memory) {
                    End::Through => {
                        pc = addresses[first + count];
                        left -= count as u64;
                    }
                    End::Jump(number, target) => {
                        pc = target;
                        left -= number as u64 + 1;
                    }
                    End::Halt(number, status) => {
                        pc = addresses[first + number];
                        left -= number as u64 + 1;
                        processor.status = status;
                        break;
                    }
                }
            }
            processor.pc = pc;
            for number in 1..32 {
                processor.set(number, registers[usize::from(number)]);
            }
        }
        let running = steps - left;
        self.state.steps = self.state.steps.wrapping_add(running);
        // What is left begins outside of the image, or halted: one trap at most.
        running + plain::run(&mut self.state, left)
    }
}

/// Decoded blocks by where they start.
struct Blocks {
    /// For each word of the image: first operation (upper half) and length (lower half) of the block that starts
    /// there, 0 where none was decoded yet.
    index: Box<[u64; IMAGE_WORDS]>,
    operations: Vec<Op>,
    /// Where each operation is; after a block's last one, where it goes on.
    addresses: Vec<u32>,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks").field("operations", &self.operations.len()).finish_non_exhaustive()
    }
}

impl Blocks {
    fn new() -> Self {
        Self { index: boxed(0), operations: Vec::new(), addresses: Vec::new() }
    }

    /// The block that starts at `pc`, which is aligned and in the image: its first operation, and how many it has, at
    /// least one.
    #[inline(always)]
    fn at(&mut self, pc: u32, memory: &Memory) -> (usize, usize) {
        let mut entry = self.index[(pc / 4) as usize];
        if entry == 0 {
            entry = self.decode(pc, memory);
        }
        ((entry >> 32) as usize, entry as u32 as usize)
    }

    #[cold]
    fn decode(&mut self, start: u32, memory: &Memory) -> u64 {
        if self.operations.len() + LONGEST >= KEPT {
            self.operations.clear();
            self.addresses.clear();
            self.index.fill(0);
        }
        let first = self.operations.len();
        let (mut pc, mut count) = (start, 0);
        while count < LONGEST && pc < Region::IMAGE.bytes {
            let (op, next) = lower(memory.word(pc), pc);
            self.operations.push(op);
            self.addresses.push(pc);
            pc = next;
            count += 1;
            if op.code.ends() {
                break;
            }
        }
        // Keeps both lists in step; never executed.
        self.operations.push(NOP);
        self.addresses.push(pc);
        let entry = (first as u64) << 32 | count as u64;
        self.index[(start / 4) as usize] = entry;
        entry
    }
}

/// Runs `block`, or the first instructions of one; `addresses` hold theirs from `first` on.
#[inline(always)]
fn run_block(block: &[Op], addresses: &[u32], first: usize, r: &mut Registers, memory: &mut Memory) -> End {
    for (number, op) in block.iter().enumerate() {
        let (a, b, i) = (r[usize::from(op.rs1)], r[usize::from(op.rs2)], op.immediate);
        // Every operation that writes a register ends in the same store.
        let value = match op.code {
            Code::Nop => continue,
            Code::Set => i,
            Code::AddI => a.wrapping_add(i),
            Code::SllI => a.wrapping_shl(i),
            Code::SltI => operate(Operation::Slt, a, i),
            Code::SltuI => operate(Operation::Sltu, a, i),
            Code::XorI => a ^ i,
            Code::SrlI => a.wrapping_shr(i),
            Code::SraI => operate(Operation::Sra, a, i),
            Code::OrI => a | i,
            Code::AndI => a & i,
            Code::Add => a.wrapping_add(b),
            Code::Sub => a.wrapping_sub(b),
            Code::Sll => a.wrapping_shl(b),
            Code::Slt => operate(Operation::Slt, a, b),
            Code::Sltu => operate(Operation::Sltu, a, b),
            Code::Xor => a ^ b,
            Code::Srl => a.wrapping_shr(b),
            Code::Sra => operate(Operation::Sra, a, b),
            Code::Or => a | b,
            Code::And => a & b,
            Code::Mul => a.wrapping_mul(b),
            Code::Mulh => operate(Operation::Mulh, a, b),
            Code::Mulhsu => operate(Operation::Mulhsu, a, b),
            Code::Mulhu => operate(Operation::Mulhu, a, b),
            Code::Div => operate(Operation::Div, a, b),
            Code::Divu => operate(Operation::Divu, a, b),
            Code::Rem => operate(Operation::Rem, a, b),
            Code::Remu => operate(Operation::Remu, a, b),
            Code::Lb => match load::<1>(memory, a.wrapping_add(i)) {
                Some(word) => word as i8 as u32,
                None => return load_trap(number, LoadWidth::Byte, a.wrapping_add(i)),
            },
            Code::Lh => match load::<2>(memory, a.wrapping_add(i)) {
                Some(word) => word as i16 as u32,
                None => return load_trap(number, LoadWidth::Half, a.wrapping_add(i)),
            },
            Code::Lw => match load::<4>(memory, a.wrapping_add(i)) {
                Some(word) => word,
                None => return load_trap(number, LoadWidth::Word, a.wrapping_add(i)),
            },
            Code::Lbu => match load::<1>(memory, a.wrapping_add(i)) {
                Some(word) => word & 0xff,
                None => return load_trap(number, LoadWidth::ByteUnsigned, a.wrapping_add(i)),
            },
            Code::Lhu => match load::<2>(memory, a.wrapping_add(i)) {
                Some(word) => word & 0xffff,
                None => return load_trap(number, LoadWidth::HalfUnsigned, a.wrapping_add(i)),
            },
            Code::Sb => match store::<1>(memory, a.wrapping_add(i), b) {
                true => continue,
                false => return store_trap(number, StoreWidth::Byte, a.wrapping_add(i)),
            },
            Code::Sh => match store::<2>(memory, a.wrapping_add(i), b) {
                true => continue,
                false => return store_trap(number, StoreWidth::Half, a.wrapping_add(i)),
            },
            Code::Sw => match store::<4>(memory, a.wrapping_add(i), b) {
                true => continue,
                false => return store_trap(number, StoreWidth::Word, a.wrapping_add(i)),
            },
            Code::Jalr => {
                let target = a.wrapping_add(i) & !1;
                if target & 3 != 0 {
                    return End::Halt(number, Status::Trapped(Cause::InstructionAddressMisaligned));
                }
                r[usize::from(op.rd)] = addresses[first + number].wrapping_add(4);
                return End::Jump(number, target);
            }
            Code::Beq => match a == b {
                true => return taken(number, i),
                false => continue,
            },
            Code::Bne => match a != b {
                true => return taken(number, i),
                false => continue,
            },
            Code::Blt => match (a as i32) < b as i32 {
                true => return taken(number, i),
                false => continue,
            },
            Code::Bge => match a as i32 >= b as i32 {
                true => return taken(number, i),
                false => continue,
            },
            Code::Bltu => match a < b {
                true => return taken(number, i),
                false => continue,
            },
            Code::Bgeu => match a >= b {
                true => return taken(number, i),
                false => continue,
            },
            Code::Ecall if r[17] == EXIT => return End::Halt(number, Status::Exited(r[10])),
            Code::Ecall => return End::Halt(number, Status::Trapped(Cause::EnvironmentCall)),
            Code::Trap => return End::Halt(number, Status::Trapped(Cause::ALL[i as usize])),
        };
        r[usize::from(op.rd)] = value;
    }
    End::Through
}

/// A branch is taken.
#[inline(always)]
fn taken(number: usize, target: u32) -> End {
    if target & 3 != 0 {
        return End::Halt(number, Status::Trapped(Cause::InstructionAddressMisaligned));
    }
    End::Jump(number, target)
}

/// The bits from `address` on, with higher ones above, or `None` where the address is misaligned or outside. One test
/// covers both: no bit may be set below the size or above memory.
#[inline(always)]
fn load<const BYTES: u32>(memory: &Memory, address: u32) -> Option<u32> {
    if address & !(MEMORY - BYTES) != 0 {
        return None;
    }
    Some(memory.words[(address / 4) as usize % WORDS] >> (8 * (address & 3)))
}

/// Stores the lower bits of `value`, or does not where the address is misaligned, outside, or in the image.
#[inline(always)]
fn store<const BYTES: u32>(memory: &mut Memory, address: u32, value: u32) -> bool {
    if address & !(MEMORY - BYTES) != 0 || address < Region::IMAGE.bytes {
        return false;
    }
    let word = &mut memory.words[(address / 4) as usize % WORDS];
    let shift = 8 * (address & 3);
    *word = match BYTES {
        1 => *word & !(0xff << shift) | (value & 0xff) << shift,
        2 => *word & !(0xffff << shift) | (value & 0xffff) << shift,
        _ => value,
    };
    memory.flags[(address / PAGE) as usize % PAGES] = WRITTEN;
    true
}

#[cold]
fn load_trap(number: usize, width: LoadWidth, address: u32) -> End {
    End::Halt(number, Status::Trapped(check_load(width, address).expect_err("a load that was refused")))
}

#[cold]
fn store_trap(number: usize, width: StoreWidth, address: u32) -> End {
    End::Halt(number, Status::Trapped(check_store(width, address).expect_err("a store that was refused")))
}
