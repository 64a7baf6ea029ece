//! The numbers of docs/verification.md, and that they are what they say.

use hyperdust_actors::companion::odds::{Rate, Stakes, break_even, detection, replays};
use proptest::prelude::*;

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 5e-6, "found {found}, expected {expected}");
}

/// Reward 100, cost 20, bond 10,000, 5 % of the claims checked, 1 % canaries: as printed in the documentation.
#[test]
fn the_documented_numbers() {
    let stakes = Stakes::new(100, 20, 10_000).unwrap();
    assert_eq!(stakes.computing(), 80);
    assert_eq!(stakes.attesting(rate("1%")), Some((-100, 100)), "99 rewards less one bond in a hundred");
    assert_eq!(stakes.computing_pays_from().parts(), (1, 505));
    assert_eq!(stakes.loses_from().parts(), (1, 101));
    near(replays(rate("5%"), rate("1%")), 0.050505);
    let table = [(1, 0.05, 0.01), (10, 0.401263, 0.095618), (50, 0.923055, 0.394994), (100, 0.994079, 0.633968)];
    for (claims, provider, companion) in table {
        near(detection(rate("0.05"), claims), provider);
        near(detection(rate("0.01"), claims), companion);
    }
    near(detection(rate("0.01"), 500), 0.993430);
}

#[test]
fn rates_are_read_exactly() {
    for text in ["1/20", "5%", "0.05", ".05", "5.0%", "50/1000", "0.050"] {
        assert_eq!(rate(text).parts(), (1, 20), "{text}");
    }
    assert_eq!(rate("0").parts(), (0, 1));
    assert_eq!(rate("1").parts(), (1, 1));
    assert_eq!(rate("100%").parts(), (1, 1));
    assert_eq!(rate("0.000000001").parts(), (1, 1_000_000_000));
    for text in [
        "",
        ".",
        "%",
        "-1",
        "+1",
        "1.1",
        "101%",
        "2/1",
        "1/0",
        "/2",
        "1/",
        "1e-3",
        "0.0000000001",
        "1/9999999999",
        "０.５",
        " 1",
    ] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
}

#[test]
fn the_ends_of_the_scale() {
    assert_eq!(detection(rate("0"), 1000), 0.0);
    assert_eq!(detection(rate("1"), 1), 1.0);
    assert_eq!(detection(rate("5%"), 0), 0.0);
    near(1e9 * detection(rate("0.000000001"), 1), 1.0);
    assert_eq!(break_even(0, 0).parts(), (0, 1));
    assert_eq!(break_even(1, 0).parts(), (1, 1), "without a bond nothing is lost");
    assert!(Stakes::new(10, 11, 5).is_err(), "nobody computes at a loss");
    assert!(Stakes::new(1 << 92, 0, 0).is_err());
    assert_eq!(replays(rate("1"), rate("1")), f64::INFINITY);
}

proptest! {
    /// The break-even rates are those at which the two expectations cross zero, and each other.
    #[test]
    fn break_even_is_where_the_expectations_cross(reward in 1u128..1 << 20, cost in 1u128..1 << 20, bond in 1u128..1 << 30) {
        prop_assume!(cost <= reward);
        let stakes = Stakes::new(reward, cost, bond).unwrap();
        prop_assert_eq!(stakes.attesting(stakes.loses_from()).unwrap().0, 0);
        let (earned, scale) = stakes.attesting(stakes.computing_pays_from()).unwrap();
        prop_assert_eq!(earned, stakes.computing() * scale);
    }

    /// More looking finds more, and so does more lying.
    #[test]
    fn detection_grows(above in 0u64..1000, claims in 0u64..10_000) {
        let (less, more) = (rate(&format!("{above}/1001")), rate(&format!("{}/1001", above + 1)));
        prop_assert!(detection(less, claims) <= detection(more, claims));
        prop_assert!(detection(more, claims) <= detection(more, claims + 1));
        prop_assert!((0.0..=1.0).contains(&detection(more, claims)));
    }

    /// Any text is a rate between 0 and 1, or refused.
    #[test]
    fn any_text_is_a_rate_or_refused(text in "[0-9./%]{0,14}|.{0,8}") {
        if let Ok(rate) = text.parse::<Rate>() {
            prop_assert!((0.0..=1.0).contains(&rate.value()));
        }
    }
}
