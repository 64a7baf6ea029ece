//! Sessions that were opened with this provider and that nobody begins here.
//!
//! Each ties as much of the provider's bond as its deposit asks for, so whoever opened many and used none would keep others away. After a
//! while they are given back. A session is begun or given back, never both: one lock is held while either is decided.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use hyperdust_settlement::{Account, Error, outbox::Outbox};
use hyperdust_wire::{Code, Failure};

/// What was given back, or is about to be.
#[derive(Clone, Debug)]
pub struct GivenBack {
    outbox: Outbox,
    sessions: Arc<Mutex<HashSet<B256>>>,
}

impl GivenBack {
    /// As the outbox has it, which outlives the process.
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, sessions: Arc::default() }
    }

    /// Writes down that a session begins here, unless it is being given back.
    pub fn begin(&self, session: B256, write: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.contains(&session) || self.outbox.get(&format!("decline/{session}/0")).is_some() {
            let why = format!("session {session} is being given back on the chain; open another");
            return Err(Failure::new(Code::Forbidden, why));
        }
        write()
    }

    /// Whether it is given back: `begun` says that it was begun before.
    pub fn end<E>(&self, session: B256, begun: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let end = !begun()?;
        if end {
            sessions.insert(session);
        }
        Ok(end)
    }
}

/// What waits to be begun.
#[derive(Debug)]
pub struct Unbegun {
    patience: Duration,
    /// First block that was not looked at.
    next: u64,
    /// Since when they are seen; a server that begins again waits anew.
    since: HashMap<B256, Instant>,
}

impl Unbegun {
    /// Gives up what nobody begins for so long.
    pub fn new(patience: Duration) -> Self {
        Self { patience, next: 0, since: HashMap::new() }
    }

    /// Finds what was opened since it looked.
    pub async fn look(&mut self, account: &Account) -> Result<(), Error> {
        let opened = account.market.sessions_opened(account.node(), Some(account.address()), self.next);
        let (opened, next) = opened.await?;
        for session in opened {
            self.since.entry(session).or_insert_with(Instant::now);
        }
        self.next = next;
        Ok(())
    }

    /// What has waited long enough.
    pub fn overdue(&self) -> impl Iterator<Item = B256> {
        self.since.iter().filter(|(_, since)| since.elapsed() >= self.patience).map(|(session, _)| *session)
    }

    /// It has begun, or ended.
    pub fn forget(&mut self, session: &B256) {
        self.since.remove(session);
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use hyperdust_settlement::outbox::{self, Ledger};

    use super::*;

    /// Whichever is decided first is what it stays.
    #[test]
    fn a_session_is_begun_or_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let of = outbox::Account { chain: 1, address: Address::ZERO };
        let given_back = GivenBack::new(Outbox::open(&Ledger::open(folder.path()).unwrap(), of).unwrap());
        let [first, second] = [1, 2].map(B256::repeat_byte);

        let mut written = false;
        let write = || {
            written = true;
            Ok(())
        };
        given_back.begin(first, write).unwrap();
        assert!(written && !given_back.end(first, || Ok::<_, Error>(written)).unwrap());

        assert!(given_back.end(second, || Ok::<_, Error>(false)).unwrap());
        let refused = given_back.begin(second, || panic!("it was given back")).unwrap_err();
        assert_eq!(refused.code, Code::Forbidden);
    }
}
