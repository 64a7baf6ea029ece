//! The three autoreset modes against a model of `gymnasium.vector.SyncVectorEnv.step`, written out over
//! single envs: same observations, rewards, flags, infos, final observations and masks, over random
//! actions and many episodes.

use std::sync::Arc;

use hyperdust_gym::{AutoresetMode, Batch, Env, Error, Seeds, Statistics};
use hyperdust_kernel::{Model, rng::Rng};

use crate::fixture;

const LANES: usize = 6;

/// What Gymnasium's class keeps, and its `step`, line by line.
struct Reference {
    mode: AutoresetMode,
    envs: Vec<Env>,
    autoreset: Vec<bool>,
}

/// One lane of what it returns.
#[derive(Debug, PartialEq)]
struct Row {
    observation: Vec<u8>,
    reward: f64,
    terminated: bool,
    truncated: bool,
    info: Option<Vec<f32>>,
    last: Option<(Vec<u8>, Vec<f32>)>,
    episode: Option<Statistics>,
}

impl Reference {
    fn new(model: &Arc<Model>, mode: AutoresetMode, seed: u64) -> Self {
        let envs = (0..LANES as u64)
            .map(|lane| {
                let mut env = Env::new(model.clone());
                env.reset(Some(seed + lane)).unwrap();
                env
            })
            .collect();
        Self { mode, envs, autoreset: vec![false; LANES] }
    }

    fn step(&mut self, model: &Model, actions: &[Vec<u8>]) -> Vec<Row> {
        let rows: Vec<Row> = self
            .envs
            .iter_mut()
            .enumerate()
            .map(|(lane, env)| {
                let mut row = Row {
                    observation: vec![],
                    reward: 0.0,
                    terminated: false,
                    truncated: false,
                    info: None,
                    last: None,
                    episode: None,
                };
                if self.mode == AutoresetMode::NextStep && self.autoreset[lane] {
                    env.reset(None).unwrap();
                } else {
                    assert!(self.mode != AutoresetMode::Disabled || !self.autoreset[lane]);
                    let step = env.step(&fixture::arena(model.actions(), actions, lane)).unwrap();
                    row.reward = step.reward;
                    row.terminated = step.terminated;
                    row.truncated = step.truncated;
                    row.episode = step.episode;
                    if self.mode == AutoresetMode::SameStep && (step.terminated || step.truncated) {
                        row.last = Some((env.observation().unwrap().to_vec(), env.info().unwrap().to_vec()));
                        env.reset(None).unwrap();
                    }
                }
                row.observation = env.observation().unwrap().to_vec();
                row.info = Some(env.info().unwrap().to_vec());
                row
            })
            .collect();
        self.autoreset = rows.iter().map(|row| row.terminated || row.truncated).collect();
        rows
    }

    fn reset(&mut self, mask: &[bool]) -> Vec<Row> {
        let rows = self.envs.iter_mut().zip(mask).zip(&mut self.autoreset).map(|((env, mask), autoreset)| {
            if *mask {
                env.reset(None).unwrap();
                *autoreset = false;
            }
            Row {
                observation: env.observation().unwrap().to_vec(),
                reward: 0.0,
                terminated: false,
                truncated: false,
                info: mask.then(|| env.info().unwrap().to_vec()),
                last: None,
                episode: None,
            }
        });
        rows.collect()
    }
}

