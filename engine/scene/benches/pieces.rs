//! What the pieces of a scene cost, one world on one thread: cooking, compiling, resets, the phases of a step, digests, snapshots.
//!
//! `cargo bench -p hyperdust-scene` (`-- step` for some of them). Medians are worth comparing within one run; whole vector
//! envs are `cargo bench -p hyperdust-gym`, and other people's are `make bench`.

use std::sync::Arc;

use divan::{Bencher, black_box};
use hyperdust_kernel::{Model, World, blueprint::Blueprint};
use hyperdust_scene::Scene;

const SCENES: [&str; 5] = ["cartpole", "half_cheetah", "ant", "humanoid", "blocks"];

fn main() {
    divan::main();
}

fn blueprint(scene: &str) -> Blueprint {
    let cooked = Scene::builtin(scene).and_then(|scene| scene.cook(&Default::default()));
    cooked.expect("a published scene is valid").blueprint
}

fn model(scene: &str) -> Arc<Model> {
    Model::new(blueprint(scene)).expect("a published scene is valid")
}

/// A world some steps into an episode, and an action (zeros) for it.
fn world(scene: &str) -> (World, Vec<u8>) {
    let model = model(scene);
    let action = vec![0; model.actions().size];
    let mut world = World::new(model, 1);
    for _ in 0..20 {
        world.step(&action);
    }
    (world, action)
}

#[divan::bench(args = SCENES)]
fn cook(bencher: Bencher, scene: &str) {
    let read = Scene::builtin(scene).expect("a published scene");
    bencher.bench(|| black_box(&read).cook(&Default::default()));
}

#[divan::bench(args = SCENES)]
fn compile(bencher: Bencher, scene: &str) {
    bencher.with_inputs(|| blueprint(scene)).bench_values(Model::new);
}

#[divan::bench(args = SCENES)]
fn encode_and_decode(bencher: Bencher, scene: &str) {
    let blueprint = blueprint(scene);
    bencher.bench(|| Blueprint::decode(&black_box(&blueprint).encode().expect("it is valid")));
}

#[divan::bench(args = SCENES)]
fn reset(bencher: Bencher, scene: &str) {
    let (mut world, _) = world(scene);
    bencher.bench_local(|| world.reset(None));
}

/// From one state, again and again, so that it is the same step each time.
#[divan::bench(args = SCENES)]
fn step(bencher: Bencher, scene: &str) {
    let (start, action) = world(scene);
    let mut world = start.clone();
    bencher.bench_local(|| {
        world.clone_from(&start);
        world.step(black_box(&action))
    });
}

/// The part of `step` that is not the step.
#[divan::bench(args = SCENES)]
fn copy(bencher: Bencher, scene: &str) {
    let (start, _) = world(scene);
    let mut world = start.clone();
    bencher.bench_local(|| world.clone_from(black_box(&start)));
}

/// Sensing, reward, endings and observation of a state that is there: `step` less physics.
#[divan::bench(args = SCENES)]
fn observe(bencher: Bencher, scene: &str) {
    let (mut world, _) = world(scene);
    bencher.bench_local(|| {
        world.sense();
        world.reward();
        world.end()
    });
}

#[divan::bench(args = SCENES)]
fn record(bencher: Bencher, scene: &str) {
    let (world, _) = world(scene);
    bencher.bench(|| black_box(&world).record());
}

#[divan::bench(args = SCENES)]
fn snapshot_and_restore(bencher: Bencher, scene: &str) {
    let (start, _) = world(scene);
    let mut world = start.clone();
    bencher.bench_local(|| world.restore(&black_box(&start).snapshot()));
}
