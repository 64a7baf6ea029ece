//! The reference interpreter against an independent one: `rrs-lib`, by Greg Chadwick, in lockstep over encodings, edge
//! operands, random words and random programs. Registers, `pc`, the kind of trap and what was stored where must be equal.
//!
//! Where `rrs-lib` differs, it does so by its own design, and [`deviation`] says what this machine has to do instead:
//! - It has no `SYSTEM` instructions: `ecall` and `ebreak` are illegal there.
//! - It ignores the upper seven bits of `slli` and `funct3` of `jalr`; the specification reserves these encodings, and here
//!   they are illegal.
//! - It makes jumps to targets that are no multiple of four, and does not fetch from them. Here the jump traps, as the
//!   specification asks of a machine without compressed instructions.

use std::collections::BTreeMap;

use hyperdust_proof::machine::{
    Cause, State, Status,
    layout::{MEMORY, Region},
    plain,
};
use proptest::{collection::vec, prelude::*};
use rrs_lib::{
    HartState, MemAccessSize,
    instruction_executor::{InstructionException, InstructionExecutor},
};

use crate::assembler::*;

/// Memory of the other interpreter: words that are not zero, and what was stored since.
#[derive(Default)]
struct Ram {
    words: BTreeMap<u32, u32>,
    stored: Vec<u32>,
}

impl rrs_lib::Memory for Ram {
    fn read_mem(&mut self, address: u32, size: MemAccessSize) -> Option<u32> {
        let word = self.words.get(&(address & !3)).copied().unwrap_or_default() >> (8 * (address & 3));
        (address < MEMORY).then_some(match size {
            MemAccessSize::Byte => word & 0xff,
            MemAccessSize::HalfWord => word & 0xffff,
            MemAccessSize::Word => word,
        })
    }

    fn write_mem(&mut self, address: u32, size: MemAccessSize, value: u32) -> bool {
        let ours = (Region::IMAGE.bytes..MEMORY).contains(&address);
        if ours {
            let mask: u32 = match size {
                MemAccessSize::Byte => 0xff,
                MemAccessSize::HalfWord => 0xffff,
                MemAccessSize::Word => u32::MAX,
            };
            let (word, shift) = (self.words.entry(address & !3).or_default(), 8 * (address & 3));
            *word = *word & !(mask << shift) | (value & mask) << shift;
            self.stored.push(address);
        }
        ours
    }
}

/// The two machines, in equal states.
struct Pair {
    ours: State,
    hart: HartState,
    ram: Ram,
}

/// What this machine does where the other one deviates.
fn deviation(word: u32, hart: &HartState) -> Option<Status> {
    let (opcode, funct3) = (word & 0x7f, word >> 12 & 7);
    match word {
        ECALL if hart.registers[17] == 93 => Some(Status::Exited(hart.registers[10])),
        ECALL => Some(Status::Trapped(Cause::EnvironmentCall)),
        EBREAK => Some(Status::Trapped(Cause::Breakpoint)),
        _ if opcode == 0x13 && funct3 == 1 && word >> 25 != 0 => Some(Status::Trapped(Cause::IllegalInstruction)),
        _ if opcode == 0x67 && funct3 != 0 => Some(Status::Trapped(Cause::IllegalInstruction)),
        _ => None,
    }
}

impl Pair {
    fn new() -> Self {
        let mut hart = HartState::new();
        hart.registers[0] = 0;
        Self { ours: State::initial(&[], &[]).unwrap(), hart, ram: Ram::default() }
    }

    fn put(&mut self, address: u32, word: u32) {
        self.ours.memory_mut().place(address, &word.to_le_bytes());
        self.ram.words.insert(address, word);
    }

    fn set(&mut self, register: u32, value: u32) {
        self.ours.processor.set(register as u8, value);
        self.hart.registers[register as usize] = if register == 0 { 0 } else { value };
    }

    fn jump(&mut self, pc: u32) {
        (self.ours.processor.pc, self.hart.pc) = (pc, pc);
        self.ours.processor.status = Status::Running;
    }

