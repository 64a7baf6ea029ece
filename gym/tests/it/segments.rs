//! The segments that a vector env cuts while it runs are those that the kernel's pure function makes of the same bytes: in every
//! mode, across autoresets, resets of some lanes, states put there by hand and restored snapshots, and for every published scene.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Seeds, Segment, Streams, VectorEnv, VectorOptions};
use hyperdust_kernel::{
    Model, merkle,
    rng::Rng,
    segment::{self, Actions, Begin},
};
use hyperdust_scene::Scene;

use crate::fixture::{arena, borrow, cart, crane, random_actions};

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
                let mut segments = env.take_segments(false).unwrap();
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
                segments.extend(env.take_segments(true).unwrap());
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
        assert_eq!(check(&model, env.take_segments(true).unwrap()).len(), 5);
    }
}

/// Told to cut again, with another length: what was not taken is still there, and the streams go on from segment to segment.
#[test]
fn cutting_anew_loses_nothing() {
    let model = cart(9);
    for mode in AutoresetMode::ALL {
        let mut env =
            VectorEnv::new(model.clone(), VectorOptions { num_envs: 3, num_threads: 2, autoreset: mode }).unwrap();
        env.commit(4);
        env.reset(Seeds::First(3), None).unwrap();
        let mut rng = Rng::new(6);
        run(&mut env, 6, &mut rng);
        env.commit(2);
        env.commit(3);
        run(&mut env, 7, &mut rng);
        let segments = env.take_segments(true).unwrap();
        let size = model.actions().size;
        let counts = segments.iter().filter(|(lane, _)| *lane == 1);
        let counts: Vec<_> =
            counts.map(|(_, s)| Actions::decode(&s.actions, size).map(|actions| actions.count()).unwrap()).collect();
        // Without autoreset the caller resets, and every reset cuts.
        if mode != AutoresetMode::Disabled {
            assert_eq!(counts, [4, 2, 3, 3, 1]);
        }
        assert_eq!(counts.iter().sum::<u32>(), 13);
        check(&model, segments);
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
        let counts = check(&model, env.take_segments(true).unwrap());
        assert!(counts.len() == 17 && counts.values().all(|&count| count == 3), "{name}: {counts:?}");
    }
}

/// Runs the same segments side by side and one by one: the same bytes, and the same refusals.
fn side_by_side(model: &Arc<Model>, width: usize, segments: &[(Vec<u8>, Vec<u8>)]) {
    let blueprint = model.blueprint().encode().unwrap();
    let mut streams = Streams::new(model);
    for together in segments.chunks(width) {
        let borrowed: Vec<(&[u8], &[u8])> =
            together.iter().map(|(state, actions)| (&state[..], &actions[..])).collect();
        let found = streams.run(&borrowed).into_iter().map(|output| output.map_err(|error| error.to_string()));
        let alone = together
            .iter()
            .map(|(state, actions)| segment::run(&blueprint, state, actions).map_err(|error| error.to_string()));
        assert!(found.eq(alone), "{width} at a time");
    }
}

/// Segments of many lanes, from any state, with and without resets, of different lengths, with actions that no vector env takes, and
/// some that are refused in between: side by side they give what the kernel gives for each.
#[test]
fn segments_side_by_side_are_those_of_the_kernel() {
    for model in [cart(9), crane(11)] {
        for mode in AutoresetMode::ALL {
            let options = VectorOptions { num_envs: 19, num_threads: 1, autoreset: mode };
            let mut env = VectorEnv::new(model.clone(), options).unwrap();
            env.commit(9);
            env.reset(Seeds::First(3), None).unwrap();
            let mut rng = Rng::new(4);
            run(&mut env, 20, &mut rng);
            let mask: Vec<bool> = (0..19).map(|lane| lane % 3 == 1).collect();
            env.reset(Seeds::Continue, Some(&mask)).unwrap();
            run(&mut env, 11, &mut rng);
            let mut states: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
            let mut segments = Vec::new();
            for (lane, segment) in env.take_segments(true).unwrap() {
                let state = states.insert(lane, segment.output).unwrap_or_default();
                segments.push((segment.start.unwrap_or(state), segment.actions));
            }
            // By number, then by lane: what could be computed at once.
            segments.sort_by_key(|(state, _)| state.len());
            let (state, actions) = segments[20].clone();
            let last = actions.len() - 1;
            let mut nan = actions.clone();
            let size = model.actions().size;
            nan[last + 1 - size..].copy_from_slice(&vec![0xff; size]);
            segments.insert(21, (state.clone(), nan));
            segments.insert(22, (Vec::new(), actions.clone()));
            segments.insert(24, (state[..state.len() - 1].to_vec(), actions.clone()));
            segments.insert(25, (state, actions[..last].to_vec()));
            for width in [1, 3, 16, 64] {
                side_by_side(&model, width, &segments);
            }
        }
    }
}

/// Every published scene, from states that the program may never leave: past an end, too.
#[test]
fn published_scenes_side_by_side() {
    for name in Scene::builtin_names() {
        let model = Model::new(Scene::builtin(name).unwrap().cook(&Default::default()).unwrap().blueprint).unwrap();
        let mut rng = Rng::new(5);
        let mut segments: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let blueprint = model.blueprint().encode().unwrap();
        let actions = |begin, mode, count: u32, rng: &mut Rng| {
            let layout = model.actions();
            let arenas = (0..count).flat_map(|_| arena(layout, &random_actions(layout, 1, rng), 0));
            Actions::new(begin, mode, layout.size, count, &arenas.collect::<Vec<_>>()).unwrap().encode()
        };
        for lane in 0..17 {
            let mode = AutoresetMode::ALL[lane % 3];
            let first = actions(Begin::Reset { seed: Some(lane as u64) }, mode, 3 + lane as u32 % 4, &mut rng);
            let state = segment::run(&blueprint, &[], &first).unwrap();
            segments.push((Vec::new(), first));
            segments.push((state, actions(Begin::Continue, mode, 5, &mut rng)));
        }
        side_by_side(&model, 17, &segments);
    }
}
