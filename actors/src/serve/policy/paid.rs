//! Policies that are paid for: the till.
//!
//! A client that names a session of the chain when it opens a policy pays for each row: every request comes with a voucher for itself (`hyperdust_wire`'s
//! [`PolicyBook`] says what is in it). The chain is asked once, when the policy is opened: whether the session is open, this server's, its signer's, and for the very model that is hosted. From
//! then on signatures are enough.
//!
//! A request is taken in this order: the voucher is checked, the rows are computed, voucher and running roots are written down and on the disk, the answer leaves. So a crash loses
//! work and never a payment that was answered for, and a request that is sent again is the same request: its voucher is the last one, it is computed again and paid once.
//! The disk is waited for on the till's own thread, where requests that wait together share one write; neither the policy's thread nor those who pay nothing wait for it.
//!
//! What was taken lies in the store as a job ([`Note::Policy`](crate::serve::signing::Note)): a segment a request, each of which takes the place of the one before. [`last`] is what can be claimed.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::{self, Hash};
use hyperdust_policy::Policy;
use hyperdust_receipt::{
    Address, Domain, Signed, Voucher,
    claim::{self, LaneClaim},
};
use hyperdust_settlement::{
    Account,
    dispute::Lanes,
    market::{SessionState, Status},
};
use hyperdust_store::{Id, JobMeta, Store};
use hyperdust_wire::{
    Code, Failure, Hex,
    message::{Payer, PaymentSoFar, PolicyTerms, Reply},
    signing::{Due, PolicyBook, REQUEST, Unpayable},
};

use crate::serve::{Error, gateway::Ticket, signing::Note, vault::Vault};

/// Requests that share a write, at most.
const TOGETHER: usize = 64;

/// What the chain says of a session, and of what it is for.
#[derive(Clone, Debug)]
pub struct OnChain {
    /// The session.
    pub state: SessionState,
    /// Its asset's content: of an agent the model's root.
    pub content: Hash,
    /// Whether the asset is an agent.
    pub agent: bool,
}

/// An answer that comes.
pub type Looked = Pin<Box<dyn Future<Output = Result<OnChain, hyperdust_settlement::Error>> + Send>>;

/// The chain, as the till sees it.
pub trait Book: Send + Sync {
    /// For which vouchers are signed.
    fn domain(&self) -> Domain;
    /// Who is paid: this server's owner.
    fn provider(&self) -> Address;
    /// What it says of a session.
    fn look(&self, session: Hash) -> Looked;
}

/// Asks a chain for it.
pub async fn look(account: &Account, session: Hash) -> Result<OnChain, hyperdust_settlement::Error> {
    let state = account.market.session(account.node(), session.into()).await?;
    if state.status == Status::None {
        return Ok(OnChain { state, content: Hash::default(), agent: false });
    }
    let asset = account.market.asset(account.node(), state.asset).await?;
    Ok(OnChain { state, content: asset.content.0, agent: asset.agent.is_some() })
}

/// A request that was paid for and answered, as it lies in the store.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Taken {
    /// As it was signed.
    pub voucher: Signed<Voucher>,
    /// Root of its rows.
    pub request: Hash,
    /// Running root over all requests, this one included.
    pub actions: Hash,
    /// Running root over all answers, this one included.
    pub outputs: Hash,
}

impl Taken {
    /// What is claimed. Nobody can dispute it, for the work is attested; it says what was asked and answered, and how many rows.
    pub fn lanes(&self) -> Lanes {
        let voucher = &self.voucher.message;
        let nodes = u32::try_from(voucher.units).unwrap_or(u32::MAX);
        let (plan, claim) = (self.actions, self.outputs);
        Lanes::new(vec![LaneClaim { job: claim::job(&voucher.session, 0), plan, claim, nodes }])
    }
}

/// The last request of a session that was taken: its voucher is the highest. None where there was none.
pub fn last(store: &dyn Store, session: &Hash) -> Result<Option<Taken>, hyperdust_store::Error> {
    let id = Id(*session);
    let Some(next) = store.job(&id)?.map(|job| job.segments).filter(|next| *next > 0) else { return Ok(None) };
    let bytes = store.segment(&id, next - 1)?;
    Ok(bytes.and_then(|bytes| borsh::from_slice(&bytes).ok()))
}

