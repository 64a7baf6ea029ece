//! Sessions whose actions are signed: the provider's side.
//!
//! A lane's stream is a job. When the user has signed a segment of it, the segment's inputs, the root of its output and both signatures
//! go into the store, and are on the disk before the countersignature leaves: a provider that forgot what it signed might sign something
//! else. So the store is asked before anything is signed, too, and has the last word. Everything here follows from the session's log
//! ([`super::ledger`]), which such a session keeps whole: a worker that begins again cuts the same segments and has the same books.

use std::sync::{Arc, Mutex, PoisonError};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_gym::{Seeds, Segment};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::graph::MAX_NODES;
use hyperdust_receipt::{Address, Domain, Key, Receipt, Signed, Terms, Voucher, chain, claim, due, list};
use hyperdust_store::{Id, JobMeta};
use hyperdust_wire::{
    Code, Failure, Hex,
    message::{SigningRequest, SigningTerms},
    signing::{ProviderBook, SigningError},
};

use super::{Config, Error, session::Shared, settlement::Settlement, vault::Vault};
use crate::{Program, SEGMENT, job::Inputs, key};

/// Lanes of such a session, at most: each has a stream of its own, which its opening names.
pub const LANES: usize = 4096;

/// Who signs, and for which chain and contract.
#[derive(Debug)]
pub struct Provider {
    key: Key,
    domain: Domain,
    every: u32,
    /// Image root of the program that a segment is a run of.
    pub program: Hash,
}

impl Provider {
    /// As the settings say: with the key of the wallet that is paid, or a key in a file; none where they name neither.
    pub fn load(config: &Config, settlement: Option<&Settlement>) -> Result<Option<Self>, Error> {
        let settings = &config.signing;
        let wrong = |why: String| Error::Config { place: "signing.key".into(), why };
        let (key, domain) = match (&settings.key, settlement) {
            (Some(_), Some(_)) => return Err(wrong("accepted: none where settlement names a wallet".into())),
            (None, None) => return Ok(None),
            (None, Some(settlement)) => (settlement.key()?, settlement.domain()),
            (Some(path), None) => {
                let key = key::read(path).map_err(|error| wrong(error.to_string()))?;
                (key, Domain { chain_id: settings.chain_id, contract: settings.contract })
            }
        };
        let program = Program::committed(SEGMENT).map_err(|error| wrong(error.to_string()))?.root;
        Ok(Some(Self { key, domain, every: settings.every, program }))
    }

    /// Whether it can sign under these terms.
    pub fn signs(&self, terms: &SigningTerms) -> bool {
        self.key.address().0 == terms.provider.0
    }

    /// What is signed in a new session of so many lanes. How it is paid, where it was opened on the chain, is found out later.
    pub fn terms(&self, asked: &SigningRequest, lanes: usize) -> Result<SigningTerms, Failure> {
        if lanes > LANES {
            let why = format!("num_envs: found {lanes}; accepted: at most {LANES} where actions are signed");
            return Err(Failure::new(Code::Invalid, why));
        }
        let session = match asked.session {
            Some(session) => session.0,
            None => {
                let mut session = [0; 32];
                getrandom::fill(&mut session).map_err(|error| Failure::new(Code::Internal, error))?;
                session
            }
        };
        Ok(SigningTerms {
            chain_id: self.domain.chain_id,
            contract: Hex(self.domain.contract.0),
            user: asked.user,
            provider: Hex(self.key.address().0),
            every: asked.every.min(self.every),
            session: Hex(session),
            payment: None,
            jobs: (0..lanes as u64).map(|lane| Hex(claim::job(&session, lane))).collect(),
        })
    }
}

/// What is written beside a job.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Note {
    /// The stream of a lane; its segments are [`Stored`].
    Lane {
        /// Image root of the program that a segment is a run of.
        program: Hash,
        /// Under which both sides sign.
        terms: Terms,
    },
    /// A session; its segments are signed vouchers, each of which takes the place of the one before.
    Session,
    /// As [`Note::Lane`], of a session that was opened on the chain: it stays until that is settled.
    Paid {
        /// Image root of the program that a segment is a run of.
        program: Hash,
        /// Under which both sides sign.
        terms: Terms,
    },
    /// A session that was opened on the chain; its segments are [`Payment`]s, each of which takes the place of the one before.
    Chain {
        /// Lanes.
        lanes: u32,
    },
    /// Requests for a policy that were paid for in a session for an agent; its segments are [`Taken`](super::policy::paid::Taken), each of which takes the place of the one
    /// before.
    Policy {
        /// What was asked: the model's root.
        digest: Hash,
    },
}

