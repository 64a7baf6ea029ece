//! Proofs of one step: what a contract is shown when two parties agree on a state and not on the next one.
//!
//! A proof opens the root before the step (memory root and processor) and the leaves that the step touches: the
//! instruction's, and the one that it loads from or stores to. [`verify`] executes that one instruction from the proof
//! alone. Which leaves are shown follows from the state, and where they are from `pc` and registers, so there is
//! exactly one proof of a step and nothing in it can be changed. A store's new memory root comes from the new
//! leaf with the old siblings.
//!
//! Encoding: borsh of [`StepProof`], 170 to 1,578 bytes: memory root, 34 words of the processor, and each leaf as 0,
//! or 1, the leaf and 21 siblings.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{
    commitment::commit,
    decode::decode,
    execute::{Effect, check_fetch, execute, extract, insert},
    layout::DEPTH,
    plain,
    state::{Cause, Processor, State, Status},
};
use crate::{
    codec,
    error::{Leaf, StepError},
    tree::{self, Hash},
};

/// Bytes of the longest proof.
pub const LONGEST: usize = 32 + 4 * 34 + 2 * (1 + 32 + 32 * DEPTH as usize);

/// A leaf of memory; where it is follows from what it is for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// Its 32 bytes.
    pub leaf: Hash,
    /// Siblings from the leaf's own up to below the root.
    pub siblings: [Hash; DEPTH as usize],
}

/// What is needed to make one step.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StepProof {
    /// Memory root before the step.
    pub memory: Hash,
    /// The rest of the state before the step.
    pub processor: Processor,
    /// The leaf that holds the instruction; none where the machine is halted or `pc` is not in the image.
    pub instruction: Option<Opening>,
    /// The leaf that the instruction loads from or stores to; none where it does neither, or traps.
    pub data: Option<Opening>,
}

impl StepProof {
    /// The proof of the step that `state` is about to make.
    pub fn of(state: &mut State) -> Self {
        let memory = state.memory.root();
        let processor = state.processor.clone();
        let access = plain::access(state);
        let mut open = |address: Option<u32>| {
            address
                .map(|address| Opening { leaf: state.memory.leaf(address), siblings: state.memory.siblings(address) })
        };
        let instruction = open(access.fetch);
        let data = open(access.read.or(access.write));
        Self { memory, processor, instruction, data }
    }

    /// The proof's bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The proof of these bytes. An error where they are too many or no proof's encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, StepError> {
        codec::decode(bytes, LONGEST).map_err(|reason| StepError::Malformed { reason })
    }

    /// Root of the state before the step.
    pub fn root(&self) -> Hash {
        commit(&self.memory, &self.processor)
    }

    /// Makes the step and returns the root after it. An error where a leaf is missing, superfluous, or not in memory.
    pub fn execute(&self) -> Result<Hash, StepError> {
        let mut processor = self.processor.clone();
        let mut memory = self.memory;
        let mut shown = Shown { instruction: self.instruction.as_ref(), data: self.data.as_ref() };
        if processor.status == Status::Running {
            match self.advance(&mut processor, &mut memory, &mut shown) {
                Ok(()) => {}
                Err(Stop::Trap(cause)) => processor.trap(cause),
                Err(Stop::Invalid(error)) => return Err(error),
            }
        }
        match shown {
            Shown { instruction: Some(_), .. } => Err(StepError::Superfluous { leaf: Leaf::Instruction }),
            Shown { data: Some(_), .. } => Err(StepError::Superfluous { leaf: Leaf::Data }),
            Shown { instruction: None, data: None } => Ok(commit(&memory, &processor)),
        }
    }

    fn advance(&self, processor: &mut Processor, memory: &mut Hash, shown: &mut Shown<'_>) -> Result<(), Stop> {
        let pc = processor.pc;
        check_fetch(pc)?;
        let word = word_of(self.open(Leaf::Instruction, shown.instruction.take(), pc)?, pc);
        let instruction = decode(word).ok_or(Cause::IllegalInstruction)?;
        match execute(instruction, pc, processor.registers())? {
            Effect::Write { rd, value, next } => {
                processor.set(rd, value);
                processor.pc = next;
            }
            Effect::Load { width, rd, address } => {
                let word = word_of(self.open(Leaf::Data, shown.data.take(), address)?, address);
                processor.set(rd, extract(width, address, word));
                processor.pc = pc.wrapping_add(4);
            }
            Effect::Store { width, address, value } => {
                let opening = self.open(Leaf::Data, shown.data.take(), address)?;
                let word = insert(width, address, word_of(opening, address), value);
                let mut leaf = opening.leaf;
                leaf[(address & 28) as usize..][..4].copy_from_slice(&word.to_le_bytes());
                *memory = tree::climb(u64::from(address / 32), &leaf, &opening.siblings);
                processor.pc = pc.wrapping_add(4);
            }
            Effect::Exit { code } => processor.status = Status::Exited(code),
        }
        Ok(())
    }

    /// `opening`, if it is there and leads from `address` to the memory root before the step.
    fn open<'a>(&self, leaf: Leaf, opening: Option<&'a Opening>, address: u32) -> Result<&'a Opening, StepError> {
        let opening = opening.ok_or(StepError::Missing { leaf, address })?;
        let found = tree::climb(u64::from(address / 32), &opening.leaf, &opening.siblings);
        if found != self.memory {
            return Err(StepError::NotInMemory { leaf, address, found, accepted: self.memory });
        }
        Ok(opening)
    }
}

/// Whether one step leads from the state with root `before` to the one with root `after`, by `proof` alone.
///
/// Bounded: at most 63 hashings of nodes and 2 of states. [`StepError::PostState`] says that the proof is good and the
/// claim `after` is false; every other error, that the proof is not one of this step.
pub fn verify(before: &Hash, after: &Hash, proof: &StepProof) -> Result<(), StepError> {
    let found = proof.root();
    if found != *before {
        return Err(StepError::PreState { found, accepted: *before });
    }
    let computed = proof.execute()?;
    if computed != *after {
        return Err(StepError::PostState { computed, claimed: *after });
    }
    Ok(())
}

/// Openings that were not used yet.
struct Shown<'a> {
    instruction: Option<&'a Opening>,
    data: Option<&'a Opening>,
}

/// Why a step stopped: the machine trapped, or the proof does not hold.
enum Stop {
    Trap(Cause),
    Invalid(StepError),
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Self {
        Self::Trap(cause)
    }
}

impl From<StepError> for Stop {
    fn from(error: StepError) -> Self {
        Self::Invalid(error)
    }
}

/// The aligned word around `address` in the leaf that holds it.
fn word_of(opening: &Opening, address: u32) -> u32 {
    let at = (address & 28) as usize;
    u32::from_le_bytes(opening.leaf[at..at + 4].try_into().expect("four bytes"))
}
