//! The rules of credit for one job: when either side makes steps, signs, and stops.
//!
//! Segment by segment: both make its steps; the user signs the running root of its actions; the provider compares it with
//! what it received and countersigns the running root of its outputs; the user compares that with what it was
//! shown. Both ends hold the segment's [`Receipt`] then.
//!
//! - The provider makes no step of a segment before the user has signed the one before: at most one segment, of at most
//!   [`Terms::credit`] steps, is ever unsigned.
//! - The user signs no segment before the provider has countersigned the one before; it may send that segment's actions
//!   meanwhile, so nobody waits for a message in between. (Actions say on the wire which segment they belong to.)
//! - Neither signs two different roots of a segment, nor a root that it did not compute itself.
//!
//! Who keeps to a ledger is never blamed (see [`crate::blame()`]). The ledgers are pure; whoever holds one writes receipts
//! down *before* it sends what it signed, and resumes from the last: a side that forgot what it signed might sign twice.

use alloc::vec::Vec;
use core::num::NonZeroU64;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{ActionRoot, Address, Domain, Error, Hash, Key, OutputRoot, Refusal, Signed, chain, codec};

/// What both sides agreed on before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Terms {
    /// Where signatures count.
    pub domain: Domain,
    /// The lane's stream of steps.
    pub job: Hash,
    /// Who signs actions.
    pub user: Address,
    /// Who signs outputs.
    pub provider: Address,
    /// Steps of a segment, at most: what a provider may lose to a user who does not sign.
    pub credit: NonZeroU64,
}

/// What is signed about a segment: what either side keeps, and shows in a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// By the user.
    pub actions: Signed<ActionRoot>,
    /// By the provider; none before it answered.
    pub outputs: Option<Signed<OutputRoot>>,
}

impl Receipt {
    /// Bytes of the longest encoding.
    pub const LONGEST: usize = Signed::<ActionRoot>::BYTES + 1 + Signed::<OutputRoot>::BYTES;

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// What the bytes are the encoding of. Whether the two parts belong together, [`Receipt::verify`] says.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        codec::decode("receipt", bytes, Self::LONGEST)
    }

    /// An error unless both signatures hold under `terms` and are about the same segment and actions.
    pub fn verify(&self, terms: &Terms) -> Result<(), Refusal> {
        let action = &self.actions.message;
        same_root("job", action.job, terms.job)?;
        self.actions.verify(&terms.domain, &terms.user)?;
        if let Some(outputs) = &self.outputs {
            answers(&outputs.message, action)?;
            outputs.verify(&terms.domain, &terms.provider)?;
        }
        Ok(())
    }
}

/// One side's books of a job: a [`UserLedger`] or a [`ProviderLedger`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger<S> {
    terms: Terms,
    open: Open,
    /// Running root of the countersigned outputs.
    outputs: Hash,
    /// Of the last segment that the user signed.
    last: Option<Receipt>,
    side: S,
}

/// The user's side of a job.
pub type UserLedger = Ledger<UserSide>;

/// The provider's side of a job.
pub type ProviderLedger = Ledger<ProviderSide>;

/// What a user's ledger has of its own: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSide;

/// What a provider's ledger has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderSide {
    /// Closed; what the user is to sign.
    due: Option<ActionRoot>,
}

impl<S: Default> Ledger<S> {
    /// Before the first step.
    pub fn new(terms: Terms) -> Self {
        Self { terms, open: Open::START, outputs: chain::START, last: None, side: S::default() }
    }

    /// After the segment of `last`, the receipt of the last segment that the user signed. Refused where it does not hold. A
    /// countersignature that is missing in it is still due; `outputs` is the running root before it (unused where it is there).
    pub fn resume(terms: Terms, last: Receipt, outputs: Hash) -> Result<Self, Refusal> {
        last.verify(&terms)?;
        let outputs = last.outputs.map_or(outputs, |signed| signed.message.root);
        let open = Open::after(&last.actions.message)?;
        Ok(Self { terms, open, outputs, last: Some(last), side: S::default() })
    }

    /// Receipt of the last segment that the user signed.
    pub fn last(&self) -> Option<&Receipt> {
        self.last.as_ref()
    }

    /// Number of the open segment.
    pub fn segment(&self) -> u64 {
        self.open.segment
    }

