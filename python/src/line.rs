//! A session as `Remote` steps it: a plain one, or one whose actions are signed and paid. Both have the same calls.

use std::{sync::Arc, time::Duration};

use hyperdust_gym::Seeds;
use hyperdust_wire::{
    client::{ClientError, Session, SignedSession},
    message::{Closed, Opened},
};

use crate::payment::Terms;

/// See the module.
pub enum Line {
    /// Nothing is signed.
    Free(Box<Session>),
    /// Everything is signed and paid.
    Paid(Box<SignedSession>, Arc<Terms>),
}

impl Line {
    /// What was fixed when it was opened.
    pub fn opened(&self) -> &Opened {
        match self {
            Self::Free(session) => session.opened(),
            Self::Paid(signed, _) => signed.opened(),
        }
    }

    /// The session itself.
    pub fn session(&mut self) -> &mut Session {
        match self {
            Self::Free(session) => session,
            Self::Paid(signed, _) => signed.session(),
        }
    }

    /// Does what has to come before the next reset or step, so long at most; whether it is done.
    pub fn settle_within(&mut self, wait: Duration) -> Result<bool, ClientError> {
        match self {
            Self::Free(_) => Ok(true),
            Self::Paid(signed, _) => signed.settle_within(wait),
        }
    }

    pub fn reset_async(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(), ClientError> {
        match self {
            Self::Free(session) => session.reset_async(seeds, mask),
            Self::Paid(signed, _) => signed.reset_async(seeds, mask),
        }
    }

    pub fn step_async(&mut self, actions: &[&[u8]]) -> Result<(), ClientError> {
        match self {
            Self::Free(session) => session.step_async(actions),
            Self::Paid(signed, _) => signed.step_async(actions),
        }
    }

    /// Waits so long at most for the oldest reset or step, and reads its batch; whether it is there.
    pub fn arrived(&mut self, wait: Duration) -> Result<bool, ClientError> {
        match self {
            Self::Free(session) => Ok(session.poll(wait)? && session.step_wait().map(|_| true)?),
            Self::Paid(signed, _) if signed.pending() => signed.poll(wait),
            Self::Paid(..) => Err(ClientError::NothingPending),
        }
    }

    /// Resets and steps whose batch was not taken.
    pub fn pending(&self) -> usize {
        match self {
            Self::Free(session) => session.pending(),
            Self::Paid(signed, _) => signed.pending().into(),
        }
    }

    pub fn close(&mut self) -> Result<Closed, ClientError> {
        match self {
            Self::Free(session) => session.close(),
            Self::Paid(signed, _) => signed.close(),
        }
    }
}
