//! Chains that are known by number: EVM-compatible layers on Bitcoin, and the number of a devnet's. Names and coins; no node's URL, since those
//! come and go and carry keys.

use crate::amount::Coin;

/// What is known of a chain before it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// For people and for command lines.
    pub name: &'static str,
    /// The chain's number (EIP-155).
    pub chain_id: u64,
    /// Whether its coin is worth nothing.
    pub test: bool,
    /// What gas is paid in. 18 decimals on every one of them.
    pub coin: Coin,
    /// Whether it takes legacy transactions alone, as far as is known; [`crate::chain::Report::fees`] says what its blocks say.
    pub legacy: bool,
}

const fn preset(name: &'static str, chain_id: u64, test: bool, coin: Coin, legacy: bool) -> Preset {
    Preset { name, chain_id, test, coin, legacy }
}

/// All of them.
pub const PRESETS: [Preset; 14] = [
    preset("rootstock", 30, false, Coin::bitcoin("RBTC"), true),
    preset("rootstock-testnet", 31, true, Coin::bitcoin("tRBTC"), true),
    preset("citrea", 4114, false, Coin::bitcoin("cBTC"), false),
    preset("citrea-testnet", 5115, true, Coin::bitcoin("cBTC"), false),
    preset("botanix", 3637, false, Coin::bitcoin("BTC"), false),
    preset("botanix-testnet", 3636, true, Coin::bitcoin("BTC"), false),
    preset("bitlayer", 200_901, false, Coin::bitcoin("BTC"), false),
    preset("bitlayer-testnet", 200_810, true, Coin::bitcoin("BTC"), false),
    preset("b2", 223, false, Coin::bitcoin("BTC"), true),
    preset("b2-testnet", 1_123, true, Coin::bitcoin("BTC"), true),
    preset("merlin", 4_200, false, Coin::bitcoin("BTC"), true),
    preset("merlin-testnet", 4_203, true, Coin::bitcoin("BTC"), true),
    // Gas is paid in ether there, though it is a layer of Bitcoin's.
    preset("bob", 60_808, false, Coin::ETHER, false),
    preset("bob-testnet", 808_813, true, Coin::ETHER, false),
];

impl Preset {
    /// The chain of this number.
    pub fn of(chain_id: u64) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.chain_id == chain_id)
    }

    /// The chain of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name.eq_ignore_ascii_case(name))
    }
}
