//! Transactions that are in no block: sent again, replaced, or found to have lost their nonce to somebody else.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy},
    eips::eip2718::Encodable2718,
    primitives::{B256, TxKind},
};

use super::{Error, Pass, Sender, Step, Trouble, heads::KEEP};
use crate::{
    crash::crash_point,
    fees::{self, Fees},
    outbox::{Attempt, Bound, Call, MAX_ATTEMPTS, Record, State},
    rpc::Header,
};

/// Blocks that are searched in one pass.
const SEARCHED: u64 = 256;

/// A search through the chain's blocks for who has a nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    next: u64,
    before: Option<B256>,
    /// How far below the block that was the latest when the transaction was made it began.
    margin: u64,
}

impl Sender {
    pub(super) async fn keep(
        &mut self,
        pass: &mut Pass,
        tip: &Header,
        count: u64,
        record: &Record,
    ) -> Result<(), Error> {
        let Some(bound) = &record.bound else { return Ok(()) };
        let Some(attempt) = bound.newest() else { return Ok(()) };
        if bound.nonce < count {
            return self.search(pass, tip, record, bound).await;
        }
        let memory = self.memory.entry(record.number).or_default();
        memory.search = None;
        let (sent, outbid) = (memory.sent, memory.outbid);
        // Only the first in line waits for its price; the others wait for it.
        let first = bound.nonce == count;
        let after = if self.pressed_from(tip, bound.nonce) { 1 } else { self.options.replace_after.max(1) };
        let stuck = first && tip.number >= attempt.block.saturating_add(after);
        // A pool that asks for more is offered more at once, and after some times once a block.
        let outbid = outbid && (bound.attempts.len() < 4 || tip.number > attempt.block);
        if (stuck || outbid)
            && let Some(replaced) = self.replace(pass, tip, record, bound).await?
        {
            return self.send(pass, tip, &replaced).await;
        }
        let there = sent.is_some_and(|(hash, at)| {
            hash == attempt.hash && tip.number < at.saturating_add(self.options.resend_after)
        });
        if there { Ok(()) } else { self.send(pass, tip, record).await }
    }

    /// Whether something with this nonce or one that waits for it has a deadline that presses.
    fn pressed_from(&self, tip: &Header, nonce: u64) -> bool {
        let waits = |record: &&Record| record.in_flight().is_some_and(|its| its >= nonce);
        let records = self.outbox.open_records();
        let nearest = records.iter().filter(waits).filter_map(|record| record.intent.deadline).min();
        self.pressing(tip, nearest)
    }

    /// Makes a transaction that offers more and has the same nonce. Nothing, where the caps leave no room.
    async fn replace(
        &mut self,
        pass: &mut Pass,
        tip: &Header,
        record: &Record,
        bound: &Bound,
    ) -> Result<Option<Record>, Error> {
        let (key, call) = (&record.intent.key, &record.intent.call);
        let Some(old) = bound.newest() else { return Ok(None) };
        let now = self.pricing(tip).quote(&self.rpc, tip, &self.options.caps).await?;
        let bumped = old.fees.bump(&now, &self.options.caps);
        let Some(fees) = bumped.filter(|_| bound.attempts.len() < MAX_ATTEMPTS) else {
            pass.troubles.push(Trouble::Capped { key: key.clone(), offered: old.fees.max() });
            return Ok(None);
        };
        // What it needs may have changed. Where it would be reverted now, that is for the contract to say when its turn comes.
        let gas = match self.rpc.estimate(self.account.address, call).await {
            Ok(gas) => fees::gas_limit(gas, tip.gas_limit, &self.options.caps).unwrap_or(old.gas),
            Err(Error::Refused { .. }) => old.gas,
            Err(error) => return Err(error),
        };
        let attempt = self.sign(tip, bound.nonce, gas, fees, call).await?;
        let (nonce, hash) = (bound.nonce, attempt.hash);
        let mut replaced = record.clone();
        if let Some(bound) = &mut replaced.bound {
            bound.attempts.push(attempt);
        }
        self.change(pass, "replaced", replaced.clone(), Step::Replaced { nonce, hash })?;
        let memory = self.memory.entry(record.number).or_default();
        (memory.outbid, memory.sent) = (false, None);
        Ok(Some(replaced))
    }

