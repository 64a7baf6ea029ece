//! Amounts are exact: what is shown reads back to the same wei, and what can't be said in a unit is refused.

use alloy::primitives::U256;
use hyperdust_settlement::amount::{self, Coin, decimal};
use proptest::prelude::*;

const RBTC: Coin = Coin::bitcoin("RBTC");

fn any_wei() -> impl Strategy<Value = U256> {
    (any::<[u64; 4]>(), 0usize..256).prop_map(|(limbs, shift)| U256::from_limbs(limbs) >> shift)
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(wei in any_wei()) {
        for coin in [RBTC, Coin::ETHER] {
            prop_assert_eq!(coin.parse(&coin.show_coin(wei)).unwrap(), wei);
            let shown = coin.show(wei);
            let small = shown.rsplit_once('(').unwrap().1.trim_end_matches(')');
            prop_assert_eq!(coin.parse(small).unwrap(), wei);
        }
        let as_wei = format!("{} wei", wei);
        prop_assert_eq!(RBTC.parse(&as_wei).unwrap(), wei);
    }

    #[test]
    fn a_decimal_is_the_number_with_a_point(wei in any_wei(), decimals in 0u8..30) {
        let text = decimal(wei, decimals);
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        prop_assert!(!part.ends_with('0'));
        prop_assert!(whole == "0" || !whole.starts_with('0'));
        let digits = format!("{whole}{part:0<width$}", width = usize::from(decimals));
        prop_assert_eq!(U256::from_str_radix(&digits, 10).unwrap(), wei);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,130}") {
        let _ = RBTC.parse(&text);
        let _ = Coin::ETHER.parse(&text);
    }

    #[test]
    fn more_decimals_than_a_unit_has_are_refused(part in "[0-9]{11,30}") {
        for unit in ["sat", "wei"] {
            let text = format!("1.{part} {unit}");
            prop_assert!(RBTC.parse(&text).is_err());
        }
    }
}

#[test]
fn units_are_what_they_are() {
    let sat = U256::from(10_000_000_000_u64);
    for (text, wei) in [
        ("0.001 rbtc", sat * U256::from(100_000)),
        ("0.001RBTC", sat * U256::from(100_000)),
        ("1500 sat", sat * U256::from(1_500)),
        (" 1500 SATS ", sat * U256::from(1_500)),
        ("1.5 sat", sat * U256::from(3) / U256::from(2)),
        ("1 btc", sat * U256::from(100_000_000)),
        ("20 gwei", U256::from(20_000_000_000_u64)),
        ("0 wei", U256::ZERO),
        ("007 wei", U256::from(7)),
    ] {
        assert_eq!(RBTC.parse(text).unwrap(), wei, "{text}");
    }
    assert_eq!(RBTC.show(sat * U256::from(150_000)), "0.0015 RBTC (150000 sat)");
    assert_eq!(RBTC.show(U256::from(1)), "0.000000000000000001 RBTC (0.0000000001 sat)");
    assert_eq!(Coin::ETHER.show(U256::from(1_500_000_000_u64)), "0.0000000015 ETH (1.5 gwei)");
    assert_eq!(RBTC.show(U256::ZERO), "0 RBTC (0 sat)");
}

#[test]
fn what_is_no_amount_is_refused_with_what_is() {
    for text in [
        "",
        "1",
        "sat",
        "1 eth",
        "-1 sat",
        "+1 sat",
        "1. sat",
        ".5 sat",
        "1.2.3 sat",
        "1e3 sat",
        "1,5 sat",
        "0x10 wei",
        "1 sat 2",
        "٣ sat",
        "nan sat",
        "1_000 sat",
        "1 000 sat",
    ] {
        let error = RBTC.parse(text).unwrap_err().to_string();
        assert!(error.starts_with("no amount"), "{text:?}: {error}");
    }
    let sat = Coin::ETHER.parse("1500 sat").unwrap_err().to_string();
    assert!(sat.contains("coin is ETH, which is no bitcoin") && sat.contains("one of ETH, gwei, wei"), "{sat}");
    assert!(RBTC.parse(&format!("{} wei", U256::MAX)).is_ok());
    assert!(RBTC.parse(&format!("{} sat", U256::MAX)).is_err(), "too large");
    assert!(RBTC.parse(&format!("{}1 wei", U256::MAX)).is_err(), "too large");
}

#[test]
fn a_file_has_wei_in_digits() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct One(#[serde(with = "amount::wei")] U256);
    assert_eq!(serde_json::to_string(&One(U256::MAX)).unwrap(), format!("\"{}\"", U256::MAX));
    assert_eq!(serde_json::from_str::<One>("\"12\"").unwrap(), One(U256::from(12)));
    for wrong in ["12", "\"0x12\"", "\"\"", "\"-1\"", "\"1.0\"", "\" 1\"", &format!("\"{}0\"", U256::MAX)] {
        assert!(serde_json::from_str::<One>(wrong).is_err(), "{wrong}");
    }
}
