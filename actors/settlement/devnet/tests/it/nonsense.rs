//! Whatever is asked or sent, the devnet answers and goes on.

use alloy::{primitives::Bytes, rpc::client::RpcClient, transports::RpcError};
use hyperdust_devnet::{Devnet, Genesis};
use proptest::prelude::*;
use serde_json::{Value, json};

const METHODS: &[&str] = &[
    "eth_accounts",
    "eth_blockNumber",
    "eth_call",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getBlockTransactionCountByNumber",
    "eth_getCode",
    "eth_getFilterChanges",
    "eth_getFilterLogs",
    "eth_getLogs",
    "eth_getStorageAt",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_newBlockFilter",
    "eth_newFilter",
    "eth_sendRawTransaction",
    "eth_sendTransaction",
    "eth_uninstallFilter",
    "evm_increaseTime",
    "evm_mine",
    "evm_revert",
    "evm_setAutomine",
    "evm_setNextBlockTimestamp",
    "evm_snapshot",
    "anvil_mine",
    "anvil_setBalance",
    "anvil_setBlockTimestampInterval",
    "anvil_setCode",
    "anvil_setNonce",
    "anvil_setStorageAt",
    "web3_sha3",
];

/// A value of the kinds that requests are made of, with the edges of each.
fn value() -> impl Strategy<Value = Value> {
    let quantity = prop_oneof![
        Just("0x0".to_owned()),
        Just("0x1".to_owned()),
        Just("0xffffffffffffffff".to_owned()),
        Just(format!("0x{}", "f".repeat(64))),
        Just(format!("0x{}", "f".repeat(65))),
        any::<u64>().prop_map(|number| format!("{number:#x}")),
    ];
    let text = prop_oneof![
        quantity,
        proptest::sample::select(vec!["latest", "pending", "earliest", "safe", "finalized", "0x", "0x0g", "", "-1"])
            .prop_map(str::to_owned),
        proptest::sample::select(vec![20usize, 32, 31]).prop_map(|length| format!("0x{}", "07".repeat(length))),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| Bytes::from(bytes).to_string()),
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..5).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let keys = proptest::sample::select(vec![
        "from",
        "to",
        "gas",
        "gasPrice",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
        "value",
        "data",
        "input",
        "nonce",
        "chainId",
        "type",
        "accessList",
        "fromBlock",
        "toBlock",
        "blockHash",
        "address",
        "topics",
        "timestamp",
        "blocks",
        "blockNumber",
        "blobVersionedHashes",
        "authorizationList",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((keys.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Asks, and holds that what is refused is refused as nonsense and not as a fault.
async fn survives(client: &RpcClient, method: &'static str, params: Value) {
    match client.request::<_, Value>(method, params.clone()).await {
        Ok(_) | Err(RpcError::NullResp) => {}
        Err(RpcError::ErrorResp(error)) => {
            assert!(!error.message.contains("has a fault"), "{method} {params}: {error}")
        }
        Err(other) => panic!("{method} {params}: {other}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A small chain, so that what runs until the gas is gone is gone soon.
fn devnet() -> Devnet {
    Devnet::in_memory(Genesis { gas_limit: 1_000_000, ..Genesis::default() }).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_parameters_of_any_method(
        asked in proptest::collection::vec(
            (proptest::sample::select(METHODS), proptest::collection::vec(value(), 0..4)),
            1..40,
        ),
    ) {
        let client = devnet().client();
        runtime().block_on(async {
            for (method, params) in asked {
                survives(&client, method, params.into()).await;
            }
            let head: Value = client.request("eth_getBlockByNumber", json!(["latest", true])).await.unwrap();
            assert!(head["hash"].is_string());
        });
    }

    #[test]
    fn any_bytes_as_a_transaction(
        noise in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..10),
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let client = devnet().client();
        runtime().block_on(async {
            for bytes in noise {
                for kind in [vec![], vec![1], vec![2], vec![3], vec![4]] {
                    let raw = Bytes::from([kind, bytes.clone()].concat());
                    survives(&client, "eth_sendRawTransaction", json!([raw])).await;
                }
            }
            let mut raw = signed();
            for (index, value) in flips {
                let at = index.index(raw.len());
                raw[at] = value;
            }
            survives(&client, "eth_sendRawTransaction", json!([Bytes::from(raw.clone())])).await;
            raw.truncate(cut.index(raw.len()));
            survives(&client, "eth_sendRawTransaction", json!([Bytes::from(raw)])).await;
        });
    }

    /// Any code: it is run, and it ends.
    #[test]
    fn any_code(code in proptest::collection::vec(any::<u8>(), 0..200), data in proptest::collection::vec(any::<u8>(), 0..64)) {
        let client = devnet().client();
        runtime().block_on(async {
            let to = alloy::primitives::Address::repeat_byte(9);
            survives(&client, "anvil_setCode", json!([to, Bytes::from(code.clone())])).await;
            let call = json!({"to": to, "data": Bytes::from(data)});
            survives(&client, "eth_call", json!([call, "latest"])).await;
            survives(&client, "eth_estimateGas", json!([call])).await;
            survives(&client, "eth_call", json!([{"data": Bytes::from(code)}, "pending"])).await;
        });
    }
}

/// A transaction that would be taken.
fn signed() -> Vec<u8> {
    use alloy::{
        consensus::{SignableTransaction, TxEip1559, TxEnvelope},
        eips::eip2718::Encodable2718,
        primitives::{Address, U256},
        signers::SignerSync,
    };
    let unsigned = TxEip1559 {
        chain_id: hyperdust_devnet::CHAIN_ID,
        gas_limit: 30_000,
        max_fee_per_gas: 10_000_000_000,
        to: Address::repeat_byte(9).into(),
        value: U256::from(1),
        ..TxEip1559::default()
    };
    let signature = hyperdust_devnet::account(0).sign_hash_sync(&unsigned.signature_hash()).unwrap();
    TxEnvelope::from(unsigned.into_signed(signature)).encoded_2718()
}
