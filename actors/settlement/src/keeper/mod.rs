//! What a party has to do about its sessions, from what the chain says and what the party knows; and nothing else.
//!
//! A [`Keeper`] looks at a session, decides, and puts intents into an [`Outbox`], which a [`Sender`](crate::sender::Sender) takes to the chain. It
//! remembers nothing that it could not find out again: every intent has a name that follows from what it is for (`claim/0x…`), so a keeper that was killed
//! anywhere and looks again puts the same ones, and the outbox takes each once. So nothing is forgotten, and nothing is done twice.
//!
//! - [`Keeper::provide`]: claims what was earned, gives up what was not, draws, finalises, and defends its claims in games about outputs and inputs.
//! - [`Keeper::accompany`]: commits to what was computed again, attests or disputes, and, where it is told to, defends a claim that it knows to be true for a
//!   provider that is away (a watchtower).
//! - [`Keeper::fetch`]: fetches what is owed.
//!
//! What a contract refused for good is put again under the next name, a few times: a finalisation that a new game came before has its time later.
//!
//! Deciding may take as long as a node of a job runs on the proof machine, so keepers belong on threads of their own.

mod companion;
mod games;
mod provider;
mod purses;
mod records;

use std::collections::HashMap;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256},
    providers::Provider,
};
use hyperdust_proof::Party;

pub use records::{Evidence, Failed, Records, Segment, Watched, Work};

use crate::{
    Account, Call, Error,
    crash::crash_point,
    dispute::Player,
    market::{SessionState, Status},
    outbox::{Intent, Outbox, Requirement, State},
};

/// Times that something is put again that a contract refused.
const TRIES: u32 = 16;

/// The latest block, as far as decisions need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Its number.
    pub block: u64,
    /// Its time, in seconds since 1970 by the chain's clock.
    pub time: u64,
}

/// How a keeper works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Least amount that is fetched from a purse, in the currency's smallest unit.
    pub least: U256,
    /// Whether a companion defends claims that it knows to be true: it answers questions, calls time, proves last steps and has games paid out.
    pub defend: bool,
    /// The provider that it makes moves of games for, too, where that [entrusts](crate::Market::entrust) it with them. Named, because moves put up coin, which
    /// goes to the winner: anybody could entrust it, and play against itself for that.
    pub serves: Option<Address>,
    /// Whether a companion asks on the chain for what a claim was computed from, where nothing was given to it. An answer costs what a question puts up, so this is
    /// for who watches providers that it knows: another one might make sessions with itself to answer.
    pub demands: bool,
    /// Blocks after which a session that has ended is believed to have.
    pub confirmations: u64,
    /// Questions about one session, at most: a provider that answers them is paid for each.
    pub questions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { least: U256::ONE, defend: false, serves: None, demands: false, confirmations: 1, questions: 16 }
    }
}

/// Looks after the sessions of one account. `R` is what it knows.
pub struct Keeper<R: Records> {
    account: Account,
    outbox: Outbox,
    records: R,
    options: Options,
    /// Players of games, by session and lane, with what they computed.
    players: HashMap<(B256, u32, Party), Player<R::Knowledge>>,
    /// Since which block sessions are seen to have ended.
    ended: HashMap<B256, u64>,
    /// Since when, by the chain's clock, claims are seen of which nothing is given.
    missing: HashMap<B256, u64>,
}

impl<R: Records> std::fmt::Debug for Keeper<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("account", &self.account).field("options", &self.options).finish_non_exhaustive()
    }
}

impl<R: Records> Keeper<R> {
    /// Of this account, whose outbox it is.
    pub fn new(account: Account, outbox: Outbox, records: R, options: Options) -> Self {
        let (players, ended, missing) = Default::default();
        Self { account, outbox, records, options, players, ended, missing }
    }

    /// What is known.
    pub fn records(&mut self) -> &mut R {
        &mut self.records
    }

    /// Waits for an answer of the chain's.
    async fn asked<T, E>(&self, what: &str, answer: impl Future<Output = Result<T, E>>) -> Result<T, Failed>
    where
        Error: From<E>,
    {
        crash_point!("keeper {what} before");
        let answer = answer.await;
        crash_point!("keeper {what} after");
        let _ = what;
        Ok(answer.map_err(Error::from)?)
    }

    /// The latest block.
    pub async fn now(&self) -> Result<Now, Failed> {
        let latest = self
            .asked("latest", self.account.node().get_block_by_number(BlockNumberOrTag::Latest).into_future())
            .await?;
        let header = latest.ok_or_else(|| Error::Answer { why: "there is no latest block".into() })?.header;
        Ok(Now { block: header.number, time: header.timestamp })
    }

    async fn state(&mut self, session: B256) -> Result<SessionState, Failed> {
        let state = self.asked("session", self.account.market.session(self.account.node(), session)).await?;
        if state.status != Status::Ended {
            self.ended.remove(&session);
        }
        Ok(state)
    }

    fn put(&self, key: String, call: Call) -> Result<(), Failed> {
        self.outbox.put(Intent { key, call, deadline: None, requires: None })?;
        Ok(())
    }

    /// Puts something that has to happen once, and once more where nothing came of it the last time. Where it is there with another call, the first
    /// one counts: it may be on its way.
    fn put_again(
        &self,
        name: &str,
        call: Call,
        deadline: Option<u64>,
        requires: Option<Requirement>,
    ) -> Result<(), Failed> {
        for attempt in 0..TRIES {
            let key = format!("{name}/{attempt}");
            match self.outbox.get(&key).map(|record| record.state) {
                Some(State::Failed(_)) => {}
                Some(_) => return Ok(()),
                None => {
                    self.outbox.put(Intent { key, call, deadline, requires })?;
                    return Ok(());
                }
            }
        }
        Err(Failed::Refused { name: name.into(), times: TRIES })
    }

    /// Whether something was put and has not come to nothing.
    fn on_its_way(&self, name: &str) -> bool {
        let tries = (0..TRIES).map_while(|attempt| self.outbox.get(&format!("{name}/{attempt}")));
        tries.last().is_some_and(|record| !matches!(record.state, State::Failed(_)))
    }

    /// Whether something that was put is on the chain.
    fn happened(&self, name: &str) -> bool {
        let included =
            |state: State| matches!(state, State::Final { .. }) || matches!(state, State::Included(it) if it.success);
        (0..TRIES)
            .map_while(|attempt| self.outbox.get(&format!("{name}/{attempt}")))
            .any(|record| included(record.state))
    }

    /// Nothing is left to do, once that is as deep in the chain as it has to be.
    fn end(&mut self, session: B256, now: Now) -> Result<(), Failed> {
        let since = *self.ended.entry(session).or_insert(now.block);
        if now.block.saturating_sub(since) + 1 < self.options.confirmations {
            return Ok(());
        }
        self.ended.remove(&session);
        self.missing.remove(&session);
        self.players.retain(|(of, ..), _| *of != session);
        self.records.over(session)
    }

    /// What both sides do for a session at its draws, which anyone may.
    fn draw(&self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        // The seed of a minting session, or the companion that is paid: from the hash of a block that has to be there.
        if now.block > state.draw_block && state.draw_block > 0 {
            let (what, call) = match state.status {
                Status::Paid => ("reward", self.account.market.reward(session)),
                _ => ("draw", self.account.market.draw(session)),
            };
            // Where the block was forgotten the same call only names another.
            self.put_again(&format!("{what}/{session}/{}", state.draw_block), call, None, None)?;
        }
        Ok(())
    }
}
