//! What a batch is on the wire: the same batch at the other end, whatever happened in it.

use hyperdust_gym::{AutoresetMode, Sampler, Seeds, VectorEnv, VectorOptions};
use hyperdust_wire::{ArraySpec, Error, Layout, Part};

use crate::model;

/// Over episodes that end, in every autoreset mode: the batch that is read equals the batch that was written, in all its arrays,
/// and the second frame is there exactly where lanes were reset in the same step.
#[test]
fn batches_come_back() {
    for mode in AutoresetMode::ALL {
        for scene in ["cartpole", "hopper"] {
            let model = model(scene);
            let options = VectorOptions { num_envs: 5, num_threads: 1, autoreset: mode };
            let mut env = VectorEnv::new(model.clone(), options).unwrap();
            let layout = Layout::new(&model, 5, mode).unwrap();
            let (mut frame, mut read) = (vec![0; layout.batch.size], layout.buffer());
            let mut finals = vec![0; layout.finals.as_ref().map_or(0, |finals| finals.size)];
            let mut both = 0;
            let mut transfer = |batch: &hyperdust_gym::Batch| {
                let second = layout.write(batch, &mut frame).then(|| {
                    layout.write_finals(batch, &mut finals);
                    both += 1;
                    finals.as_slice()
                });
                layout.read(&frame, second, &mut read).unwrap();
                assert_eq!(&read, batch);
            };
            transfer(env.reset(Seeds::First(7), None).unwrap());
            let mut actions = Sampler::new(model.actions().clone(), 3);
            for _ in 0..120 {
                let rows = hyperdust_gym::rows(&mut actions, 5);
                let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_slice()).collect();
                if mode == AutoresetMode::Disabled && env.batch().episode_mask.contains(&true) {
                    let ended = env.batch().episode_mask.clone();
                    transfer(env.reset(Seeds::Continue, Some(&ended)).unwrap());
                }
                transfer(env.step(&rows).unwrap());
            }
            assert_eq!(both > 0, mode == AutoresetMode::SameStep);
        }
    }
}
