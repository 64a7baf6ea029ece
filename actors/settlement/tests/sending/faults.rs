//! A node that is slow, forgetful, behind or wrong, by a schedule that a seed decides: an honest anvil behind a transport that is not.

use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use alloy::{
    primitives::B256,
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::{
        client::ClientBuilder,
        json_rpc::{RequestPacket, Response, ResponsePacket, ResponsePayload, RpcError},
    },
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use serde_json::{Value, json, value::to_raw_value};
use tokio::sync::Notify;
use tower::Service;

use super::Dice;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is lost.
    Lost,
    /// The answer is lost: what was asked for happened.
    Unanswered,
    /// Nothing ever comes.
    Silent,
    /// The latest block is an older one, by so many.
    Stale(u64),
    /// There is no receipt.
    NoReceipt,
    /// The receipt names a block that never was.
    ReceiptOfNoBlock,
    /// The receipt is that of another transaction.
    ReceiptOfAnother,
    /// The receipt says the opposite.
    ReceiptReversed,
    /// There is no such block.
    NoBlock,
    /// Logs are of a block that never was.
    LogsOfNoBlock,
    /// The answer would be too large.
    TooMany,
}

/// Whether the node gets the last request of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Before,
    After,
}

#[derive(Debug, Default)]
struct Plan {
    /// Of a hundred requests.
    percent: u64,
    dice: Option<Dice>,
    /// Exactly this, for requests of this method, so many times.
    set: Vec<(&'static str, Fault, u32)>,
    /// Requests until the process is to end.
    ends_in: Option<u64>,
    requests: u64,
    receipts: Vec<B256>,
}

/// The node.
#[derive(Clone)]
pub struct Faulty {
    inner: DynProvider,
    plan: Arc<Mutex<Plan>>,
    ended: Arc<Notify>,
}

impl Faulty {
    pub fn before(inner: &DynProvider) -> Self {
        Self { inner: inner.clone(), plan: Arc::default(), ended: Arc::default() }
    }

    pub fn provider(&self) -> DynProvider {
        let client = ClientBuilder::default().transport(self.clone(), true);
        ProviderBuilder::default().connect_client(client).erased()
    }

    /// From now on so many of a hundred requests go wrong.
    pub fn disturb(&self, percent: u64, seed: u64) {
        let mut plan = self.plan.lock().unwrap();
        (plan.percent, plan.dice) = (percent, Some(Dice(seed)));
    }

    /// This goes wrong with the next so many requests of a method.
    pub fn set(&self, method: &'static str, fault: Fault, times: u32) {
        self.plan.lock().unwrap().set.push((method, fault, times));
    }

    pub fn calm(&self) {
        *self.plan.lock().unwrap() = Plan::default();
    }

    /// The process ends at the so-manieth request from now on: [`Faulty::ended`].
    pub fn end_in(&self, requests: u64) {
        self.plan.lock().unwrap().ends_in = Some(requests);
    }

