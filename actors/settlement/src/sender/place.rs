//! From intents that wait to transactions, the nearest deadline first.
//!
//! Before a nonce is bound everything is looked at that can be: the deadline, what is required, whether the call would be reverted, its gas, what is
//! offered, whether the account can pay for it beside what is on its way. So what has a nonce can be expected to be taken, and holds up nobody.

use alloy::primitives::{Bytes, U256};

use super::{Error, Pass, Sender, Step, Trouble, delay::Delay, tired};
use crate::{
    amount::Coin,
    fees::{self, Fees},
    market::overtaken,
    outbox::{Bound, Call, Failure, Record, State},
    rpc::Header,
};

/// What one pass knows of the account.
struct Purse {
    fees: Fees,
    /// Wei beyond what everything on its way may cost.
    free: U256,
}

fn cost(call: &Call, gas: u64, fees: &Fees) -> U256 {
    (U256::from(gas) * U256::from(fees.max())).saturating_add(call.value)
}

/// Whether a node that refused a simulation says that the contract did.
fn reverted(error: &Error) -> Option<Bytes> {
    let Error::Refused { code, message, revert, .. } = error else { return None };
    let message = message.to_lowercase();
    let words = ["revert", "invalid opcode", "out of gas", "vm exception", "vm execution error"];
    let so = *code == 3 || revert.is_some() || words.iter().any(|word| message.contains(word));
    so.then(|| revert.clone().unwrap_or_default())
}

impl Sender {
    pub(super) async fn place(&mut self, pass: &mut Pass, tip: &Header, count: u64) -> Result<(), Error> {
        let mut waiting: Vec<Record> = self.outbox.open_records();
        waiting.retain(|record| record.state == State::Waiting);
        waiting.sort_by_key(|record| (record.intent.deadline.unwrap_or(u64::MAX), record.number));
        let mut purse = None;
        for record in waiting {
            let Some(nonce) = self.next_nonce(pass, count) else { return Ok(()) };
            if tired(pass) {
                return Ok(());
            }
            let placed = self.place_one(pass, tip, nonce, &mut purse, &record).await;
            self.note(pass, Some(&record), placed)?;
        }
        Ok(())
    }

    /// The nonce to be taken next, if one may be.
    fn next_nonce(&self, pass: &mut Pass, count: u64) -> Option<u64> {
        let records = self.outbox.open_records();
        let flying: Vec<&Record> = records.iter().filter(|record| record.in_flight().is_some()).collect();
        if flying.len() >= self.options.in_flight {
            return None;
        }
        // What no node has taken yet goes first: nothing is queued behind it.
        let sent = |record: &Record| self.memory.get(&record.number).is_some_and(|memory| memory.sent.is_some());
        let waits = |record: &Record| record.state == State::Signed && record.in_flight() >= Some(count);
        if flying.iter().any(|record| waits(record) && !sent(record)) {
            return None;
        }
        let held: Vec<u64> = flying.iter().filter_map(|record| record.in_flight()).collect();
        let over = records.iter().filter(|record| record.state.over()).filter_map(|record| record.bound.as_ref());
        let over: Vec<u64> = over.map(|bound| bound.nonce).collect();
        let next = (count..).find(|nonce| !held.contains(nonce)).filter(|nonce| !over.contains(nonce));
        if next.is_none() {
            // A node that does not know yet of a final transaction, or a reorganisation that took it back: the one passes, of the other the
            // intent is opened again.
            let why = format!("found {count} transactions of the account; more are final");
            let error = Error::Inconsistent { method: "eth_getTransactionCount", why };
            pass.troubles.push(Trouble::Node { key: None, error });
        }
        next
    }

    async fn place_one(
        &mut self,
        pass: &mut Pass,
        tip: &Header,
        nonce: u64,
        purse: &mut Option<Purse>,
        record: &Record,
    ) -> Result<(), Error> {
        let (key, call) = (&record.intent.key, &record.intent.call);
        let delay = self.memory.get_mut(&record.number).and_then(|memory| memory.delay.as_mut());
        if delay.is_some_and(|delay| delay.rests(tip)) {
            return Ok(());
        }
        if self.expired(tip, record).await? {
            return self.give_up(pass, record, Failure::Expired, Step::Failed);
        }
        let pressing = self.pressing(tip, record.intent.deadline);
        if !self.wanted(pass, tip, record).await? {
            return Ok(());
        }
        let gas = match self.foresee(call).await? {
            Ok(estimate) => {
                self.memory.entry(record.number).or_default().delay = None;
                let Some(gas) = fees::gas_limit(estimate, tip.gas_limit, &self.options.caps) else {
                    pass.troubles.push(Trouble::Gas { key: key.clone(), needed: estimate });
                    return Ok(());
                };
                gas
            }
            Err(reason) if !pressing => return self.foreseen(pass, tip, record, reason).await,
            // Time is short, and what was simulated may not be what happens: another transaction may come before.
            Err(_) => self.options.pressed_gas.min(self.options.caps.max_gas).min(tip.gas_limit.unwrap_or(u64::MAX)),
        };
        let Purse { fees, free } = match purse {
            Some(purse) => purse,
            None => purse.insert(self.purse(tip).await?),
        };
        let needed = cost(call, gas, fees);
        if needed > *free {
            let (account, found) = (self.account.address, *free);
            let coin = Coin::of(self.account.chain);
            pass.troubles.push(Trouble::Funds { key: key.clone(), account, found, needed, coin });
            return Ok(());
        }
        let attempt = self.sign(tip, nonce, gas, *fees, call).await?;
        let hash = attempt.hash;
        let bound = Some(Bound { nonce, attempts: vec![attempt] });
        let signed = Record { state: State::Signed, bound, ..record.clone() };
        self.change(pass, "signed", signed.clone(), Step::Signed { nonce, hash })?;
        *free -= needed;
        self.send(pass, tip, &signed).await
    }