impl Note {
    /// What a lane's says.
    pub fn lane(self) -> Option<(Hash, Terms)> {
        match self {
            Self::Lane { program, terms } | Self::Paid { program, terms } => Some((program, terms)),
            Self::Session | Self::Chain { .. } | Self::Policy { .. } => None,
        }
    }
}

/// A voucher that came, and what it pays for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payment {
    /// The voucher.
    pub voucher: Signed<Voucher>,
    /// Segments of each lane that were signed by then.
    pub segments: Vec<u64>,
}

/// A segment that both sides have signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Stored {
    /// What it is computed from, with the user's signature.
    pub inputs: Inputs,
    /// Root of its output.
    pub output: Hash,
    /// Both signatures.
    pub receipt: Receipt,
}

/// What a session signs and with what.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// With what.
    pub provider: Arc<Provider>,
    /// What.
    pub terms: SigningTerms,
}

impl Agreed {
    fn lane(&self, lane: usize) -> Terms {
        let SigningTerms { chain_id, contract, user, provider, every, ref jobs, .. } = self.terms;
        Terms {
            domain: Domain { chain_id, contract: Address(contract.0) },
            job: jobs[lane].0,
            user: Address(user.0),
            provider: Address(provider.0),
            credit: u64::from(every).try_into().unwrap_or(core::num::NonZeroU64::MIN),
        }
    }
}

/// The books of a session.
#[derive(Clone, Debug)]
pub struct Books {
    agreed: Agreed,
    book: ProviderBook,
    /// The last segment of each lane, until it is signed.
    cut: Vec<Option<Segment>>,
    voucher: Option<Voucher>,
}

/// A RECEIPT that holds, before it is sent or taken for done.
#[derive(Debug)]
pub struct Countersigned {
    book: ProviderBook,
    /// Roots of outputs, and signatures: the frames of the answer.
    pub frames: (Vec<u8>, Vec<u8>),
    segments: Vec<(usize, u64, Stored)>,
}

impl Books {
    /// Of a session that was just opened, with action arenas of so many bytes.
    pub fn new(agreed: &Agreed, size: usize) -> Self {
        let book = ProviderBook::new(&agreed.terms, size);
        Self { agreed: agreed.clone(), book, cut: vec![None; agreed.terms.jobs.len()], voucher: None }
    }

    /// The voucher that is due by now, where the session is paid.
    fn due(&self) -> Result<Option<Voucher>, Failure> {
        let Some(payment) = &self.agreed.terms.payment else { return Ok(None) };
        let price =
            payment.price.parse().map_err(|_| Failure::new(Code::Internal, "the session's price is no number"))?;
        let due = due(self.agreed.terms.session.0, price, &self.book.receipts());
        due.map(Some).map_err(|error| Failure::new(Code::Internal, error))
    }

    /// An error where a voucher is due.
    fn paid_up(&self) -> Result<(), Failure> {
        let (due, paid) = (self.due()?.map_or(0, |due| due.units), self.voucher.map_or(0, |voucher| voucher.units));
        if paid < due {
            let why =
                format!("found a voucher for {paid} steps; accepted: one for the {due} that are countersigned, first");
            return Err(Failure::new(Code::Unsigned, why));
        }
        Ok(())
    }

    /// An error where a voucher doesn't pay what the session costs.
    fn pays(&self, voucher: &Voucher) -> Result<(), Failure> {
        let (Some(payment), Some(due)) = (&self.agreed.terms.payment, self.due()?) else { return Ok(()) };
        let deposit: u128 =
            payment.deposit.parse().map_err(|_| Failure::new(Code::Internal, "the session's deposit is no number"))?;
        if due.amount > deposit {
            let why = format!("the deposit of {deposit} is used up: {} steps cost {}; CLOSE", due.units, due.amount);
            return Err(Failure::new(Code::Quota, why));
        }
        if *voucher != due {
            let (found, accepted) = ((voucher.amount, voucher.units), (due.amount, due.units));
            let why = format!(
                "voucher: found {} for {} steps; accepted: {} for {}",
                found.0, found.1, accepted.0, accepted.1
            );
            return Err(Failure::new(Code::Receipt, why));
        }
        Ok(())
    }

    /// Segments of each lane that were signed.
    fn segments(&self) -> Vec<u64> {
        let count = |receipt: Option<Receipt>| receipt.map_or(0, |receipt| receipt.actions.message.segment + 1);
        self.book.receipts().into_iter().map(count).collect()
    }

