//! Questions about accounts, contracts, blocks and transactions.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, Bytes, U256, keccak256},
    rpc::types::{self as rpc, TransactionReceipt, TransactionRequest},
};
use serde_json::value::RawValue;

use super::{
    Answer, answer,
    params::{Params, at, quantity},
};
use crate::{
    Shared,
    chain::{At, Chain, block::Mined},
};

pub fn sha3(params: &mut Params) -> Answer {
    let bytes: Bytes = params.get(0, "bytes")?;
    answer(keccak256(bytes))
}

pub fn block_number(shared: &Shared) -> Answer {
    answer(quantity(shared.chain()?.head().header.number))
}

pub fn balance(shared: &Shared, params: &mut Params) -> Answer {
    let (address, block): (Address, _) = (params.get(0, "address")?, params.block(1)?);
    let chain = shared.chain()?;
    answer(chain.view(at(&chain, block)?).basics(address).balance)
}

pub fn nonce(shared: &Shared, params: &mut Params) -> Answer {
    let (address, block) = (params.get(0, "address")?, params.block(1)?);
    let chain = shared.chain()?;
    answer(quantity(chain.nonce(address, at(&chain, block)?)))
}

pub fn code(shared: &Shared, params: &mut Params) -> Answer {
    let (address, block) = (params.get(0, "address")?, params.block(1)?);
    let chain = shared.chain()?;
    answer(chain.view(at(&chain, block)?).code(address))
}

pub fn slot(shared: &Shared, params: &mut Params) -> Answer {
    let (address, slot): (_, U256) = (params.get(0, "address")?, params.get(1, "slot")?);
    let block = params.block(2)?;
    let chain = shared.chain()?;
    answer(B256::from(chain.view(at(&chain, block)?).slot(address, slot)))
}

pub fn call(shared: &Shared, params: &mut Params) -> Answer {
    let request: TransactionRequest = params.get(0, "transaction")?;
    let block = params.block(1)?;
    params.none(2, "state overrides")?;
    params.none(3, "block overrides")?;
    let chain = shared.chain()?;
    answer(chain.call(&request, at(&chain, block)?)?)
}

pub fn estimate(shared: &Shared, params: &mut Params) -> Answer {
    let request: TransactionRequest = params.get(0, "transaction")?;
    // It is the next block that the transaction will be in.
    let block = params.opt(1, "block")?.unwrap_or(BlockId::Number(BlockNumberOrTag::Pending));
    params.none(2, "state overrides")?;
    let chain = shared.chain()?;
    answer(quantity(chain.estimate(&request, at(&chain, block)?)?))
}

/// A mined block, or none: one that is not mined yet has no hash that would hold.
fn mined(chain: &Chain, id: BlockId) -> Option<&Mined> {
    match chain.find(id)? {
        At::Block(number) => chain.blocks().get(number),
        At::Next => None,
    }
}

fn block(shared: &Shared, id: BlockId, full: bool) -> Answer {
    let chain = shared.chain()?;
    answer(mined(&chain, id).map(|mined| mined.block(full)))
}

pub fn block_by_number(shared: &Shared, params: &mut Params) -> Answer {
    let tag: BlockNumberOrTag = params.get(0, "block")?;
    block(shared, tag.into(), params.opt(1, "whether whole transactions are asked for")?.unwrap_or(false))
}

pub fn block_by_hash(shared: &Shared, params: &mut Params) -> Answer {
    let hash: B256 = params.get(0, "block hash")?;
    block(shared, hash.into(), params.opt(1, "whether whole transactions are asked for")?.unwrap_or(false))
}

fn count(shared: &Shared, id: BlockId) -> Answer {
    let chain = shared.chain()?;
    answer(mined(&chain, id).map(|mined| quantity(mined.transactions.len() as u64)))
}

pub fn count_by_number(shared: &Shared, params: &mut Params) -> Answer {
    count(shared, params.get::<BlockNumberOrTag>(0, "block")?.into())
}

pub fn count_by_hash(shared: &Shared, params: &mut Params) -> Answer {
    count(shared, params.get::<B256>(0, "block hash")?.into())
}

pub fn block_receipts(shared: &Shared, params: &mut Params) -> Answer {
    let id = params.get(0, "block")?;
    let chain = shared.chain()?;
    let receipts = mined(&chain, id).map(|mined| {
        (0..mined.transactions.len()).filter_map(|index| mined.receipt(index)).collect::<Vec<TransactionReceipt>>()
    });
    answer(receipts)
}

pub fn transaction(shared: &Shared, params: &mut Params) -> Answer {
    let hash = params.get(0, "transaction hash")?;
    let chain = shared.chain()?;
    if let Some((mined, index)) = chain.place(hash) {
        return answer(mined.transaction(index));
    }
    let waiting = chain.waiting(hash).map(|waiting| rpc::Transaction {
        inner: waiting.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    });
    answer(waiting)
}

pub fn transaction_in_block(shared: &Shared, params: &mut Params) -> Answer {
    let (id, index) = (params.get(0, "block")?, params.number(1, "index")?);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let chain = shared.chain()?;
    answer(mined(&chain, id).and_then(|mined| mined.transaction(index)))
}

pub fn receipt(shared: &Shared, params: &mut Params) -> Answer {
    let hash = params.get(0, "transaction hash")?;
    let receipt = shared.chain()?.place(hash).and_then(|(mined, index)| mined.receipt(index));
    match receipt {
        Some(receipt) => answer(receipt),
        None => Ok(RawValue::NULL.to_owned()),
    }
}