/// A request by its voucher, as it was signed, and the root of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    frame: Vec<u8>,
    request: Hash,
}

/// A session that pays.
struct Tab {
    /// Whose signature counts.
    user: Address,
    digest: Hash,
    book: PolicyBook,
    /// The last one that was taken, and the one whose rows are being computed.
    last: Option<Known>,
    asked: Option<Known>,
}

/// What has to be on the disk before it is answered.
struct Kept {
    ticket: Ticket,
    asking: Asking,
    policy: String,
    voucher: Signed<Voucher>,
    /// None: it had been taken before.
    due: Option<Due>,
    answer: Vec<u8>,
}

/// A request on its way through the server. Dropped where nothing came of it, the session may ask something else.
struct Asking {
    shared: Arc<Shared>,
    session: Hash,
    known: Known,
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(tab) = self.shared.tabs().get_mut(&self.session)
            && tab.asked.as_ref() == Some(&self.known)
        {
            tab.asked = None;
        }
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Shared {
    book: Arc<dyn Book>,
    vault: Arc<Vault>,
    tabs: Mutex<HashMap<Hash, Tab>>,
    /// Sessions of which nothing is taken any more: they are about to be claimed.
    ended: Mutex<HashSet<Hash>>,
    waiting: AtomicUsize,
}

/// Takes vouchers for answers.
pub struct Till {
    shared: Arc<Shared>,
    keep: Sender<Kept>,
}

impl std::fmt::Debug for Till {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Till").finish_non_exhaustive()
    }
}

impl Shared {
    /// Nothing is half done while it is locked, so a panic elsewhere leaves it whole.
    fn tabs(&self) -> MutexGuard<'_, HashMap<Hash, Tab>> {
        self.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Till {
    /// With a thread that ends with it.
    pub fn start(book: Arc<dyn Book>, vault: Arc<Vault>) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            book,
            vault,
            tabs: Mutex::default(),
            ended: Mutex::default(),
            waiting: AtomicUsize::new(0),
        });
        let (keep, kept) = channel();
        let keeper = shared.clone();
        let thread = std::thread::Builder::new().name("till".into()).spawn(move || keeper.run(&kept));
        thread.map_err(|source| Error::Io { path: "a thread".into(), source })?;
        Ok(Self { shared, keep })
    }

    /// Whether nothing waits to be written down or answered.
    pub fn idle(&self) -> bool {
        self.shared.waiting.load(Ordering::SeqCst) == 0
    }

    /// Takes nothing more for a session: it was claimed, or its user closed it. What is under way is answered.
    pub fn end(&self, session: &Hash) {
        let mut tabs = self.shared.tabs();
        self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(*session);
        tabs.remove(session);
    }

    /// Opens a policy for whoever pays with this session.
    pub fn open(&self, payer: Payer, policy: &Policy) -> impl Future<Output = Result<PolicyTerms, Failure>> + use<> {
        let (shared, digest) = (self.shared.clone(), policy.digest());
        async move {
            let looked = shared.book.look(payer.session.0).await;
            let found = looked.map_err(|error| {
                let code = if error.is_retryable() { Code::Busy } else { Code::Internal };
                Failure::new(code, format!("the chain: {error}"))
            })?;
            shared.admit(&payer, digest, &found)
        }
    }

    /// Takes a request's voucher; what to do with its answer. Or the ticket again, and why not.
    #[allow(clippy::result_large_err)]
    pub fn take(
        &self,
        ticket: Ticket,
        name: &str,
        policy: &Policy,
        (rows, bytes): (u64, &[u8]),
        frame: Vec<u8>,
    ) -> Result<super::seat::Answer, (Ticket, Failure)> {
        let (voucher, known, due) = match self.shared.check(policy.digest(), rows, bytes, frame) {
            Ok(taken) => taken,
            Err(failure) => return Err((ticket, failure)),
        };
        self.shared.waiting.fetch_add(1, Ordering::SeqCst);
        let asking = Asking { shared: self.shared.clone(), session: voucher.message.session, known };
        let (keep, policy) = (self.keep.clone(), name.to_owned());
        Ok(Box::new(move |result| match result {
            Ok(actions) => {
                let answer = actions.iter().flat_map(|x| x.to_le_bytes()).collect();
                // Where the till is gone the ticket says so.
                let _ = keep.send(Kept { ticket, asking, policy, voucher, due, answer });
            }
            Err(why) => {
                drop(asking);
                ticket.refuse(Failure::new(Code::Invalid, why));
            }
        }))
    }
}

