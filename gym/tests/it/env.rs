//! A single env: seeding, ends, statistics, and an error for everything that Gymnasium forbids.

use hyperdust_gym::{Env, Error, Space};
use hyperdust_kernel::{World, rng::Rng};

use crate::fixture;

/// A reset with a seed is a world with that seed; without, the stream goes on and gives another state.
#[test]
fn seeding() {
    let model = fixture::cart(100);
    let mut env = Env::new(model.clone());
    env.reset(Some(5)).unwrap();
    assert_eq!(env.world().digest(), World::new(model.clone(), 5).digest());
    let first = env.observation().unwrap().to_vec();
    env.reset(None).unwrap();
    assert_ne!(env.observation().unwrap(), first);
    let second = env.observation().unwrap().to_vec();
    env.reset(Some(5)).unwrap();
    assert_eq!(env.observation().unwrap(), first);
    env.reset(None).unwrap();
    assert_eq!(env.observation().unwrap(), second);
}

/// Two envs that were never seeded start differently.
#[test]
fn entropy() {
    let start = || {
        let mut env = Env::new(fixture::cart(100));
        env.reset(None).unwrap();
        env.observation().unwrap().to_vec()
    };
    assert_ne!(start(), start());
}

/// The time limit truncates at exactly the blueprint's number of steps; return and length are reported
/// once, at the end.
#[test]
fn time_limit_and_statistics() {
    let model = fixture::crane(9);
    let mut env = Env::new(model.clone());
    env.reset(Some(0)).unwrap();
    let zero = vec![0; model.actions().size];
    let mut sum = 0.0;
    for step in 1..=9 {
        let result = env.step(&zero).unwrap();
        sum += result.reward;
        assert!(!result.terminated);
        assert_eq!(result.truncated, step == 9);
        assert_eq!(result.episode.is_some(), step == 9);
        if let Some(episode) = result.episode {
            assert_eq!((episode.length, episode.episode_return), (9, sum));
        }
    }
    // Past the end it still simulates, but nothing is counted.
    assert_eq!(env.step(&zero).unwrap().episode, None);
    assert_eq!((env.statistics().length, env.statistics().episode_return), (9, sum));
    env.reset(None).unwrap();
    assert_eq!(env.statistics().length, 0);
}

/// Observations of random episodes stay inside the space that is declared for them.
#[test]
fn observations_are_in_the_space() {
    let model = fixture::crane(50);
    let mut env = Env::new(model.clone());
    let mut rng = Rng::new(3);
    for seed in 0..5 {
        env.reset(Some(seed)).unwrap();
        loop {
            assert!(Space::contains(model.observations(), env.observation().unwrap()));
            let actions = fixture::random_actions(model.actions(), 1, &mut rng);
            let step = env.step_segments(&fixture::borrow(&actions)).unwrap();
            if step.terminated || step.truncated {
                break;
            }
        }
    }
}

/// Each misuse has its own error that says what to do, and none of them changes the env.
#[test]
fn misuse() {
    let model = fixture::crane(100);
    let mut env = Env::new(model.clone());
    let zero = vec![0; model.actions().size];
    assert!(matches!(env.step(&zero), Err(Error::StepBeforeReset)));
    assert!(matches!(env.observation(), Err(Error::StepBeforeReset)));
    env.reset(Some(1)).unwrap();
    let before = env.snapshot().unwrap();
    assert!(matches!(env.step(&zero[1..]), Err(Error::ActionArena { .. })));
    let nan = f32::NAN.to_le_bytes();
    let fine = 0.5_f32.to_le_bytes();
    let error = env.step_segments(&[&fine, &nan]).unwrap_err();
    assert_eq!(error.to_string(), "action \"pole\"[0] of lane 0 is NaN: actions must be finite");
    let error = env.step_segments(&[&fine, &fine[1..]]).unwrap_err();
    assert_eq!(error.to_string(), "action \"pole\" has 3 bytes, accepted are 4: float32 of shape [1, 1]");
    assert!(matches!(env.step_segments(&[&fine]), Err(Error::ActionSegments { found: 1, expected: 2 })));
    assert_eq!(env.snapshot().unwrap(), before);
    env.close();
    env.close();
    assert!(matches!(env.step(&zero), Err(Error::Closed)));
    assert!(matches!(env.reset(None), Err(Error::Closed)));

    let mut env = Env::new(fixture::cart(100));
    env.reset(Some(1)).unwrap();
    for choice in [-1_i32, 2] {
        let error = env.step_segments(&[&choice.to_le_bytes()]).unwrap_err();
        assert_eq!(error.to_string(), format!("action \"push\" of lane 0 is {choice}, accepted are 0 to 1"));
    }
}
