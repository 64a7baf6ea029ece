//! The segments that a vector env cuts while it runs are those that the kernel's pure function makes of the same bytes: in every
//! mode, across autoresets, resets of some lanes, states put there by hand and restored snapshots, and for every published scene.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Seeds, Segment, VectorEnv, VectorOptions};
use hyperdust_kernel::{Model, merkle, rng::Rng, segment};
use hyperdust_scene::Scene;

use crate::fixture::{borrow, cart, crane, random_actions};

/// Runs every segment of every lane again, each from the one before, and compares all bytes. The number of segments by lane.
fn check(model: &Arc<Model>, segments: Vec<(usize, Segment)>) -> BTreeMap<usize, u64> {
    let blueprint = model.blueprint().encode().unwrap();
    let mut streams: BTreeMap<usize, (u64, Vec<u8>)> = BTreeMap::new();
    for (lane, found) in segments {
        let (count, state) = streams.entry(lane).or_default();
        assert_eq!(found.number, *count, "lane {lane}");
        assert!(*count > 0 || found.start.is_some(), "lane {lane} starts somewhere");
        if let Some(start) = found.start {
            *state = start;
        }
        let output = segment::run(&blueprint, state, &found.actions).unwrap();
        assert_eq!(output, found.output, "lane {lane}, segment {count}");
        assert_eq!(found.actions_root, merkle::root(segment::ACTIONS, &found.actions));
        assert_eq!(found.output_root, merkle::root(segment::STATE, &output));
        (*count, *state) = (*count + 1, output);
    }
    streams.into_iter().map(|(lane, (count, _))| (lane, count)).collect()
}

fn run(env: &mut VectorEnv, steps: usize, rng: &mut Rng) {
    for _ in 0..steps {
        let actions = random_actions(&env.model().actions().clone(), env.num_envs(), rng);
        env.step(&borrow(&actions)).unwrap();
        if env.autoreset_mode() == AutoresetMode::Disabled {
            let ended = env.batch().terminated.iter().zip(&env.batch().truncated);
            let over: Vec<bool> = ended.map(|(terminated, truncated)| *terminated || *truncated).collect();
            if over.contains(&true) {
                env.reset(Seeds::Continue, Some(&over)).unwrap();
            }
        }
    }
}

/// Two scenes, all modes, 1 and 3 threads: episodes end many times, some lanes are reset with and without seeds, one is moved.
#[test]
fn segments_are_the_kernels() {
    for model in [cart(9), crane(11)] {
        for mode in AutoresetMode::ALL {
            for threads in [1, 3] {
                let options = VectorOptions { num_envs: 21, num_threads: threads, autoreset: mode };
                let mut env = VectorEnv::new(model.clone(), options).unwrap();
                env.commit(7);
                env.reset(Seeds::First(3), None).unwrap();
                let mut rng = Rng::new(1);
                run(&mut env, 25, &mut rng);
                let mut segments = env.take_segments(false);
                assert!(segments.iter().all(|(_, s)| s.output.len() > 64));
                let mask: Vec<bool> = (0..21).map(|lane| lane % 4 == 1).collect();
                let seeds: Vec<Option<u64>> = (0..21).map(|lane| (lane % 8 == 1).then_some(lane)).collect();
                env.reset(Seeds::Each(&seeds), Some(&mask)).unwrap();
                run(&mut env, 5, &mut rng);
                env.set_state(2, &[0.1, 0.02], &[0.0, -0.1]).unwrap();
                run(&mut env, 9, &mut rng);
                let saved = env.snapshot().unwrap();
                run(&mut env, 2, &mut rng);
                env.restore(&saved).unwrap();
                run(&mut env, 8, &mut rng);
                segments.extend(env.take_segments(true));
                segments.sort_by_key(|(lane, segment)| (*lane, segment.number));
                let counts = check(&model, segments);
                assert!(counts.len() == 21 && counts.values().all(|&count| count >= 6), "{counts:?}");
            }
        }
    }
}

/// A stream that is cut from the middle of an episode on starts from the state that it has there.
#[test]
fn streams_start_where_committing_starts() {
    let model = cart(9);
    for mode in AutoresetMode::ALL {
        let options = VectorOptions { num_envs: 5, num_threads: 2, autoreset: mode };
        let mut env = VectorEnv::new(model.clone(), options).unwrap();
        env.reset(Seeds::First(3), None).unwrap();
        let mut rng = Rng::new(2);
        run(&mut env, 6, &mut rng);
        env.commit(4);
        run(&mut env, 14, &mut rng);
        assert_eq!(check(&model, env.take_segments(true)).len(), 5);
    }
}

/// Every published scene, its lanes computed side by side where they can be.
#[test]
fn published_scenes() {
    for name in Scene::builtin_names() {
        let model = Model::new(Scene::builtin(name).unwrap().cook(&Default::default()).unwrap().blueprint).unwrap();
        let options = VectorOptions { num_envs: 17, num_threads: 2, autoreset: AutoresetMode::SameStep };
        let mut env = VectorEnv::new(model.clone(), options).unwrap();
        env.commit(6);
        env.reset(Seeds::First(3), None).unwrap();
        run(&mut env, 14, &mut Rng::new(3));
        let counts = check(&model, env.take_segments(true));
        assert!(counts.len() == 17 && counts.values().all(|&count| count == 3), "{name}: {counts:?}");
    }
}