    /// Steps of the stream, those of the open segment included.
    pub fn steps(&self) -> u64 {
        self.open.steps()
    }

    /// What the user signed and the provider has not countersigned.
    fn halfway(&self) -> Option<&Signed<ActionRoot>> {
        self.last.as_ref().filter(|receipt| receipt.outputs.is_none()).map(|receipt| &receipt.actions)
    }
}

impl Ledger<UserSide> {
    /// Counts steps of the open segment, before their actions are sent. Refused beyond the credit.
    pub fn step(&mut self, steps: u64) -> Result<(), Refusal> {
        self.open.step(steps, self.terms.credit)
    }

    /// Closes the open segment, whose action string has the root `actions`, and signs. Refused while the answer to the
    /// segment before is missing, and with a key that is not the user's.
    pub fn sign(&mut self, key: &Key, actions: &Hash) -> Result<Signed<ActionRoot>, Refusal> {
        is_of(key, &self.terms.user)?;
        if let Some(signed) = self.unanswered() {
            return Err(Refusal::Unanswered { segment: signed.message.segment });
        }
        let message = self.open.close(self.terms.job, actions);
        self.open = Open::after(&message)?;
        let signed = Signed::new(message, &self.terms.domain, key);
        self.last = Some(Receipt { actions: signed, outputs: None });
        Ok(signed)
    }

    /// What was signed and is not answered yet; to be sent again where it may have been lost.
    pub fn unanswered(&self) -> Option<&Signed<ActionRoot>> {
        self.halfway()
    }

    /// Takes the countersignature and `output`, the root of the segment's output that was sent with it. Refused where it
    /// answers something else than was signed. The last one once more changes nothing.
    pub fn accept(&mut self, answer: &Signed<OutputRoot>, output: &Hash) -> Result<Receipt, Refusal> {
        if let Some(last) = self.last.filter(|last| last.outputs == Some(*answer)) {
            return Ok(last);
        }
        let found = answer.message.segment;
        let awaited = self.unanswered().copied();
        not_past(found, awaited.map_or(self.open.segment, |actions| actions.message.segment))?;
        let Some(actions) = awaited else {
            return Err(Refusal::NotDue { found, accepted: None });
        };
        answers(&answer.message, &actions.message)?;
        same_root("output root", answer.message.root, chain::next(chain::OUTPUTS, &self.outputs, output))?;
        answer.verify(&self.terms.domain, &self.terms.provider)?;
        let receipt = Receipt { actions, outputs: Some(*answer) };
        self.outputs = answer.message.root;
        self.last = Some(receipt);
        Ok(receipt)
    }
}

impl Ledger<ProviderSide> {
    /// Counts steps of the open segment, before they are made. Refused while the user's signature of the segment
    /// before is missing, and beyond the credit.
    pub fn step(&mut self, steps: u64) -> Result<(), Refusal> {
        self.signed()?;
        self.open.step(steps, self.terms.credit)
    }

    /// Closes the open segment, whose action string (as received) has the root `actions`: returns what the user is to sign.
    /// Refused while its signature of the segment before is missing.
    pub fn close(&mut self, actions: &Hash) -> Result<ActionRoot, Refusal> {
        self.signed()?;
        let message = self.open.close(self.terms.job, actions);
        self.open = Open::after(&message)?;
        self.side.due = Some(message);
        Ok(message)
    }

    /// Takes the user's signature. Refused where it is over anything but what was received. The last one once more
    /// changes nothing.
    pub fn accept(&mut self, signed: &Signed<ActionRoot>) -> Result<(), Refusal> {
        if self.last.is_some_and(|last| last.actions == *signed) {
            return Ok(());
        }
        let found = &signed.message;
        not_past(found.segment, self.side.due.map_or(self.open.segment, |due| due.segment))?;
        let Some(due) = &self.side.due else {
            return Err(Refusal::NotDue { found: found.segment, accepted: None });
        };
        if let Some(last) = self.uncountersigned() {
            return Err(Refusal::Unanswered { segment: last.message.segment });
        }
        if found.segment != due.segment {
            return Err(Refusal::NotDue { found: found.segment, accepted: Some(due.segment) });
        }
        same_root("job", found.job, due.job)?;
        same_number("steps", found.steps, due.steps)?;
        same_root("action root", found.root, due.root)?;
        signed.verify(&self.terms.domain, &self.terms.user)?;
        self.last = Some(Receipt { actions: *signed, outputs: None });
        self.side.due = None;
        Ok(())
    }

