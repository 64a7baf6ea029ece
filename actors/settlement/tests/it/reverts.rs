//! Every error that the contracts declare is read back by name and with its values; any other bytes are read as something.

use std::{collections::BTreeSet, fs, path::Path};

use alloy::{
    dyn_abi::{DynSolType, DynSolValue},
    json_abi,
    primitives::{Address, B256, U256},
    sol_types::{Panic, Revert as Reason, SolError},
};
use hyperdust_settlement::{
    Error, Revert,
    amount::Coin,
    bindings::{Providers, Sessions},
    market::NATIVE,
    revert::Value,
};
use proptest::prelude::*;

use crate::{anvil::Anvil, world::World};

/// Declarations in the Solidity sources: `error Name(type name, …);`, on one line each.
fn declared() -> Vec<(String, String)> {
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts/src"), &mut texts);
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
    let errors = lines.filter_map(|line| line.strip_prefix("error ")?.strip_suffix(");")?.split_once('('));
    errors.map(|(name, inputs)| (name.into(), inputs.into())).collect()
}

/// Whether a type is an enumeration: they alone have capitals.
fn is_enumeration(solidity: &str) -> bool {
    solidity.rsplit('.').next().is_some_and(|name| name.starts_with(char::is_uppercase))
}

#[test]
fn every_declared_error_is_read_back() {
    let all = declared();
    let mut names = BTreeSet::new();
    for (name, inputs) in &all {
        let inputs: Vec<_> =
            inputs.split(", ").filter(|input| !input.is_empty()).map(|input| input.split_once(' ').unwrap()).collect();
        let types: Vec<_> = inputs.iter().map(|(of, _)| if is_enumeration(of) { "uint8" } else { *of }).collect();
        let signature = format!("error {name}({})", types.join(","));
        let values: Vec<_> = types
            .iter()
            .map(|of| match of.parse::<DynSolType>().unwrap() {
                DynSolType::Uint(bits) => DynSolValue::Uint(U256::from(1), bits),
                DynSolType::Address => DynSolValue::Address(Address::repeat_byte(0xab)),
                DynSolType::FixedBytes(size) => DynSolValue::FixedBytes(B256::repeat_byte(7), size),
                other => panic!("{name}: {other}"),
            })
            .collect();
        let error: json_abi::Error = json_abi::Error::parse(&signature).unwrap();
        let mut data = error.selector().to_vec();
        data.extend(DynSolValue::Tuple(values).abi_encode_params());
        let Revert::Custom { name: found, values, .. } = Revert::decode(&data) else {
            panic!("{signature} is not known")
        };
        assert_eq!(found, *name);
        // Contracts that share an error may call its values otherwise.
        let called: Vec<_> = values.iter().map(|(name, _)| name.as_str()).collect();
        let same = |(other, theirs): &&(String, String)| {
            let theirs = theirs.split(", ").filter_map(|input| input.split_once(' '));
            other == name && theirs.map(|(_, name)| name).eq(called.iter().copied())
        };
        assert!(all.iter().find(same).is_some(), "{name}: {called:?}");
        for ((of, _), (_, value)) in inputs.iter().zip(&values) {
            let named = matches!(value, Value::Text(text) if text.chars().all(char::is_alphabetic));
            assert_eq!(is_enumeration(of), named, "{name}: an enumeration is shown by name, {of} by value: {value:?}");
        }
        names.insert(name.clone());
    }
    assert!(names.len() > 60 && names.contains("TooLittleBond") && names.contains("NotPosted"), "{names:?}");
}

#[test]
fn errors_are_shown_with_names_and_values() {
    let little = Providers::TooLittleBond { free: U256::from(3), needed: U256::from(20) };
    assert_eq!(Revert::decode(&little.abi_encode()).to_string(), "TooLittleBond(free: 3, needed: 20)");
    let coin = Revert::decode(&little.abi_encode()).in_coin(Coin::bitcoin("RBTC")).to_string();
    assert!(coin.starts_with("TooLittleBond(free: 0.000000000000000003 RBTC (0.0000000003 sat), needed: "), "{coin}");
    // A time, and the number of a block.
    let early = |accepted: u64| Sessions::TooEarly { accepted: U256::from(accepted) }.abi_encode();
    assert_eq!(Revert::decode(&early(1_700_000_000)).to_string(), "TooEarly(accepted: 2023-11-14T22:13:20Z)");
    assert_eq!(Revert::decode(&early(17)).to_string(), "TooEarly(accepted: 17)");
    assert_eq!(Revert::decode(&early(u64::MAX)).to_string(), format!("TooEarly(accepted: {})", u64::MAX));
    assert_eq!(Revert::decode(&[0x0a]).to_string(), "an unknown error, 1 bytes: 0x0a");
    assert_eq!(Revert::decode(&[]), Revert::Silent);
    assert!(Revert::decode(&Reason::from("no coin").abi_encode()).to_string().contains("no coin"));
    let overflow = Panic { code: U256::from(0x11) };
    assert!(Revert::decode(&overflow.abi_encode()).to_string().to_lowercase().contains("overflow"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_something(data in prop::collection::vec(any::<u8>(), 0..300), known in any::<bool>()) {
        let mut data = data;
        if known && data.len() >= 4 {
            data[..4].copy_from_slice(&Providers::TooLittleBond::SELECTOR);
        }
        prop_assert!(Revert::decode(&data).to_string().len() < 2_000);
    }
}

/// A real refusal by a real node, with the contract's own numbers.
#[tokio::test]
async fn a_node_tells_why() {
    let anvil = Anvil::start();
    for url in [anvil.http(), anvil.ws()] {
        let mut w = World::start(&url).await;
        let asset = w.stocked().await;
        let bond = w.market.deployment().parameters.ratio;
        let free = w.market.free_bond(w.node(), w.provider.address, NATIVE).await.unwrap();
        w.send(|w| &w.provider, w.market.unbond(NATIVE, free - U256::from(3)).unwrap()).await.unwrap();
        let mut opening = w.opening(asset, U256::from(1));
        opening.max_price = U256::MAX;
        let error = w.send(|w| &w.user, w.market.open(&opening).unwrap()).await.unwrap_err();
        assert!(!error.is_retryable());
        let Error::Reverted { why, .. } = error else { panic!("{error}") };
        assert_eq!(why.to_string(), format!("TooLittleBond(free: 3, needed: {bond})"));
    }
}
