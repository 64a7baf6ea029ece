//! The same question to both nodes, and whether they say the same.

use std::net::SocketAddr;

use alloy::{rpc::client::RpcClient, transports::RpcError};
use serde_json::{Value, json};

use crate::posting::post;

/// What a node says: a result, or the code, the text and the data of an error.
pub type Said = Result<Value, Refused>;

/// An error of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

/// anvil and the devnet.
pub struct Pair {
    pub anvil: SocketAddr,
    pub ours: RpcClient,
    /// Questions that were answered alike.
    pub alike: usize,
}

/// What is compared of a message. anvil shows the arguments of an error that it doesn't know as text if they happen to be UTF-8, NULs
/// and all; the devnet always as hexadecimal digits. Both give the bytes as data, which is compared.
fn words(message: &str) -> String {
    const UNKNOWN: &str = "custom error 0x";
    match message.find(UNKNOWN).map(|at| at + UNKNOWN.len() + 8) {
        Some(end) => message.get(..end).unwrap_or(message).to_owned(),
        None => message.to_owned(),
    }
}

/// Asks the devnet, as alloy does.
async fn ask_ours(client: &RpcClient, method: &str, params: &Value) -> Said {
    match client.request::<_, Value>(method.to_owned(), params.clone()).await {
        Ok(value) => Ok(value),
        Err(RpcError::NullResp) => Ok(Value::Null),
        Err(RpcError::ErrorResp(error)) => Err(Refused {
            code: error.code,
            message: words(&error.message),
            data: error.data.map(|data| serde_json::from_str(data.get()).unwrap()),
        }),
        Err(other) => panic!("{method}: {other}"),
    }
}

/// Asks anvil over HTTP.
pub fn ask_anvil(anvil: SocketAddr, method: &str, params: &Value) -> Said {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut answer = post(anvil, &request.to_string());
    match answer.get("error") {
        None => Ok(answer["result"].take()),
        Some(error) => Err(Refused {
            code: error["code"].as_i64().unwrap(),
            message: words(error["message"].as_str().unwrap()),
            data: error.get("data").cloned(),
        }),
    }
}

impl Pair {
    /// What both say, compared by `meaning`, which leaves out what may differ.
    pub async fn compare(&mut self, method: &str, params: Value, meaning: impl Fn(Value) -> Value) -> Said {
        let (theirs, ours) = (ask_anvil(self.anvil, method, &params), ask_ours(&self.ours, method, &params).await);
        let (mut mine, mut other) = (ours.clone().map(&meaning), theirs.map(&meaning));
        if mine != other {
            // Answers can be long: what they agree about is not shown.
            if let (Ok(Value::Object(mine)), Ok(Value::Object(other))) = (&mut mine, &mut other) {
                let same: Vec<_> = mine.iter().filter(|(key, value)| other.get(*key) == Some(*value)).collect();
                let same: Vec<_> = same.into_iter().map(|(key, _)| key.clone()).collect();
                for map in [mine, other] {
                    map.retain(|key, _| !same.contains(key));
                }
            }
            panic!("{method} {params}\nours:  {mine:?}\nanvil: {other:?}");
        }
        self.alike += 1;
        ours
    }

    /// What the devnet says.
    pub async fn ours(&self, method: &str, params: Value) -> Said {
        ask_ours(&self.ours, method, &params).await
    }

    /// What both say, word by word.
    pub async fn same(&mut self, method: &str, params: Value) -> Said {
        self.compare(method, params, |value| value).await
    }

    /// A result that both give, word by word.
    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        self.same(method, params).await.unwrap_or_else(|why| panic!("{method}: {why:?}"))
    }

    /// What both refuse with the same code, whatever the words.
    pub async fn refused(&mut self, method: &str, params: Value) {
        let (theirs, ours) = (ask_anvil(self.anvil, method, &params), ask_ours(&self.ours, method, &params).await);
        let code = |said: Said| said.expect_err(method).code;
        assert_eq!(code(ours), code(theirs), "{method} {params}");
        self.alike += 1;
    }

    /// The number of the last block.
    pub async fn height(&mut self) -> u64 {
        let number = self.result("eth_blockNumber", json!([])).await;
        u64::from_str_radix(number.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }
}

/// Leaves fields out of an object, or of each object of an array.
pub fn without(mut value: Value, fields: &[&str]) -> Value {
    match &mut value {
        Value::Object(map) => {
            for field in fields {
                map.remove(*field);
            }
            for inner in map.values_mut() {
                if inner.is_object() || inner.is_array() {
                    *inner = without(inner.take(), fields);
                }
            }
        }
        Value::Array(values) => {
            for inner in values {
                *inner = without(inner.take(), fields);
            }
        }
        _ => {}
    }
    value
}
