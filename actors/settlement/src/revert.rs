//! Why a contract refused, in words.
//!
//! All errors of all contracts are known by their four bytes, with names and values: `TooLittleBond(free: 0.3 RBTC (30000000 sat), needed: …)`. Times are shown
//! as such, and amounts in coin where the chain's is known ([`Revert::in_coin`]), else as wei. What comes from elsewhere (a token of somebody's) is shown as it is.
//! Decoding is total: any bytes give a [`Revert`].

use std::{
    collections::HashMap,
    fmt,
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use alloy::{
    dyn_abi::{DynSolValue, ErrorExt},
    json_abi::{self, JsonAbi},
    primitives::{Bytes, Selector, U256},
    rpc::json_rpc::ErrorPayload,
    sol_types::{Panic, Revert as Reason, SolError, decode_revert_reason},
};

use crate::{amount::Coin, error::cut};

/// Why a contract refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revert {
    /// One of the contracts' own errors.
    Custom {
        /// Its name.
        name: String,
        /// Its values by their names.
        values: Vec<(String, Value)>,
        /// What amounts are of, where that is known.
        coin: Option<Coin>,
    },
    /// A text, or one of the compiler's own errors.
    Reason(String),
    /// What no contract here gives.
    Unknown(Bytes),
    /// Nothing was said, or the node doesn't tell.
    Silent,
}

/// A value of a contract's error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// As people read it.
    Text(String),
    /// Wei of the chain's coin.
    Amount(U256),
    /// Seconds since 1970 by the chain's clock.
    Time(u64),
}

/// Names of values that are wei, each after its error's.
const AMOUNTS: [(&str, &str); 9] = [
    ("BadAmount", "amount"),
    ("BadVoucher", "accepted"),
    ("BadVoucher", "amount"),
    ("TooDear", "accepted"),
    ("TooDear", "price"),
    ("TooLittleBond", "free"),
    ("TooLittleBond", "needed"),
    ("WrongCoin", "accepted"),
    ("WrongCoin", "sent"),
];
/// Errors whose value is a time. That of `TooEarly` may be a block's number, which is below [`TIMES`].
const TIMED: [&str; 5] = ["ERC2612ExpiredSignature", "Early", "Late", "TooEarly", "TooLate"];
/// What is taken for a time: from 2001 to 9999.
const TIMES: std::ops::RangeInclusive<u64> = 1_000_000_000..=253_402_300_799;

/// Every error of the contracts.
static ERRORS: LazyLock<HashMap<Selector, json_abi::Error>> = LazyLock::new(|| {
    // A file of ours, that a test reads.
    let all: JsonAbi = serde_json::from_str(include_str!("../artifacts/errors.json")).unwrap_or_default();
    all.errors.into_values().flatten().map(|error| (error.selector(), error)).collect()
});

impl Revert {
    /// What these bytes, which a call gave back as it failed, say.
    pub fn decode(data: &[u8]) -> Self {
        if data.is_empty() {
            return Self::Silent;
        }
        let known = data.first_chunk::<4>().and_then(|four| ERRORS.get(&Selector::from(*four)));
        if let Some(error) = known
            && let Ok(decoded) = error.decode_error(data)
        {
            let values = error.inputs.iter().zip(&decoded.body);
            let values = values.map(|(input, value)| (input.name.clone(), read(&error.name, input, value))).collect();
            return Self::Custom { name: error.name.clone(), values, coin: None };
        }
        // That function takes anything for a text.
        let standard = data.starts_with(&Reason::SELECTOR) || data.starts_with(&Panic::SELECTOR);
        match decode_revert_reason(data) {
            Some(reason) if standard => Self::Reason(cut(&reason)),
            _ => Self::Unknown(Bytes::copy_from_slice(data)),
        }
    }

    /// What a node's error says, or `None` where it isn't about a contract that refused.
    pub fn of(payload: &ErrorPayload) -> Option<Self> {
        if let Some(data) = payload.as_revert_data() {
            return Some(Self::decode(&data));
        }
        // Nodes that don't tell the bytes say so in words.
        payload.message.to_ascii_lowercase().contains("revert").then_some(Self::Silent)
    }

    /// The same with amounts shown in this coin.
    #[must_use]
    pub fn in_coin(self, coin: Coin) -> Self {
        match self {
            Self::Custom { name, values, .. } => Self::Custom { name, values, coin: Some(coin) },
            other => other,
        }
    }

    /// Name of the contracts' own error.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Custom { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Custom { name, values, coin } => {
                write!(f, "{name}(")?;
                for (i, (name, value)) in values.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}{name}: ")?;
                    match value {
                        Value::Text(text) => f.write_str(text)?,
                        Value::Amount(wei) => match coin {
                            Some(coin) => f.write_str(&coin.show(*wei))?,
                            None => write!(f, "{wei}")?,
                        },
                        Value::Time(seconds) => write!(f, "{}", moment(*seconds))?,
                    }
                }
                f.write_str(")")
            }
            Self::Reason(reason) => f.write_str(reason),
            Self::Unknown(data) => {
                let shown = &data[..data.len().min(36)];
                write!(f, "an unknown error, {} bytes: {}", data.len(), Bytes::copy_from_slice(shown))
            }
            Self::Silent => f.write_str("no reason given"),
        }
    }
}

/// A time of the chain's: `2026-11-29T10:19:22Z`.
fn moment(seconds: u64) -> impl fmt::Display {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(*TIMES.end())))
}

/// What a value of an error is.
fn read(error: &str, input: &json_abi::Param, value: &DynSolValue) -> Value {
    match value {
        DynSolValue::Uint(wei, _) if AMOUNTS.contains(&(error, &input.name)) => Value::Amount(*wei),
        DynSolValue::Uint(seconds, _) if TIMED.contains(&error) => match u64::try_from(*seconds) {
            Ok(seconds) if TIMES.contains(&seconds) => Value::Time(seconds),
            _ => Value::Text(show(input, value)),
        },
        _ => Value::Text(show(input, value)),
    }
}

/// A value as people read it; enumerations by name.
fn show(input: &json_abi::Param, value: &DynSolValue) -> String {
    match value {
        DynSolValue::Uint(number, _) => name(input, *number).map_or_else(|| number.to_string(), String::from),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Bool(is) => is.to_string(),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::FixedBytes(word, size) => Bytes::copy_from_slice(&word[..*size]).to_string(),
        DynSolValue::Bytes(bytes) => cut(&Bytes::copy_from_slice(bytes).to_string()),
        DynSolValue::String(text) => format!("{:?}", cut(text)),
        other => cut(&format!("{other:?}")),
    }
}

/// Name of an enumeration's value, which the bindings don't keep.
fn name(input: &json_abi::Param, number: U256) -> Option<&'static str> {
    let (_, of) = input.internal_type.as_ref()?.as_enum()?;
    let names: &[_] = match of {
        "Status" => &["None", "Open", "Closing", "Claimed", "Paid", "Ended"],
        "Standing" => &["None", "Active", "Leaving"],
        "Due" => &["Cut", "Choose", "Open", "Prove"],
        "Outcome" => &["None", "Conceded", "Provider", "Challenger"],
        "Verdict" => &["Upheld", "Conceded", "Refuted"],
        "Leaf" => &["Instruction", "Data"],
        _ => return None,
    };
    names.get(usize::try_from(number).ok()?).copied()
}
