//! Vector envs: lanes are single envs, and neither threads nor neighbours change a byte.

use hyperdust_gym::{AutoresetMode, Env, Error, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::rng::Rng;

use crate::fixture;

const MODES: [AutoresetMode; 3] = [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled];

/// A random run gives the same batches, bytes and masks included, on 1, 2, 3 and 7 threads.
#[test]
fn threads_do_not_matter() {
    for mode in MODES {
        let model = fixture::crane(12);
        let run = |threads| {
            let mut env = fixture::vector(&model, 13, threads, mode, 77);
            let mut rng = Rng::new(1);
            let mut batches = Vec::new();
            for _ in 0..60 {
                let ended: Vec<bool> =
                    env.batch().terminated.iter().zip(&env.batch().truncated).map(|(a, b)| *a || *b).collect();
                if mode == AutoresetMode::Disabled && ended.contains(&true) {
                    batches.push(env.reset(Seeds::Continue, Some(&ended)).unwrap().clone());
                }
                let actions = fixture::random_actions(model.actions(), 13, &mut rng);
                batches.push(env.step(&fixture::borrow(&actions)).unwrap().clone());
            }
            let digests: Vec<_> = (0..13).map(|lane| env.world(lane).unwrap().digest()).collect();
            (batches, digests)
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{threads} threads differ from one in mode {mode}");
        }
    }
}

/// Lane `i` of a batch is a single env with seed `seed + i`: digest, observation, reward, flags, info.
#[test]
fn lanes_are_single_envs() {
    for model in [fixture::cart(20), fixture::crane(20)] {
        let mut vector = fixture::vector(&model, 5, 2, AutoresetMode::NextStep, 1000);
        let mut singles: Vec<Env> = (0..5)
            .map(|lane| {
                let mut env = Env::new(model.clone());
                env.reset(Some(1000 + lane)).unwrap();
                env
            })
            .collect();
        let mut ended = [false; 5];
        let mut rng = Rng::new(2);
        for _ in 0..100 {
            let actions = fixture::random_actions(model.actions(), 5, &mut rng);
            let batch = vector.step(&fixture::borrow(&actions)).unwrap().clone();
            for (lane, env) in singles.iter_mut().enumerate() {
                let expected = if ended[lane] {
                    env.reset(None).unwrap();
                    (0.0, false, false)
                } else {
                    let step = env.step(&fixture::arena(model.actions(), &actions, lane)).unwrap();
                    (step.reward, step.terminated, step.truncated)
                };
                assert_eq!((batch.rewards[lane], batch.terminated[lane], batch.truncated[lane]), expected);
                ended[lane] = expected.1 || expected.2;
                assert_eq!(vector.world(lane).unwrap().digest(), env.world().digest());
                for (segment, buffer) in model.observations().segments.iter().zip(&batch.observations) {
                    let size = segment.bytes();
                    let row = &buffer[lane * size..(lane + 1) * size];
                    assert_eq!(row, &env.observation().unwrap()[segment.offset..segment.offset + size]);
                }
                for (column, value) in batch.infos.iter().zip(env.info().unwrap()) {
                    assert_eq!(column[lane].to_bits(), value.to_bits());
                }
            }
        }
    }
}

/// Seeds by number, by list with gaps, and by mask reach the lanes they name and no other.
#[test]
fn seeds_and_masks() {
    let model = fixture::cart(50);
    let digest = |env: &VectorEnv, lane| env.world(lane).unwrap().digest();
    let mut env = fixture::vector(&model, 3, 2, AutoresetMode::Disabled, 10);
    let start = [0, 1, 2].map(|lane| digest(&env, lane));
    env.reset(Seeds::Each(&[Some(11), None, Some(10)]), None).unwrap();
    assert_eq!(digest(&env, 0), start[1]);
    assert_eq!(digest(&env, 2), start[0]);
    assert!(!start.contains(&digest(&env, 1)));
    let kept = digest(&env, 1);
    let batch = env.reset(Seeds::First(10), Some(&[true, false, true])).unwrap();
    assert_eq!(batch.info_mask, [true, false, true]);
    assert_eq!([0, 1, 2].map(|lane| digest(&env, lane)), [start[0], kept, start[2]]);
    assert!(matches!(env.reset(Seeds::Each(&[None]), None), Err(Error::SeedCount { found: 1, lanes: 3 })));
    assert!(matches!(env.reset(Seeds::Continue, Some(&[false; 3])), Err(Error::MaskEmpty)));
    assert!(matches!(env.reset(Seeds::Continue, Some(&[true])), Err(Error::MaskLength { .. })));
}

/// A bad action of one lane names it, and no lane is stepped.
#[test]
fn a_bad_action_steps_nobody() {
    let model = fixture::crane(50);
    let mut env = fixture::vector(&model, 4, 2, AutoresetMode::NextStep, 0);
    let before = env.snapshot().unwrap();
    let cart = [0.0_f32; 4].map(f32::to_le_bytes).concat();
    let pole = [0.0, 0.0, f32::INFINITY, 0.0].map(f32::to_le_bytes).concat();
    let error = env.step(&[&cart, &pole]).unwrap_err();
    assert_eq!(error.to_string(), "action \"pole\"[0] of lane 2 is inf: actions must be finite");
    let error = env.step(&[&cart, &pole[4..]]).unwrap_err();
    assert_eq!(error.to_string(), "action \"pole\" has 12 bytes, accepted are 16: float32 of shape [4, 1]");
    assert_eq!(env.snapshot().unwrap(), before);
}

/// Steps before the first reset, of lanes that a mask left out, and after close, are refused.
#[test]
fn misuse() {
    let model = fixture::cart(50);
    let options = VectorOptions { num_envs: 2, num_threads: 2, autoreset: AutoresetMode::NextStep };
    let mut env = VectorEnv::new(model.clone(), options).unwrap();
    let actions = [0_i32; 2].map(i32::to_le_bytes).concat();
    assert!(matches!(env.step(&[&actions]), Err(Error::StepBeforeReset)));
    env.reset(Seeds::First(0), Some(&[true, false])).unwrap();
    assert!(matches!(env.step(&[&actions]), Err(Error::LaneBeforeReset { lane: 1 })));
    env.reset(Seeds::First(0), Some(&[false, true])).unwrap();
    env.step(&[&actions]).unwrap();
    assert!(matches!(env.world(2), Err(Error::NoSuchLane { lane: 2, lanes: 2 })));
    env.close();
    env.close();
    assert!(matches!(env.step(&[&actions]), Err(Error::Closed)));
    let none = VectorOptions { num_envs: 0, ..options };
    assert!(matches!(VectorEnv::new(model, none), Err(Error::Lanes { found: 0, .. })));
}

/// Taken observation arrays keep their bytes while the env goes on.
#[test]
fn taken_observations_stay() {
    let model = fixture::cart(50);
    let mut env = fixture::vector(&model, 3, 1, AutoresetMode::NextStep, 0);
    let before = env.batch().observations.clone();
    let taken = env.batch_mut().take_observations();
    env.step(&[&[1_i32; 3].map(i32::to_le_bytes).concat()]).unwrap();
    assert_eq!(taken, before);
    assert_ne!(env.batch().observations, before);
}
