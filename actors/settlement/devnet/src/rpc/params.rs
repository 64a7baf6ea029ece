//! The parameters of a request: an array of few values, each read as what its method wants.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{U64, U256},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::{Failure, chain::At};

/// Most parameters of a request.
const MOST: usize = 16;

/// Parameters by position.
#[derive(Debug, Default)]
pub struct Params(Vec<Value>);

impl Params {
    /// Reads an array; nothing and `null` are an empty one.
    pub fn read(raw: Option<&RawValue>) -> Result<Self, Failure> {
        let Some(raw) = raw else { return Ok(Self::default()) };
        let values: Option<Vec<Value>> = serde_json::from_str(raw.get())
            .map_err(|why| Failure::params(format!("found {why}; accepted: an array")))?;
        let values = values.unwrap_or_default();
        if values.len() > MOST {
            return Err(Failure::params(format!("found {} parameters; accepted: at most {MOST}", values.len())));
        }
        Ok(Self(values))
    }

    /// A parameter that must be there.
    pub fn get<T: DeserializeOwned>(&mut self, index: usize, what: &str) -> Result<T, Failure> {
        self.opt(index, what)?.ok_or_else(|| Failure::params(format!("{what}: missing (parameter {index})")))
    }

    /// A parameter that may be missing or `null`.
    pub fn opt<T: DeserializeOwned>(&mut self, index: usize, what: &str) -> Result<Option<T>, Failure> {
        let Some(value) = self.0.get_mut(index).map(Value::take).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        serde_json::from_value(value).map(Some).map_err(|why| Failure::params(format!("{what}: {why}")))
    }

    /// A number, as JSON has it or in hexadecimal.
    pub fn number(&mut self, index: usize, what: &str) -> Result<u64, Failure> {
        self.opt_number(index, what)?.ok_or_else(|| Failure::params(format!("{what}: missing (parameter {index})")))
    }

    /// As [`Self::number`], and may be missing.
    pub fn opt_number(&mut self, index: usize, what: &str) -> Result<Option<u64>, Failure> {
        // Numbers that don't fit are refused, not cut: 256 bits are read first.
        let Some(number) = self.opt::<U256>(index, what)? else { return Ok(None) };
        u64::try_from(number).map(Some).map_err(|_| Failure::params(format!("{what}: found more than 64 bits")))
    }

    /// Which block; the last one if nothing is said.
    pub fn block(&mut self, index: usize) -> Result<BlockId, Failure> {
        Ok(self.opt(index, "block")?.unwrap_or(BlockId::Number(BlockNumberOrTag::Latest)))
    }

    /// Refuses what a method may be given and this node doesn't do.
    pub fn none(&mut self, index: usize, what: &str) -> Result<(), Failure> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Object(map)) if map.is_empty() => Ok(()),
            Some(_) => Err(Failure::params(format!("{what} are not supported"))),
        }
    }
}

/// The block that a question is about.
pub fn at(chain: &crate::chain::Chain, id: BlockId) -> Result<At, Failure> {
    chain.find(id).ok_or_else(|| match id {
        BlockId::Number(BlockNumberOrTag::Number(number)) => out_of_range(chain.head().header.number, number),
        _ => Failure::no_block(),
    })
}

/// A block that is not there yet.
pub fn out_of_range(last: u64, found: u64) -> Failure {
    Failure::params(format!("BlockOutOfRangeError: block height is {last} but requested was {found}"))
}

/// A number as clients want it.
pub fn quantity(number: u64) -> U64 {
    U64::from(number)
}
