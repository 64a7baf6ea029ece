//! A trace gives the state of a straight run at every step, whatever the distance of its snapshots.

use hyperdust_proof::{
    Error,
    machine::{Machine, State, Status, Trace, plain},
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
        assert_eq!(trace.root_at(trace.length()), machine.root());
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
    assert_eq!(rest.root_at(100), trace.root_at(877));
    let halted = Trace::record(trace.state_at(trace.length()), 6, 0).unwrap();
    assert_eq!(halted.length(), 0);
    assert_eq!(halted.root_at(5), trace.root_at(trace.length() + 5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_programs_replay(state in state(), steps in proptest::collection::vec(0..2000u64, 4)) {
        if let Ok(trace) = Trace::record(state.clone(), 5, 1500) {
            for step in steps {
                let mut reference = state.clone();
                plain::run(&mut reference, step);
                prop_assert_eq!(trace.root_at(step), reference.root());
            }
        }
    }
}
