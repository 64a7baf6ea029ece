//! Transactions to both nodes, and everything that can be read of them afterwards.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEip2930, TxEnvelope, TxLegacy, TypedTransaction},
    eips::{
        eip2718::Encodable2718,
        eip2930::{AccessList, AccessListItem},
    },
    primitives::{Address, B256, Bytes, TxKind, U256, hex},
    signers::SignerSync,
};
use hyperdust_devnet::account;
use serde_json::{Value, json};

use super::{
    dice::Dice,
    pair::{Pair, Said, ask_anvil, without},
};

/// What of a receipt is not compared: anvil's block hash, and two fields that it adds to what the standard has.
const BESIDES: &[&str] = &["blockHash", "blobGasPrice", "blockTimestamp"];

/// What is sent; the rest is found by chance.
#[derive(Clone, Debug)]
pub struct Wish {
    pub from: u64,
    pub to: TxKind,
    pub value: U256,
    pub input: Bytes,
    pub gas: u64,
    /// Added to the nonce that is next.
    pub nonce_off: i64,
    pub chain_id: u64,
    /// Wei per gas, and those for the block's maker where a type has them.
    pub fee: (u128, u128),
}

pub fn sign(dice: &mut Dice, wish: &Wish, nonce: u64) -> (Bytes, B256) {
    let nonce = nonce.saturating_add_signed(wish.nonce_off);
    let (gas_limit, to, value, input) = (wish.gas, wish.to, wish.value, wish.input.clone());
    let (fee, tip) = wish.fee;
    let item = AccessListItem {
        address: wish.to.to().copied().unwrap_or_default(),
        storage_keys: vec![U256::from(dice.below(4)).into()],
    };
    let access_list = if dice.below(2) == 0 { AccessList::default() } else { AccessList(vec![item]) };
    let chain_id = wish.chain_id;
    let unsigned: TypedTransaction = match dice.below(3) {
        // EIP-155 began as an offer: a legacy transaction may leave the chain out.
        0 => TxLegacy { chain_id: Some(chain_id), nonce, gas_price: fee, gas_limit, to, value, input }.into(),
        1 => TxEip2930 { chain_id, nonce, gas_price: fee, gas_limit, to, value, access_list, input }.into(),
        _ => TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: fee,
            max_priority_fee_per_gas: tip,
            to,
            value,
            access_list,
            input,
        }
        .into(),
    };
    let signature = account(wish.from).sign_hash_sync(&unsigned.signature_hash()).unwrap();
    let signed: TxEnvelope = unsigned.into_signed(signature).into();
    (signed.encoded_2718().into(), *signed.tx_hash())
}

impl Pair {
    /// The nonce of an account, which both agree about.
    pub async fn nonce(&mut self, address: Address) -> u64 {
        let nonce = self.result("eth_getTransactionCount", json!([address, "latest"])).await;
        u64::from_str_radix(nonce.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
    }

    /// Sends a transaction. If both take it: compares the receipt, the transaction and the block, and gives the receipt.
    pub async fn send(&mut self, dice: &mut Dice, wish: &Wish) -> Option<Value> {
        let nonce = self.nonce(account(wish.from).address()).await;
        let (raw, hash) = sign(dice, wish, nonce);
        let said = self.same("eth_sendRawTransaction", json!([raw])).await;
        if said.is_err() {
            return None;
        }
        assert_eq!(said.unwrap(), json!(hash));
        self.mined(hash);
        Some(self.inspect(hash).await)
    }

    /// Waits until anvil has mined what it took and doesn't count it among what waits any more; the devnet has.
    pub fn mined(&self, hash: B256) {
        for _ in 0..100_000 {
            let mined = ["eth_getTransactionReceipt", "eth_getTransactionByHash"]
                .map(|method| ask_anvil(self.anvil, method, &json!([hash])))
                .into_iter()
                .all(|said| said.is_ok_and(|answer| answer["blockNumber"].is_string()));
            if mined {
                return;
            }
        }
        panic!("anvil took {hash} and did not mine it");
    }

    /// Compares everything that can be read about a transaction: block hashes differ, since anvil draws `mixHash`.
    pub async fn inspect(&mut self, hash: B256) -> Value {
        let no_block_hash = |value| without(value, &["blockHash"]);
        let receipt = self
            .compare("eth_getTransactionReceipt", json!([hash]), |receipt| without(receipt, BESIDES))
            .await
            .unwrap();
        self.compare("eth_getTransactionByHash", json!([hash]), no_block_hash).await.unwrap();
        let number = receipt["blockNumber"].clone();
        self.result("eth_getBlockTransactionCountByNumber", json!([number])).await;
        let place = json!([number, receipt["transactionIndex"]]);
        self.compare("eth_getTransactionByBlockNumberAndIndex", place, no_block_hash).await.unwrap();
        self.block(number).await.unwrap();
        self.roots().await;
        receipt
    }

    /// Compares a block: among other things the roots of its transactions and receipts. That of the state: [`Self::roots`].
    pub async fn block(&mut self, number: Value) -> Said {
        // anvil's first block has fields of a later fork than was asked for.
        let first = number == "0x0";
        let meaning = |block| {
            let block = without(block, &["hash", "parentHash", "mixHash", "blockHash", "stateRoot"]);
            if first { without(block, &["blobGasUsed", "excessBlobGas", "size"]) } else { block }
        };
        self.compare("eth_getBlockByNumber", json!([number, false]), meaning).await?;
        self.compare("eth_getBlockReceipts", json!([number]), |receipts| without(receipts, BESIDES)).await?;
        self.compare("eth_getBlockByNumber", json!([number, true]), meaning).await
    }
}

/// What contracts revert with: words, a panic, an error of their own with and without arguments, and bytes that are nothing.
pub fn complaint(dice: &mut Dice) -> Vec<u8> {
    use alloy::sol_types::{Panic, PanicKind, Revert, SolError};
    match dice.below(6) {
        0 => Revert::from("too little bond").abi_encode(),
        1 => Panic::from(PanicKind::UnderOverflow).abi_encode(),
        2 => hex!("deadbeef").to_vec(),
        3 => [&hex!("cafebabe")[..], dice.word().as_slice()].concat(),
        4 => Vec::new(),
        _ => dice.bytes(3),
    }
}
