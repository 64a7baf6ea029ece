//! From bytes that were sent to what is final, and back where a block vanishes.

use alloy::primitives::{B256, Bytes};

use super::{Error, Pass, Sender, Step, heads::KEEP};
use crate::{
    outbox::{Failure, Inclusion, Record, State},
    rpc::Header,
};

impl Sender {
    pub(super) async fn settle(&mut self, pass: &mut Pass, tip: &Header, record: &Record) -> Result<(), Error> {
        let inclusion = match &record.state {
            State::Waiting => return Ok(()),
            State::Signed => {
                let Some(inclusion) = self.find(record).await? else { return Ok(()) };
                let Inclusion { number, success, .. } = inclusion;
                let included = Record { state: State::Included(inclusion), ..record.clone() };
                self.change(pass, "included", included, Step::Included { number, success })?;
                inclusion
            }
            state => match state.inclusion() {
                Some(inclusion) => *inclusion,
                None => {
                    self.outbox.close(record.number);
                    return Ok(());
                }
            },
        };
        let number = inclusion.number;
        if record.state.over() {
            // Only what is known anyway: nothing is asked for what is final.
            if self.heads.agrees(number, inclusion.block) == Some(false) {
                return self.vanish(pass, record, number);
            }
            if tip.number >= number.saturating_add(KEEP) {
                self.outbox.close(record.number);
            }
            return Ok(());
        }
        match self.heads.canonical(&self.rpc, number).await? {
            Some(hash) if hash == inclusion.block => {}
            // A latest block below it, once that is believed, is another block in its place as well.
            _ => return self.vanish(pass, record, number),
        }
        let confirmations = tip.number - number + 1;
        if confirmations < self.options.confirmations {
            return Ok(());
        }
        let again = self.verify(inclusion.hash).await?;
        if again != Some(inclusion) {
            if let Some(other) = again {
                // The node changed its mind. It has to say the same twice.
                let (number, success) = (other.number, other.success);
                let included = Record { state: State::Included(other), ..record.clone() };
                self.change(pass, "included", included, Step::Included { number, success })?;
            }
            let why = format!("transaction {}: its receipt is another one than before", inclusion.hash);
            return Err(Error::Inconsistent { method: "eth_getTransactionReceipt", why });
        }
        self.memory.remove(&record.number);
        if inclusion.success {
            let state = State::Final { inclusion, confirmations };
            self.change(pass, "final", Record { state, ..record.clone() }, Step::Final)
        } else {
            let reason = self.reason(record, number).await?;
            let state = State::Failed(Failure::Reverted { inclusion, reason });
            self.change(pass, "failed", Record { state, ..record.clone() }, Step::Failed)
        }
    }

    fn vanish(&mut self, pass: &mut Pass, record: &Record, number: u64) -> Result<(), Error> {
        self.memory.remove(&record.number);
        let signed = Record { state: State::Signed, ..record.clone() };
        self.change(pass, "vanished", signed, Step::Vanished { number })
    }

    /// Where one of its transactions is, the one that was made last first.
    async fn find(&mut self, record: &Record) -> Result<Option<Inclusion>, Error> {
        let hashes: Vec<B256> = record.bound.iter().flat_map(|bound| &bound.attempts).map(|it| it.hash).collect();
        let mut failed = None;
        for hash in hashes.into_iter().rev() {
            match self.verify(hash).await {
                Ok(None) => {}
                Ok(found) => return Ok(found),
                // Another one of them may be in a block all the same.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Where a transaction is, checked against the chain. Nothing where there is no receipt, or where it is in a block above the latest.
    async fn verify(&mut self, hash: B256) -> Result<Option<Inclusion>, Error> {
        let method = "eth_getTransactionReceipt";
        let Some(receipt) = self.rpc.receipt(hash).await? else { return Ok(None) };
        let wrong = |why: &str| Err(Error::Inconsistent { method, why: format!("transaction {hash}: {why}") });
        if receipt.transaction_hash != hash || receipt.from != self.account.address {
            return wrong("the receipt is of another one");
        }
        let number = receipt.block_number.to();
        match self.heads.canonical(&self.rpc, number).await? {
            None => return Ok(None),
            Some(block) if block == receipt.block_hash => {}
            Some(_) => return wrong("the receipt names a block that is not on the chain"),
        }
        let Some(block) = self.rpc.block(receipt.block_hash).await? else {
            return wrong("the receipt names a block that is not there");
        };
        if block.header.number != number || !block.transactions.contains(&hash) {
            return wrong("the receipt names a block that does not contain it");
        }
        let success = receipt.status.to::<u64>() == 1;
        Ok(Some(Inclusion { hash, block: receipt.block_hash, number, success }))
    }

    /// What the contract said, found by calling it again on the block before. Empty where the node cannot say.
    async fn reason(&self, record: &Record, number: u64) -> Result<Bytes, Error> {
        let before = number.saturating_sub(1);
        match self.rpc.call(Some(self.account.address), &record.intent.call, Some(before)).await {
            Err(Error::Refused { revert, .. }) => Ok(revert.unwrap_or_default()),
            Err(error) => Err(error),
            Ok(_) => Ok(Bytes::new()),
        }
    }
}
