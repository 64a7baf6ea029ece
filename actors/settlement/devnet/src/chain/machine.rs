//! The EVM: one transaction or call on a state.
//!
//! The rules are those of the Paris fork. Contracts here are compiled for it, and the chains that they are for lag behind Ethereum: what
//! runs here needs no later instruction (`PUSH0` of Shanghai, `MCOPY` and transient storage of Cancun are invalid), so that a contract
//! that was built for a later fork by mistake fails on the laptop and not on the chain.

use std::convert::Infallible;

use alloy::{
    consensus::{Transaction as _, TxEnvelope, Typed2718, transaction::Recovered},
    primitives::{Address, B256, TxKind, U256},
    rpc::types::TransactionRequest,
};
use revm::{
    Context, ExecuteEvm, MainBuilder,
    context::{BlockEnv, CfgEnv, TxEnv},
    context_interface::result::{EVMError, ExecutionResult, ResultAndState},
    primitives::hardfork::SpecId,
};

use super::state::View;
use crate::Failure;

/// The fork.
pub const SPEC: SpecId = SpecId::MERGE;

/// What a block tells the code that runs in it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub number: u64,
    pub timestamp: u64,
    pub gas_limit: u64,
    pub base_fee: u64,
    pub randomness: B256,
}

impl Setting {
    fn block(&self) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: Address::ZERO,
            timestamp: U256::from(self.timestamp),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: U256::ZERO,
            prevrandao: Some(self.randomness),
            blob_excess_gas_and_price: None,
            slot_num: 0,
        }
    }
}

/// How a transaction or call went.
pub type Ran = ResultAndState;

fn run(view: View<'_>, rules: CfgEnv, setting: &Setting, tx: TxEnv) -> Result<Ran, Failure> {
    let context: Context<BlockEnv, TxEnv, CfgEnv, View<'_>> = Context::new(view, SPEC);
    let mut machine = context.with_cfg(rules).with_block(setting.block()).build_mainnet();
    machine.transact(tx).map_err(|error: EVMError<Infallible>| match error {
        EVMError::Transaction(why) => Failure::invalid(why),
        other => Failure::internal(other.to_string()),
    })
}

fn rules(chain_id: u64) -> CfgEnv {
    CfgEnv::new_with_spec(SPEC).with_chain_id(chain_id)
}

/// Runs a signed transaction. What it changed is not applied.
pub fn transact(
    view: View<'_>,
    chain_id: u64,
    setting: &Setting,
    signed: &Recovered<TxEnvelope>,
) -> Result<Ran, Failure> {
    let tx = TxEnv {
        tx_type: signed.ty(),
        caller: signed.signer(),
        gas_limit: signed.gas_limit(),
        gas_price: signed.max_fee_per_gas(),
        kind: signed.kind(),
        value: signed.value(),
        data: signed.input().clone(),
        nonce: signed.nonce(),
        chain_id: signed.chain_id(),
        access_list: signed.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: signed.max_priority_fee_per_gas(),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    };
    run(view, rules(chain_id), setting, tx)
}

/// Runs a call as if it were a transaction: without a signature, a nonce, or a fee that is too low. What it changed is dropped.
pub fn call(
    view: View<'_>,
    chain_id: u64,
    setting: &Setting,
    request: &TransactionRequest,
    gas: u64,
) -> Result<ExecutionResult, Failure> {
    let mut rules = rules(chain_id);
    rules.disable_nonce_check = true;
    rules.disable_base_fee = true;
    rules.disable_block_gas_limit = true;
    // A call may be made in the name of a contract.
    rules.disable_eip3607 = true;
    let (price, tip) = price(request)?;
    let tx = TxEnv {
        tx_type: match (tip, &request.access_list) {
            (Some(_), _) => 2,
            (None, Some(_)) => 1,
            (None, None) => 0,
        },
        caller: request.from.unwrap_or_default(),
        gas_limit: gas,
        gas_price: price,
        kind: request.to.unwrap_or(TxKind::Create),
        value: request.value.unwrap_or_default(),
        data: request.input.input().cloned().unwrap_or_default(),
        nonce: 0,
        // One that says how it pays (EIP-1559) is of no chain without it.
        chain_id: Some(chain_id),
        access_list: request.access_list.clone().unwrap_or_default(),
        gas_priority_fee: tip,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    };
    Ok(run(view, rules, setting, tx)?.result)
}

/// The fee that a call says it pays, and its part for the block's maker. None said: nothing is paid.
pub fn price(request: &TransactionRequest) -> Result<(u128, Option<u128>), Failure> {
    match (request.gas_price, request.max_fee_per_gas, request.max_priority_fee_per_gas) {
        (price, None, None) => Ok((price.unwrap_or_default(), None)),
        (_, most, tip) => {
            let (most, tip) = (most.unwrap_or_default(), tip.unwrap_or_default());
            if tip > most {
                return Err(Failure::params(
                    "Invalid input: `max_priority_fee_per_gas` greater than `max_fee_per_gas`",
                ));
            }
            Ok((most, Some(tip)))
        }
    }
}
