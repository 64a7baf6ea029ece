//! Disputes played through the contracts of a real node, from a claim to the last wei.

#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../it/anvil.rs"]
mod anvil;
// The toy job of the proof crate, and lies about it.
#[path = "../../../proof/tests/it/arena/mod.rs"]
mod arena;
#[path = "../../../proof/tests/it/assembler.rs"]
mod assembler;
mod endings;
mod keepers;
#[path = "../../../proof/tests/it/programs.rs"]
mod programs;
mod restarts;
mod states;
mod table;
mod towers;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../it/world.rs"]
mod world;