    /// Makes a transaction. Whoever calls this writes it down before anything else.
    pub(super) async fn sign(
        &self,
        tip: &Header,
        nonce: u64,
        gas: u64,
        fees: Fees,
        call: &Call,
    ) -> Result<Attempt, Error> {
        let (chain_id, to) = (self.account.chain, TxKind::Call(call.to));
        let (value, input) = (call.value, call.input.clone());
        let envelope: TxEnvelope = match fees {
            Fees::Legacy { price: gas_price } => {
                let chain_id = Some(chain_id);
                self.seal(TxLegacy { chain_id, nonce, gas_price, gas_limit: gas, to, value, input }).await?.into()
            }
            Fees::Eip1559 { max_fee: max_fee_per_gas, tip: max_priority_fee_per_gas } => {
                let transaction = TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit: gas,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to,
                    value,
                    access_list: Default::default(),
                    input,
                };
                self.seal(transaction).await?.into()
            }
        };
        let raw = envelope.encoded_2718().into();
        Ok(Attempt { hash: *envelope.tx_hash(), raw, fees, gas, block: tip.number })
    }

    async fn seal<T>(&self, mut transaction: T) -> Result<alloy::consensus::Signed<T>, Error>
    where
        T: SignableTransaction<alloy::primitives::Signature>,
    {
        crash_point!("signer before");
        let signing = self.signer.sign_transaction(&mut transaction);
        let signature = tokio::time::timeout(self.options.timeout, signing).await;
        crash_point!("signer after");
        let signature = signature.map_err(|_| Error::Signer("did not sign in time".into()))?;
        Ok(transaction.into_signed(signature.map_err(|error| Error::Signer(error.to_string()))?))
    }

    /// Sends the newest transaction of a record, which is written down.
    pub(super) async fn send(&mut self, pass: &mut Pass, tip: &Header, record: &Record) -> Result<(), Error> {
        let Some(attempt) = record.bound.as_ref().and_then(Bound::newest) else { return Ok(()) };
        let answer = self.rpc.send(&attempt.raw).await;
        let memory = self.memory.entry(record.number).or_default();
        memory.sent = None;
        let message = match answer {
            Ok(hash) if hash == attempt.hash => {
                memory.sent = Some((attempt.hash, tip.number));
                return Ok(());
            }
            Ok(hash) => {
                let why = format!("transaction {} was taken for {hash}", attempt.hash);
                return Err(Error::Inconsistent { method: "eth_sendRawTransaction", why });
            }
            Err(Error::Refused { message, .. }) => message,
            // It may have arrived: only the chain can say.
            Err(error) => return Err(error),
        };
        match Refusal::of(&message) {
            Refusal::Known => memory.sent = Some((attempt.hash, tip.number)),
            // It, another one of its nonce or a stranger's is on the chain. That is for the receipts and the search to tell.
            Refusal::Used => memory.sent = Some((attempt.hash, tip.number)),
            Refusal::Outbid => memory.outbid = true,
            Refusal::Other => {}
        }
        if memory.sent.is_none() {
            pass.troubles.push(Trouble::Rejected { key: record.intent.key.clone(), message });
        }
        Ok(())
    }

    /// The account's count has passed a nonce, and no receipt of ours explains it: looks for the transaction that has it.
    async fn search(&mut self, pass: &mut Pass, tip: &Header, record: &Record, bound: &Bound) -> Result<(), Error> {
        let Some(safe) = (tip.number + 1).checked_sub(self.options.confirmations) else { return Ok(()) };
        if self.rpc.count(self.account.address, safe).await? <= bound.nonce {
            // Not for good yet.
            return Ok(());
        }
        let made = bound.attempts.first().map_or(0, |attempt| attempt.block);
        let begin = |margin: u64| Search { next: made.saturating_sub(margin), before: None, margin };
        let memory = self.memory.entry(record.number).or_default();
        // Taken out: whatever fails on the way, the search begins again where it was or from the start.
        let mut search = memory.search.take().unwrap_or_else(|| begin(KEEP));
        let mut left = SEARCHED;
        while search.next <= safe && left > 0 {
            let number = search.next;
            let Some((header, entries)) = self.rpc.entries(number).await? else {
                let why = format!("block {number} is not there");
                return Err(Error::Inconsistent { method: "eth_getBlockByNumber", why });
            };
            if search.before.is_some_and(|before| before != header.parent) {
                // Another branch than a moment ago.
                return Ok(());
            }
            let mine = |entry: &&crate::rpc::Entry| {
                entry.from == self.account.address && entry.nonce.to::<u64>() == bound.nonce
            };
            if let Some(entry) = entries.iter().find(mine).copied() {
                if bound.contains(&entry.hash) {
                    let why = format!("transaction {} is in block {number} and has no receipt", entry.hash);
                    return Err(Error::Inconsistent { method: "eth_getTransactionReceipt", why });
                }
                if self.heads.canonical(&self.rpc, number).await? != Some(header.hash) {
                    return Ok(());
                }
                return self.displace(pass, record, bound.nonce, entry.hash);
            }
            (search.next, search.before, left) = (number + 1, Some(header.hash), left - 1);
        }
        if search.next > safe {
            search = begin(search.margin.saturating_mul(4));
        }
        self.memory.entry(record.number).or_default().search = Some(search);
        Ok(())
    }

    fn displace(&mut self, pass: &mut Pass, record: &Record, nonce: u64, by: B256) -> Result<(), Error> {
        self.memory.remove(&record.number);
        let mut waiting = Record { state: State::Waiting, bound: None, ..record.clone() };
        waiting.displaced.push((nonce, by));
        self.change(pass, "displaced", waiting, Step::Displaced { nonce, by })
    }
}