    /// Writes a voucher down that was [checked](Self::check), and waits for the disk.
    pub fn keep_voucher(&self, vault: &Vault, shared: &Shared, frame: &[u8]) -> Result<(), Failure> {
        let storage = |error: &dyn std::fmt::Display| Failure::new(Code::Storage, error);
        let (store, id) = (vault.store(), Id(self.agreed.terms.session.0));
        let (note, bytes) = match &self.agreed.terms.payment {
            None => (Note::Session, frame.to_vec()),
            Some(_) => {
                let voucher = Signed::decode(frame).map_err(|error| Failure::new(Code::Malformed, error))?;
                let payment = Payment { voucher, segments: self.segments() };
                let bytes = borsh::to_vec(&payment).map_err(|error| storage(&error))?;
                (Note::Chain { lanes: self.agreed.terms.jobs.len() as u32 }, bytes)
            }
        };
        let kept = || -> Result<(), hyperdust_store::Error> {
            store.put_job(&id, &meta(shared, 0, &note), &[])?;
            let next = store.job(&id)?.map_or(0, |job| job.segments);
            store.put_segment(&id, next, &bytes)
        };
        kept().map_err(|error| storage(&error))?;
        vault.flush().map_err(|error| storage(&error))
    }

    /// An error where a reset has a seed that the chain did not draw for its lane: what it begins may have been computed before.
    pub fn may_seed(
        &self,
        seeds: Seeds<'_>,
        named: impl Fn(usize) -> bool,
        fresh: impl Fn(usize) -> bool,
    ) -> Result<(), Failure> {
        let Some(drawn) = self.agreed.terms.payment.as_ref().and_then(|payment| payment.seeds.as_ref()) else {
            return Ok(());
        };
        for (lane, &drawn) in drawn.iter().enumerate().filter(|(lane, _)| named(*lane)) {
            let found = match seeds {
                Seeds::Continue => None,
                Seeds::First(first) => Some(first.wrapping_add(lane as u64)),
                Seeds::Each(seeds) => seeds.get(lane).copied().flatten(),
            };
            if found.is_some_and(|found| found != drawn || !fresh(lane)) {
                let why = format!(
                    "lane {lane}: found a seed; accepted: {drawn}, which the chain has drawn, in its first reset, and none in later ones"
                );
                return Err(Failure::new(Code::Invalid, why));
            }
        }
        Ok(())
    }

    /// An error while a signature has to come first.
    pub fn may_go_on(&self) -> Result<(), Failure> {
        if self.segments().into_iter().max().unwrap_or_default() + 2 > u64::from(MAX_NODES) {
            let why =
                format!("a lane has nearly {MAX_NODES} segments, the most that can be claimed: CLOSE and open another");
            return Err(Failure::new(Code::Quota, why));
        }
        self.book.may_go_on().map_err(|error| Failure::new(Code::Unsigned, error))
    }

    /// Takes what the env has cut.
    pub fn cut(&mut self, segments: Vec<(usize, Segment)>) -> Result<(), SigningError> {
        self.book.cut(&segments)?;
        for (lane, segment) in segments {
            self.cut[lane] = Some(segment);
        }
        Ok(())
    }

    /// Checks the frame of a RECEIPT and countersigns it. Nothing has changed until it is [settled](Self::settle).
    pub fn countersign(&self, frame: &[u8]) -> Result<Countersigned, Failure> {
        self.paid_up()?;
        let mut book = self.book.clone();
        let frames = book.accept(&self.agreed.provider.key, frame).map_err(refused)?;
        let mut segments = Vec::new();
        for (lane, (before, after)) in self.book.receipts().into_iter().zip(book.receipts()).enumerate() {
            if before != after
                && let (Some(receipt), Some(segment)) = (after, &self.cut[lane])
            {
                let inputs = Inputs {
                    start: segment.start.clone(),
                    actions: segment.actions.clone(),
                    signed: Some(receipt.actions),
                };
                segments.push((lane, segment.number, Stored { inputs, output: segment.output_root, receipt }));
            }
        }
        Ok(Countersigned { book, frames, segments })
    }

    /// The countersignatures are out.
    pub fn settle(&mut self, Countersigned { book, segments, .. }: Countersigned) {
        self.book = book;
        segments.iter().for_each(|(lane, ..)| self.cut[*lane] = None);
    }

