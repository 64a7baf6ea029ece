//! Questions to contracts: calls, and how much gas a transaction would need.

use alloy::{
    primitives::{Bytes, U256},
    rpc::types::TransactionRequest,
};
use revm::context_interface::result::{ExecutionResult, HaltReason};

use super::{At, Chain, machine};
use crate::Failure;

/// What the cheapest transaction takes.
const TRANSFER: u64 = 21_000;

impl Chain {
    /// What a call returns.
    pub fn call(&self, request: &TransactionRequest, at: At) -> Result<Bytes, Failure> {
        let gas = request.gas.unwrap_or(self.genesis.gas_limit).min(self.genesis.gas_limit);
        match self.run(request, at, gas)? {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(Failure::revert(output)),
            ExecutionResult::Halt { reason, .. } => Err(Failure::halt(&reason)),
        }
    }

    fn run(&self, request: &TransactionRequest, at: At, gas: u64) -> Result<ExecutionResult, Failure> {
        machine::call(self.view(at), self.genesis.chain_id, &self.setting(at), request, gas)
    }

    /// The least gas limit with which a transaction succeeds: found by halving, so that it holds where a contract keeps a part of the
    /// gas back or asks how much is left.
    pub fn estimate(&self, request: &TransactionRequest, at: At) -> Result<u64, Failure> {
        let view = self.view(at);
        if let Some(alloy::primitives::TxKind::Call(to)) = request.to
            && request.input.input().is_none_or(|input| input.is_empty())
            && view.code(to).is_empty()
            && request.access_list.is_none()
        {
            let value = request.value.unwrap_or_default();
            if value > view.basics(request.from.unwrap_or_default()).balance {
                return Err(Failure::rejected("Insufficient funds for gas * price + value"));
            }
            return Ok(TRANSFER);
        }
        let mut most = request.gas.unwrap_or(self.genesis.gas_limit).min(self.genesis.gas_limit);
        let (price, _) = machine::price(request)?;
        if price > 0 {
            let balance = view.basics(request.from.unwrap_or_default()).balance;
            let Some(left) = balance.checked_sub(request.value.unwrap_or_default()) else {
                return Err(Failure::rejected("Insufficient funds for gas * price + value"));
            };
            most = most.min(u64::try_from(left / U256::from(price)).unwrap_or(u64::MAX));
        }
        match self.run(request, at, most)? {
            ExecutionResult::Success { .. } => {}
            ExecutionResult::Revert { output, .. } => return Err(Failure::revert(output)),
            ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } => return Err(out_of_gas(most)),
            ExecutionResult::Halt { reason, .. } => return Err(Failure::halt(&reason)),
        }
        let (mut too_little, mut enough) = (TRANSFER - 1, most);
        while enough - too_little > 1 {
            let middle = too_little + (enough - too_little) / 2;
            // What it is refused or fails with is a matter of gas: with more it succeeded.
            match self.run(request, at, middle) {
                Ok(ExecutionResult::Success { .. }) => enough = middle,
                _ => too_little = middle,
            }
        }
        Ok(enough)
    }
}

fn out_of_gas(limit: u64) -> Failure {
    Failure::rejected(format!("Out of gas: gas required exceeds allowance: {limit}"))
}
