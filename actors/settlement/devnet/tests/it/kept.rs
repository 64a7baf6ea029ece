//! A chain that is opened again is the same one: the same blocks, roots, receipts, waiting transactions and clock. What a crash tore off
//! is cut and said, what is damaged before the end is an error that says where, and nothing that was answered is lost.

use std::{fs, path::Path};

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use hyperdust_devnet::{Devnet, Error, Genesis};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

async fn ask(devnet: &Devnet, method: &'static str, params: Value) -> Value {
    devnet.client().request(method, params).await.unwrap_or_else(|why| panic!("{method}: {why}"))
}

/// Sends coin from account `from`, and gives the hash.
async fn pay(devnet: &Devnet, from: usize) -> B256 {
    let request = TransactionRequest::default()
        .from(devnet.accounts()[from].address())
        .to(Address::repeat_byte(7))
        .value(U256::from(1))
        .gas_limit(21_000);
    *devnet.provider().send_transaction(request).await.unwrap().tx_hash()
}

/// A bit of everything that is written down.
async fn live(devnet: &Devnet) -> Vec<B256> {
    let mut hashes = vec![pay(devnet, 0).await, pay(devnet, 1).await];
    ask(devnet, "evm_increaseTime", json!([1000])).await;
    hashes.push(pay(devnet, 0).await);
    let snapshot = ask(devnet, "evm_snapshot", json!([])).await;
    pay(devnet, 5).await;
    assert_eq!(ask(devnet, "evm_revert", json!([snapshot])).await, json!(true));
    let contract = Address::repeat_byte(8);
    ask(devnet, "anvil_setCode", json!([contract, "0x6000545f"])).await;
    ask(devnet, "anvil_setBalance", json!([contract, "0x77"])).await;
    ask(devnet, "anvil_setStorageAt", json!([contract, "0x1", B256::repeat_byte(3)])).await;
    ask(devnet, "evm_mine", json!([])).await;
    hashes.push(pay(devnet, 2).await);
    ask(devnet, "evm_setAutomine", json!([false])).await;
    hashes.push(pay(devnet, 3).await);
    hashes
}

/// What can be told from outside.
async fn told(devnet: &Devnet, hashes: &[B256]) -> Vec<Value> {
    let mut told = Vec::new();
    for number in 0..=devnet.head().unwrap().0 {
        told.push(ask(devnet, "eth_getBlockByNumber", json!([format!("{number:#x}"), true])).await);
        told.push(ask(devnet, "eth_getBlockReceipts", json!([format!("{number:#x}")])).await);
    }
    for hash in hashes {
        told.push(devnet.client().request("eth_getTransactionByHash", json!([hash])).await.unwrap());
    }
    for address in [Address::repeat_byte(7), Address::repeat_byte(8), devnet.accounts()[3].address()] {
        for block in ["0x1", "latest", "pending"] {
            told.push(ask(devnet, "eth_getBalance", json!([address, block])).await);
            told.push(ask(devnet, "eth_getCode", json!([address, block])).await);
            told.push(ask(devnet, "eth_getTransactionCount", json!([address, block])).await);
            told.push(ask(devnet, "eth_getStorageAt", json!([address, "0x1", block])).await);
        }
    }
    told
}

fn open(folder: &Path) -> Result<Devnet, Error> {
    Devnet::open(folder, Genesis::default())
}

/// A folder with this log.
fn folder_with(log: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("chain.log"), log).unwrap();
    folder
}

