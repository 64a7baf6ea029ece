//! A segment of every published scene leaves the same bytes behind here and on the proof machine.
//!
//! These are short; `make evidence-guest` runs hundreds of steps a scene.

use hyperdust_guest_tests::{Guest, Segment};
use hyperdust_kernel::{AutoresetMode, merkle::Kind, segment};
use hyperdust_tests::{Actions, scenes};

/// Two segments a scene: the second starts from the first one's output, so a state is read as well as written.
#[test]
fn every_scene_gives_the_same_bytes() {
    let guest = Guest::new("segment");
    for (name, model) in scenes() {
        let mut draw = Actions::new(model.actions(), 43);
        let mut state = Vec::new();
        for (mode, steps) in [(AutoresetMode::SameStep, 8), (AutoresetMode::NextStep, 4)] {
            let segment = Segment::new(&model, &state, mode, steps, &mut draw);
            let native = segment.native().expect("a valid segment");
            assert_eq!(guest.run(&segment.inputs()).result(segment::STATE), native, "{name}");
            state = native;
        }
    }
}

/// Cartpole's episodes are short: many end, are reset and go on, in every mode.
#[test]
fn ends_of_episodes_are_the_same() {
    let guest = Guest::new("segment");
    let (_, model) = scenes().into_iter().find(|(name, _)| *name == "cartpole").expect("a published scene");
    for mode in AutoresetMode::ALL {
        let segment = Segment::new(&model, &[], mode, 200, &mut Actions::new(model.actions(), 7));
        let native = segment.native().expect("a valid segment");
        let state = segment::State::decode(&native).expect("a segment's output");
        assert!(state.episodes > 0, "no episode ended");
        assert_eq!(guest.run(&segment.inputs()).result(segment::STATE), native, "{mode:?}");
    }
}

/// A fault (an action of NaN) is an outcome, not an error, and has the same bytes.
#[test]
fn faults_are_the_same() {
    let guest = Guest::new("segment");
    let (_, model) = scenes().into_iter().find(|(name, _)| *name == "hopper").expect("a published scene");
    let mut segment = Segment::new(&model, &[], AutoresetMode::Disabled, 3, &mut Actions::new(model.actions(), 7));
    let second = 32 + model.actions().size;
    segment.actions[second..second + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let native = segment.native().expect("a valid segment");
    assert_eq!(guest.run(&segment.inputs()).result(segment::STATE), native);
}

/// What is refused here is refused there, with the same words and exit code 1.
#[test]
fn refusals_are_the_same() {
    let guest = Guest::new("segment");
    let (_, model) = scenes().into_iter().find(|(name, _)| *name == "pendulum").expect("a published scene");
    let good = || Segment::new(&model, &[], AutoresetMode::SameStep, 2, &mut Actions::new(model.actions(), 1));
    let mut cases = Vec::new();
    for cut in [0, 5, 39] {
        let mut segment = good();
        segment.blueprint.truncate(cut);
        cases.push(segment);
        let mut segment = good();
        segment.actions.truncate(cut);
        cases.push(segment);
    }
    let mut segment = good();
    segment.state = b"HDSG not a state at all, and of some length beyond the header's 64 bytes".to_vec();
    cases.push(segment);
    for (number, segment) in cases.into_iter().enumerate() {
        let native = segment.native().expect_err("a broken segment").to_string();
        assert_eq!(guest.run(&segment.inputs()).refusal(), native, "case {number}");
    }
}

/// A string of another kind is refused, although its bytes would do; so is one in a region that the program does not read.
#[test]
fn kinds_of_inputs_are_checked() {
    let guest = Guest::new("segment");
    let (_, model) = scenes().into_iter().find(|(name, _)| *name == "pendulum").expect("a published scene");
    let segment = Segment::new(&model, &[], AutoresetMode::SameStep, 2, &mut Actions::new(model.actions(), 1));
    let [blueprint, state, actions] = segment.inputs();
    let bytes = segment.blueprint.as_slice();
    let said = guest.run(&[Some((Kind::SNAPSHOT, bytes)), state, actions]).refusal();
    assert_eq!(said, "input 0: found kind \"hyperdust snapshot\"; accepted: \"hyperdust blueprint\"");
    let said = guest.run(&[blueprint, state, actions, Some((Kind::BLUEPRINT, bytes))]).refusal();
    assert_eq!(said, "input 3: found a string; accepted: none");
}