    /// Waits for that.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    fn draw(&self, method: &str) -> (Option<Fault>, Option<End>, B256) {
        let mut plan = self.plan.lock().unwrap();
        plan.requests += 1;
        let other = plan.receipts.first().copied().unwrap_or_default();
        if let Some(left) = &mut plan.ends_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                plan.ends_in = None;
                let end = if plan.requests.is_multiple_of(2) { End::Before } else { End::After };
                return (None, Some(end), other);
            }
        }
        let set = plan.set.iter_mut().find(|(name, _, times)| *name == method && *times > 0);
        if let Some((_, fault, times)) = set {
            *times -= 1;
            return (Some(fault.clone()), None, other);
        }
        let percent = plan.percent;
        let Some(dice) = &mut plan.dice else { return (None, None, other) };
        if dice.below(100) >= percent {
            return (None, None, other);
        }
        let fault = match (method, dice.below(8)) {
            ("eth_getTransactionReceipt", 0 | 1) => Fault::NoReceipt,
            ("eth_getTransactionReceipt", 2 | 3) => Fault::ReceiptOfNoBlock,
            ("eth_getTransactionReceipt", 4) => Fault::ReceiptOfAnother,
            ("eth_getBlockByNumber", 0..=3) => Fault::Stale(1 + dice.below(3)),
            ("eth_getBlockByHash", 0..=3) => Fault::NoBlock,
            ("eth_getLogs", 0 | 1) => Fault::LogsOfNoBlock,
            ("eth_getLogs", 2 | 3) => Fault::TooMany,
            (_, 7) => Fault::Silent,
            (_, even) if even % 2 == 0 => Fault::Lost,
            _ => Fault::Unanswered,
        };
        (Some(fault), None, other)
    }

    async fn answer(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let RequestPacket::Single(request) = packet else { panic!("one request at a time") };
        let method = request.method().to_owned();
        let params: Value = request.params().map(|raw| serde_json::from_str(raw.get()).unwrap()).unwrap_or(json!([]));
        let (fault, end, other) = self.draw(&method);
        if method == "eth_getTransactionReceipt" {
            let hash = serde_json::from_value(params[0].clone()).unwrap();
            self.plan.lock().unwrap().receipts.push(hash);
        }
        match end {
            Some(End::Before) => {
                self.ended.notify_one();
                return std::future::pending().await;
            }
            Some(End::After) => {
                drop(self.ask(&method, params).await);
                self.ended.notify_one();
                return std::future::pending().await;
            }
            None => {}
        }
        let broken = || TransportErrorKind::custom_str("the connection broke");
        let changed = |mut value: Value, field: &str, to: Value| {
            if value.is_object() {
                value[field] = to;
            }
            value
        };
        let answer = match fault {
            Some(Fault::Lost) => return Err(broken()),
            Some(Fault::Silent) => return std::future::pending().await,
            Some(Fault::Unanswered) => {
                drop(self.ask(&method, params).await);
                return Err(broken());
            }
            Some(Fault::Stale(by)) if params[0] == "latest" => {
                let head = self.ask("eth_blockNumber", json!([])).await?;
                let head = super::anvil::number(&head).saturating_sub(by);
                self.ask(&method, json!([format!("{head:#x}"), false])).await
            }
            Some(Fault::NoReceipt | Fault::NoBlock) => Ok(Value::Null),
            Some(Fault::ReceiptOfAnother) => self.ask(&method, json!([other])).await,
            Some(Fault::ReceiptOfNoBlock) => {
                let receipt = self.ask(&method, params).await?;
                Ok(changed(receipt, "blockHash", json!(B256::repeat_byte(0xee))))
            }
            Some(Fault::ReceiptReversed) => {
                let receipt = self.ask(&method, params).await?;
                let opposite = if receipt["status"] == "0x1" { "0x0" } else { "0x1" };
                Ok(changed(receipt, "status", json!(opposite)))
            }
            Some(Fault::LogsOfNoBlock) => {
                let logs = self.ask(&method, params).await?;
                let logs = logs.as_array().cloned().unwrap_or_default().into_iter();
                Ok(logs.map(|log| changed(log, "blockHash", json!(B256::repeat_byte(0xee)))).collect())
            }
            Some(Fault::TooMany) => {
                let refusal = json!({ "code": -32005, "message": "query returned more than 10000 results" });
                Err(RpcError::ErrorResp(serde_json::from_value(refusal).unwrap()))
            }
            Some(Fault::Stale(_)) | None => self.ask(&method, params).await,
        };
        let payload = match answer {
            Ok(value) => ResponsePayload::Success(to_raw_value(&value).unwrap()),
            Err(RpcError::ErrorResp(refusal)) => ResponsePayload::Failure(refusal),
            Err(error) => return Err(error),
        };
        Ok(ResponsePacket::Single(Response { id: request.id().clone(), payload }))
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value, TransportError> {
        self.inner.raw_request(method.to_owned().into(), params).await
    }
}

impl Service<RequestPacket> for Faulty {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().answer(packet))
    }
}
