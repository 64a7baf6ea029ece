//! Random worlds leave the same bytes behind here and on the proof machine; `make evidence-worlds` plays them for hours.

use std::time::Duration;

use hyperdust_guest_tests::{Guest, worlds::Campaign};

/// Of a fixed series; a few seconds where tests run optimised, a minute where not.
const WORLDS: u64 = 300;

#[test]
fn random_worlds_give_the_same_bytes() {
    let campaign = Campaign::new(20_261_122, 0);
    campaign.run(&Guest::new("segment"), 2, WORLDS, Duration::MAX, |_| {});
    let totals = campaign.totals();
    assert_eq!(totals.different, 0, "{}", totals.differences[0]);
    // Worlds in which nothing happens show nothing.
    let sums = totals.sums;
    assert!(sums.refused < WORLDS / 20 && sums.given_up < WORLDS / 20, "{sums:?}");
    assert!(sums.touched > WORLDS / 3 && sums.robots > WORLDS / 5 && sums.faults < sums.steps / 3, "{sums:?}");
}
