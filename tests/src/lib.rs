//! What the end-to-end tests share: random actions that need no Python, and golden digests.
//!
//! `cargo run -p hyperdust-tests --example goldens` compares every scene with its `golden.toml`;
//! with `-- --write` it writes them anew, which is right only when the physics was meant to change
//! (and [`hyperdust_kernel::VERSION`] with it).

mod actions;
mod golden;

pub use actions::{Actions, batch};
pub use golden::{Golden, GoldenStep, SCENES, path, scenes};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