/// What a pool means. There are no codes for it: every client has its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It has it.
    Known,
    /// The nonce is used.
    Used,
    /// It offers too little.
    Outbid,
    /// Anything else.
    Other,
}

impl Refusal {
    fn of(message: &str) -> Self {
        let message = message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&["already known", "alreadyknown", "already imported", "known transaction", "already exists"]) {
            Self::Known
        } else if says(&["nonce too low", "nonce is too low", "nonce has already been used", "oldnonce"]) {
            Self::Used
        } else if says(&["gas too low", "gas limit", "insufficient"]) {
            // Before the prices: more of those would not help.
            Self::Other
        } else if says(&["underpriced", "too low", "less than block base fee", "below current base fee", "bump"]) {
            // After the nonces: what else is too low is a price.
            Self::Outbid
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of geth, Nethermind, Besu, Erigon, anvil and Rootstock.
    #[test]
    fn words_of_pools() {
        for (message, meant) in [
            ("already known", Refusal::Known),
            ("AlreadyKnown", Refusal::Known),
            ("transaction already imported", Refusal::Known),
            ("Known transaction", Refusal::Known),
            ("nonce too low: next nonce 7, tx nonce 6", Refusal::Used),
            ("Nonce too low", Refusal::Used),
            ("transaction nonce too low", Refusal::Used),
            ("OldNonce, Current nonce: 7, nonce of rejected tx: 6", Refusal::Used),
            ("replacement transaction underpriced", Refusal::Outbid),
            ("transaction underpriced: tip needed 1, tip permitted 0", Refusal::Outbid),
            ("gas price of replacement transaction is too low: gas price bump needed 40%", Refusal::Outbid),
            ("max fee per gas less than block base fee: address 0x, maxFeePerGas: 1, baseFee: 7", Refusal::Outbid),
            ("insufficient funds for gas * price + value", Refusal::Other),
            ("intrinsic gas too low", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(message), meant, "{message}");
        }
    }
}
