//! The root of anvil's state, as Ethereum has it.
//!
//! anvil keeps slots that became zero and accounts that became empty, and hashes them into the `stateRoot` of its headers, where the
//! state tree has neither. So its headers are not what is compared: the accounts that it holds are read out, and the root is computed
//! of those.

use std::{collections::BTreeMap, io::Read};

use alloy::{
    consensus::{
        TrieAccount,
        proofs::{state_root_unhashed, storage_root_unhashed},
    },
    primitives::{Address, B256, Bytes, U256, keccak256},
};
use serde::Deserialize;
use serde_json::json;

use super::pair::{Pair, ask_anvil};

#[derive(Deserialize)]
struct Dump {
    accounts: BTreeMap<Address, Account>,
}

#[derive(Deserialize)]
struct Account {
    nonce: u64,
    balance: U256,
    code: Bytes,
    storage: BTreeMap<B256, U256>,
}

impl Pair {
    /// Holds that the last block's root is that of the accounts, code and storage that anvil has now.
    pub async fn roots(&mut self) {
        let dump = ask_anvil(self.anvil, "anvil_dumpState", &json!([])).unwrap();
        let dump: Bytes = serde_json::from_value(dump).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&dump[..]).read_to_string(&mut text).unwrap();
        let dump: Dump = serde_json::from_str(&text).unwrap();
        let root = state_root_unhashed(dump.accounts.into_iter().filter_map(|(address, account)| {
            let Account { nonce, balance, code, storage } = account;
            let slots = storage.into_iter().filter(|(_, value)| !value.is_zero());
            let account =
                TrieAccount { nonce, balance, storage_root: storage_root_unhashed(slots), code_hash: keccak256(&code) };
            let empty = nonce == 0 && balance.is_zero() && code.is_empty();
            (!empty).then_some((address, account))
        }));
        let ours: serde_json::Value =
            self.ours.request("eth_getBlockByNumber", json!(["latest", false])).await.unwrap();
        assert_eq!(ours["stateRoot"], json!(root), "of block {}", ours["number"]);
        self.alike += 1;
    }
}
