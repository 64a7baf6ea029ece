//! Recorded episodes replay to the last bit, however they began; whatever is changed in one is found and
//! named.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Env, Episode, EpisodeError, Field, Start};
use hyperdust_kernel::{Model, rng::Rng};

use crate::fixture;

/// Plays one episode to its end (or `steps`) from where the env stands.
fn play(env: &mut Env, rng: &mut Rng, steps: usize) {
    let model = env.model().clone();
    for _ in 0..steps {
        let actions = fixture::random_actions(model.actions(), 1, rng);
        let step = env.step_segments(&fixture::borrow(&actions)).unwrap();
        if step.terminated || step.truncated {
            break;
        }
    }
}

fn recorded(model: &Arc<Model>) -> Episode {
    let mut env = Env::new(model.clone());
    env.record(true);
    env.reset(Some(4)).unwrap();
    play(&mut env, &mut Rng::new(8), 1000);
    env.episode().unwrap().clone()
}

/// Equal, complete, same return; after a trip through bytes too.
fn holds(episode: &Episode, model: &Arc<Model>) {
    let decoded = Episode::decode(&episode.encode()).unwrap();
    assert_eq!(decoded, *episode);
    let report = decoded.replay(model).unwrap();
    assert_eq!(report.divergence, None);
    assert_eq!((report.matched, report.steps), (episode.len(), episode.len()));
    assert_eq!(report.episode_return, episode.episode_return());
}

/// An episode of a seed, the one after it (whose random stream goes on), and one from a state that was set
/// by hand all replay.
#[test]
fn every_start_replays() {
    let model = fixture::crane(30);
    let mut rng = Rng::new(1);
    let mut env = Env::new(model.clone());
    env.record(false);
    env.reset(Some(1)).unwrap();
    play(&mut env, &mut rng, 1000);
    assert!(matches!(env.episode().unwrap().start, Start::Seed(1)));
    assert!(env.episode().unwrap().complete());
    holds(env.episode().unwrap(), &model);

    env.reset(None).unwrap();
    play(&mut env, &mut rng, 5);
    assert!(matches!(env.episode().unwrap().start, Start::Continue { seed: 1, .. }));
    holds(env.episode().unwrap(), &model);
    assert!(!env.episode().unwrap().complete());

    env.set_state(&[0.1, 0.2], &[0.0, -0.3]).unwrap();
    assert!(env.episode().unwrap().is_empty());
    play(&mut env, &mut rng, 1000);
    assert!(matches!(env.episode().unwrap().start, Start::State(_)));
    holds(env.episode().unwrap(), &model);
}

/// Recording changes no byte of the run and no statistics, whether it begins before the first reset, in
/// the middle of an episode, or never; what began in the middle replays from there.
#[test]
fn recording_is_invisible() {
    let model = fixture::crane(10);
    let run = |record: Option<usize>| {
        let mut env = Env::new(model.clone());
        if record == Some(0) {
            env.record(true);
        }
        let mut rng = Rng::new(5);
        env.reset(Some(3)).unwrap();
        play(&mut env, &mut rng, 3);
        if record == Some(3) {
            env.record(true);
        }
        let mut statistics = vec![env.statistics()];
        for _ in 0..5 {
            play(&mut env, &mut rng, 1000);
            statistics.push(env.statistics());
            if let Some(episode) = env.episode() {
                holds(episode, &model);
            }
            env.reset(None).unwrap();
        }
        (env.world().digest(), statistics)
    };
    let never = run(None);
    assert_eq!(never.1[0].length, 3);
    assert_eq!(run(Some(0)), never);
    assert_eq!(run(Some(3)), never);
}

