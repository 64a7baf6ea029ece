//! The parts of answers that are used.

use alloy::primitives::{Address, B256, U64, U256};
use serde::{Deserialize, Serialize};

pub(crate) use alloy::rpc::types::Log;

/// A block without what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawHeader", into = "RawHeader")]
pub(crate) struct Header {
    pub number: u64,
    pub hash: B256,
    pub parent: B256,
    /// Seconds since 1970, by the chain's clock.
    pub timestamp: u64,
    /// Wei per gas, where the chain has one.
    pub base_fee: Option<u128>,
    pub gas_limit: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeader {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    #[serde(default)]
    base_fee_per_gas: Option<U256>,
    #[serde(default)]
    gas_limit: Option<U256>,
}

impl TryFrom<RawHeader> for Header {
    type Error = &'static str;

    fn try_from(raw: RawHeader) -> Result<Self, Self::Error> {
        Ok(Self {
            number: raw.number.to(),
            hash: raw.hash,
            parent: raw.parent_hash,
            timestamp: raw.timestamp.to(),
            base_fee: raw
                .base_fee_per_gas
                .map(|fee| fee.try_into().map_err(|_| "a base fee beyond all coin"))
                .transpose()?,
            // Some chains say "no limit" with a number of 256 bits.
            gas_limit: raw.gas_limit.map(|gas| gas.saturating_to()),
        })
    }
}

impl From<Header> for RawHeader {
    fn from(header: Header) -> Self {
        Self {
            number: U64::from(header.number),
            hash: header.hash,
            parent_hash: header.parent,
            timestamp: U64::from(header.timestamp),
            base_fee_per_gas: header.base_fee.map(U256::from),
            gas_limit: header.gas_limit.map(U256::from),
        }
    }
}

/// A block with the hashes of its transactions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Block {
    #[serde(flatten)]
    pub header: Header,
    #[serde(default)]
    pub transactions: Vec<B256>,
}

/// A block with its transactions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entries {
    #[serde(flatten)]
    pub header: Header,
    #[serde(default)]
    pub transactions: Vec<Entry>,
}

/// Who sent a transaction, and under which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub hash: B256,
    pub from: Address,
    pub nonce: U64,
}

/// What became of a transaction, as a node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub transaction_hash: B256,
    pub block_hash: B256,
    pub block_number: U64,
    pub from: Address,
    pub status: U64,
}