    /// One step of both; whether it was an ordinary one. `pc` is in the image.
    fn step(&mut self) -> bool {
        let (pc, word) = (self.hart.pc, self.ours.memory().word(self.hart.pc));
        let before = self.ours.processor.clone();
        let expected = deviation(word, &self.hart);
        self.ram.stored.clear();
        let access = plain::step(&mut self.ours);
        let after = &self.ours.processor;
        let what = || format!("{word:#010x} at {pc:#x} with {:x?}", before.registers());
        let status = expected.unwrap_or_else(|| {
            let mut executor = InstructionExecutor { hart_state: &mut self.hart, mem: &mut self.ram };
            match executor.step() {
                Ok(()) if self.hart.pc & 3 != 0 => Status::Trapped(Cause::InstructionAddressMisaligned),
                Ok(()) => Status::Running,
                Err(InstructionException::IllegalInstruction(..)) => Status::Trapped(Cause::IllegalInstruction),
                Err(InstructionException::LoadAccessFault(_)) => Status::Trapped(Cause::LoadAccessFault),
                Err(InstructionException::StoreAccessFault(_)) => Status::Trapped(Cause::StoreAccessFault),
                Err(InstructionException::AlignmentFault(_)) if word & 0x7f == 0x03 => {
                    Status::Trapped(Cause::LoadAddressMisaligned)
                }
                Err(InstructionException::AlignmentFault(_)) => Status::Trapped(Cause::StoreAddressMisaligned),
                Err(InstructionException::FetchError(_)) => panic!("{pc:#x} is in the image"),
            }
        });
        assert_eq!(after.status, status, "{}", what());
        if status != Status::Running {
            assert_eq!((after.pc, after.registers()), (before.pc, before.registers()), "{}", what());
            assert_eq!(access.write, None, "{}", what());
            return false;
        }
        assert_eq!((after.pc, after.registers()), (self.hart.pc, &self.hart.registers), "{}", what());
        assert_eq!(access.write.as_slice(), self.ram.stored, "{}", what());
        if let Some(address) = access.write {
            assert_eq!(self.ours.memory().word(address), self.ram.words[&(address & !3)], "{}", what());
        }
        true
    }

    /// One step of `word` at `pc`, with these registers set; then everything is put back.
    fn try_word(&mut self, word: u32, pc: u32, registers: &[(u32, u32)]) {
        self.put(pc, word);
        self.jump(pc);
        let saved = self.hart.registers;
        for &(register, value) in registers {
            self.set(register, value);
        }
        self.step();
        for register in 1..32 {
            self.set(register, saved[register as usize]);
        }
    }
}

const EDGES: [u32; 14] =
    [0, 1, 2, 3, 31, 32, 0x7f, 0x80, 0x7fff, 0x8000, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff];
/// Around every border between what may be stored to, loaded from, and neither.
const BORDERS: [u32; 6] = [0, 0x0100_0000, 0x0200_0000, 0x0400_0000, 0x8000_0000, 0xffff_fff8];

/// Every opcode, `funct3` and `funct7`, legal and illegal, with distinct registers, equal ones, and register 0.
#[test]
fn every_encoding_is_equal() {
    let mut pair = Pair::new();
    pair.put(0x0240_0100, 0x89ab_cdef);
    for encoding in 0..1u32 << 17 {
        let word = encoding & 0x7f | (encoding >> 7 & 7) << 12 | (encoding >> 10) << 25;
        for (rd, rs1, rs2) in [(5, 6, 7), (0, 6, 7), (6, 6, 6), (5, 0, 0), (31, 30, 29)] {
            let word = word | rd << 7 | rs1 << 15 | rs2 << 20;
            pair.try_word(word, 0x400, &[(rs1, 0x0240_0100), (rs2, 0x8000_0003)]);
        }
    }
}

/// Every operation on every pair of edge operands, and every immediate.
#[test]
fn arithmetic_is_equal() {
    let mut pair = Pair::new();
    for a in EDGES {
        for b in EDGES {
            for (name, ..) in REGISTER {
                pair.try_word(op(name, A0, A1, A2), 0x400, &[(A1, a), (A2, b)]);
                pair.try_word(op(name, A1, A1, A2), 0x400, &[(A1, a), (A2, b)]);
                pair.try_word(op(name, ZERO, A1, A2), 0x400, &[(A1, a), (A2, b)]);
            }
            for (name, _) in BRANCHES {
                for offset in [-4096, -4, 0, 4, 6, 2048, 4094] {
                    pair.try_word(branch(name, A1, A2, offset), 0x4000, &[(A1, a), (A2, b)]);
                }
            }
        }
        for immediate in -2048..2048 {
            for (name, _) in IMMEDIATE {
                pair.try_word(opi(name, A0, A1, immediate), 0x400, &[(A1, a)]);
            }
        }
        for (name, ..) in SHIFT {
            for amount in 0..32 {
                pair.try_word(opi(name, A0, A1, amount), 0x400, &[(A1, a)]);
            }
        }
        pair.try_word(lui(A0, a & 0xf_ffff), 0x400, &[]);
        pair.try_word(auipc(A0, a & 0xf_ffff), 0x00ff_fff0, &[]);
    }
}