/// The same for lanes: statistics go on where a recording begins.
#[test]
fn recording_lanes_is_invisible() {
    let model = fixture::crane(10);
    let run = |record: bool| {
        let mut env = fixture::vector(&model, 2, 1, AutoresetMode::SameStep, 3);
        let mut rng = Rng::new(5);
        (0..15)
            .map(|step| {
                if record && step == 3 {
                    env.record(false);
                }
                let actions = fixture::random_actions(model.actions(), 2, &mut rng);
                env.step(&fixture::borrow(&actions)).unwrap();
                [0, 1].map(|lane| env.statistics(lane).unwrap())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(true), run(false));
}

/// All episodes that lanes play through autoresets are there, in order, whole, and each replays.
#[test]
fn vector_episodes_replay() {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let model = fixture::cart(20);
        let mut env = fixture::vector(&model, 4, 2, mode, 60);
        env.record(false);
        env.reset(hyperdust_gym::Seeds::First(60), None).unwrap();
        let mut rng = Rng::new(2);
        let mut ended = 0;
        for _ in 0..100 {
            let actions = fixture::random_actions(model.actions(), 4, &mut rng);
            let batch = env.step(&fixture::borrow(&actions)).unwrap();
            ended += batch.episode_mask.iter().filter(|ended| **ended).count();
        }
        let episodes = env.take_episodes();
        assert!(ended > 10);
        assert_eq!(episodes.len(), ended);
        assert!(episodes.is_sorted_by_key(|(lane, _)| *lane));
        for (lane, episode) in &episodes {
            let first = episodes.iter().find(|(other, _)| other == lane).unwrap();
            if std::ptr::eq(&first.1, episode) {
                assert_eq!(episode.start, Start::Seed(60 + *lane as u64));
            }
            assert!(episode.complete());
            holds(episode, &model);
        }
        assert!(env.take_episodes().is_empty());
    }
}

/// An embedded blueprint is enough to replay, and must be the one that is named.
#[test]
fn an_episode_stands_alone() {
    let mut episode = recorded(&fixture::crane(30));
    holds(&episode, &episode.model().unwrap());
    let other = recorded(&fixture::crane(31));
    assert!(matches!(episode.replay(&other.model().unwrap()), Err(EpisodeError::Blueprint { .. })));
    episode.blueprint_bytes = other.blueprint_bytes;
    assert!(matches!(episode.model(), Err(EpisodeError::Blueprint { .. })));
    episode.blueprint_bytes = None;
    assert!(matches!(episode.model(), Err(EpisodeError::NoBlueprint)));
}

/// Every field of every record, every action and the start are compared: a change is found at its step,
/// by its name.
#[test]
fn tampering_is_named() {
    let model = fixture::crane(30);
    let honest = recorded(&model);
    let last = honest.len() - 1;
    let found = |change: &dyn Fn(&mut Episode)| {
        let mut episode = honest.clone();
        change(&mut episode);
        let divergence = episode.replay(&model).unwrap().divergence.expect("a change must be found");
        (divergence.step, divergence.field)
    };
    for index in [0, 3, last] {
        let step = index + 1;
        assert_eq!(found(&|e| e.records[index].state[31] ^= 1), (step, Field::State));
        assert_eq!(found(&|e| e.records[index].observation[0] ^= 128), (step, Field::Observation));
        assert_eq!(found(&|e| e.records[index].reward += 0.5), (step, Field::Reward));
        assert_eq!(found(&|e| e.records[index].action[7] ^= 2), (step, Field::Action));
        // The record keeps the hash of the action that was really sent.
        let at = index * honest.action_size as usize;
        assert_eq!(found(&|e| e.actions[at] ^= 1), (step, Field::Action));
    }
    assert_eq!(found(&|e| e.records[last].truncated ^= true), (last + 1, Field::Truncated));
    assert_eq!(found(&|e| e.records[last].terminated ^= true), (last + 1, Field::Terminated));
    assert_eq!(found(&|e| e.initial.observation[0] ^= 1), (0, Field::Observation));
    assert_eq!(found(&|e| e.start = Start::Seed(5)), (0, Field::State));
    // A consistent lie: another action with its right hash is found in what it leads to.
    let other = {
        let mut env = Env::new(model.clone());
        env.record(true);
        env.reset(Some(4)).unwrap();
        play(&mut env, &mut Rng::new(9), 1);
        env.episode().unwrap().clone()
    };
    let lie = |e: &mut Episode| {
        e.actions[..other.actions.len()].copy_from_slice(&other.actions);
        e.records[0].action = other.records[0].action;
    };
    assert_eq!(found(&lie), (1, Field::State));
    // A zero reward is +0, and −0 is another number.
    assert_eq!(found(&|e| e.records[2].reward = -0.0), (3, Field::Reward));
}

/// Episodes whose parts do not fit together are refused, when decoded and when replayed.
#[test]
fn inconsistent_episodes_are_refused() {
    let model = fixture::crane(30);
    let honest = recorded(&model);
    let refused = |change: &dyn Fn(&mut Episode)| {
        let mut episode = honest.clone();
        change(&mut episode);
        let replayed = episode.replay(&model).unwrap_err().to_string();
        (replayed, Episode::decode(&episode.encode()).map(|_| ()))
    };
    let both = |change: &dyn Fn(&mut Episode)| {
        let (replayed, decoded) = refused(change);
        assert_eq!(decoded.unwrap_err().to_string(), replayed);
        replayed
    };
    assert!(both(&|e| e.actions.truncate(3)).contains("bytes of actions"));
    assert!(both(&|e| _ = e.records.pop()).contains("bytes of actions"));
    assert!(both(&|e| e.records[2].truncated = true).contains("ended at step 3"));
    assert!(refused(&|e| e.kernel += 1).0.contains("kernel version"));
    assert!(refused(&|e| e.blueprint.0[0] ^= 1).0.contains("blueprint"));
    assert!(refused(&|e| e.start = Start::State(vec![1, 2, 3])).0.contains("first snapshot"));

    let bytes = honest.encode();
    assert!(matches!(Episode::decode(b"HDEQ"), Err(EpisodeError::Magic)));
    assert!(matches!(Episode::decode(b"HDEP\x01"), Err(EpisodeError::Malformed(_))));
    assert!(matches!(Episode::decode(b"HDEP\xff\xff"), Err(EpisodeError::Format { found: 0xffff })));
    assert!(matches!(Episode::decode(&bytes[..bytes.len() - 1]), Err(EpisodeError::Malformed(_))));
    assert!(matches!(Episode::decode(&[&bytes[..], &[0]].concat()), Err(EpisodeError::Malformed(_))));
}
