//! JSON-RPC: what clients may ask, and what they are told.
//!
//! One function for a method, in the file of its topic; one place that knows their names. The same code answers the transport in this
//! process and HTTP. Whatever is asked, nothing here panics, and what an answer may cost is limited.

mod fees;
mod logs;
mod owner;
mod params;
mod read;
mod send;

use alloy::rpc::json_rpc::{ErrorPayload, Id, Response, ResponsePayload};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use self::params::Params;
use crate::{Failure, Shared};

/// Most requests of a batch.
pub const BATCH: usize = 1024;

type Answer = Result<Box<RawValue>, Failure>;

fn answer(value: impl Serialize) -> Answer {
    to_raw_value(&value).map_err(|why| Failure::internal(why.to_string()))
}

/// Answers one request.
pub fn ask(shared: &Shared, method: &str, raw: Option<&RawValue>) -> Answer {
    let mut params = Params::read(raw)?;
    let params = &mut params;
    match method {
        "web3_clientVersion" => answer(concat!("hyperdust-devnet/v", env!("CARGO_PKG_VERSION"))),
        "web3_sha3" => read::sha3(params),
        "net_version" => answer(shared.chain_id.to_string()),
        "net_listening" => answer(true),
        "eth_chainId" => answer(params::quantity(shared.chain_id)),
        "eth_syncing" | "eth_mining" => answer(false),
        "eth_accounts" | "eth_requestAccounts" => answer(shared.addresses()),
        "eth_blockNumber" => read::block_number(shared),
        "eth_getBalance" => read::balance(shared, params),
        "eth_getTransactionCount" => read::nonce(shared, params),
        "eth_getCode" => read::code(shared, params),
        "eth_getStorageAt" => read::slot(shared, params),
        "eth_call" => read::call(shared, params),
        "eth_estimateGas" => read::estimate(shared, params),
        "eth_getBlockByNumber" => read::block_by_number(shared, params),
        "eth_getBlockByHash" => read::block_by_hash(shared, params),
        "eth_getBlockTransactionCountByNumber" => read::count_by_number(shared, params),
        "eth_getBlockTransactionCountByHash" => read::count_by_hash(shared, params),
        "eth_getBlockReceipts" => read::block_receipts(shared, params),
        "eth_getTransactionByHash" => read::transaction(shared, params),
        "eth_getTransactionByBlockNumberAndIndex" => read::transaction_in_block(shared, params),
        "eth_getTransactionByBlockHashAndIndex" => read::transaction_in_block(shared, params),
        "eth_getTransactionReceipt" => read::receipt(shared, params),
        "eth_gasPrice" => fees::gas_price(shared),
        "eth_maxPriorityFeePerGas" => fees::tip(),
        "eth_feeHistory" => fees::history(shared, params),
        "eth_getLogs" => logs::get(shared, params),
        "eth_newFilter" => logs::install(shared, params),
        "eth_newBlockFilter" => logs::install_blocks(shared),
        "eth_newPendingTransactionFilter" => logs::install_transactions(shared),
        "eth_getFilterChanges" => logs::changes(shared, params),
        "eth_getFilterLogs" => logs::all(shared, params),
        "eth_uninstallFilter" => logs::uninstall(shared, params),
        "eth_sendRawTransaction" => send::raw(shared, params),
        "eth_sendTransaction" => send::signed_here(shared, params),
        "evm_mine" => owner::mine_one(shared, params),
        "anvil_mine" | "hardhat_mine" => owner::mine(shared, params),
        "evm_increaseTime" | "anvil_increaseTime" => owner::advance(shared, params),
        "evm_setNextBlockTimestamp" | "anvil_setNextBlockTimestamp" => owner::set_next_timestamp(shared, params),
        "evm_setBlockTimestampInterval" | "anvil_setBlockTimestampInterval" => owner::set_pace(shared, params),
        "anvil_removeBlockTimestampInterval" => owner::remove_pace(shared),
        "evm_setAutomine" | "anvil_setAutomine" => owner::set_automine(shared, params),
        "anvil_getAutomine" => owner::automine(shared),
        "evm_snapshot" | "anvil_snapshot" => owner::snapshot(shared),
        "evm_revert" | "anvil_revert" => owner::revert(shared, params),
        "anvil_setBalance" | "hardhat_setBalance" => owner::set_balance(shared, params),
        "anvil_setNonce" | "hardhat_setNonce" => owner::set_nonce(shared, params),
        "anvil_setCode" | "hardhat_setCode" => owner::set_code(shared, params),
        "anvil_setStorageAt" | "hardhat_setStorageAt" => owner::set_slot(shared, params),
        other => Err(Failure::no_method(other)),
    }
}

