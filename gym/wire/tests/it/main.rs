//! Frames are messages and messages are frames: what is written is read, what is read is bounded, and a batch that went over
//! the wire is the batch that the env gave.

mod examples;
mod golden;
mod keys;
mod layout;
mod messages;
mod paying;
mod provider;
mod server;
mod sessions;
mod signing;

use std::sync::Arc;

use hyperdust_kernel::Model;
use hyperdust_scene::Scene;

/// A published scene, compiled.
fn model(scene: &str) -> Arc<Model> {
    Model::new(Scene::builtin(scene).unwrap().cook(&Default::default()).unwrap().blueprint).unwrap()
}
