//! A session whose actions the user signs, and pays for where it was opened on a chain.
//!
//! It keeps the user's books ([`UserBook`]) beside a [`Session`]: what the server has carried out is written down, and where it ends a
//! segment the next call signs that first, shows it to the caller to be kept, sends it, checks what the server signs in return, and pays.
//! So an error of [`SignedSession::step`] is about the segment before, with the step not asked for, or about the step.
//!
//! What that costs: a segment ([`SigningTerms::every`](crate::message::SigningTerms::every) steps of all lanes) takes one RECEIPT and one
//! VOUCHER, a signature a lane and one more, and two writes to the disk. Steps in between are those of any session.

use std::time::{Duration, Instant};

use hyperdust_gym::{Batch, Seeds};
use hyperdust_receipt::{Agreement, Key, Receipt, Signed, Voucher};

use super::{
    ClientError, Session,
    payment::{Payment, Spending},
};
use crate::{
    message::{Closed, Opened},
    signing::UserBook,
};

/// What a user has to know again after a crash.
#[derive(Clone, Copy, Debug)]
pub struct Books<'a> {
    /// The last receipt of each lane.
    pub receipts: &'a [Option<Receipt>],
    /// The last voucher, where the session is paid.
    pub voucher: Option<&'a Signed<Voucher>>,
}

/// Writes books down: before one's own signatures are sent, vouchers too, and once the server's are there. A user that forgot what it
/// signed might sign something else, and one without the server's signatures can't show a lie.
pub type Keep = Box<dyn FnMut(Books<'_>) -> std::io::Result<()> + Send>;

/// What is under way.
#[derive(Debug)]
enum Asked {
    Reset {
        seeds: Vec<Option<u64>>,
        mask: Option<Vec<bool>>,
    },
    Step(Vec<Vec<u8>>),
    /// So many segments.
    Receipt(usize),
    Voucher(Box<Signed<Voucher>>),
}

/// A session and its user's books. One request is under way at a time.
pub struct SignedSession {
    session: Session,
    book: UserBook,
    payment: Option<Payment>,
    keep: Keep,
    /// The books are on the disk as they are.
    kept: bool,
    asked: Option<Asked>,
}

impl core::fmt::Debug for SignedSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignedSession")
            .field("session", &self.session)
            .field("book", &self.book)
            .field("payment", &self.payment)
            .finish_non_exhaustive()
    }
}

impl SignedSession {
    /// Of a session that was just opened with `signing` for the account of `key`, and costs nothing: nobody pays what they have not
    /// agreed to. Whether the server's terms are those that were agreed on elsewhere (chain, contract, provider) is the caller's to compare:
    /// they are in [`Opened::signing`].
    pub fn new(session: Session, key: Key, keep: Keep) -> Result<Self, ClientError> {
        let paid = session.opened().signing.as_ref().and_then(|terms| terms.payment.as_ref());
        if let Some(payment) = paid {
            let found = format!("{} a unit", payment.price);
            return Err(ClientError::Terms { what: "payment", found, accepted: "none".into() });
        }
        Self::with(session, key, keep, None)
    }

    /// Of a session that was just opened with `signing` for a session that was opened on a chain as `agreement` says. It spends at most
    /// `budget`, and at most the deposit. An error where the server's answer is not what was agreed on.
    pub fn paying(
        session: Session,
        key: Key,
        keep: Keep,
        agreement: Agreement,
        budget: u128,
    ) -> Result<Self, ClientError> {
        Self::with(session, key, keep, Some((agreement, budget)))
    }

    fn with(session: Session, key: Key, keep: Keep, paid: Option<(Agreement, u128)>) -> Result<Self, ClientError> {
        let opened = session.opened();
        let terms = opened.signing.as_ref().ok_or(ClientError::Unexpected { what: "OPEN with signing" })?;
        let payment = paid.map(|(agreement, budget)| Payment::new(opened, terms, agreement, budget)).transpose()?;
        let book = UserBook::new(key, opened, terms)?;
        Ok(Self { session, book, payment, keep, kept: false, asked: None })
    }

