//! A trace gives the state of a straight run at every step, whatever the distance of its snapshots.

use hyperdust_proof::{
    Error, TraceProvider,
    machine::{Machine, State, Status, StepProof, Trace, plain},
};
use proptest::prelude::*;

use crate::{agreement::state, programs};

#[test]
fn replays_equal_a_straight_run() {
    let initial = State::initial(&programs::checksum(3000, 3), &[]).unwrap();
    for interval in [10, 14, 20] {
        let trace = Trace::record(initial.clone(), interval, 1 << 20).unwrap();
        let mut machine = Machine::new(initial.clone());
        let mut steps: Vec<u64> = [0, 1, 1023, 1024, 1025, 20_000, 65_536, 70_001].to_vec();
        steps.extend([trace.length() - 1, trace.length(), trace.length() + 1, trace.length() + 10_000]);
        for step in steps {
            machine.run(step - machine.state().steps);
            let mut replayed = trace.state_at(step);
            assert_eq!(replayed.processor, machine.state().processor, "step {step}");
            assert_eq!(replayed.steps, step);
            assert_eq!(replayed.root(), machine.root(), "step {step}");
        }
        assert_eq!(machine.state().processor.status, Status::Exited(programs::checksum_of(3000, 3)));
        assert_eq!(trace.state_at(trace.length()).root(), machine.root());
    }
}

/// The machine that a trace keeps stands wherever it is sent, forward and back, and never leaves the trace.
#[test]
fn roots_can_be_asked_for_in_any_order() {
    let mut trace = Trace::record(State::initial(&programs::checksum(3000, 3), &[]).unwrap(), 12, 1 << 20).unwrap();
    let end = trace.length();
    let orders = [0, end, 5, 4096, 4095, 4097, 50_000, 50_000, 49_999, 60_000, end + 9, end - 1, end, 12_288, 0, 1];
    for step in orders {
        let mut state = trace.state_at(step);
        assert_eq!(trace.root_at(step), state.root(), "step {step}");
        assert_eq!(trace.proof_at(step), StepProof::of(&mut state), "step {step}");
        let mut copy = trace.clone();
        assert_eq!(copy.root_at(step), state.root(), "a copy at step {step}");
    }
}

/// What did not halt within the limit can be recorded too, and goes on behind it.
#[test]
fn unfinished_traces_go_on() {
    let initial = State::initial(&programs::checksum(100, 3), &[]).unwrap();
    let whole = Trace::record(initial.clone(), 8, 1 << 20).unwrap();
    let mut part = Trace::record_up_to(initial, 8, 1000).unwrap();
    assert_eq!((part.length(), part.halted(), whole.halted()), (1000, false, true));
    for step in [999, 1000, 1001, 1500, 700, whole.length(), 3] {
        assert_eq!(part.root_at(step), whole.state_at(step).root(), "step {step}");
    }
}

#[test]
fn limits_are_kept() {
    let initial = State::initial(&programs::checksum(100, 3), &[]).unwrap();
    let length = Trace::record(initial.clone(), 8, 1 << 20).unwrap().length();
    assert!(Trace::record(initial.clone(), 8, length).is_ok());
    let error = Trace::record(initial.clone(), 8, length - 1).unwrap_err();
    assert_eq!(error, Error::TooLong { limit: length - 1 });
    assert!(matches!(Trace::record(initial.clone(), 3, 1), Err(Error::Interval { found: 3, .. })));
    assert!(matches!(Trace::record(initial, 64, 1), Err(Error::Interval { found: 64, .. })));
}

/// A trace of a machine that is already halted, and one that starts in the middle of another.
#[test]
fn traces_start_anywhere() {
    let initial = State::initial(&programs::checksum(100, 3), &[]).unwrap();
    let trace = Trace::record(initial, 8, 1 << 20).unwrap();
    let rest = Trace::record(trace.state_at(777), 6, 1 << 20).unwrap();
    assert_eq!(rest.length(), trace.length() - 777);
    assert_eq!(rest.state_at(100).steps, 877);
    assert_eq!(rest.state_at(100).root(), trace.state_at(877).root());
    let halted = Trace::record(trace.state_at(trace.length()), 6, 0).unwrap();
    assert_eq!(halted.length(), 0);
    assert_eq!(halted.state_at(5).root(), trace.state_at(trace.length() + 5).root());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_programs_replay(state in state(), steps in proptest::collection::vec(0..2000u64, 4)) {
        let mut trace = Trace::record_up_to(state.clone(), 5, 1500).unwrap();
        for step in steps {
            let mut reference = state.clone();
            plain::run(&mut reference, step);
            prop_assert_eq!(trace.state_at(step).root(), reference.root());
            prop_assert_eq!(trace.root_at(step), reference.root());
        }
    }
}