impl Shared {
    /// Whether the chain says that this session pays for this policy here; and how it stands.
    fn admit(&self, payer: &Payer, digest: Hash, found: &OnChain) -> Result<PolicyTerms, Failure> {
        let state = &found.state;
        let wrong = |code, what: &str, found: &dyn std::fmt::Display, accepted: &dyn std::fmt::Display| {
            Err(Failure::new(code, format!("session: {what}: found {found}; accepted: {accepted}")))
        };
        let (provider, domain) = (self.book.provider(), self.book.domain());
        if state.status != Status::Open {
            return wrong(Code::Forbidden, "status", &format!("{:?}", state.status).to_lowercase(), &"open");
        }
        if state.provider.into_array() != provider.0 {
            return wrong(Code::Forbidden, "provider", &state.provider, &provider);
        }
        if state.signer.into_array() != payer.user.0 {
            return wrong(Code::Forbidden, "user", &payer.user, &state.signer);
        }
        if !found.agent || found.content != digest {
            return wrong(Code::Invalid, "asset", &state.asset, &"an agent whose model this policy is");
        }
        if state.lanes != 1 {
            return wrong(Code::Invalid, "lanes", &state.lanes, &1);
        }
        let narrow = |amount: alloy::primitives::U256| u128::try_from(amount).unwrap_or(u128::MAX);
        let (price, deposit) = (narrow(state.price), narrow(state.deposit));
        let taken = last(self.vault.store(), &payer.session.0).map_err(|error| Failure::new(Code::Storage, error))?;
        let mut tabs = self.tabs();
        if self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains(&payer.session.0) {
            return wrong(Code::Forbidden, "status", &"about to be claimed", &"open");
        }
        let tab = tabs.entry(payer.session.0).or_insert_with(|| {
            let book = PolicyBook::new(payer.session.0, price, deposit);
            let resumed = taken.as_ref().map(|taken| {
                let known = Known { frame: taken.voucher.encode(), request: taken.request };
                (book.resume(taken.voucher.message.units, taken.actions, taken.outputs), known)
            });
            let (book, last) = resumed.map_or((book, None), |(book, last)| (book, Some(last)));
            Tab { user: Address(payer.user.0), digest, book, last, asked: None }
        });
        let (actions, outputs) = tab.book.roots();
        let voucher = tab.last.as_ref().and_then(|last| last.frame.as_slice().try_into().ok());
        let paid =
            voucher.map(|voucher| PaymentSoFar { voucher: Hex(voucher), actions: Hex(actions), outputs: Hex(outputs) });
        Ok(PolicyTerms {
            chain_id: domain.chain_id,
            contract: Hex(domain.contract.0),
            provider: Hex(provider.0),
            price: price.to_string(),
            deposit: deposit.to_string(),
            paid,
        })
    }