#[tokio::test]
async fn the_same_chain_comes_back() {
    let folder = tempdir().unwrap();
    let devnet = open(folder.path()).unwrap();
    let hashes = live(&devnet).await;
    let before = told(&devnet, &hashes).await;
    // As a kill would leave it: the log as it is while the chain lives.
    let log = fs::read(folder.path().join("chain.log")).unwrap();
    let copy = folder_with(&log);
    let other = open(copy.path()).unwrap();
    assert_eq!(other.cut(), None);
    assert_eq!(told(&other, &hashes).await, before);
    drop(devnet);
    let again = open(folder.path()).unwrap();
    assert_eq!(told(&again, &hashes).await, before);
    // It goes on: what waited is mined, at a time that is still moved.
    ask(&again, "evm_mine", json!([])).await;
    let receipt: Value = again.client().request("eth_getTransactionReceipt", [hashes[4]]).await.unwrap();
    assert_eq!(receipt["status"], "0x1");
    let number = again.head().unwrap().0;
    let time =
        |block: &Value| u64::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let first = time(&ask(&again, "eth_getBlockByNumber", json!(["0x0", false])).await);
    let last = time(&ask(&again, "eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await);
    assert!(last >= first + 1000, "{first} to {last}");
}

#[tokio::test]
async fn a_torn_record_is_cut_off_and_said() {
    let folder = tempdir().unwrap();
    let devnet = open(folder.path()).unwrap();
    pay(&devnet, 0).await;
    let (before, kept) = (devnet.head().unwrap(), fs::read(folder.path().join("chain.log")).unwrap());
    pay(&devnet, 1).await;
    let log = fs::read(folder.path().join("chain.log")).unwrap();
    for length in kept.len() + 1..log.len() {
        let torn = folder_with(&log[..length]);
        let devnet = open(torn.path()).unwrap_or_else(|why| panic!("{length}: {why}"));
        let cut = devnet.cut().expect("it is said").clone();
        assert_eq!((cut.offset, cut.bytes), (kept.len() as u64, (length - kept.len()) as u64));
        assert_eq!(devnet.head().unwrap(), before);
        assert_eq!(fs::read(torn.path().join("chain.torn")).unwrap(), log[kept.len()..length]);
        // It goes on from there, and is whole again.
        pay(&devnet, 2).await;
        drop(devnet);
        let again = open(torn.path()).unwrap();
        assert_eq!((again.cut(), again.head().unwrap().0), (None, 2));
    }
    // What a disk does that grew the file and wrote nothing.
    let zeros = folder_with(&[&kept[..], &[0; 100]].concat());
    assert_eq!(open(zeros.path()).unwrap().head().unwrap(), before);
}

#[tokio::test]
async fn damage_before_the_end_is_an_error_that_says_where() {
    let folder = tempdir().unwrap();
    let devnet = open(folder.path()).unwrap();
    let mut ends = Vec::new();
    for from in 0..3 {
        ends.push(fs::metadata(folder.path().join("chain.log")).unwrap().len());
        pay(&devnet, from).await;
    }
    let log = fs::read(folder.path().join("chain.log")).unwrap();
    let last = *ends.last().unwrap() as usize;
    for at in 0..last {
        let mut bytes = log.clone();
        bytes[at] ^= 1 << (at % 8);
        let damaged = folder_with(&bytes);
        let begins = ends.iter().rev().find(|end| **end <= at as u64).copied().unwrap_or(0);
        match open(damaged.path()) {
            Err(Error::Damaged { offset, .. }) => assert_eq!(offset, begins, "byte {at}"),
            other => panic!("byte {at}: {other:?}"),
        }
        assert_eq!(fs::read(damaged.path().join("chain.log")).unwrap(), bytes, "it is left as it is");
    }
}

/// Two chains that were begun with different salts share neither blocks nor addresses; one that is opened again has its own.
#[tokio::test]
async fn a_salt_makes_it_another_chain() {
    let salted = |salt: u8| Genesis { salt: B256::repeat_byte(salt), timestamp: 1_700_000_000, ..Genesis::default() };
    let created = async |devnet: &Devnet| {
        let request = TransactionRequest::default()
            .from(devnet.accounts()[0].address())
            .create()
            .input(alloy::primitives::Bytes::from_static(&[0x60, 0x00]).into());
        let sent = devnet.provider().send_transaction(request).await.unwrap();
        sent.get_receipt().await.unwrap().contract_address.unwrap()
    };
    let mut seen = std::collections::BTreeSet::new();
    for salt in 0..3 {
        let devnet = Devnet::in_memory(salted(salt)).unwrap();
        let again = Devnet::in_memory(salted(salt)).unwrap();
        assert_eq!(devnet.genesis().unwrap(), again.genesis().unwrap());
        assert!(seen.insert((devnet.genesis().unwrap(), created(&devnet).await)));
    }
    assert_eq!(seen.iter().map(|(_, address)| address).collect::<std::collections::BTreeSet<_>>().len(), 3);

    let folder = tempdir().unwrap();
    assert!(!Devnet::kept(folder.path()));
    let devnet = Devnet::open(folder.path(), salted(1)).unwrap();
    let (genesis, hash) = (devnet.genesis().unwrap(), pay(&devnet, 0).await);
    drop(devnet);
    assert!(Devnet::kept(folder.path()));
    assert!(matches!(Devnet::open(folder.path(), salted(2)), Err(Error::OtherGenesis { .. })));
    let again = open(folder.path()).unwrap();
    assert_eq!(again.genesis().unwrap(), genesis);
    ask(&again, "eth_getTransactionReceipt", json!([hash])).await;
}

#[tokio::test]
async fn one_process_and_one_genesis() {
    let folder = tempdir().unwrap();
    let devnet = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(Error::InUse { .. })));
    assert!(open(folder.path()).unwrap_err().retryable());
    drop(devnet);
    let other = Genesis { chain_id: 5, ..Genesis::default() };
    assert!(matches!(Devnet::open(folder.path(), other), Err(Error::OtherGenesis { .. })));
    for wrong in [
        Genesis { chain_id: 0, ..Genesis::default() },
        Genesis { gas_limit: 0, ..Genesis::default() },
        Genesis { balance: U256::MAX, ..Genesis::default() },
        Genesis { timestamp: u64::MAX, ..Genesis::default() },
        Genesis { pace: u64::MAX, ..Genesis::default() },
    ] {
        assert!(matches!(Devnet::in_memory(wrong), Err(Error::Genesis { .. })));
    }
}
