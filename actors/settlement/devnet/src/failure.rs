//! What a client is told: the codes and texts of JSON-RPC and of Ethereum's clients.
//!
//! Libraries decide by them (a nonce that is too low is fetched again, a revert is decoded from `data`), so codes and texts are those
//! of anvil, which `tests/it` compares. Codes: JSON-RPC 2.0, EIP-1474, and 3 for a revert as geth has it.

use std::borrow::Cow;

use alloy::{
    primitives::Bytes,
    sol_types::{GenericContractError, SolInterface},
};
use revm::context_interface::result::{HaltReason, InvalidTransaction};

/// Why a request has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct Failure {
    /// The code of JSON-RPC or EIP-1474.
    pub code: i64,
    /// For people, and for libraries that look for words in it.
    pub message: Cow<'static, str>,
    /// What a contract reverted with.
    pub data: Option<Bytes>,
}

impl Failure {
    fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub(crate) fn parse(why: impl std::fmt::Display) -> Self {
        Self::new(-32700, format!("Parse error: {why}"))
    }

    pub(crate) fn request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32600, message)
    }

    pub(crate) fn no_method(name: &str) -> Self {
        let shown: String = name.chars().take(64).collect();
        Self::new(-32601, format!("Method not found: {shown:?}"))
    }

    pub(crate) fn params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32602, message)
    }

    pub(crate) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32603, message)
    }

    /// A limit of this node (EIP-1474).
    pub(crate) fn limit(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32005, message)
    }

    /// A transaction that is not taken (EIP-1474).
    pub(crate) fn rejected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32003, message)
    }

    pub(crate) fn server(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(-32000, message)
    }

    pub(crate) fn no_block() -> Self {
        Self::new(-32001, "Resource not found")
    }

    /// What a contract said when it reverted.
    pub(crate) fn revert(data: Bytes) -> Self {
        let message = match reason(&data) {
            Some(reason) => format!("execution reverted: {reason}"),
            None => "execution reverted".into(),
        };
        Self { code: 3, message: message.into(), data: Some(data) }
    }

    pub(crate) fn halt(reason: &HaltReason) -> Self {
        match reason {
            HaltReason::OutOfGas(_) => Self::internal("EVM error OutOfGas"),
            other => Self::internal(format!("EVM error {other:?}")),
        }
    }

    /// A transaction that the machine refuses before it begins.
    pub(crate) fn invalid(why: InvalidTransaction) -> Self {
        use InvalidTransaction as Why;
        match why {
            Why::InvalidChainId | Why::MissingChainId => Self::rejected("invalid chain id for signer"),
            Why::PriorityFeeGreaterThanMaxFee => Self::rejected("max priority fee per gas higher than max fee per gas"),
            Why::GasPriceLessThanBasefee => Self::rejected("max fee per gas less than block base fee"),
            Why::CallerGasLimitMoreThanBlock => {
                Self::server("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit")
            }
            Why::CallGasCostMoreThanGasLimit { .. } | Why::GasFloorMoreThanGasLimit { .. } => {
                Self::server("intrinsic gas too low")
            }
            Why::RejectCallerWithCode => Self::rejected("sender not an eoa"),
            Why::LackOfFundForMaxFee { .. } => Self::rejected("Insufficient funds for gas * price + value"),
            Why::OverflowPaymentInTransaction => Self::rejected("gas uint64 overflow"),
            Why::NonceOverflowInTransaction => Self::rejected("nonce has max value"),
            Why::NonceTooHigh { .. } => Self::rejected("Nonce too high"),
            Why::NonceTooLow { .. } => Self::rejected("nonce too low"),
            Why::CreateInitCodeSizeLimit => Self::rejected("max initcode size exceeded"),
            other => Self::rejected(other.to_string()),
        }
    }
}

/// `Error(string)` and `Panic(uint256)` as text, other errors by their selector.
fn reason(data: &[u8]) -> Option<String> {
    const SHOWN: usize = 1024;
    if data.is_empty() {
        return None;
    }
    let text = match GenericContractError::abi_decode(data) {
        Ok(GenericContractError::Revert(revert)) => revert.reason,
        Ok(GenericContractError::Panic(panic)) => panic.to_string(),
        Err(_) => match data.split_first_chunk::<4>() {
            Some((selector, [])) => format!("custom error 0x{}", alloy::hex::encode(selector)),
            Some((selector, rest)) => {
                let rest = alloy::hex::encode(&rest[..rest.len().min(SHOWN)]);
                format!("custom error 0x{}: {rest}", alloy::hex::encode(selector))
            }
            None => format!("custom error bytes 0x{}", alloy::hex::encode(data)),
        },
    };
    Some(text.chars().take(4 * SHOWN).collect())
}