    /// Whether a voucher pays for these rows, or has paid for just them before.
    fn check(
        &self,
        digest: Hash,
        rows: u64,
        bytes: &[u8],
        frame: Vec<u8>,
    ) -> Result<(Signed<Voucher>, Known, Option<Due>), Failure> {
        let voucher = Signed::<Voucher>::decode(&frame).map_err(|error| Failure::new(Code::Malformed, error))?;
        let known = Known { frame, request: merkle::root(REQUEST, bytes) };
        let wrong = |code, why: &dyn std::fmt::Display| Err(Failure::new(code, format!("voucher: {why}")));
        let mut tabs = self.tabs();
        let Some(tab) = tabs.get_mut(&voucher.message.session).filter(|tab| tab.digest == digest) else {
            return wrong(Code::NotFound, &"its session has not opened this policy here: POLICY_OPEN");
        };
        if tab.last.as_ref() == Some(&known) || tab.asked.as_ref() == Some(&known) {
            return Ok((voucher, known, None));
        }
        if tab.asked.is_some() {
            return wrong(Code::Busy, &"another request of its session is under way");
        }
        let due = match tab.book.due(rows, bytes) {
            Ok(due) => due,
            Err(why @ Unpayable::TooDear { .. }) => return wrong(Code::Quota, &why),
            Err(why) => return wrong(Code::Invalid, &why),
        };
        if voucher.message != due.voucher {
            let (found, accepted) = (&voucher.message, &due.voucher);
            let why = match (found.units, found.amount) == (accepted.units, accepted.amount) {
                true => "found other roots; accepted: those of all requests and of the answers before".to_owned(),
                false => format!(
                    "found {} units for {}; accepted: {} for {}",
                    found.units, found.amount, accepted.units, accepted.amount
                ),
            };
            return wrong(Code::Receipt, &why);
        }
        if let Err(error) = voucher.verify(&self.book.domain(), &tab.user) {
            return wrong(Code::Receipt, &error);
        }
        tab.asked = Some(known.clone());
        Ok((voucher, known, Some(due)))
    }

    /// Writes down what comes, as many as wait in one go, and answers.
    fn run(&self, kept: &Receiver<Kept>) {
        while let Ok(first) = kept.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(kept.try_iter().take(TOGETHER)).collect();
            let batch: Vec<_> = batch.into_iter().filter_map(|kept| self.put(kept)).collect();
            let flushed = self.vault.flush();
            for Kept { ticket, answer, .. } in batch {
                match &flushed {
                    Ok(()) => ticket.reply(&Reply::Actions(&answer)),
                    Err(error) => ticket.refuse(Failure::new(Code::Storage, error)),
                }
            }
        }
    }

    /// Puts a request into the store and into the session's book; what is to be answered once it is on the disk.
    fn put(&self, kept: Kept) -> Option<Kept> {
        let Asking { session, known, .. } = &kept.asking;
        let Some(due) = &kept.due else {
            // What was sent again waited behind the first.
            let there = self.tabs().get(session).is_some_and(|tab| tab.last.as_ref() == Some(known));
            return there.then_some(kept);
        };
        // Locked until it is written, so that whoever ends the session finds it in the store or never.
        let mut tabs = self.tabs();
        let tab = tabs.get_mut(session)?;
        let mut book = tab.book;
        book.answered(due, &kept.answer);
        let (actions, outputs) = book.roots();
        let taken = Taken { voucher: kept.voucher, request: known.request, actions, outputs };
        let written = self.write(session, tab.digest, &kept.policy, &taken);
        if written.is_ok() {
            (tab.book, tab.last, tab.asked) = (book, Some(known.clone()), None);
        }
        drop(tabs);
        if let Err(error) = written {
            let Kept { ticket, asking, .. } = kept;
            drop(asking);
            ticket.refuse(Failure::new(Code::Storage, error));
            return None;
        }
        Some(kept)
    }

    fn write(&self, session: &Hash, digest: Hash, policy: &str, taken: &Taken) -> Result<(), hyperdust_store::Error> {
        let (store, id) = (self.vault.store(), Id(*session));
        let next = match store.job(&id)? {
            Some(job) => job.segments,
            None => {
                let note = borsh::to_vec(&Note::Policy { digest }).expect("writing to memory does not fail");
                let time_ms = crate::serve::companion::now();
                let meta = JobMeta { scene: policy.into(), blueprint: Id(digest), session: 0, lane: 0, time_ms, note };
                store.put_job(&id, &meta, &[])?;
                0
            }
        };
        store.put_segment(&id, next, &borsh::to_vec(taken).expect("writing to memory does not fail"))
    }
}
