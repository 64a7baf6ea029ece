//! Over HTTP the devnet says what it says in this process; it refuses pages, nonsense and too much; and it ends with its handle.

use std::net::TcpStream;

use alloy::{
    primitives::{Address, U256},
    providers::Provider,
};
use hyperdust_devnet::{CHAIN_ID, Devnet, Genesis, Served};
use serde_json::{Value, json};

use crate::posting::{CLIENT, exchange, post};

fn serve() -> (Devnet, Served) {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let served = devnet.serve(([127, 0, 0, 1], 0).into()).unwrap();
    (devnet, served)
}

#[tokio::test]
async fn it_is_the_same_chain() {
    let (devnet, served) = serve();
    assert_eq!(served.url(), format!("http://{}", served.address()));
    let (from, to) = (devnet.accounts()[0].address(), Address::repeat_byte(7));
    let send = json!({"id": 1, "method": "eth_sendTransaction", "params": [{"from": from, "to": to, "value": "0x5"}]});
    let hash = post(served.address(), &send.to_string())["result"].clone();
    let receipt = json!({"id": 1, "method": "eth_getTransactionReceipt", "params": [hash]});
    let outside = post(served.address(), &receipt.to_string())["result"].clone();
    let inside: Value = devnet.client().request("eth_getTransactionReceipt", [hash]).await.unwrap();
    assert_eq!((&outside, &outside["status"]), (&inside, &json!("0x1")));
    assert_eq!(devnet.provider().get_balance(to).await.unwrap(), U256::from(5));
    let address = served.address();
    drop(served);
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(devnet.provider().get_block_number().await.unwrap(), 1);
}

#[test]
fn pages_and_other_methods_are_refused() {
    let (_devnet, served) = serve();
    let ask = br#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let with = |host: &str, more: &str| {
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {{length}}{more}"
        );
        exchange(served.address(), &head, ask).0
    };
    assert_eq!(with("127.0.0.1:8545", ""), 200);
    assert_eq!(with("evil.example", ""), 403);
    assert_eq!(with("evil.example", "\r\nx-forwarded-host: localhost"), 403);
    assert_eq!(with("localhost", "\r\norigin: https://evil.example"), 403);
    assert_eq!(with("localhost", "\r\norigin: null"), 403);
    assert_eq!(with("localhost", "\r\norigin: chrome-extension://abc"), 200);
    let plain = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\ncontent-length: {length}";
    assert_eq!(exchange(served.address(), plain, ask).0, 403);
    assert_eq!(exchange(served.address(), "GET / HTTP/1.1\r\nhost: localhost", b"").0, 405);
}

#[test]
fn bodies_are_read_as_json_rpc_says() {
    let (_devnet, served) = serve();
    let at = served.address();
    let chain = json!(format!("{CHAIN_ID:#x}"));
    assert_eq!(post(at, r#"{"jsonrpc":"2.0","id":"a","method":"eth_chainId"}"#)["result"], chain);
    let batch = post(at, r#" [{"id":1,"method":"eth_chainId","params":[]},{"id":2,"method":"no"},7]"#);
    assert_eq!((&batch[0]["result"], &batch[0]["id"]), (&chain, &json!(1)));
    assert_eq!((&batch[1]["error"]["code"], &batch[1]["id"]), (&json!(-32601), &json!(2)));
    assert_eq!((&batch[2]["error"]["code"], &batch[2]["id"]), (&json!(-32600), &Value::Null));
    for (body, code) in [("", -32700), ("{", -32700), ("[", -32700), ("[]", -32600), ("7", -32600), ("{}", -32600)] {
        assert_eq!(post(at, body)["error"]["code"], code, "{body:?}");
    }
    // A notification is not answered.
    assert_eq!(exchange(at, CLIENT, br#"{"method":"eth_chainId"}"#), (204, String::new()));
    let many = format!("[{}]", vec![r#"{"id":1,"method":"eth_chainId"}"#; 1025].join(","));
    assert_eq!(post(at, &many)["error"]["code"], -32600);
    let deep = "[".repeat(100_000);
    assert_eq!(post(at, &format!(r#"{{"id":1,"method":"eth_call","params":{deep}}}"#))["error"]["code"], -32700);
    assert_eq!(exchange(at, &CLIENT.replace("{length}", "5242881"), b"").0, 413);
    assert_eq!(post(at, r#"{"id":1,"method":"eth_chainId"}"#)["result"], chain);
}
