//! The proof machine against independent definitions, and its parts against each other.

mod agreement;
mod arithmetic;
mod assembler;
mod control;
mod decoder;
mod dissection;
mod graph;
mod memory;
mod programs;
mod proofs;
mod snapshots;
