//! What the server's store has of sessions of the chain, as a keeper asks for it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Addr;
use alloy::primitives::{B256, U256};
use hyperdust_proof::{game::Runs, graph::Run};
use hyperdust_receipt::{chain, claim, list};
use hyperdust_settlement::{
    Account,
    dispute::Lanes,
    keeper::{Evidence, Failed, Records, Work},
    market::SessionState,
};
use hyperdust_store::Id;
use hyperdust_wire::Hex;

use super::unbegun::{GivenBack, Unbegun};
use crate::{
    companion::evidence::evidence,
    dispute::Truth,
    serve::{
        Hub,
        jobs::{self, Filed},
        policy::paid,
        sessions::{End, Sessions},
        signing::{Note, Payment},
    },
};

/// Runs nodes of a job on the proof machine.
type Runner = Box<dyn FnMut(u32) -> Result<Run, crate::Error> + Send>;

/// The server's store.
pub struct Store {
    hub: Arc<Hub>,
    sessions: Addr<Sessions>,
    image: Option<Arc<Vec<u8>>>,
    patience: Duration,
    /// Since when sessions are seen to have ended.
    ended: HashMap<B256, Instant>,
    /// What is claimed of sessions that have.
    work: HashMap<B256, Work>,
    /// Units of a policy's session, and since when there were no more.
    asked: HashMap<B256, (u64, Instant)>,
    unbegun: Unbegun,
    given_back: GivenBack,
}

/// How long a session may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until it begins here.
    pub begin: Duration,
    /// Until it is claimed, from its end.
    pub claim: Duration,
}

impl Store {
    pub fn new(
        hub: Arc<Hub>,
        sessions: Addr<Sessions>,
        image: Option<Arc<Vec<u8>>>,
        patience: Patience,
        given_back: GivenBack,
    ) -> Self {
        let (ended, work, asked) = Default::default();
        let unbegun = Unbegun::new(patience.begin);
        Self { hub, sessions, image, patience: patience.claim, ended, work, asked, unbegun, given_back }
    }

    /// Finds sessions that were opened since it looked.
    pub async fn look(&mut self, account: &Account) -> Result<(), hyperdust_settlement::Error> {
        self.unbegun.look(account).await
    }

    fn begun(&self, session: B256) -> Result<bool, Failed> {
        Ok(self.hub.vault.store().job(&Id(session.0)).map_err(Failed::records)?.is_some())
    }

    fn lanes(&self, session: B256) -> Result<u32, Failed> {
        let record = self.hub.vault.store().job(&Id(session.0)).map_err(Failed::records)?;
        match record.map(|record| borsh::from_slice(&record.meta.note)) {
            Some(Ok(Note::Chain { lanes })) => Ok(lanes),
            Some(Ok(Note::Policy { .. })) => Ok(0),
            _ => Err(Failed::records(format_args!("session {session} is not in the store"))),
        }
    }

    fn filed(&self, session: B256, lane: u32) -> Result<Filed, Failed> {
        jobs::filed(&self.hub, &job(session, lane)).map_err(Failed::records)
    }

    fn payment(&self, session: B256) -> Result<Option<Payment>, Failed> {
        let (store, id) = (self.hub.vault.store(), Id(session.0));
        let record = store.job(&id).map_err(Failed::records)?;
        let Some(last) = record.and_then(|record| record.segments.checked_sub(1)) else { return Ok(None) };
        let bytes = store.segment(&id, last).map_err(Failed::records)?;
        let bytes = bytes.ok_or_else(|| Failed::records("a voucher is missing in the store"))?;
        borsh::from_slice(&bytes).map(Some).map_err(Failed::records)
    }

    /// What there is to claim of a session that has ended.
    fn done(&self, session: B256) -> Result<Work, Failed> {
        let Some(payment) = self.payment(session)?.filter(|payment| payment.voucher.message.amount > 0) else {
            return Ok(Work::Nothing);
        };
        // The chain takes no lane without a segment.
        if payment.segments.contains(&0) {
            return Ok(Work::Nothing);
        }
        let mut graphs = Vec::new();
        for lane in 0..self.lanes(session)? {
            graphs.push(self.filed(session, lane)?.claim().map_err(Failed::records)?);
        }
        Ok(Work::Done(Lanes::of(session, &graphs).into(), payment.voucher.into()))
    }
}

fn job(session: B256, lane: u32) -> Hex<32> {
    Hex(claim::job(&session.0, lane.into()))
}

impl Records for Store {
    type Knowledge = Runs<Runner>;

    fn sessions(&mut self) -> Result<Vec<B256>, Failed> {
        let jobs = self.hub.vault.store().jobs(true).map_err(Failed::records)?;
        let of_chain = jobs
            .into_iter()
            .filter(|job| matches!(borsh::from_slice(&job.meta.note), Ok(Note::Chain { .. } | Note::Policy { .. })));
        let mut sessions: Vec<_> = of_chain.map(|job| B256::from(job.id.0)).collect();
        let overdue: Vec<_> = self.unbegun.overdue().collect();
        for session in overdue {
            if self.begun(session)? {
                self.unbegun.forget(&session);
            } else {
                sessions.push(session);
            }
        }
        Ok(sessions)
    }

