//! One run, many ways: threads, single envs, snapshots, recordings.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Batch, Env, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::{Model, World};
use hyperdust_tests::{Actions, batch, scenes};

const LANES: usize = 5;
const STEPS: usize = 40;
const SEED: u64 = 900;

fn actions(model: &Model, lane: usize) -> Actions {
    Actions::new(model.actions(), 7000 + lane as u64)
}

/// A short run of a batch: every batch that it returned, and the lanes' last digests.
fn run(model: &Arc<Model>, threads: usize) -> (Vec<Batch>, Vec<[u8; 32]>) {
    let options = VectorOptions { num_envs: LANES, num_threads: threads, autoreset: AutoresetMode::SameStep };
    let mut env = VectorEnv::new(model.clone(), options).unwrap();
    let mut batches = vec![env.reset(Seeds::First(SEED), None).unwrap().clone()];
    let mut streams: Vec<Actions> = (0..LANES).map(|lane| actions(model, lane)).collect();
    for _ in 0..STEPS {
        let arenas: Vec<Vec<u8>> = streams.iter_mut().map(|s| s.draw(model.actions()).to_vec()).collect();
        let segments = batch(model.actions(), &arenas);
        let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        batches.push(env.step(&segments).unwrap().clone());
    }
    let digests = (0..LANES).map(|lane| env.world(lane).unwrap().digest()).collect();
    (batches, digests)
}

/// 1, 2 and 4 threads give the same batches.
#[test]
fn threads() {
    for (name, model) in scenes() {
        let one = run(&model, 1);
        for threads in [2, 4] {
            assert!(run(&model, threads) == one, "{name}: {threads} threads differ from one");
        }
    }
}

/// Lane `i` of a batch is a single env, and a bare kernel world, with seed `SEED + i`.
#[test]
fn single_and_vector_and_kernel() {
    for (name, model) in scenes() {
        let (batches, digests) = run(&model, 2);
        for lane in 0..LANES {
            let mut env = Env::new(model.clone());
            env.reset(Some(SEED + lane as u64)).unwrap();
            let mut world = World::new(model.clone(), SEED + lane as u64);
            let mut stream = actions(&model, lane);
            for (index, batch) in batches[1..].iter().enumerate() {
                let action = stream.draw(model.actions());
                let step = env.step(action).unwrap();
                let outcome = world.step(action);
                let found = (batch.rewards[lane], batch.terminated[lane], batch.truncated[lane]);
                assert_eq!(found, (step.reward, step.terminated, step.truncated), "{name}, step {}", index + 1);
                assert_eq!(found, (f64::from(outcome.reward), outcome.terminated, outcome.truncated));
                assert_eq!(batch.faults[lane], None, "{name}: random actions broke the world");
                if step.terminated || step.truncated {
                    env.reset(None).unwrap();
                    world.reset(None);
                }
                for (segment, buffer) in model.observations().segments.iter().zip(&batch.observations) {
                    let size = segment.bytes();
                    let row = &buffer[lane * size..(lane + 1) * size];
                    let at = segment.offset..segment.offset + size;
                    assert_eq!(row, &env.observation().unwrap()[at.clone()], "{name}, step {}", index + 1);
                    assert_eq!(row, &world.observation()[at]);
                }
            }
            assert_eq!(env.world().digest(), digests[lane], "{name}");
            assert_eq!(world.digest(), digests[lane], "{name}");
        }
    }
}

/// A world restored from a snapshot in the middle has the same future, and so has one that was cloned or
/// brought there with `clone_from`.
#[test]
fn snapshots_and_clones() {
    for (name, model) in scenes() {
        let mut world = World::new(model.clone(), 1);
        let mut stream = actions(&model, 0);
        for _ in 0..25 {
            world.step(stream.draw(model.actions()));
        }
        let mut restored = World::new(model.clone(), 2);
        restored.restore(&world.snapshot()).unwrap();
        assert_eq!(restored.snapshot(), world.snapshot(), "{name}: a snapshot is not canonical");
        let mut cloned = World::new(model.clone(), 3);
        cloned.step(stream.clone().draw(model.actions()));
        cloned.clone_from(&world);
        for step in 0..30 {
            let action = stream.draw(model.actions());
            let outcome = world.step(action);
            for (how, other) in [("restored", &mut restored), ("cloned", &mut cloned)] {
                assert_eq!(other.step(action), outcome, "{name}: {how}, step {step}");
                assert_eq!(other.digest(), world.digest(), "{name}: {how}, step {step}");
                assert_eq!(other.observation(), world.observation(), "{name}: {how}, step {step}");
                assert_eq!(other.info(), world.info(), "{name}: {how}, step {step}");
            }
        }
    }
}

/// A recorded episode of every scene replays from its own bytes.
#[test]
fn episodes() {
    for (name, model) in scenes() {
        let mut env = Env::new(model.clone());
        env.record(true);
        env.reset(Some(3)).unwrap();
        let mut stream = actions(&model, 1);
        for _ in 0..60 {
            let step = env.step(stream.draw(model.actions())).unwrap();
            if step.terminated || step.truncated {
                break;
            }
        }
        let bytes = env.episode().unwrap().encode();
        let episode = hyperdust_gym::Episode::decode(&bytes).unwrap();
        let report = episode.replay(&episode.model().unwrap()).unwrap();
        assert_eq!(report.divergence, None, "{name}");
        assert_eq!(report.matched, episode.len(), "{name}");
    }
}