/// Loads and stores of every width around every border, aligned and not, with offsets that wrap around.
#[test]
fn memory_is_equal() {
    let mut pair = Pair::new();
    for border in BORDERS {
        for near in -8..8i32 {
            let address = border.wrapping_add_signed(near);
            if (Region::IMAGE.bytes..MEMORY).contains(&address) {
                pair.put(address & !3, 0x89ab_cdefu32.rotate_left(address));
            }
            for offset in [-2048, -1, 0, 1, 2, 3, 2047] {
                let base = address.wrapping_add_signed(-offset);
                for (name, _) in LOADS {
                    for rd in [A0, A1, ZERO] {
                        pair.try_word(load(name, rd, offset, A1), 0x400, &[(A1, base)]);
                    }
                }
                for (name, _) in STORES {
                    for source in [A0, A1, ZERO] {
                        pair.try_word(store(name, source, offset, A1), 0x400, &[(A1, base), (A0, 0x0102_8384)]);
                    }
                }
            }
        }
    }
}

/// Jumps over every distance, within the image, out of it, and around zero.
#[test]
fn jumps_are_equal() {
    let mut pair = Pair::new();
    for offset in (-(1 << 20)..1 << 20).step_by(2) {
        for pc in [0x400, 0x00ff_fffc] {
            pair.try_word(jal(RA, offset), pc, &[]);
        }
    }
    for base in EDGES.into_iter().chain(BORDERS) {
        for offset in -2048..2048 {
            pair.try_word(jalr(RA, offset, A1), 0x400, &[(A1, base)]);
            pair.try_word(jalr(A1, offset, A1), 0x400, &[(A1, base)]);
        }
    }
    for offset in (-4096..4096).step_by(2) {
        pair.try_word(branch("beq", A1, A1, offset), 0x0080_0000, &[]);
    }
}

fn operand() -> impl Strategy<Value = u32> {
    prop_oneof![
        proptest::sample::select(EDGES.to_vec()),
        (proptest::sample::select(BORDERS.to_vec()), -16..16i32)
            .prop_map(|(border, near)| border.wrapping_add_signed(near)),
        any::<u32>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any word in any state.
    #[test]
    fn any_word_is_equal(words in vec(any::<u32>(), 16), operands in vec(operand(), 31), data in any::<u32>()) {
        thread_local! { static PAIR: std::cell::RefCell<Pair> = Pair::new().into(); }
        PAIR.with(|pair| {
            let mut pair = pair.borrow_mut();
            pair.put(0x0240_0100, data);
            let registers: Vec<_> = (1..32).zip(operands).collect();
            // Any word, and the same word as each opcode that is legal with something.
            for word in words {
                pair.try_word(word, 0x0012_3450, &registers);
                for opcode in [0x03, 0x0f, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73] {
                    pair.try_word(word & !0x7f | opcode, 0x0012_3450, &registers);
                    pair.try_word(word & !0xfe00_007f | opcode | (word >> 31) << 25, 0x0012_3450, &registers);
                }
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Random programs in lockstep, until they halt or leave the image.
    #[test]
    fn programs_are_equal(state in crate::agreement::state()) {
        let mut pair = Pair::new();
        for register in 1..32u32 {
            pair.set(register, state.processor.registers()[register as usize]);
        }
        for page in [0, 0x0240_0000, 0x03ff_f000] {
            for address in (page..page + 0x1000).step_by(4).filter(|&address| state.memory().word(address) != 0) {
                pair.put(address, state.memory().word(address));
            }
        }
        pair.jump(state.processor.pc);
        for _ in 0..500 {
            if pair.hart.pc >= Region::IMAGE.bytes || !pair.step() {
                break;
            }
        }
    }
}