    /// Checks the frame of a VOUCHER: the user's signature, that it takes nothing back, and that it is for what was made.
    pub fn check(&self, frame: &[u8]) -> Result<Voucher, Failure> {
        let signed = Signed::<Voucher>::decode(frame).map_err(|error| Failure::new(Code::Malformed, error))?;
        let terms = self.agreed.lane(0);
        let wrong = |why: &dyn std::fmt::Display| Failure::new(Code::Receipt, format!("voucher: {why}"));
        signed.verify(&terms.domain, &terms.user).map_err(|error| wrong(&error))?;
        let voucher = signed.message;
        if voucher.session != self.agreed.terms.session.0 {
            return Err(wrong(&format!("found session {}; accepted: this one", Hex(voucher.session))));
        }
        if let Some(before) = &self.voucher {
            voucher.follows(before).map_err(|error| wrong(&error))?;
        }
        let receipts = self.book.receipts();
        let roots = |root: fn(&Receipt) -> Hash| {
            let lanes = receipts.iter().map(|receipt| receipt.as_ref().map_or(chain::START, root));
            list::root(list::LANES, &lanes.collect::<Vec<_>>())
        };
        let made = roots(|receipt| receipt.actions.message.root);
        let shown = roots(|receipt| receipt.outputs.map_or(chain::START, |outputs| outputs.message.root));
        if (voucher.actions, voucher.outputs) != (made, shown) {
            return Err(wrong(&"found other roots; accepted: those of the lanes' last receipts"));
        }
        self.pays(&voucher)?;
        Ok(voucher)
    }

    /// A voucher that was checked counts from now on.
    pub fn pay(&mut self, voucher: Voucher) {
        self.voucher = Some(voucher);
    }
}

/// A signature that does not hold, as its sender is told.
fn refused(error: SigningError) -> Failure {
    let code = match error {
        SigningError::Malformed { .. } => Code::Malformed,
        _ => Code::Receipt,
    };
    Failure::new(code, error)
}

impl Countersigned {
    /// Writes the segments down, and waits for the disk. Refused where another segment is there under the same number: it was signed
    /// before, in a past that the session's log has lost.
    pub fn keep(&self, vault: &Vault, shared: &Shared, agreed: &Agreed) -> Result<(), Failure> {
        let storage = |error: &dyn std::fmt::Display| Failure::new(Code::Storage, error);
        let store = vault.store();
        for (lane, number, stored) in &self.segments {
            let id = Id(agreed.terms.jobs[*lane].0);
            if *number == 0 {
                let (program, terms) = (agreed.provider.program, agreed.lane(*lane));
                let note = match agreed.terms.payment {
                    Some(_) => Note::Paid { program, terms },
                    None => Note::Lane { program, terms },
                };
                vault.put_blueprint(shared).map_err(|error| storage(&error))?;
                store.put_job(&id, &meta(shared, *lane as u32, &note), &[]).map_err(|error| storage(&error))?;
            }
            let bytes = borsh::to_vec(stored).map_err(|error| storage(&error))?;
            match store.segment(&id, *number).map_err(|error| storage(&error))? {
                None => store.put_segment(&id, *number, &bytes).map_err(|error| storage(&error))?,
                Some(before) if before == bytes => {}
                Some(_) => {
                    let why = format!("lane {lane}: segment {number} was signed before, with other actions");
                    return Err(Failure::new(Code::Receipt, why));
                }
            }
        }
        vault.flush().map_err(|error| storage(&error))
    }
}

/// Writes down that a session of the chain is served here, and waits for the disk. An error where it was before: it is paid once.
pub fn serve(
    vault: &Vault,
    terms: &SigningTerms,
    scene: &str,
    blueprint: &Hex<32>,
    session: u64,
) -> Result<(), Failure> {
    let storage = |error: &dyn std::fmt::Display| Failure::new(Code::Storage, error);
    let id = Id(terms.session.0);
    // Of two that come at once, one is the second.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    if vault.store().job(&id).map_err(|error| storage(&error))?.is_some() {
        let why = format!("session {} was served here before; RESUME it, or open another on the chain", terms.session);
        return Err(Failure::new(Code::Forbidden, why));
    }
    let note = Note::Chain { lanes: terms.jobs.len() as u32 };
    let meta = JobMeta {
        scene: scene.into(),
        blueprint: Id(blueprint.0),
        session,
        lane: 0,
        time_ms: super::companion::now(),
        note: borsh::to_vec(&note).map_err(|error| storage(&error))?,
    };
    vault.store().put_job(&id, &meta, &[]).map_err(|error| storage(&error))?;
    vault.flush().map_err(|error| storage(&error))
}

/// What is kept beside a lane's stream, or beside a session (lane 0).
fn meta(shared: &Shared, lane: u32, note: &Note) -> JobMeta {
    JobMeta {
        scene: shared.opening.open.scene.clone(),
        blueprint: Id(shared.opened.blueprint.0),
        session: shared.id,
        lane,
        time_ms: super::companion::now(),
        note: borsh::to_vec(note).expect("writing to memory does not fail"),
    }
}
