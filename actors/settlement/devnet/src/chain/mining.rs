//! From a signed transaction to a block.

use alloy::{
    consensus::{
        Transaction as _, TxEnvelope,
        transaction::{Recovered, SignerRecoverable},
    },
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{B256, U256},
};

use super::{
    Chain,
    block::{Frame, Mined, Outcome, Place},
    machine::{self, Setting},
    pool::Waiting,
    state::{Undo, View},
};
use crate::{Failure, log::Entry};

/// The longest transaction, in bytes: what nodes of public chains take.
pub const LONGEST: usize = 128 * 1024;
/// Most transactions of a block.
const MOST: usize = 1000;

/// A block being made.
struct Making {
    setting: Setting,
    transactions: Vec<Waiting>,
    outcomes: Vec<Outcome>,
    undo: Undo,
    dropped: Vec<(Waiting, Failure)>,
}

impl Chain {
    /// Takes a signed transaction (EIP-2718 bytes), mines it unless mining waits for a word, and says its hash.
    pub fn submit(&mut self, raw: &[u8]) -> Result<B256, Failure> {
        let new = self.check(raw)?;
        let hash = *new.tx_hash();
        let next = self.state.basics(new.signer()).nonce;
        if !self.automine || new.nonce() > self.pool.next_nonce(new.signer(), next) {
            self.log.write(&Entry::Waiting { raw: raw.into() })?;
            self.pool.put(new);
            return Ok(hash);
        }
        let before = self.pool.clone();
        self.pool.put(new);
        let making = self.make(self.next_setting(), self.ready());
        let refused = making.dropped.iter().find(|(waiting, _)| *waiting.tx_hash() == hash);
        if let Some((_, why)) = refused {
            let why = why.clone();
            self.state.take_back(making.undo);
            self.pool = before;
            return Err(why);
        }
        // Blocks can be full: then it waits, and that is written too.
        let mined = making.transactions.iter().any(|signed| *signed.tx_hash() == hash);
        let waits = (!mined).then(|| Entry::Waiting { raw: raw.into() });
        match self.close(making, waits) {
            Ok(()) => Ok(hash),
            Err(why) => {
                self.pool = before;
                Err(why)
            }
        }
    }

    /// As [`Self::submit`], but it waits in any case; nothing is written.
    pub(super) fn admit(&mut self, raw: &[u8]) -> Result<(), Failure> {
        let new = self.check(raw)?;
        self.pool.put(new);
        Ok(())
    }

    /// Mines a block of what waits, and says its number.
    pub fn mine(&mut self) -> Result<u64, Failure> {
        let making = self.make(self.next_setting(), self.ready());
        self.close(making, None)?;
        Ok(self.head().header.number)
    }

    fn ready(&self) -> Vec<Waiting> {
        self.pool.ready(self.next_base_fee(), |sender| self.state.basics(sender).nonce)
    }

    /// Mines what the log says, and says the block's hash.
    pub(super) fn replay_block(&mut self, timestamp: u64, transactions: Vec<Vec<u8>>) -> Result<B256, String> {
        let last = self.head().header.timestamp;
        if timestamp <= last {
            return Err(format!("a block at {timestamp} after one at {last}"));
        }
        let recovered: Result<Vec<_>, _> = transactions.iter().map(|raw| self.decode(raw)).collect();
        let transactions = recovered.map_err(|failure| failure.to_string())?;
        let making = self.make(Setting { timestamp, ..self.next_setting() }, transactions);
        if let Some((waiting, why)) = making.dropped.first() {
            return Err(format!("transaction {} is refused: {why}", waiting.tx_hash()));
        }
        self.close(making, None).map_err(|failure| failure.to_string())?;
        Ok(self.head().hash)
    }

    fn decode(&self, raw: &[u8]) -> Result<Waiting, Failure> {
        if raw.is_empty() {
            return Err(Failure::params("Empty transaction data"));
        }
        if raw.len() > LONGEST {
            return Err(Failure::server(format!("oversized data: transaction size {}, limit {LONGEST}", raw.len())));
        }
        let undecodable = || Failure::params("Failed to decode transaction");
        let envelope = TxEnvelope::decode_2718_exact(raw).map_err(|_| undecodable())?;
        match envelope {
            TxEnvelope::Legacy(_) | TxEnvelope::Eip2930(_) | TxEnvelope::Eip1559(_) => {}
            TxEnvelope::Eip4844(_) => return Err(Failure::params("EIP-4844 transactions are not supported")),
            TxEnvelope::Eip7702(_) => return Err(Failure::params("EIP-7702 transactions are not supported")),
        }
        // Signatures whose s is in the upper half are refused too (EIP-2): they would give one transaction two hashes.
        let signer = envelope.recover_signer().map_err(|error| Failure::params(error.to_string()))?;
        Ok(Recovered::new_unchecked(envelope, signer))
    }

