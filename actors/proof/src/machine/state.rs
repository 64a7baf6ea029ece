//! The state of a machine: processor and memory, and how a program is placed in it.
//!
//! What is committed to is [`Processor`] and the memory's root ([`super::commitment`]). The step counter is not: it
//! is the position in a trace, which a dispute agrees on by other means; and a halted machine's step, which the counter
//! alone would notice, is then the identity.

use borsh::io::{Error as IoError, ErrorKind, Read, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{
    layout::{self, HEADER, INPUT_COUNT, Region},
    memory::Memory,
};
use crate::{
    error::Error,
    tree::{Hash, Head},
};

/// Why a machine trapped: the codes of RISC-V's `mcause`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Cause {
    /// A jump to, or a `pc` at, an address that is no multiple of four.
    InstructionAddressMisaligned = 0,
    /// A fetch from outside of the image.
    InstructionAccessFault = 1,
    /// A word that is no instruction.
    IllegalInstruction = 2,
    /// `ebreak`.
    Breakpoint = 3,
    /// A load from an address that is no multiple of its size.
    LoadAddressMisaligned = 4,
    /// A load from outside of memory.
    LoadAccessFault = 5,
    /// A store to an address that is no multiple of its size.
    StoreAddressMisaligned = 6,
    /// A store into the image or outside of memory.
    StoreAccessFault = 7,
    /// An `ecall` other than exit.
    EnvironmentCall = 8,
}

impl Cause {
    /// Every cause, by its code.
    pub const ALL: [Self; 9] = [
        Self::InstructionAddressMisaligned,
        Self::InstructionAccessFault,
        Self::IllegalInstruction,
        Self::Breakpoint,
        Self::LoadAddressMisaligned,
        Self::LoadAccessFault,
        Self::StoreAddressMisaligned,
        Self::StoreAccessFault,
        Self::EnvironmentCall,
    ];
}

/// Whether a machine runs, and how it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The next step executes an instruction.
    #[default]
    Running,
    /// The program exited with this code; `pc` is at its `ecall`.
    Exited(u32),
    /// The program could not go on; `pc` is at the instruction that trapped.
    Trapped(Cause),
}

impl Status {
    /// As two words: 0, 1 or 2 (running, exited, trapped), then 0, the exit code or the cause.
    pub fn words(self) -> [u32; 2] {
        match self {
            Self::Running => [0, 0],
            Self::Exited(code) => [1, code],
            Self::Trapped(cause) => [2, cause as u32],
        }
    }

    /// The status of these [`words`](Self::words), or `None` where they are no status.
    pub fn from_words(words: [u32; 2]) -> Option<Self> {
        match words {
            [0, 0] => Some(Self::Running),
            [1, code] => Some(Self::Exited(code)),
            [2, cause] => Cause::ALL.get(cause as usize).copied().map(Self::Trapped),
            _ => None,
        }
    }
}

/// Everything of a state but its memory.
///
/// Borsh: `pc`, the two words of the status, registers 1 to 31; 34 words, little-endian.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processor {
    /// Address of the next instruction.
    pub pc: u32,
    /// Whether it will be executed.
    pub status: Status,
    registers: [u32; 32],
}

impl Processor {
    /// The registers by number; the first is always zero.
    #[inline]
    pub fn registers(&self) -> &[u32; 32] {
        &self.registers
    }

    /// Writes a register; register 0 stays zero. Panics for a number over 31.
    #[inline]
    pub fn set(&mut self, register: u8, value: u32) {
        self.registers[usize::from(register)] = value;
        self.registers[0] = 0;
    }

    /// Halts because of `cause`; nothing else changes.
    pub(crate) fn trap(&mut self, cause: Cause) {
        self.status = Status::Trapped(cause);
    }

    /// `pc`, status and registers 1 to 31: the words that are committed to, and their order.
    pub fn words(&self) -> [u32; 34] {
        let mut words = [0; 34];
        words[0] = self.pc;
        words[1..3].copy_from_slice(&self.status.words());
        words[3..].copy_from_slice(&self.registers[1..]);
        words
    }
}

impl BorshSerialize for Processor {
    fn serialize<W: Write>(&self, writer: &mut W) -> IoResult<()> {
        self.words().serialize(writer)
    }
}

impl BorshDeserialize for Processor {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        let [pc, kind, value, registers @ ..] = <[u32; 34]>::deserialize_reader(reader)?;
        let status = Status::from_words([kind, value]).ok_or_else(|| {
            IoError::new(ErrorKind::InvalidData, "a status that is neither running, exited nor trapped")
        })?;
        let mut all = [0; 32];
        all[1..].copy_from_slice(&registers);
        Ok(Self { pc, status, registers: all })
    }
}

/// A whole machine at one moment.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// `pc`, status and registers.
    pub processor: Processor,
    /// Steps made since the start, modulo 2⁶⁴; not part of the root.
    pub steps: u64,
    pub(crate) memory: Memory,
}

impl State {
    /// The state that a program starts from: `image` from address 0 on, a string (kind and bytes) in each of the first
    /// input regions, everything else zero. An error where something is too large for its region.
    pub fn initial(image: &[u8], inputs: &[(Hash, &[u8])]) -> Result<Self, Error> {
        if inputs.len() > INPUT_COUNT {
            return Err(Error::TooManyInputs { found: inputs.len(), accepted: INPUT_COUNT });
        }
        Self::with_inputs(image, std::array::from_fn(|number| inputs.get(number).copied()))
    }

    /// As [`initial`](Self::initial), where any of the input regions may be without a string: all zero, not even a
    /// header.
    pub fn with_inputs(image: &[u8], inputs: [Option<(Hash, &[u8])>; INPUT_COUNT]) -> Result<Self, Error> {
        layout::check_image(image)?;
        let mut memory = Memory::new();
        memory.place(Region::IMAGE.start, image);
        for (number, (input, region)) in inputs.into_iter().zip(Region::INPUTS).enumerate() {
            let Some((kind, bytes)) = input else { continue };
            if bytes.len() as u64 > u64::from(HEADER) {
                let what = format!("input {number}");
                return Err(Error::TooLarge { what, found: bytes.len() as u64, accepted: HEADER.into() });
            }
            memory.place(region.start, bytes);
            memory.place(region.start + HEADER, &kind);
            let head = Head { kind, length: bytes.len() as u64, tree: [0; 32] };
            memory.place(region.start + HEADER + 32, &head.length_word());
        }
        Ok(Self { processor: Processor::default(), steps: 0, memory })
    }

    /// A state put together from its parts.
    pub fn from_parts(processor: Processor, steps: u64, memory: Memory) -> Self {
        Self { processor, steps, memory }
    }

    /// The memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The memory, to hash it.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Root of the state: what two parties compare.
    pub fn root(&mut self) -> Hash {
        let memory = self.memory.root();
        super::commitment::commit(&memory, &self.processor)
    }
}
