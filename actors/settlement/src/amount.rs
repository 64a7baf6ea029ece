//! Amounts of native coin: integers of wei, shown and read exactly.
//!
//! Inside is wei, always. People see coin and, where the coin is a bitcoin, sats (1 sat = 10¹⁰ wei on every chain here, whose coins
//! have 18 decimals); where it isn't, gwei. All digits are shown that aren't zero, and what is read is never rounded:
//! more decimals than a unit has are an error. There are no floats.

use alloy::primitives::U256;

use crate::{Error, chain::Preset, error::cut};

/// A chain's native coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Coin {
    /// As people write it: `RBTC`.
    pub symbol: &'static str,
    /// Whether one coin is one bitcoin, so that sats mean something.
    pub bitcoin: bool,
}

/// Decimals of every coin here.
pub const DECIMALS: u8 = 18;
/// Decimals of a sat in wei.
const SAT: u8 = 10;
/// Decimals of a gwei in wei.
const GWEI: u8 = 9;
/// Longest text that is read, in bytes: 78 digits, a point and a unit fit.
const LONGEST: usize = 120;

impl Coin {
    /// A coin that is a bitcoin.
    pub const fn bitcoin(symbol: &'static str) -> Self {
        Self { symbol, bitcoin: true }
    }

    /// Coin of the devnets: ether by name, a bitcoin by nothing.
    pub const ETHER: Self = Self { symbol: "ETH", bitcoin: false };

    /// Of the chain of this number: a preset's, or ether.
    pub fn of(chain: u64) -> Self {
        Preset::of(chain).map_or(Self::ETHER, |preset| preset.coin)
    }

    /// In coin and in its smaller unit: `0.0015 RBTC (150000 sat)`.
    pub fn show(&self, wei: U256) -> String {
        let (small, decimals) = if self.bitcoin { ("sat", SAT) } else { ("gwei", GWEI) };
        format!("{} {} ({} {small})", decimal(wei, DECIMALS), self.symbol, decimal(wei, decimals))
    }

    /// In coin alone: `0.0015 RBTC`.
    pub fn show_coin(&self, wei: U256) -> String {
        format!("{} {}", decimal(wei, DECIMALS), self.symbol)
    }

    /// Wei of a text of a number and a unit: `0.001 rbtc`, `1500 sat`, `20 gwei`, `1 wei`; capitals don't matter, and `btc` is the coin where that is a
    /// bitcoin. An error where the unit is missing or another chain's, or there are more decimals than it has.
    pub fn parse(&self, text: &str) -> Result<U256, Error> {
        let refused = |why: String| Error::Amount { text: cut(text), why };
        if text.len() > LONGEST {
            return Err(refused(format!("longer than {LONGEST} bytes")));
        }
        let trimmed = text.trim();
        let end = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let unit = unit.trim().to_ascii_lowercase();
        let decimals = match unit.as_str() {
            "wei" => 0,
            "gwei" => GWEI,
            "sat" | "sats" if self.bitcoin => SAT,
            "btc" if self.bitcoin => DECIMALS,
            unit if unit == self.symbol.to_ascii_lowercase() => DECIMALS,
            unit => {
                let (coin, sat) = (self.symbol, if self.bitcoin { ", sat" } else { "" });
                let why = match unit {
                    "sat" | "sats" | "btc" => {
                        format!("this chain's coin is {coin}, which is no bitcoin and has no sat; ")
                    }
                    _ => String::new(),
                };
                return Err(refused(format!("{why}a number and one of {coin}{sat}, gwei, wei are accepted")));
            }
        };
        read(number, decimals).map_err(refused)
    }
}

/// `wei / 10^decimals`, exactly: no zeros behind, and no point where nothing is behind it.
pub fn decimal(wei: U256, decimals: u8) -> String {
    let digits = wei.to_string();
    let decimals = usize::from(decimals);
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, part) = padded.split_at(padded.len() - decimals);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.into() } else { format!("{whole}.{part}") }
}

/// `number · 10^decimals`, or why not.
fn read(number: &str, decimals: u8) -> Result<U256, String> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (part.is_empty() && number.ends_with('.')) {
        return Err("digits are needed on both sides of a point".into());
    }
    if part.contains('.') {
        return Err("more than one point".into());
    }
    if part.len() > usize::from(decimals) {
        return Err(format!("more than {decimals} decimals"));
    }
    let digits = format!("{whole}{part:0<width$}", width = usize::from(decimals));
    U256::from_str_radix(&digits, 10).map_err(|_| "more than 2²⁵⁶ wei".into())
}

/// Serde of wei as a text of decimal digits: JSON's numbers are too small for some, and hexadecimal isn't for people.
pub mod wei {
    use alloy::primitives::U256;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    /// Writes it.
    pub fn serialize<S: Serializer>(wei: &U256, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(wei)
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
        let text = String::deserialize(from)?;
        let digits = !text.is_empty() && text.len() <= 78 && text.bytes().all(|c| c.is_ascii_digit());
        let number = digits.then(|| U256::from_str_radix(&text, 10).ok()).flatten();
        number.ok_or_else(|| D::Error::custom("wei are a text of decimal digits, below 2²⁵⁶"))
    }
}