    /// Whether a transaction may be mined or wait.
    fn check(&self, raw: &[u8]) -> Result<Waiting, Failure> {
        let new = self.decode(raw)?;
        if new.chain_id().is_some_and(|id| id != self.genesis.chain_id) {
            return Err(Failure::rejected("invalid chain id for signer"));
        }
        if self.pool.find(*new.tx_hash()).is_some() || self.places.contains_key(new.tx_hash()) {
            return Err(Failure::rejected("transaction already imported"));
        }
        let sender = self.state.basics(new.signer());
        if new.nonce() < sender.nonce {
            return Err(Failure::rejected("nonce too low"));
        }
        if new.nonce() == u64::MAX {
            return Err(Failure::rejected("nonce has max value"));
        }
        if new.gas_limit() > self.genesis.gas_limit {
            return Err(Failure::server("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit"));
        }
        if new.gas_limit() < 21_000 {
            return Err(Failure::server("intrinsic gas too low"));
        }
        if new.max_fee_per_gas() < u128::from(self.next_base_fee()) {
            return Err(Failure::rejected("max fee per gas less than block base fee"));
        }
        if new.max_priority_fee_per_gas().is_some_and(|tip| tip > new.max_fee_per_gas()) {
            return Err(Failure::rejected("max priority fee per gas higher than max fee per gas"));
        }
        let fee = U256::from(new.gas_limit()).saturating_mul(U256::from(new.max_fee_per_gas()));
        if fee.saturating_add(new.value()) > sender.balance {
            return Err(Failure::rejected("Insufficient funds for gas * price + value"));
        }
        self.pool.check(&new)?;
        Ok(new)
    }

    /// Runs transactions one after the other on the state. Those that the machine refuses change nothing and are dropped.
    fn make(&mut self, setting: Setting, candidates: Vec<Waiting>) -> Making {
        let mut making = Making {
            setting,
            transactions: Vec::new(),
            outcomes: Vec::new(),
            undo: Undo::default(),
            dropped: Vec::new(),
        };
        let (mut gas, mut logs) = (0, 0);
        for candidate in candidates {
            // It waits for the next block; so do those of its sender that follow, whose nonces are then too high.
            let full = making.transactions.len() >= MOST || gas + candidate.gas_limit() > setting.gas_limit;
            if full || candidate.nonce() > self.state.basics(candidate.signer()).nonce {
                continue;
            }
            let view = View::newest(&self.state, &self.blocks);
            let ran = match machine::transact(view, self.genesis.chain_id, &setting, &candidate) {
                Ok(ran) => ran,
                Err(why) => {
                    making.dropped.push((candidate, why));
                    continue;
                }
            };
            self.state.apply(ran.state, &mut making.undo);
            let (success, created) = (ran.result.is_success(), ran.result.created_address());
            let gas_used = ran.result.tx_gas_used();
            gas += gas_used;
            let emitted = if success { ran.result.logs().to_vec() } else { Vec::new() };
            let logs_before = logs;
            logs += emitted.len() as u64;
            making.outcomes.push(Outcome {
                receipt: Outcome::receipt(candidate.tx_type(), success, gas, emitted),
                gas_used,
                // Clients read the address that a creation was meant for even if it failed.
                created: created
                    .or_else(|| candidate.to().is_none().then(|| candidate.signer().create(candidate.nonce()))),
                logs_before,
            });
            making.transactions.push(candidate);
        }
        making
    }

    /// Writes a block down, after what else is to be written, and adds it.
    fn close(&mut self, making: Making, first: Option<Entry>) -> Result<(), Failure> {
        let Making { setting, transactions, outcomes, undo, dropped } = making;
        let frame = Frame {
            parent: self.head().hash,
            number: setting.number,
            timestamp: setting.timestamp,
            gas_limit: setting.gas_limit,
            base_fee: setting.base_fee,
            randomness: setting.randomness,
        };
        let mined = Mined::close(frame, self.state.root(), transactions, outcomes, undo);
        let mut clock = self.clock.clone();
        clock.mined(setting.timestamp);
        let gone = dropped
            .iter()
            .map(|(waiting, _)| Entry::Dropped { sender: waiting.signer().into(), nonce: waiting.nonce() })
            .chain([Entry::Block {
                timestamp: setting.timestamp,
                offset: clock.offset,
                hash: mined.hash.0,
                transactions: mined.transactions.iter().map(|signed| signed.encoded_2718()).collect(),
            }]);
        let entries: Vec<_> = first.into_iter().chain(gone).collect();
        if let Err(why) = self.log.write_all(&entries) {
            self.state.take_back(mined.undo);
            return Err(why);
        }
        self.clock = clock;
        for (waiting, why) in &dropped {
            tracing::debug!(hash = %waiting.tx_hash(), %why, "dropped a transaction");
            self.pool.remove(waiting.signer(), waiting.nonce());
        }
        let number = self.blocks.len();
        for (index, signed) in mined.transactions.iter().enumerate() {
            self.places.insert(*signed.tx_hash(), Place { block: number, index });
            self.pool.settle(signed.signer(), self.state.basics(signed.signer()).nonce);
        }
        self.by_hash.insert(mined.hash, number);
        self.blocks.push(mined);
        Ok(())
    }
}
