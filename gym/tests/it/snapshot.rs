//! A restored env is the env: the same future, recording included, whatever the number of threads.

use hyperdust_gym::{AutoresetMode, Env, Episode, Error, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::rng::Rng;

use crate::fixture;

/// In the middle of an episode, right after its end, and before the first reset.
#[test]
fn single() {
    let model = fixture::crane(10);
    for steps in [0, 4, 10] {
        let mut env = Env::new(model.clone());
        env.record(true);
        env.reset(Some(2)).unwrap();
        let mut rng = Rng::new(1);
        let step = |env: &mut Env, rng: &mut Rng| {
            let actions = fixture::random_actions(model.actions(), 1, rng);
            env.step_segments(&fixture::borrow(&actions)).unwrap()
        };
        for _ in 0..steps {
            step(&mut env, &mut rng);
        }
        let mut copy = Env::new(model.clone());
        copy.restore(&env.snapshot().unwrap()).unwrap();
        assert_eq!(copy.observation().unwrap(), env.observation().unwrap());
        assert_eq!(copy.statistics(), env.statistics());
        let mut other = rng.clone();
        let mut fork = env.fork();
        for _ in steps..10 {
            assert_eq!(step(&mut env, &mut rng), step(&mut copy, &mut other));
        }
        assert_eq!(env.episode().map(Episode::encode), copy.episode().map(Episode::encode));
        env.reset(None).unwrap();
        copy.reset(None).unwrap();
        assert_eq!(env.world().digest(), copy.world().digest());
        // A fork has gone nowhere meanwhile.
        assert_eq!(fork.episode().map(Episode::len), Some(steps));
        fork.reset(Some(2)).unwrap();
    }
    let fresh = Env::new(model.clone()).snapshot().unwrap();
    let mut env = Env::new(model);
    env.reset(Some(1)).unwrap();
    env.restore(&fresh).unwrap();
    assert!(matches!(env.observation(), Err(Error::StepBeforeReset)));
}

/// A batch saved on two threads goes on alike on one, in every mode, across many ends.
#[test]
fn vector() {
    let model = fixture::crane(7);
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        for steps in [0, 6, 7, 8] {
            let mut env = fixture::vector(&model, 5, 2, mode, 3);
            let mut rng = Rng::new(4);
            for _ in 0..steps {
                let actions = fixture::random_actions(model.actions(), 5, &mut rng);
                env.step(&fixture::borrow(&actions)).unwrap();
            }
            let options = VectorOptions { num_envs: 5, num_threads: 1, autoreset: mode };
            let mut copy = VectorEnv::new(model.clone(), options).unwrap();
            copy.restore(&env.snapshot().unwrap()).unwrap();
            assert_eq!(copy.batch().observations, env.batch().observations);
            assert_eq!(copy.batch().rewards, env.batch().rewards);
            assert_eq!(copy.batch().truncated, env.batch().truncated);
            for _ in 0..20 {
                let actions = fixture::random_actions(model.actions(), 5, &mut rng);
                let actions = fixture::borrow(&actions);
                assert!(env.step(&actions).unwrap() == copy.step(&actions).unwrap());
            }
        }
    }
}

/// Snapshots of another scene, number of lanes or mode are refused by name, and change nothing.
#[test]
fn strangers_are_refused() {
    let mut env = fixture::vector(&fixture::cart(10), 2, 1, AutoresetMode::NextStep, 0);
    let before = env.snapshot().unwrap();
    let of = |limit, lanes, mode| fixture::vector(&fixture::cart(limit), lanes, 1, mode, 0).snapshot().unwrap();
    let mut refusal = |bytes: &[u8]| env.restore(bytes).unwrap_err().to_string();
    assert!(matches!(&refusal(&of(11, 2, AutoresetMode::NextStep)), text if text.contains("blueprint")));
    assert_eq!(refusal(&of(10, 3, AutoresetMode::NextStep)), "env snapshot holds 3 lanes, this env has 2");
    assert!(refusal(&of(10, 2, AutoresetMode::Disabled)).contains("Disabled"));
    assert!(refusal(b"HDES").contains("cut"));
    assert!(refusal(b"").contains("does not start"));
    env.reset(Seeds::Continue, None).unwrap();
    env.restore(&before).unwrap();
    assert_eq!(env.snapshot().unwrap(), before);
}