    /// What the user signed and this side has yet to answer.
    pub fn uncountersigned(&self) -> Option<&Signed<ActionRoot>> {
        self.halfway()
    }

    /// Countersigns the segment that the user signed, whose output has the root `output`. Refused where nothing is to be
    /// answered, and with a key that is not the provider's.
    pub fn countersign(&mut self, key: &Key, output: &Hash) -> Result<Receipt, Refusal> {
        is_of(key, &self.terms.provider)?;
        let Some(&actions) = self.uncountersigned() else {
            let segment = self.side.due.map_or(self.open.segment, |due| due.segment);
            return Err(Refusal::Unsigned { segment });
        };
        let ActionRoot { job, segment, steps, root } = actions.message;
        self.outputs = chain::next(chain::OUTPUTS, &self.outputs, output);
        let message = OutputRoot { job, segment, steps, actions: root, root: self.outputs };
        let receipt = Receipt { actions, outputs: Some(Signed::new(message, &self.terms.domain, key)) };
        self.last = Some(receipt);
        Ok(receipt)
    }

    /// Steps that were made and that the user has not signed: at most the credit.
    pub fn unsigned_steps(&self) -> u64 {
        self.steps() - self.last.map_or(0, |last| last.actions.message.steps)
    }

    fn signed(&self) -> Result<(), Refusal> {
        self.side.due.map_or(Ok(()), |due| Err(Refusal::Unsigned { segment: due.segment }))
    }
}

/// The segment that is being filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    segment: u64,
    /// Steps of all segments before.
    before: u64,
    /// Its own steps.
    own: u64,
    /// Running action root of all segments before.
    actions: Hash,
}

impl Open {
    const START: Self = Self { segment: 0, before: 0, own: 0, actions: chain::START };

    fn after(closed: &ActionRoot) -> Result<Self, Refusal> {
        let segment = closed.segment.checked_add(1).ok_or(Refusal::Exhausted { segment: closed.segment })?;
        Ok(Self { segment, before: closed.steps, own: 0, actions: closed.root })
    }

    fn step(&mut self, steps: u64, credit: NonZeroU64) -> Result<(), Refusal> {
        let found = self.own.saturating_add(steps);
        if found > credit.get() {
            return Err(Refusal::Credit { segment: self.segment, found, accepted: credit.get() });
        }
        if self.before.checked_add(found).is_none() {
            return Err(Refusal::Exhausted { segment: self.segment });
        }
        self.own = found;
        Ok(())
    }

    fn steps(&self) -> u64 {
        self.before + self.own
    }

    fn close(&self, job: Hash, actions: &Hash) -> ActionRoot {
        let root = chain::next(chain::ACTIONS, &self.actions, actions);
        ActionRoot { job, segment: self.segment, steps: self.steps(), root }
    }
}

/// An error unless `output` answers `action`; what the outputs are is not looked at.
fn answers(output: &OutputRoot, action: &ActionRoot) -> Result<(), Refusal> {
    if output.segment != action.segment {
        return Err(Refusal::NotDue { found: output.segment, accepted: Some(action.segment) });
    }
    same_root("job", output.job, action.job)?;
    same_number("steps", output.steps, action.steps)?;
    same_root("action root", output.actions, action.root)
}

fn not_past(found: u64, accepted: u64) -> Result<(), Refusal> {
    if found < accepted { Err(Refusal::Past { found, accepted }) } else { Ok(()) }
}

fn is_of(key: &Key, accepted: &Address) -> Result<(), Error> {
    let found = key.address();
    if found != *accepted {
        return Err(Error::Signer { found, accepted: *accepted });
    }
    Ok(())
}

fn same_root(what: &'static str, found: Hash, accepted: Hash) -> Result<(), Refusal> {
    if found == accepted { Ok(()) } else { Err(Refusal::Root { what, found, accepted }) }
}

fn same_number(what: &'static str, found: u64, accepted: u64) -> Result<(), Refusal> {
    if found == accepted { Ok(()) } else { Err(Refusal::Number { what, found, accepted }) }
}
