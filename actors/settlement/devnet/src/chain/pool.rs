//! Transactions that wait: those with a nonce that is not next yet, and all of them while mining waits for a word.

use std::collections::BTreeMap;

use alloy::{
    consensus::{Transaction as _, TxEnvelope, transaction::Recovered},
    primitives::{Address, B256},
};

use crate::Failure;

/// Most transactions that wait.
const MOST: usize = 4096;
/// Most of one sender, as nodes of public chains have it.
const MOST_OF_ONE: usize = 64;

/// A transaction that waits.
pub type Waiting = Recovered<TxEnvelope>;

/// Transactions that wait, by sender and nonce.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    senders: BTreeMap<Address, BTreeMap<u64, Waiting>>,
    count: usize,
}

impl Pool {
    /// Whether a transaction may wait: there is room, or one of the same nonce that it replaces for at least a tenth more of each fee, as
    /// nodes of public chains want it.
    pub fn check(&self, new: &Waiting) -> Result<(), Failure> {
        let of_one = self.senders.get(&new.signer());
        let Some(old) = of_one.and_then(|of_one| of_one.get(&new.nonce())) else {
            if self.count >= MOST || of_one.is_some_and(|of_one| of_one.len() >= MOST_OF_ONE) {
                return Err(Failure::limit("txpool is full"));
            }
            return Ok(());
        };
        if old.tx_hash() == new.tx_hash() {
            return Err(Failure::rejected("transaction already imported"));
        }
        let tip = |tx: &Waiting| tx.max_priority_fee_per_gas().unwrap_or_else(|| tx.max_fee_per_gas());
        let outbids = |new: u128, old: u128| new >= old.saturating_add(old.div_ceil(10)).max(1);
        if !outbids(new.max_fee_per_gas(), old.max_fee_per_gas()) || !outbids(tip(new), tip(old)) {
            return Err(Failure::rejected("replacement transaction underpriced"));
        }
        Ok(())
    }

    /// Adds one that was checked, in place of one of the same nonce.
    pub fn put(&mut self, new: Waiting) {
        let replaced = self.senders.entry(new.signer()).or_default().insert(new.nonce(), new);
        self.count += usize::from(replaced.is_none());
    }

    /// The one with this hash.
    pub fn find(&self, hash: B256) -> Option<&Waiting> {
        self.senders.values().flat_map(BTreeMap::values).find(|waiting| *waiting.tx_hash() == hash)
    }

    /// Removes transactions of `sender` below `nonce`: they are mined, or never will be.
    pub fn settle(&mut self, sender: Address, nonce: u64) {
        let Some(of_one) = self.senders.get_mut(&sender) else { return };
        let rest = of_one.split_off(&nonce);
        self.count -= of_one.len();
        match rest.is_empty() {
            true => drop(self.senders.remove(&sender)),
            false => *of_one = rest,
        }
    }

    /// Removes one.
    pub fn remove(&mut self, sender: Address, nonce: u64) {
        if let Some(of_one) = self.senders.get_mut(&sender) {
            self.count -= usize::from(of_one.remove(&nonce).is_some());
            if of_one.is_empty() {
                self.senders.remove(&sender);
            }
        }
    }

    /// The nonce after those of `sender` that follow `nonce` without a gap.
    pub fn next_nonce(&self, sender: Address, mut nonce: u64) -> u64 {
        let of_one = self.senders.get(&sender);
        while of_one.is_some_and(|of_one| of_one.contains_key(&nonce)) {
            nonce += 1;
        }
        nonce
    }

    /// Those that can be mined now, best tip first, each sender's in the order of its nonces.
    pub fn ready(&self, base_fee: u64, nonce_of: impl Fn(Address) -> u64) -> Vec<Waiting> {
        let mut chains: Vec<Vec<Waiting>> = Vec::new();
        for (sender, of_one) in &self.senders {
            let first = nonce_of(*sender);
            let nonces = std::iter::successors(Some(first), |nonce| nonce.checked_add(1));
            let run = nonces.map_while(|nonce| of_one.get(&nonce)).cloned();
            let run: Vec<_> = run.take_while(|waiting| waiting.max_fee_per_gas() >= u128::from(base_fee)).collect();
            if !run.is_empty() {
                chains.push(run.into_iter().rev().collect());
            }
        }
        let mut ready = Vec::new();
        let tip = |chain: &Vec<Waiting>| chain.last().and_then(|waiting| waiting.effective_tip_per_gas(base_fee));
        // `max_by_key` takes the last of equals: senders are walked from the greatest address, so that the smallest wins.
        while let Some(best) = (0..chains.len()).rev().max_by_key(|index| tip(&chains[*index])) {
            match chains[best].pop() {
                Some(waiting) => ready.push(waiting),
                None => drop(chains.remove(best)),
            }
        }
        ready
    }
}
