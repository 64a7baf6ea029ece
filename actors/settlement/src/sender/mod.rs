//! Takes the outbox to the chain, past nodes that are slow, behind or wrong.
//!
//! One [`Sender::pass`] looks at the chain, settles what is in a block, keeps alive what is not, and makes transactions for what waits, the
//! nearest deadline first. Everything that it knows between passes it can find out again, so that it may be killed anywhere.
//!
//! - **Written before sent.** Nonce and bytes are on the disk before a node sees them; after a crash the same bytes go out.
//! - **No gaps.** A nonce is taken only when every one between the account's count and it is held by a transaction on its way.
//! - **Nothing is believed once.** A receipt counts if it is of this transaction, its block is one that hashes lead to from the latest, and that block lists
//!   the transaction. It is final when all that is so again with enough confirmations. A receipt that is missing means nothing.
//! - **A nonce is given up only on proof**: a block, final and on the chain, in which another transaction of the account has it.
//!
//! What is *not* covered: a reorganisation below what counts as final after a nonce was given up, and a node that makes up whole chains.
//! Deeper reorganisations that take back a final transaction are noticed as long as its block is one of the last 128; then the intent is opened again.

mod delay;
mod error;
pub(crate) mod heads;
mod line;
mod options;
mod place;
mod report;
mod settle;
mod told;

use std::{collections::HashMap, future::Future, pin::pin, sync::Arc, time::Duration};

use alloy::{
    network::TxSigner,
    primitives::{B256, Signature},
    providers::DynProvider,
};

pub use error::Error;
pub use options::Options;
pub use report::{Change, Pass, Step, Trouble};
pub use told::Told;

use crate::{
    fees::Pricing,
    outbox::{Account, Outbox, Record},
    rpc::{Header, Rpc},
};
use delay::Delay;
use heads::Heads;

/// Whatever signs transactions: a key, a keystore file, a device.
pub type Signer = Arc<dyn TxSigner<Signature> + Send + Sync>;

/// Troubles with the node in one pass after which it is left alone until the next.
const ENOUGH: usize = 4;

/// What is known of a record and need not be: a new process starts without.
#[derive(Debug, Default)]
struct Memory {
    /// What a node has of it, and the latest block when it was sent.
    sent: Option<(B256, u64)>,
    /// The pool holds something with this nonce that offers too much for what was sent.
    outbid: bool,
    /// Since when no transaction is made, because it would be reverted or because what it requires does not hold.
    delay: Option<Delay>,
    /// How far the search for who has its nonce has come.
    search: Option<line::Search>,
}

/// Drives one outbox.
pub struct Sender {
    rpc: Rpc,
    signer: Signer,
    outbox: Outbox,
    account: Account,
    options: Options,
    heads: Heads,
    memory: HashMap<u64, Memory>,
    checked: bool,
    told: Told,
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("account", &self.account).field("options", &self.options).finish_non_exhaustive()
    }
}

impl Sender {
    /// A sender for this outbox. Errors: the signer signs for another account.
    pub fn new(provider: DynProvider, signer: Signer, outbox: Outbox, options: Options) -> Result<Self, Error> {
        let account = outbox.account();
        if signer.address() != account.address {
            let found = Account { address: signer.address(), ..account };
            return Err(Error::Account { found: found.to_string(), accepted: account.to_string() });
        }
        let options = Options {
            confirmations: options.confirmations.max(1),
            in_flight: options.in_flight.max(1),
            resend_after: options.resend_after.max(1),
            ..options
        };
        let rpc = Rpc::new(provider, options.timeout);
        let (heads, memory) = (Heads::default(), HashMap::new());
        Ok(Self { rpc, signer, outbox, account, options, heads, memory, checked: false, told: Told::default() })
    }

