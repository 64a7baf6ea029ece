//! A few random faults, each disputed to the end; `make evidence-disputes` plays two hundred.

use hyperdust_guest_tests::{faults, program};

/// Whoever lied is blamed, at exactly the instruction that lied, and nobody else ever is.
#[test]
fn every_liar_is_found() {
    let program = program();
    for number in 0..6 {
        let case = faults::play(&program, 2, number).unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert_eq!(case.wrong(), None);
    }
}
