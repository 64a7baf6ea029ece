//! The kernel's life outside the solvers: bytes, worlds, endings.
//!
//! What is proved: every byte string decodes to a valid blueprint or an error; worlds of equal digests
//! have equal futures; nothing that is not finite leaves a world; snapshots hold the whole state.

mod blueprints;
mod digests;
mod episodes;
mod faults;
mod fixture;
mod platform;
mod programs;
mod segments;

use std::sync::Arc;

use hyperdust_kernel::blueprint::Blueprint;
use hyperdust_kernel::{Model, World};

fn model(blueprint: Blueprint) -> Arc<Model> {
    Model::new(blueprint).expect("the fixture is valid")
}

/// The arena of one f32 action.
fn push(x: f32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&x.to_le_bytes());
    bytes
}

/// A push that differs from step to step.
fn wobble(step: u32) -> [u8; 8] {
    push(((step * 37 % 21) as f32 - 10.0) * 0.1)
}

/// An action for a world of any fixture with one or no actuator.
fn act(world: &World, step: u32) -> Vec<u8> {
    wobble(step)[..world.model().actions().size].to_vec()
}

/// Digests of the next `steps` steps.
fn future(world: &mut World, steps: u32) -> Vec<[u8; 32]> {
    (0..steps)
        .map(|step| {
            let action = act(world, step);
            world.step(&action);
            world.digest()
        })
        .collect()
}

/// So many random cases, or as many as `PROPTEST_CASES` says for a long run.
fn cases(default: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::with_cases(asked.unwrap_or(default))
    }
}