    /// Whether the deadline has passed, by a block that is final.
    async fn expired(&mut self, tip: &Header, record: &Record) -> Result<bool, Error> {
        let Some(deadline) = record.intent.deadline.filter(|deadline| *deadline < tip.timestamp) else {
            return Ok(false);
        };
        let Some(safe) = (tip.number + 1).checked_sub(self.options.confirmations) else { return Ok(false) };
        Ok(self.heads.header(&self.rpc, safe).await?.is_some_and(|header| header.timestamp > deadline))
    }

    /// Whether what it requires holds; gives it up where it has not held for long.
    async fn wanted(&mut self, pass: &mut Pass, tip: &Header, record: &Record) -> Result<bool, Error> {
        let Some(requires) = &record.intent.requires else { return Ok(true) };
        let (to, input) = (requires.to, requires.input.clone());
        let call = Call { to, input, value: U256::ZERO, what: String::new() };
        let holds = match self.rpc.call(None, &call, None).await {
            Ok(output) => output == requires.output,
            Err(error) if reverted(&error).is_some() => false,
            Err(error) => return Err(error),
        };
        if holds {
            return Ok(true);
        }
        match self.delayed(tip, record, true) {
            true => self.give_up(pass, record, Failure::Unwanted, Step::Failed)?,
            false => pass.troubles.push(Trouble::Unwanted { key: record.intent.key.clone() }),
        }
        Ok(false)
    }

    /// The gas that a call takes, or what the contract reverts with.
    async fn foresee(&self, call: &Call) -> Result<Result<u64, Bytes>, Error> {
        // A call first: what it reverts with is told by more nodes than what an estimate does.
        if let Err(error) = self.rpc.call(Some(self.account.address), call, None).await {
            return reverted(&error).map_or(Err(error), |reason| Ok(Err(reason)));
        }
        match self.rpc.estimate(self.account.address, call).await {
            Ok(gas) => Ok(Ok(gas)),
            Err(error) => reverted(&error).map_or(Err(error), |reason| Ok(Err(reason))),
        }
    }

    async fn foreseen(&mut self, pass: &mut Pass, tip: &Header, record: &Record, reason: Bytes) -> Result<(), Error> {
        // What is on its way may be what it waits for.
        let alone = self.outbox.open_records().iter().all(|record| record.in_flight().is_none());
        if alone && overtaken(&record.intent.call, &reason) && self.refused_for_good(tip, &record.intent.call).await? {
            return self.give_up(pass, record, Failure::Overtaken { reason }, Step::Overtaken);
        }
        if self.delayed(tip, record, alone) {
            return self.give_up(pass, record, Failure::Foreseen { reason }, Step::Failed);
        }
        let (key, coin) = (record.intent.key.clone(), Coin::of(self.account.chain));
        pass.troubles.push(Trouble::Foreseen { key, reason, coin });
        Ok(())
    }

    /// Whether a call was refused for good already by the latest block that is final: the state that it was refused in can't vanish.
    async fn refused_for_good(&mut self, tip: &Header, call: &Call) -> Result<bool, Error> {
        let Some(safe) = (tip.number + 1).checked_sub(self.options.confirmations) else { return Ok(false) };
        match self.rpc.call(Some(self.account.address), call, Some(safe)).await {
            Ok(_) => Ok(false),
            // A node that has forgotten that state doesn't know; then it is given up when it has been refused for long.
            Err(error) => Ok(reverted(&error).is_some_and(|reason| overtaken(call, &reason))),
        }
    }

    /// Notes that an intent gets no transaction now, and says whether that has been so for too long. `lasting`: nothing is known that may end it.
    fn delayed(&mut self, tip: &Header, record: &Record, lasting: bool) -> bool {
        let memory = self.memory.entry(record.number).or_default();
        let delay = memory.delay.get_or_insert_with(|| Delay::new(tip));
        delay.look(tip, lasting);
        delay.over(tip, self.options.patience)
    }

    fn give_up(&mut self, pass: &mut Pass, record: &Record, failure: Failure, step: Step) -> Result<(), Error> {
        self.memory.remove(&record.number);
        self.change(pass, "failed", Record { state: State::Failed(failure), ..record.clone() }, step)
    }

    async fn purse(&self, tip: &Header) -> Result<Purse, Error> {
        let fees = self.pricing(tip).quote(&self.rpc, tip, &self.options.caps).await?;
        let balance = self.rpc.balance(self.account.address).await?;
        let mut free = balance;
        for record in self.outbox.open_records().iter().filter(|record| record.state == State::Signed) {
            if let Some(attempt) = record.bound.as_ref().and_then(Bound::newest) {
                free = free.saturating_sub(cost(&record.intent.call, attempt.gas, &attempt.fees));
            }
        }
        Ok(Purse { fees, free })
    }
}
