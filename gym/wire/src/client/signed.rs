//! A session whose actions the user signs.
//!
//! It keeps the user's books ([`UserBook`]) beside a [`Session`]: what the server has carried out is written down, and where it ends a
//! segment the next call signs that first, shows it to the caller to be kept, sends it, and checks what the server signs in return.
//! So an error of [`SignedSession::step`] is about the segment before, with the step not asked for, or about the step.

use hyperdust_gym::{Batch, Seeds};
use hyperdust_receipt::{Key, Receipt};

use super::{ClientError, Session};
use crate::{
    message::{Closed, Opened},
    signing::UserBook,
};

/// Writes receipts down, the last one of each lane: before one's own signatures are sent, and once the server's are there. A user that
/// forgot what it signed might sign something else.
pub type Keep = Box<dyn FnMut(&[Option<Receipt>]) -> std::io::Result<()> + Send>;

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
}

/// A session and its user's books. One request is under way at a time.
pub struct SignedSession {
    session: Session,
    book: UserBook,
    keep: Keep,
    asked: Option<Asked>,
}

impl core::fmt::Debug for SignedSession {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignedSession")
            .field("session", &self.session)
            .field("book", &self.book)
            .finish_non_exhaustive()
    }
}

impl SignedSession {
    /// Of a session that was just opened with `signing` for the account of `key`. Whether the server's terms are those that were agreed
    /// on elsewhere (chain, contract, provider) is the caller's to compare: they are in [`Opened::signing`].
    pub fn new(session: Session, key: Key, keep: Keep) -> Result<Self, ClientError> {
        let opened = session.opened();
        let terms = opened.signing.as_ref().ok_or(ClientError::Unexpected { what: "OPEN with signing" })?;
        let book = UserBook::new(key, opened, terms)?;
        Ok(Self { session, book, keep, asked: None })
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

    /// Starts episodes, in all lanes or in those of the mask. A lane's first reset needs a seed.
    pub fn reset(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<&Batch, ClientError> {
        self.settle()?;
        self.book.may_reset(seeds, mask)?;
        self.session.reset_async(seeds, mask)?;
        let seed = |lane: u64| match seeds {
            Seeds::Continue => None,
            Seeds::First(first) => Some(first.wrapping_add(lane)),
            Seeds::Each(seeds) => seeds.get(lane as usize).copied().flatten(),
        };
        let seeds = (0..self.opened().num_envs as u64).map(seed).collect();
        self.asked = Some(Asked::Reset { seeds, mask: mask.map(<[bool]>::to_vec) });
        self.finish()?;
        Ok(self.session.batch())
    }

    /// One step of every lane, as [`Session::step`].
    pub fn step(&mut self, actions: &[&[u8]]) -> Result<&Batch, ClientError> {
        self.settle()?;
        self.book.may_step()?;
        self.session.step_async(actions)?;
        self.asked = Some(Asked::Step(actions.iter().map(|array| array.to_vec()).collect()));
        self.finish()?;
        Ok(self.session.batch())
    }

    /// Waits for what is under way, and signs what is due. After it every whole segment has its receipt.
    pub fn settle(&mut self) -> Result<(), ClientError> {
        self.finish()?;
        let due = self.book.due()?;
        if due.is_empty() {
            return Ok(());
        }
        (self.keep)(&self.book.receipts()).map_err(|error| ClientError::Keep { error })?;
        self.session.receipt_async(&due)?;
        self.asked = Some(Asked::Receipt(due.len()));
        self.finish()
    }

    /// Signs what is due and ends the session. Steps of a segment that is not whole are not signed.
    pub fn close(&mut self) -> Result<Closed, ClientError> {
        self.settle()?;
        self.session.close()
    }

    /// Takes the answer to what is under way, and writes it down.
    fn finish(&mut self) -> Result<(), ClientError> {
        let done = match &self.asked {
            None => return Ok(()),
            Some(Asked::Receipt(count)) => self.session.receipt_wait(*count).map(Some),
            Some(_) => self.session.step_wait().map(|_| None),
        };
        if done.is_err() && self.session.pending() > 0 {
            // It goes on, and may be waited for again.
            return done.map(drop);
        }
        let asked = self.asked.take();
        match (asked, done?) {
            (Some(Asked::Reset { seeds, mask }), _) => self.book.reset(Seeds::Each(&seeds), mask.as_deref())?,
            (Some(Asked::Step(actions)), _) => {
                self.book.step(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
            }
            (_, Some(answers)) => {
                self.book.accept(&answers)?;
                (self.keep)(&self.book.receipts()).map_err(|error| ClientError::Keep { error })?;
            }
            _ => {}
        }
        Ok(())
    }
}
