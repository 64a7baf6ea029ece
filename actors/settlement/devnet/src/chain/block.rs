//! A mined block: its header, its transactions, and what they did.

use alloy::{
    consensus::{
        EMPTY_OMMER_ROOT_HASH, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _, TxEnvelope,
        TxType,
        proofs::{calculate_receipt_root, calculate_transaction_root},
        transaction::Recovered,
    },
    primitives::{Address, B64, B256, Bloom, Bytes, Log, U256},
    rpc::types::{self as rpc, BlockTransactions, TransactionReceipt},
};

use super::state::Undo;

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Type of the transaction, status, gas of the block so far, logs.
    pub receipt: ReceiptEnvelope,
    /// Gas of this transaction.
    pub gas_used: u64,
    /// The contract that it made.
    pub created: Option<Address>,
    /// Logs of the block before this transaction.
    pub logs_before: u64,
}

impl Outcome {
    /// The receipt of a transaction of a type that this chain knows.
    pub fn receipt(kind: TxType, success: bool, cumulative: u64, logs: Vec<Log>) -> ReceiptEnvelope {
        let receipt = Receipt { status: success.into(), cumulative_gas_used: cumulative, logs };
        let receipt: ReceiptWithBloom<Receipt> = receipt.into();
        match kind {
            TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
        }
    }
}

/// A mined block.
#[derive(Clone, Debug)]
pub struct Mined {
    /// Its header.
    pub header: Header,
    /// keccak-256 of the header.
    pub hash: B256,
    /// Its transactions and who signed them.
    pub transactions: Vec<Recovered<TxEnvelope>>,
    /// What they did, in the same order.
    pub outcomes: Vec<Outcome>,
    /// What they overwrote.
    pub undo: Undo,
    /// What was overwritten by hand after this block, before the next one.
    pub by_hand: Undo,
}

/// What of a header does not follow from its transactions.
pub struct Frame {
    pub parent: B256,
    pub number: u64,
    pub timestamp: u64,
    pub gas_limit: u64,
    pub base_fee: u64,
    pub randomness: B256,
}

impl Mined {
    /// Closes a block.
    pub fn close(
        frame: Frame,
        state_root: B256,
        transactions: Vec<Recovered<TxEnvelope>>,
        outcomes: Vec<Outcome>,
        undo: Undo,
    ) -> Self {
        let envelopes: Vec<&TxEnvelope> = transactions.iter().map(Recovered::inner).collect();
        let receipts: Vec<&ReceiptEnvelope> = outcomes.iter().map(|outcome| &outcome.receipt).collect();
        let header = Header {
            parent_hash: frame.parent,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: Address::ZERO,
            state_root,
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: calculate_receipt_root(&receipts),
            logs_bloom: receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom()),
            difficulty: U256::ZERO,
            number: frame.number,
            gas_limit: frame.gas_limit,
            gas_used: receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used()),
            timestamp: frame.timestamp,
            extra_data: Bytes::new(),
            mix_hash: frame.randomness,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(frame.base_fee),
            ..Header::default()
        };
        let hash = header.hash_slow();
        Self { header, hash, transactions, outcomes, undo, by_hand: Undo::default() }
    }

    /// Transaction `index` as clients read it.
    pub fn transaction(&self, index: usize) -> Option<rpc::Transaction> {
        let inner = self.transactions.get(index)?.clone();
        Some(rpc::Transaction {
            effective_gas_price: Some(inner.effective_gas_price(self.header.base_fee_per_gas)),
            inner,
            block_hash: Some(self.hash),
            block_number: Some(self.header.number),
            transaction_index: Some(index as u64),
            block_timestamp: Some(self.header.timestamp),
        })
    }

    /// Its receipt as clients read it.
    pub fn receipt(&self, index: usize) -> Option<TransactionReceipt> {
        let (transaction, outcome) = (self.transactions.get(index)?, self.outcomes.get(index)?);
        let mut log_index = outcome.logs_before;
        let receipt = outcome.receipt.clone().map_logs(|log| {
            log_index += 1;
            self.log(log, transaction, index, log_index - 1)
        });
        Some(TransactionReceipt {
            inner: receipt,
            transaction_hash: *transaction.tx_hash(),
            transaction_index: Some(index as u64),
            block_hash: Some(self.hash),
            block_number: Some(self.header.number),
            gas_used: outcome.gas_used,
            effective_gas_price: transaction.effective_gas_price(self.header.base_fee_per_gas),
            blob_gas_used: None,
            blob_gas_price: None,
            from: transaction.signer(),
            to: transaction.to(),
            contract_address: outcome.created,
        })
    }

    fn log(&self, log: Log, transaction: &TxEnvelope, index: usize, log_index: u64) -> rpc::Log {
        rpc::Log {
            inner: log,
            block_hash: Some(self.hash),
            block_number: Some(self.header.number),
            block_timestamp: Some(self.header.timestamp),
            transaction_hash: Some(*transaction.tx_hash()),
            transaction_index: Some(index as u64),
            log_index: Some(log_index),
            removed: false,
        }
    }

    /// Adds the block's logs that `filter` takes, whatever it says of blocks, up to `limit` in all.
    pub fn logs(&self, filter: &rpc::Filter, limit: usize, found: &mut Vec<rpc::Log>) -> bool {
        if !filter.matches_bloom(self.header.logs_bloom) {
            return true;
        }
        for (index, (transaction, outcome)) in self.transactions.iter().zip(&self.outcomes).enumerate() {
            for (at, log) in outcome.receipt.logs().iter().enumerate() {
                if filter.matches_address(log.address) && filter.matches_topics(log.topics()) {
                    if found.len() >= limit {
                        return false;
                    }
                    found.push(self.log(log.clone(), transaction, index, outcome.logs_before + at as u64));
                }
            }
        }
        true
    }

    /// The block as clients read it.
    pub fn block(&self, full: bool) -> rpc::Block {
        let transactions = if full {
            BlockTransactions::Full((0..self.transactions.len()).filter_map(|index| self.transaction(index)).collect())
        } else {
            BlockTransactions::Hashes(self.transactions.iter().map(|transaction| *transaction.tx_hash()).collect())
        };
        let body = alloy::consensus::BlockBody::<&TxEnvelope> {
            transactions: self.transactions.iter().map(Recovered::inner).collect(),
            ommers: Vec::new(),
            withdrawals: None,
        };
        let size = alloy::consensus::Block::rlp_length_for(&self.header, &body);
        rpc::Block {
            header: rpc::Header {
                hash: self.hash,
                inner: self.header.clone(),
                total_difficulty: Some(U256::ZERO),
                size: Some(U256::from(size)),
            },
            uncles: Vec::new(),
            transactions,
            withdrawals: None,
        }
    }
}

/// Where a transaction is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Number of its block.
    pub block: usize,
    /// Its index there.
    pub index: usize,
}
