//! What the end-to-end tests share: random actions that need no Python, and golden digests.
//!
//! `cargo run -p hyperdust-tests --example goldens` compares every scene with its `golden.toml`;
//! with `-- --write` it writes them anew, which is right only when the physics was meant to change
//! (and [`hyperdust_kernel::VERSION`] with it).

mod golden;

pub use golden::{Golden, GoldenStep, SCENES, path, scenes};
pub use hyperdust_gym::{Sampler as Actions, rows as batch};

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