/// A lane of a batch in the reference's form; everything without a mask must be zero.
fn row(model: &Model, batch: &Batch, lane: usize) -> Row {
    let arena = |buffers: &[hyperdust_gym::Buffer]| {
        let mut arena = vec![0; model.observations().size];
        for (segment, buffer) in model.observations().segments.iter().zip(buffers) {
            let size = segment.bytes();
            arena[segment.offset..segment.offset + size].copy_from_slice(&buffer[lane * size..(lane + 1) * size]);
        }
        arena
    };
    let column = |infos: &[Vec<f32>]| -> Vec<f32> { infos.iter().map(|column| column[lane]).collect() };
    let zero = |infos: &[Vec<f32>]| assert!(column(infos).iter().all(|x| *x == 0.0));
    let info = batch.info_mask[lane].then(|| column(&batch.infos));
    if info.is_none() {
        zero(&batch.infos);
    }
    let last = batch.final_mask[lane].then(|| (arena(&batch.final_observations), column(&batch.final_infos)));
    if last.is_none() {
        zero(&batch.final_infos);
        assert!(arena(&batch.final_observations).iter().all(|byte| *byte == 0));
    }
    let statistics = Statistics { episode_return: batch.episode_returns[lane], length: batch.episode_lengths[lane] };
    if !batch.episode_mask[lane] {
        assert_eq!(statistics, Statistics::default());
    }
    Row {
        observation: arena(&batch.observations),
        reward: batch.rewards[lane],
        terminated: batch.terminated[lane],
        truncated: batch.truncated[lane],
        info,
        last,
        episode: batch.episode_mask[lane].then_some(statistics),
    }
}

/// Runs both side by side; returns how many episodes ended by termination and by truncation.
fn compare(model: &Arc<Model>, mode: AutoresetMode, steps: usize) -> (usize, usize) {
    let mut reference = Reference::new(model, mode, 500);
    let mut env = fixture::vector(model, LANES, 2, mode, 500);
    let mut rng = Rng::new(9);
    let (mut terminated, mut truncated) = (0, 0);
    for step in 0..steps {
        let ended = reference.autoreset.clone();
        if mode == AutoresetMode::Disabled && ended.contains(&true) {
            let actions = fixture::random_actions(model.actions(), LANES, &mut Rng::new(0));
            let lane = ended.iter().position(|ended| *ended).unwrap();
            match env.step(&fixture::borrow(&actions)) {
                Err(Error::NeedsReset { lane: named }) => assert_eq!(named, lane),
                other => panic!("an ended lane was stepped: {:?}", other.err()),
            }
            let expected = reference.reset(&ended);
            let batch = env.reset(Seeds::Continue, Some(&ended)).unwrap();
            for (lane, mut expected) in expected.into_iter().enumerate() {
                // `reset` returns neither rewards nor flags: lanes that it leaves alone keep theirs.
                let found = row(model, batch, lane);
                expected.reward = found.reward;
                assert_eq!(found, expected, "reset before step {step}, lane {lane}");
            }
        }
        let actions = fixture::random_actions(model.actions(), LANES, &mut rng);
        let expected = reference.step(model, &actions);
        let batch = env.step(&fixture::borrow(&actions)).unwrap();
        for (lane, expected) in expected.iter().enumerate() {
            assert_eq!(row(model, batch, lane), *expected, "step {step}, lane {lane}, mode {mode}");
            terminated += usize::from(expected.terminated);
            truncated += usize::from(expected.truncated);
        }
    }
    (terminated, truncated)
}

/// As the module says; every run sees both kinds of end.
#[test]
fn modes_are_gymnasiums() {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled] {
        let mut ends = (0, 0);
        // Episodes of one step end twice in a row.
        for model in [fixture::cart(15), fixture::crane(15), fixture::crane(1)] {
            let (terminated, truncated) = compare(&model, mode, 300);
            ends = (ends.0 + terminated, ends.1 + truncated);
        }
        assert!(ends.0 > 10 && ends.1 > 10, "{mode}: too few ends to prove anything: {ends:?}");
    }
}

/// A mode's name is Gymnasium's enum value, both ways.
#[test]
fn names() {
    for name in ["NextStep", "SameStep", "Disabled"] {
        assert_eq!(hyperdust_gym::autoreset_mode(name).unwrap().to_string(), name);
    }
    let error = hyperdust_gym::autoreset_mode("NEXT_STEP").unwrap_err();
    assert_eq!(
        error.to_string(),
        "autoreset mode \"NEXT_STEP\" is unknown, accepted are NextStep, SameStep and Disabled"
    );
}
