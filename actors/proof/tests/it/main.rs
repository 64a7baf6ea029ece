//! The proof machine against independent definitions, and its parts against each other.

mod agreement;
mod arena;
mod arithmetic;
mod assembler;
mod control;
mod decoder;
mod differential;
mod dissection;
mod game;
mod graph;
mod memory;
mod programs;
mod proofs;
mod snapshots;
mod vectors;
