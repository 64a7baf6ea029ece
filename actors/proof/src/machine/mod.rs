//! RV32IM with 64 MiB of Merkleised memory: small enough for a contract, complete enough for a compiler.
//!
//! - The machine runs the base integer set RV32I (`fence` does nothing) and the M extension, in one mode, without
//!   interrupts, control registers or devices. Every step of every state is defined.
//! - `ecall` with `a7 = 93` exits with the code in `a0`. Whatever else a program cannot go on from (illegal or
//!   misaligned, outside of memory, a store into the image, `ebreak`, another `ecall`) is a *trap*: the machine halts
//!   with its cause, and neither registers, `pc` nor memory change. There are no handlers.
//! - A halted machine's step changes nothing. So all traces have every length, and two of different lengths can be
//!   compared step by step.
//! - Instructions come from the image alone, and stores into the image trap: code never changes, so what was decoded
//!   once stays true ([`blocks`]).
//!
//! | module | what it holds |
//! |---|---|
//! | [`layout`] | the memory map, and the initial memory root from the roots of image and inputs |
//! | [`mod@decode`], [`mod@disassemble`], [`execute`] | instruction words, and what each instruction does |
//! | [`memory`], [`state`], [`commitment`] | the state and its root |
//! | [`plain`], [`blocks`] | the reference interpreter and the fast one |
//! | [`snapshots`] | the state at any step, by a bounded replay |
//! | [`step`] | proofs of one step |

pub mod blocks;
pub mod commitment;
pub mod decode;
pub mod disassemble;
pub mod execute;
pub mod layout;
pub mod memory;
pub mod plain;
pub mod snapshots;
pub mod state;
pub mod step;

pub use blocks::Machine;
pub use decode::{Instruction, decode};
pub use disassemble::disassemble;
pub use memory::Memory;
pub use snapshots::Trace;
pub use state::{Cause, Processor, State, Status};
pub use step::StepProof;
