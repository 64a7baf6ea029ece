//! The programs of the proof machine, as they were built: `make test-guest`.

// A node, and a market on it, as the settlement crate's own tests have them.
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../../actors/settlement/tests/it/anvil.rs"]
mod anvil;
mod disputes;
mod failures;
mod files;
mod policy;
mod scenes;
mod settled;
mod trials;
#[allow(dead_code, reason = "not all of it is needed here")]
#[path = "../../../../actors/settlement/tests/it/world.rs"]
mod world;
mod worlds;