    fn knowledge(&mut self, session: B256, lane: u32) -> Result<Self::Knowledge, Failed> {
        let filed = self.filed(session, lane)?;
        let image = self.image.clone();
        let image = image.ok_or_else(|| Failed::records("settlement.programs names no folder with the program"))?;
        let graph = filed.claim().map_err(Failed::records)?;
        let truth = Truth::of(filed.job).map_err(Failed::records)?;
        Ok(Runs::new(graph, Box::new(move |node| truth.run(&image, node as usize))))
    }

    fn defends(&self) -> bool {
        self.image.is_some()
    }

    fn evidence(&mut self, session: B256, lane: u32, segment: u32) -> Result<Option<Evidence>, Failed> {
        let filed = self.filed(session, lane)?;
        if segment as usize >= filed.job.segments().len() {
            return self.end(session, lane);
        }
        Ok(evidence(&filed.job, segment))
    }

    fn over(&mut self, session: B256) -> Result<(), Failed> {
        if !self.begun(session)? {
            self.unbegun.forget(&session);
            return Ok(());
        }
        let store = self.hub.vault.store();
        let finalised = |id: Id| match store.finalise(&id) {
            // A lane that nothing was signed of.
            Ok(()) | Err(hyperdust_store::Error::Unknown { .. }) => Ok(()),
            Err(error) => Err(Failed::records(error)),
        };
        for lane in 0..self.lanes(session)? {
            finalised(Id(job(session, lane).0))?;
        }
        finalised(Id(session.0))?;
        self.hub.vault.flush().map_err(Failed::records)?;
        self.ended.remove(&session);
        self.work.remove(&session);
        self.asked.remove(&session);
        tracing::info!(%session, "a session is settled");
        Ok(())
    }

    fn work(&mut self, session: B256, state: &SessionState, closing: bool) -> Result<Work, Failed> {
        if let Some(work) = self.work.get(&session) {
            return Ok(work.clone());
        }
        let record = self.hub.vault.store().job(&Id(session.0)).map_err(Failed::records)?;
        let Some(record) = record else {
            if !self.given_back.end(session, || self.begun(session))? {
                return Ok(Work::Going);
            }
            // Where it is for a policy, nothing more is taken for it.
            if let Some(till) = self.hub.policies.till() {
                till.end(&session.0);
            }
            return Ok(Work::Nothing);
        };
        if matches!(borsh::from_slice(&record.meta.note), Ok(Note::Policy { .. })) {
            return self.asked(session, state, closing);
        }
        let number = record.meta.session;
        if !jobs::over(&self.hub, number).map_err(Failed::records)? {
            if closing {
                let why = "its user closes it on the chain".into();
                self.sessions.do_send(End { session: number, why, lost: true });
            }
            return Ok(Work::Going);
        }
        let since = *self.ended.entry(session).or_insert_with(Instant::now);
        if !closing && since.elapsed() < self.patience {
            return Ok(Work::Going);
        }
        // That it has ended outlives this server before the chain hears of it: else its user could come back to a session that is claimed.
        self.hub.vault.flush().map_err(Failed::records)?;
        let work = self.done(session)?;
        self.work.insert(session, work.clone());
        Ok(work)
    }
}

impl Store {
    /// What there is to claim of a session for a policy, once its user closes it, its deposit is used up, or nothing was asked for a while.
    fn asked(&mut self, session: B256, state: &SessionState, closing: bool) -> Result<Work, Failed> {
        let last = || paid::last(self.hub.vault.store(), &session.0).map_err(Failed::records);
        let Some(taken) = last()? else { return Ok(Work::Nothing) };
        let units = taken.voucher.message.units;
        let (before, since) = *self.asked.entry(session).or_insert_with(|| (units, Instant::now()));
        let idle = Duration::from_secs(self.hub.config.quota.idle);
        let used = U256::from(taken.voucher.message.amount).saturating_add(state.price) > state.deposit;
        if before != units {
            self.asked.insert(session, (units, Instant::now()));
        }
        if !(closing || used || before == units && since.elapsed() >= idle) {
            return Ok(Work::Going);
        }
        // Nothing is taken from here on that wouldn't be claimed.
        if let Some(till) = self.hub.policies.till() {
            till.end(&session.0);
        }
        let Some(taken) = last()? else { return Ok(Work::Nothing) };
        let work = Work::Done(taken.lanes().into(), taken.voucher.into());
        self.work.insert(session, work.clone());
        Ok(work)
    }

    /// What shows that a lane goes as far as its voucher.
    fn end(&self, session: B256, lane: u32) -> Result<Option<Evidence>, Failed> {
        let Some(payment) = self.payment(session)? else { return Ok(None) };
        let (mut roots, mut last) = (Vec::new(), None);
        for (index, count) in (0..).zip(&payment.segments) {
            let signed = match count.checked_sub(1) {
                Some(number) => {
                    let stored =
                        jobs::stored(&self.hub, &Id(job(session, index).0), number).map_err(Failed::records)?;
                    Some(stored.receipt.actions)
                }
                None => None,
            };
            roots.push(signed.map_or(chain::START, |signed| signed.message.root));
            if index == lane {
                last = signed;
            }
        }
        let Some(proof) = list::prove(&roots, lane.into()) else { return Ok(None) };
        let siblings = proof.siblings.into_iter().map(B256::from).collect();
        Ok(Some(Evidence { segment: None, before: last, siblings }))
    }
}
