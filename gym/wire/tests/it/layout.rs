//! What a batch is on the wire: the same batch at the other end, whatever happened in it.

use hyperdust_gym::{AutoresetMode, Batch, Sampler, Seeds, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::Model;
use hyperdust_wire::{ArraySpec, Error, Layout, Part};

use crate::model;

const LANES: usize = 5;

fn env(model: &std::sync::Arc<Model>, mode: AutoresetMode) -> VectorEnv {
    let options = VectorOptions { num_envs: LANES, num_threads: 1, autoreset: mode };
    VectorEnv::new(model.clone(), options).unwrap()
}

/// Both frames of a batch.
fn written(layout: &Layout, batch: &Batch) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut frame = vec![0; layout.batch.size];
    let finals = layout.write(batch, &mut frame).then(|| {
        let mut finals = vec![0; layout.finals.as_ref().unwrap().size];
        layout.write_finals(batch, &mut finals);
        finals
    });
    (frame, finals)
}

/// Over episodes that end, in every autoreset mode: the batch that is read equals the batch that was written, in all its arrays,
/// and the second frame is there exactly where lanes were reset in the same step.
#[test]
fn batches_come_back() {
    for mode in AutoresetMode::ALL {
        for scene in ["cartpole", "hopper"] {
            let model = model(scene);
            let mut env = env(&model, mode);
            let layout = Layout::new(&model, LANES, mode).unwrap();
            let mut read = layout.buffer();
            let (mut both, mut ended) = (0, 0);
            let mut transfer = |batch: &Batch| {
                let (frame, finals) = written(&layout, batch);
                layout.read(&frame, finals.as_deref(), &mut read).unwrap();
                assert_eq!(&read, batch);
                both += u32::from(finals.is_some());
                ended += u32::from(batch.episode_mask.contains(&true));
            };
            transfer(env.reset(Seeds::First(7), None).unwrap());
            let mut actions = Sampler::new(model.actions(), 3);
            for _ in 0..150 {
                let over = env.batch().episode_mask.clone();
                if mode == AutoresetMode::Disabled && over.contains(&true) {
                    transfer(env.reset(Seeds::Continue, Some(&over)).unwrap());
                }
                let arenas: Vec<Vec<u8>> = (0..LANES).map(|_| actions.draw(model.actions()).to_vec()).collect();
                let rows = rows(model.actions(), &arenas);
                transfer(env.step(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap());
            }
            assert!(ended > 3, "{scene}: episodes end, or nothing is tested");
            assert_eq!(both > 0, mode == AutoresetMode::SameStep);
        }
    }
}

/// Every published scene: arrays are aligned, in order, apart and inside; and the layout follows from what the opening says.
#[test]
fn arrays_are_apart() {
    for scene in hyperdust_scene::Scene::builtin_names() {
        let model = model(scene);
        for mode in AutoresetMode::ALL {
            let layout = Layout::new(&model, 3, mode).unwrap();
            let arrays = ArraySpec::of(model.observations());
            assert_eq!(Layout::of(&arrays, model.info_names(), 3, mode), Ok(layout.clone()));
            assert_eq!(ArraySpec::layout(&arrays).unwrap(), *model.observations(), "{scene}");
            assert_eq!(ArraySpec::layout(&ArraySpec::of(model.actions())).unwrap(), *model.actions(), "{scene}");
            for frame in core::iter::once(&layout.batch).chain(&layout.finals) {
                let mut end = 0;
                for field in &frame.fields {
                    assert_eq!(field.offset % 8, 0);
                    assert!(field.offset >= end);
                    end = field.range().end;
                    assert_eq!(frame.find(field.part, &field.name), Some(field), "names differ");
                }
                assert!(end <= frame.size);
            }
        }
    }
}

/// A frame of another length, a mask byte that is no bool, a fault without a name, a second frame too many or too few: errors.
#[test]
fn frames_are_checked() {
    let model = model("cartpole");
    let mode = AutoresetMode::SameStep;
    let layout = Layout::new(&model, LANES, mode).unwrap();
    let mut env = env(&model, mode);
    let (frame, finals) = written(&layout, env.reset(Seeds::First(1), None).unwrap());
    assert_eq!(finals, None);
    let mut batch = layout.buffer();
    let mut read = |frame: &[u8], finals: Option<&[u8]>| layout.read(frame, finals, &mut batch);
    assert_eq!(read(&frame, None), Ok(()));
    assert!(matches!(read(&frame[1..], None), Err(Error::Length { .. })));
    let second = vec![0; layout.finals.as_ref().unwrap().size];
    assert!(matches!(read(&frame, Some(&second)), Err(Error::Frames { found: 2, .. })));
    let with = |part: Part, byte: u8| {
        let mut changed = frame.clone();
        changed[layout.batch.find(part, "").unwrap().offset + 2] = byte;
        changed
    };
    assert!(matches!(read(&with(Part::Terminated, 2), None), Err(Error::Bool { at: 2, found: 2, .. })));
    assert!(matches!(read(&with(Part::Fault, 99), None), Err(Error::Fault { lane: 2, found: 99 })));
    assert!(matches!(read(&with(Part::FinalMask, 1), None), Err(Error::Frames { found: 1, .. })));
    assert_eq!(read(&with(Part::FinalMask, 1), Some(&second)), Ok(()));
    assert!(matches!(read(&with(Part::FinalMask, 1), Some(&second[1..])), Err(Error::Length { .. })));
}

/// A number of lanes whose frame nobody would take is refused, and does not overflow.
#[test]
fn frames_have_a_limit() {
    let model = model("ant");
    assert!(matches!(Layout::new(&model, 1 << 20, AutoresetMode::NextStep), Err(Error::TooLong { .. })));
    let arrays = ArraySpec::of(model.observations());
    assert!(matches!(Layout::of(&arrays, &[], usize::MAX, AutoresetMode::NextStep), Err(Error::TooLong { .. })));
}
