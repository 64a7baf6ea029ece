//! Whole disputes: whoever lied is blamed, at exactly the instruction that lied; nobody else ever is. `make evidence-disputes` plays
//! hundreds.

use hyperdust_guest_tests::{faults, program};

/// Random values of random scenes, flipped by either side and by none.
#[test]
fn liars_are_blamed_where_they_lied() {
    let program = program();
    for number in 0..14 {
        let case = faults::play(&program, 7, number).unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert_eq!(case.wrong(), None);
    }
}
