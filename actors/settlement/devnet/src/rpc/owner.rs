//! What the owner of a devnet may do to it: move its clock, mine, write accounts, go back. Names are those of Ganache, Hardhat and anvil.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;

use super::{
    Answer, answer,
    params::{Params, quantity},
};
use crate::Shared;

pub fn mine_one(shared: &Shared, params: &mut Params) -> Answer {
    #[derive(Deserialize)]
    struct Options {
        timestamp: Option<U256>,
        blocks: Option<u64>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum How {
        Timestamp(U256),
        Options(Options),
    }
    let (timestamp, blocks) = match params.opt(0, "timestamp")? {
        None => (None, 1),
        Some(How::Timestamp(timestamp)) => (Some(timestamp), 1),
        Some(How::Options(options)) => (options.timestamp, options.blocks.unwrap_or(1)),
    };
    let mut chain = shared.chain()?;
    if let Some(timestamp) = timestamp {
        chain.set_next_timestamp(u64::try_from(timestamp).unwrap_or(u64::MAX))?;
    }
    chain.mine_many(blocks, None)?;
    answer("0x0")
}

pub fn mine(shared: &Shared, params: &mut Params) -> Answer {
    let count = params.opt_number(0, "how many blocks")?.unwrap_or(1);
    let between = params.opt_number(1, "seconds between them")?;
    shared.chain()?.mine_many(count, between)?;
    answer(())
}

pub fn advance(shared: &Shared, params: &mut Params) -> Answer {
    let seconds = params.number(0, "seconds")?;
    answer(shared.chain()?.advance(seconds)?)
}

pub fn set_next_timestamp(shared: &Shared, params: &mut Params) -> Answer {
    let timestamp = params.number(0, "timestamp")?;
    answer(shared.chain()?.set_next_timestamp(timestamp)?)
}

pub fn set_pace(shared: &Shared, params: &mut Params) -> Answer {
    let seconds = params.number(0, "seconds")?;
    answer(shared.chain()?.set_pace(seconds)?)
}

pub fn remove_pace(shared: &Shared) -> Answer {
    shared.chain()?.set_pace(0)?;
    answer(true)
}

pub fn set_automine(shared: &Shared, params: &mut Params) -> Answer {
    let automine = params.get(0, "whether to mine")?;
    shared.chain()?.set_automine(automine);
    answer(())
}

pub fn automine(shared: &Shared) -> Answer {
    answer(shared.chain()?.automine)
}

pub fn snapshot(shared: &Shared) -> Answer {
    answer(quantity(shared.chain()?.snapshot()?))
}

pub fn revert(shared: &Shared, params: &mut Params) -> Answer {
    let id = params.number(0, "snapshot")?;
    answer(shared.chain()?.revert(id)?)
}

pub fn set_balance(shared: &Shared, params: &mut Params) -> Answer {
    let (address, balance): (Address, U256) = (params.get(0, "address")?, params.get(1, "balance")?);
    shared.chain()?.set_account(address, Some(balance), None, None)?;
    answer(())
}

pub fn set_nonce(shared: &Shared, params: &mut Params) -> Answer {
    let (address, nonce): (Address, u64) = (params.get(0, "address")?, params.number(1, "nonce")?);
    shared.chain()?.set_account(address, None, Some(nonce), None)?;
    answer(())
}

pub fn set_code(shared: &Shared, params: &mut Params) -> Answer {
    let (address, code): (Address, Bytes) = (params.get(0, "address")?, params.get(1, "code")?);
    shared.chain()?.set_account(address, None, None, Some(code))?;
    answer(())
}

pub fn set_slot(shared: &Shared, params: &mut Params) -> Answer {
    let (address, slot): (Address, U256) = (params.get(0, "address")?, params.get(1, "slot")?);
    let value: B256 = params.get(2, "value")?;
    shared.chain()?.set_slot(address, slot, value.into())?;
    answer(true)
}
