//! Deterministic worlds: act, physics, sense, reward, end — the same bits on every machine.
//!
//! This crate is the one place where physics, sensors, rewards and endings happen. It is `no_std`, has
//! no clock, no threads, no hash order and no platform mathematics; the server, the Python wheel and the
//! proof guest compile the very same source. Anything that can change a digest bumps [`VERSION`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(not(feature = "enhanced-determinism"))]
compile_error!("hyperdust-kernel needs `enhanced-determinism`: without it worlds diverge between machines");

mod arena;
pub mod articulated;
mod autoreset;
pub mod blueprint;
mod error;
pub mod layout;
pub mod math;
pub mod record;
pub mod render;
pub mod rigid;
pub mod rng;
pub mod segment;
mod snapshot;
pub mod task;
mod world;

/// The tree whose roots are ids.
pub use hyperdust_merkle as merkle;

pub use autoreset::AutoresetMode;
pub use error::{Cap, Error, Fault, FaultKind};
pub use world::{Model, Outcome, Pack, World};

/// Version of the simulation: part of every blueprint, snapshot and episode.
pub const VERSION: u16 = 2;

/// Linked for the names that it defines: without it dependencies would call the platform's `acosf` and the like.
#[cfg(not(target_os = "zkvm"))]
use hyperdust_elementary as _;