/// An answer with the id of its question.
pub fn respond(shared: &Shared, id: Id, method: &str, params: Option<&RawValue>) -> Response {
    let payload = match ask(shared, method, params) {
        Ok(value) => ResponsePayload::Success(value),
        Err(failure) => {
            tracing::debug!(method, %failure, "refused");
            refusal(failure)
        }
    };
    Response { id, payload }
}

fn refusal(failure: Failure) -> ResponsePayload {
    let data = failure.data.and_then(|data| to_raw_value(&data).ok());
    ResponsePayload::Failure(ErrorPayload { code: failure.code, message: failure.message, data })
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(default)]
    id: Option<Id>,
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Answers the body of an HTTP request: one question or a batch of them. `None`: nothing was asked for an answer.
pub fn body(shared: &Shared, body: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text.trim_start(),
        Err(why) => return Some(refuse(Failure::parse(why))),
    };
    if !text.starts_with('[') {
        return one(shared, text);
    }
    let requests: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(requests) => requests,
        Err(why) => return Some(refuse(Failure::parse(why))),
    };
    if requests.is_empty() {
        return Some(refuse(Failure::request("found an empty batch; accepted: at least one request")));
    }
    if requests.len() > BATCH {
        let why = format!("found a batch of {} requests; accepted: at most {BATCH}", requests.len());
        return Some(refuse(Failure::request(why)));
    }
    let answers: Vec<String> = requests.iter().filter_map(|request| one(shared, request.get())).collect();
    (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
}

fn one(shared: &Shared, text: &str) -> Option<String> {
    let request: Request<'_> = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(why) if why.is_data() => return Some(refuse(Failure::request(format!("Invalid request: {why}")))),
        Err(why) => return Some(refuse(Failure::parse(why))),
    };
    // A request without an id is a notification: it is done and not answered.
    let id = request.id.clone().unwrap_or(Id::None);
    let response = respond(shared, id, &request.method, request.params);
    request.id.map(|_| write(&response))
}

fn refuse(failure: Failure) -> String {
    write(&Response { id: Id::None, payload: refusal(failure) })
}

fn write(response: &Response) -> String {
    // An answer was made of JSON: it is written again without fail.
    serde_json::to_string(response).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    //! Whatever comes as the body of a request, the answer is JSON-RPC.

    use proptest::prelude::*;
    use serde_json::Value;

    use crate::{Devnet, Genesis};

    fn check(devnet: &Devnet, bytes: &[u8]) {
        let Some(answer) = super::body(&devnet.shared, bytes) else { return };
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let answers = match answer {
            Value::Array(answers) => answers,
            one => vec![one],
        };
        for answer in answers {
            assert_eq!(answer["jsonrpc"], "2.0");
            assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\",:0-9a-z ]{0,60}") {
            let devnet = Devnet::in_memory(Genesis::default()).unwrap();
            check(&devnet, &bytes);
            check(&devnet, json.as_bytes());
            check(&devnet, format!(r#"{{"id":1,"method":"eth_call","params":{json}}}"#).as_bytes());
            check(&devnet, format!(r#"[{json},{{"id":{json},"method":"eth_chainId"}}]"#).as_bytes());
        }
    }
}
