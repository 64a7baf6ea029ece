//! What is asked of a node, as little as possible: twelve methods, and of each answer only what is used.
//!
//! Bitcoin's L2s are not quite Ethereum: headers lack fields, or have some of their own, and blocks contain transactions of kinds that
//! no library knows. So answers are read leniently where a field is not needed, and strictly where it is. Every request has a
//! deadline, and no error repeats the node's address, which may contain a key.

mod answers;

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U64, U256},
    providers::{DynProvider, Provider},
    rpc::{json_rpc::RpcRecv, types::Filter},
    transports::RpcError,
};
use serde_json::{Value, json};

pub(crate) use answers::{Block, Entry, Header, Log, Receipt};

use crate::{crash::crash_point, outbox::Call, sender::Error};

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    provider: DynProvider,
    timeout: Duration,
}

/// A number as JSON-RPC writes it.
pub(crate) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

impl Rpc {
    pub fn new(provider: DynProvider, timeout: Duration) -> Self {
        Self { provider, timeout }
    }

    async fn ask<T: RpcRecv>(&self, method: &'static str, params: Value) -> Result<T, Error> {
        crash_point!("rpc {method} before");
        let answer = tokio::time::timeout(self.timeout, self.provider.raw_request(method.into(), params)).await;
        crash_point!("rpc {method} after");
        match answer {
            Err(_) => Err(Error::Timeout { method, ms: self.timeout.as_millis() }),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(RpcError::ErrorResp(payload))) => {
                let revert = payload.as_revert_data();
                Err(Error::Refused { method, code: payload.code, message: payload.message.to_string(), revert })
            }
            Ok(Err(RpcError::DeserError { err, .. })) => {
                Err(Error::Inconsistent { method, why: format!("not an answer: {err}") })
            }
            Ok(Err(RpcError::NullResp)) => Err(Error::Inconsistent { method, why: "no answer in it".into() }),
            Ok(Err(RpcError::Transport(kind))) => {
                let status =
                    kind.as_http_error().map(|http| format!("the node answered with HTTP status {}", http.status));
                Err(Error::Unreachable { method, why: status.unwrap_or("the node could not be reached".into()) })
            }
            Ok(Err(_)) => Err(Error::Unreachable { method, why: "the request could not be made".into() }),
        }
    }

    pub async fn chain_id(&self) -> Result<u64, Error> {
        Ok(self.ask::<U64>("eth_chainId", json!([])).await?.to())
    }

    /// The block that the node takes for the latest.
    pub async fn latest(&self) -> Result<Block, Error> {
        let found: Option<Block> = self.ask("eth_getBlockByNumber", json!(["latest", false])).await?;
        found.ok_or(Error::Inconsistent { method: "eth_getBlockByNumber", why: "there is no latest block".into() })
    }

    /// The block of this number, if there is one.
    pub async fn at(&self, number: u64) -> Result<Option<Block>, Error> {
        let found: Option<Block> = self.ask("eth_getBlockByNumber", json!([quantity(number), false])).await?;
        match found {
            Some(block) if block.header.number != number => Err(Error::Inconsistent {
                method: "eth_getBlockByNumber",
                why: format!("found block {}; asked for {number}", block.header.number),
            }),
            found => Ok(found),
        }
    }

    /// The hash of the chain's first block, where the node has it and it is like others.
    pub async fn first(&self) -> Result<Option<B256>, Error> {
        match self.at(0).await {
            Ok(block) => Ok(block.map(|block| block.header.hash)),
            Err(Error::Refused { .. } | Error::Inconsistent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The block of this hash, if there is one.
    pub async fn block(&self, hash: B256) -> Result<Option<Block>, Error> {
        let found: Option<Block> = self.ask("eth_getBlockByHash", json!([hash, false])).await?;
        match found {
            Some(block) if block.header.hash != hash => Err(Error::Inconsistent {
                method: "eth_getBlockByHash",
                why: format!("found block {}; asked for {hash}", block.header.hash),
            }),
            found => Ok(found),
        }
    }

    /// A block's header and who sent which of its transactions.
    pub async fn entries(&self, number: u64) -> Result<Option<(Header, Vec<Entry>)>, Error> {
        let found: Option<answers::Entries> = self.ask("eth_getBlockByNumber", json!([quantity(number), true])).await?;
        Ok(found.filter(|block| block.header.number == number).map(|block| (block.header, block.transactions)))
    }

    /// Transactions of this account up to and with the block of this number.
    pub async fn count(&self, account: Address, block: u64) -> Result<u64, Error> {
        Ok(self.ask::<U64>("eth_getTransactionCount", json!([account, quantity(block)])).await?.to())
    }

    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Error> {
        self.ask("eth_getTransactionReceipt", json!([hash])).await
    }

    pub async fn balance(&self, account: Address) -> Result<U256, Error> {
        self.ask("eth_getBalance", json!([account, "latest"])).await
    }

    /// What this call would return.
    pub async fn call(&self, from: Option<Address>, call: &Call, block: Option<u64>) -> Result<Bytes, Error> {
        let block = block.map_or("latest".into(), quantity);
        self.ask("eth_call", json!([request(from, call), block])).await
    }

    pub async fn estimate(&self, from: Address, call: &Call) -> Result<u64, Error> {
        Ok(self.ask::<U64>("eth_estimateGas", json!([request(Some(from), call)])).await?.to())
    }

    /// Wei per gas.
    pub async fn gas_price(&self) -> Result<u128, Error> {
        self.ask::<U256>("eth_gasPrice", json!([])).await.and_then(|price| wei("eth_gasPrice", price))
    }

    /// Wei per gas.
    pub async fn tip(&self) -> Result<u128, Error> {
        let method = "eth_maxPriorityFeePerGas";
        self.ask::<U256>(method, json!([])).await.and_then(|price| wei(method, price))
    }

    pub async fn send(&self, raw: &Bytes) -> Result<B256, Error> {
        self.ask("eth_sendRawTransaction", json!([raw])).await
    }

    pub async fn logs(&self, filter: &Filter) -> Result<Vec<Log>, Error> {
        self.ask("eth_getLogs", json!([filter])).await
    }
}

fn wei(method: &'static str, price: U256) -> Result<u128, Error> {
    u128::try_from(price).map_err(|_| Error::Inconsistent { method, why: format!("a price of {price}") })
}

/// `data`, not `input`: all nodes know the older name.
fn request(from: Option<Address>, call: &Call) -> Value {
    let mut request = json!({ "to": call.to, "data": call.input, "value": call.value });
    if let Some(from) = from {
        request["from"] = json!(from);
    }
    request
}