    /// What was fixed when it was opened.
    pub fn opened(&self) -> &Opened {
        self.session.opened()
    }

    /// The session, for everything that is not signed. Steps and resets made there are missing in the books, and the next segment is
    /// refused.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// What the last reset or step gave.
    pub fn batch(&self) -> &Batch {
        self.session.batch()
    }

    /// The last receipt of each lane.
    pub fn receipts(&self) -> Vec<Option<Receipt>> {
        self.book.receipts()
    }

    /// The last voucher that was signed.
    pub fn voucher(&self) -> Option<&Signed<Voucher>> {
        self.payment.as_ref().and_then(Payment::voucher)
    }

    /// What a session that is paid has cost so far.
    pub fn spending(&self) -> Option<Spending> {
        self.payment.as_ref().map(|payment| payment.spending(self.book.steps()))
    }

    /// Whether a reset or step is under way whose batch [`SignedSession::wait`] takes.
    pub fn pending(&self) -> bool {
        matches!(self.asked, Some(Asked::Reset { .. } | Asked::Step(_)))
    }

    /// Starts episodes, in all lanes or in those of the mask. A lane's first reset needs a seed; where the chain has drawn it, none is
    /// given.
    pub fn reset(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<&Batch, ClientError> {
        self.reset_async(seeds, mask)?;
        self.wait()
    }

    /// Asks for a reset without waiting for it. What has to come first is [settled](Self::settle).
    pub fn reset_async(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(), ClientError> {
        self.settle()?;
        let seed = |lane: usize| match seeds {
            Seeds::Continue => None,
            Seeds::First(first) => Some(first.wrapping_add(lane as u64)),
            Seeds::Each(seeds) => seeds.get(lane).copied().flatten(),
        };
        let lanes = self.opened().num_envs;
        let mut each: Vec<Option<u64>> = (0..lanes).map(seed).collect();
        let drawn: Option<Vec<u64>> =
            self.payment.as_ref().and_then(|payment| (0..lanes as u64).map(|lane| payment.seed(lane)).collect());
        let mut seeds = seeds;
        if let Some(drawn) = drawn {
            if each.iter().any(Option::is_some) {
                return Err(ClientError::Drawn);
            }
            let first = |lane: usize| !self.book.started(lane);
            (each.iter_mut().zip(drawn).enumerate()).for_each(|(lane, (seed, drawn))| {
                *seed = first(lane).then_some(drawn);
            });
            seeds = Seeds::Each(&each);
        }
        self.book.may_reset(seeds, mask)?;
        self.session.reset_async(seeds, mask)?;
        self.asked = Some(Asked::Reset { seeds: each, mask: mask.map(<[bool]>::to_vec) });
        Ok(())
    }

    /// One step of every lane, as [`Session::step`].
    pub fn step(&mut self, actions: &[&[u8]]) -> Result<&Batch, ClientError> {
        self.step_async(actions)?;
        self.wait()
    }

    /// Asks for a step without waiting for it. What has to come first is [settled](Self::settle). [`ClientError::Budget`] where the step
    /// could not be paid: then it was not asked for.
    pub fn step_async(&mut self, actions: &[&[u8]]) -> Result<(), ClientError> {
        self.settle()?;
        if let Some(payment) = &self.payment {
            payment.may_step(self.book.steps(), self.opened().num_envs as u64)?;
        }
        self.book.may_step()?;
        self.session.step_async(actions)?;
        self.asked = Some(Asked::Step(actions.iter().map(|array| array.to_vec()).collect()));
        Ok(())
    }

    /// The batch of the reset or step that is under way.
    pub fn wait(&mut self) -> Result<&Batch, ClientError> {
        if !self.pending() {
            return Err(ClientError::NothingPending);
        }
        self.finish(None)?;
        Ok(self.session.batch())
    }

    /// Waits so long at most; whether nothing is under way any more, so that [`SignedSession::batch`] is what was asked for last.
    pub fn poll(&mut self, wait: Duration) -> Result<bool, ClientError> {
        self.finish(Some(Instant::now() + wait))
    }

    /// Waits for what is under way, signs and pays what is due. After it every whole segment has its receipt, and is paid.
    pub fn settle(&mut self) -> Result<(), ClientError> {
        while self.finish(None)? && self.ask_due()? {}
        Ok(())
    }

    /// As [`SignedSession::settle`], but so long at most; whether it is done. For callers that look after something else meanwhile.
    pub fn settle_within(&mut self, wait: Duration) -> Result<bool, ClientError> {
        let until = Instant::now() + wait;
        while self.finish(Some(until))? {
            if !self.ask_due()? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Signs and pays what is due and ends the session. Of a session that is paid every step is: a last reset makes segments of what was
    /// begun. Else steps of a segment that is not whole are not signed.
    pub fn close(&mut self) -> Result<Closed, ClientError> {
        self.settle()?;
        if self.spending().is_some_and(|spending| spending.unpaid > 0) {
            self.reset(Seeds::Continue, None)?;
            self.settle()?;
        }
        self.session.close()
    }

    /// Asks for what has to come before the next step, if anything has.
    fn ask_due(&mut self) -> Result<bool, ClientError> {
        let due = self.book.due()?;
        if !due.is_empty() {
            self.kept = false;
            self.write()?;
            self.session.receipt_async(&due)?;
            self.asked = Some(Asked::Receipt(due.len()));
            return Ok(true);
        }
        self.pay()?;
        self.write()?;
        let Some(voucher) = self.payment.as_ref().and_then(|payment| payment.unsent().copied()) else {
            return Ok(false);
        };
        self.session.voucher_async(&voucher)?;
        self.asked = Some(Asked::Voucher(voucher.into()));
        Ok(true)
    }

    /// Signs a voucher for what is countersigned.
    fn pay(&mut self) -> Result<(), ClientError> {
        let Some(payment) = &mut self.payment else { return Ok(()) };
        let before = payment.voucher().copied();
        self.book.pay(|key, domain, receipts| payment.sign(key, domain, receipts))?;
        self.kept &= before.as_ref() == payment.voucher();
        Ok(())
    }

    /// Writes the books down, where they have changed.
    fn write(&mut self) -> Result<(), ClientError> {
        let receipts = self.book.receipts();
        if self.kept || receipts.iter().all(Option::is_none) {
            return Ok(());
        }
        let voucher = self.payment.as_ref().and_then(Payment::voucher);
        (self.keep)(Books { receipts: &receipts, voucher }).map_err(|error| ClientError::Keep { error })?;
        self.kept = true;
        Ok(())
    }

    /// Takes the answer to what is under way, and writes it down; whether it is there. It is waited for until then, or until the
    /// session's own deadline, which is an error.
    fn finish(&mut self, until: Option<Instant>) -> Result<bool, ClientError> {
        let Some(asked) = &self.asked else { return Ok(true) };
        if let Some(until) = until
            && !self.session.poll(until.saturating_duration_since(Instant::now()))?
        {
            return Ok(false);
        }
        let done = match asked {
            Asked::Receipt(count) => self.session.receipt_wait(*count).map(Some),
            Asked::Voucher(_) => self.session.voucher_wait().map(|()| None),
            Asked::Reset { .. } | Asked::Step(_) => self.session.step_wait().map(|_| None),
        };
        if done.is_err() && self.session.pending() > 0 {
            // It goes on, and may be waited for again.
            return done.map(|_| false);
        }
        let asked = self.asked.take();
        match (asked, done?) {
            (Some(Asked::Reset { seeds, mask }), _) => self.book.reset(Seeds::Each(&seeds), mask.as_deref())?,
            (Some(Asked::Step(actions)), _) => {
                self.book.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
            }
            (Some(Asked::Voucher(voucher)), _) => {
                self.payment.iter_mut().for_each(|payment| payment.taken(&voucher));
            }
            (_, Some(answers)) => {
                self.book.accept(&answers)?;
                self.kept = false;
                self.pay()?;
                self.write()?;
            }
            _ => {}
        }
        Ok(true)
    }
}
