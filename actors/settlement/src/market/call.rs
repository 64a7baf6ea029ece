//! An action as a value: whoever sends it may keep it first, and send it again after a crash.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256},
    rpc::types::TransactionRequest,
    sol_types::SolCall,
};
use serde::{Deserialize, Serialize};

use crate::amount;

/// A call of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Function and arguments.
    pub input: Bytes,
    /// Native coin that goes along, in wei.
    #[serde(with = "amount::wei")]
    pub value: U256,
    /// What it does, for people: `open a session`.
    pub what: String,
}

impl Call {
    /// A call without coin.
    pub fn new(to: Address, call: impl SolCall, what: impl Into<String>) -> Self {
        Self { to, input: call.abi_encode().into(), value: U256::ZERO, what: what.into() }
    }

    /// The same with coin.
    pub fn paying(self, value: U256) -> Self {
        Self { value, ..self }
    }

    /// As a transaction, or a call, of `from`. Gas, fees and nonce are the sender's business.
    pub fn request(&self, from: Address) -> TransactionRequest {
        TransactionRequest::default()
            .with_from(from)
            .with_to(self.to)
            .with_input(self.input.clone())
            .with_value(self.value)
    }
}
