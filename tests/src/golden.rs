//! Golden digests: what a fixed random run of a scene gave when it was last meant to change.
//!
//! A run is [`GOLDEN_STEPS`] environment steps from [`SEED`] with actions of [`ACTION_SEED`]; where an
//! episode ends the world is reset and its random stream goes on. At some steps two digests are kept: the
//! world's state, and the chain of all step records so far (observations, rewards, flags, actions).

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use hyperdust_kernel::{Model, VERSION, World};
use hyperdust_scene::Scene;
use serde::{Deserialize, Serialize};

use crate::{Actions, hex};

/// Every published scene.
pub const SCENES: [&str; 8] =
    ["ant", "blocks", "cartpole", "half_cheetah", "hopper", "humanoid", "pendulum", "walker2d"];

const SEED: u64 = 42;
const ACTION_SEED: u64 = 43;
/// Steps of the run at which digests are kept; the last is its length.
const GOLDEN_STEPS: [u32; 6] = [0, 1, 10, 50, 100, 200];

/// The contents of a `golden.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// [`VERSION`] of the kernel.
    pub kernel: u16,
    /// Id of the scene cooked without overrides.
    pub blueprint: String,
    /// Of the world.
    pub seed: u64,
    /// Of the actions.
    pub action_seed: u64,
    /// In order.
    pub steps: Vec<GoldenStep>,
}

/// Digests after so many steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenStep {
    /// Environment steps since the beginning of the run.
    pub step: u32,
    /// [`World::digest`].
    pub state: String,
    /// BLAKE3 of the chain before and this step's record, from the reset's on.
    pub chain: String,
}

impl Golden {
    /// Runs the world.
    pub fn compute(model: &Arc<Model>) -> Self {
        let mut world = World::new(model.clone(), SEED);
        let mut actions = Actions::new(model.actions(), ACTION_SEED);
        let mut chain = link(&[0; 32], &world);
        let mut steps = Vec::new();
        for step in 0..=GOLDEN_STEPS[GOLDEN_STEPS.len() - 1] {
            if step > 0 {
                let outcome = world.step(actions.draw(model.actions()));
                chain = link(&chain, &world);
                if outcome.terminated || outcome.truncated {
                    world.reset(None);
                    chain = link(&chain, &world);
                }
            }
            if GOLDEN_STEPS.contains(&step) {
                steps.push(GoldenStep { step, state: hex(&world.digest()), chain: hex(&chain) });
            }
        }
        Self { kernel: VERSION, blueprint: model.id().to_string(), seed: SEED, action_seed: ACTION_SEED, steps }
    }

    /// What a scene's `golden.toml` says.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// As a `golden.toml`.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "# Digests of a fixed random run; docs in tests/src/golden.rs. Do not edit: regenerate with\n\
             # `cargo run -p hyperdust-tests --example goldens -- --write`.\n",
        );
        let Self { kernel, blueprint, seed, action_seed, steps } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "kernel = {kernel}\nblueprint = \"{blueprint}\"\nseed = {seed}\naction_seed = {action_seed}"
        );
        for GoldenStep { step, state, chain } in steps {
            let _ = write!(text, "\n[[steps]]\nstep = {step}\nstate = \"{state}\"\nchain = \"{chain}\"\n");
        }
        text
    }

    /// The first thing in which two goldens differ.
    pub fn difference(&self, found: &Self) -> Option<String> {
        if self.kernel != found.kernel {
            return Some(format!("the kernel is version {}, the golden of version {}", found.kernel, self.kernel));
        }
        if self.blueprint != found.blueprint {
            return Some(format!("the scene cooks to {}, the golden is of {}", found.blueprint, self.blueprint));
        }
        let steps = self.steps.iter().zip(&found.steps).find(|(a, b)| a != b);
        match steps {
            Some((a, b)) if a.state != b.state => Some(format!("the state differs by step {}", b.step)),
            Some((_, b)) => Some(format!("an observation, reward or flag differs by step {}", b.step)),
            None if self == found => None,
            None => Some("the golden has other steps or seeds".into()),
        }
    }
}

/// Where a scene's `golden.toml` is.
pub fn path(scene: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenes").join(scene).join("golden.toml")
}

/// Every published scene, cooked without overrides. Panics where one cannot be: that is a failed test.
pub fn scenes() -> Vec<(&'static str, Arc<Model>)> {
    SCENES
        .into_iter()
        .map(|name| {
            let cooked = Scene::builtin(name)
                .and_then(|scene| scene.cook(&Default::default()))
                .unwrap_or_else(|error| panic!("scene {name}: {error}"));
            let model = Model::new(cooked.blueprint).unwrap_or_else(|error| panic!("scene {name}: {error}"));
            (name, model)
        })
        .collect()
}

fn link(chain: &[u8; 32], world: &World) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(chain);
    hasher.update(&borsh::to_vec(&world.record()).expect("a record holds no NaN"));
    *hasher.finalize().as_bytes()
}