    /// Its list.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Goes through everything once.
    ///
    /// What a node does wrong is in the report, and never an error; an error is the disk, or a node of another chain. May be dropped at any
    /// await.
    pub async fn pass(&mut self) -> Result<Pass, Error> {
        // What a failed flush left behind is safe before anything is acted on.
        self.outbox.flush()?;
        let mut pass = Pass::default();
        let looked = self.look().await;
        let Some(tip) = self.note(&mut pass, None, looked)? else { return Ok(pass) };
        pass.head = Some(tip.number);
        for record in self.by_nonce() {
            let settled = self.settle(&mut pass, &tip, &record).await;
            self.note(&mut pass, Some(&record), settled)?;
        }
        if self.outbox.pending() == 0 || tired(&pass) {
            return Ok(pass);
        }
        let counted = self.rpc.count(self.account.address, tip.number).await;
        let Some(count) = self.note(&mut pass, None, counted)? else { return Ok(pass) };
        for record in self.by_nonce().into_iter().filter(|it| it.state == crate::outbox::State::Signed) {
            if tired(&pass) {
                return Ok(pass);
            }
            let kept = self.keep(&mut pass, &tip, count, &record).await;
            self.note(&mut pass, Some(&record), kept)?;
        }
        self.place(&mut pass, &tip, count).await?;
        Ok(pass)
    }

    /// Passes, one after the other with this much time between, until `stop` is done. A trouble is logged when it is new. Errors: as [`Sender::pass`], but those that may pass
    /// (a full disk) are logged and tried again.
    pub async fn run(&mut self, every: Duration, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let mut stop = pin!(stop);
        loop {
            let pass = tokio::select! {
                () = &mut stop => return Ok(()),
                pass = self.pass() => pass,
            };
            match pass {
                Ok(pass) => {
                    for change in &pass.changes {
                        tracing::info!(key = change.key, step = ?change.step, "an intent went on");
                    }
                    for trouble in self.told.news(&pass) {
                        tracing::warn!("{trouble}");
                    }
                }
                Err(error) if error.retryable() => tracing::error!(%error, "the outbox waits"),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<Header, Error> {
        if !self.checked {
            let chain = self.rpc.chain_id().await?;
            if chain != self.account.chain {
                let found = Account { chain, ..self.account };
                return Err(Error::Account { found: found.to_string(), accepted: self.account.to_string() });
            }
            self.outbox.ledger().belongs(&self.rpc).await?;
            self.checked = true;
        }
        if self.heads.refresh(&self.rpc).await? {
            // What was in a pool may be nowhere now.
            self.memory.values_mut().for_each(|memory| *memory = Memory::default());
        }
        let none = || Error::Inconsistent { method: "eth_getBlockByNumber", why: "there is no latest block".into() };
        self.heads.tip().ok_or_else(none)
    }

    /// Sorts errors: the node's go into the report, the others up.
    fn note<T>(&self, pass: &mut Pass, record: Option<&Record>, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(
                error @ (Error::Store(_)
                | Error::Account { .. }
                | Error::OtherChain { .. }
                | Error::Record { .. }
                | Error::Lost { .. }),
            ) => Err(error),
            Err(error) => {
                let key = record.map(|record| record.intent.key.clone());
                pass.troubles.push(Trouble::Node { key, error });
                Ok(None)
            }
        }
    }

    fn by_nonce(&self) -> Vec<Record> {
        let mut records = self.outbox.open_records();
        records.sort_by_key(|record| record.bound.as_ref().map(|bound| bound.nonce));
        records
    }

    /// Writes a change down and reports it.
    fn change(&self, pass: &mut Pass, why: &str, record: Record, step: Step) -> Result<(), Error> {
        let key = record.intent.key.clone();
        self.outbox.update(why, record)?;
        pass.changes.push(Change { key, step });
        Ok(())
    }

    fn pricing(&self, tip: &Header) -> Pricing {
        self.options.pricing.unwrap_or_else(|| Pricing::of(tip))
    }

    fn pressing(&self, tip: &Header, deadline: Option<u64>) -> bool {
        deadline.is_some_and(|deadline| tip.timestamp.saturating_add(self.options.press) >= deadline)
    }
}

fn tired(pass: &Pass) -> bool {
    pass.troubles.iter().filter(|trouble| matches!(trouble, Trouble::Node { .. })).count() >= ENOUGH
}
