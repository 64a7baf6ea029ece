//! Who is to blame where the two sides of a job differ about the actions of a segment.
//!
//! One side claims that a segment had certain actions (a provider to be paid for it; a user to hold a provider to the
//! output that it countersigned); the other says that it had others, or that there was no such segment. Each side shows a signature of the
//! *other's*. Two rules decide:
//!
//! 1. The claimant has to show the other's signature over just what it claims. If it cannot, it is to blame.
//! 2. Whoever says something else than what it signed itself, as the other shows, is to blame.
//!
//! So where they differ, somebody is always to blame: either the claimant shows the other's signature, and the other denies
//! it, or it does not. And a side that keeps to its ledger is never: it says what it signed ([`Receipt::user`],
//! [`Receipt::provider`]), never signed anything else about the segment, and claims only what the other signed too. Where both agree on the
//! actions, nobody is to blame for them, and the dispute is about the computation.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{ActionRoot, Address, Error, Hash, Message, OutputRoot, Receipt, Signed, Terms};

/// A side of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Side {
    /// Sends actions, signs [`ActionRoot`]s.
    User,
    /// Makes steps, signs [`OutputRoot`]s.
    Provider,
}

/// What the actions of a job were, up to the end of the segment in dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Actions {
    /// Steps of the stream so far.
    pub steps: u64,
    /// Their running root.
    pub root: Hash,
}

/// What a side brings forward about a segment; `T` is what the other side signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Statement<T> {
    /// Its actions; none where there was no such segment.
    pub says: Option<Actions>,
    /// The other side's signature.
    pub shows: Option<Signed<T>>,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Blame {
    /// Both say the same: what is left to dispute is the computation.
    Agreed,
    /// They differ, but the claimant claims no actions and contradicts no signature of its own.
    NothingClaimed,
    /// The user is.
    User(Fault),
    /// The provider is.
    Provider(Fault),
    /// Both are.
    Both {
        /// The user's.
        user: Fault,
        /// The provider's.
        provider: Fault,
    },
}

/// What a side is to blame for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It says something else than what it signed: here is what it signed.
    Denied {
        /// As the other side shows.
        signed: Actions,
    },
    /// It claims actions and shows no signature.
    Unsigned,
    /// What it shows is not the other's signature for this chain and contract.
    Forged(Error),
    /// What it shows is the other's signature about another job or segment.
    Elsewhere {
        /// That job.
        job: Hash,
        /// That segment.
        segment: u64,
    },
    /// What it shows is the other's signature over other actions of this segment than it claims.
    Altered {
        /// As signed.
        signed: Actions,
    },
}

/// Something signed about the actions of a job's segment.
pub trait Evidence: Message {
    /// Job, segment, and what the actions were.
    fn actions(&self) -> (Hash, u64, Actions);
}

impl Evidence for ActionRoot {
    fn actions(&self) -> (Hash, u64, Actions) {
        (self.job, self.segment, Actions { steps: self.steps, root: self.root })
    }
}

impl Evidence for OutputRoot {
    fn actions(&self) -> (Hash, u64, Actions) {
        (self.job, self.segment, Actions { steps: self.steps, root: self.actions })
    }
}

impl Receipt {
    /// What an honest user brings forward about the segment: what it signed. (Without a receipt: nothing.)
    pub fn user(&self) -> Statement<OutputRoot> {
        Statement { says: Some(self.actions.message.actions().2), shows: self.outputs }
    }

    /// What an honest provider brings forward about the segment. (Without a receipt: nothing.)
    pub fn provider(&self) -> Statement<ActionRoot> {
        Statement { says: Some(self.actions.message.actions().2), shows: Some(self.actions) }
    }

    /// Whether `side` can claim the segment: it has the other's signature.
    pub fn claimable(&self, side: Side) -> bool {
        side == Side::Provider || self.outputs.is_some()
    }
}

/// Judges the two statements about `segment` of the job of `terms`.
pub fn blame(
    terms: &Terms,
    segment: u64,
    claimant: Side,
    user: &Statement<OutputRoot>,
    provider: &Statement<ActionRoot>,
) -> Blame {
    if user.says == provider.says {
        return Blame::Agreed;
    }
    let signed_by_provider = examine(terms, segment, &terms.provider, user);
    let signed_by_user = examine(terms, segment, &terms.user, provider);
    let faults = (
        denial(user.says, &signed_by_user)
            .or_else(|| (claimant == Side::User).then(|| unproved(user.says, &signed_by_provider)).flatten()),
        denial(provider.says, &signed_by_provider)
            .or_else(|| (claimant == Side::Provider).then(|| unproved(provider.says, &signed_by_user)).flatten()),
    );
    match faults {
        (None, None) => Blame::NothingClaimed,
        (Some(fault), None) => Blame::User(fault),
        (None, Some(fault)) => Blame::Provider(fault),
        (Some(user), Some(provider)) => Blame::Both { user, provider },
    }
}

/// What the other side signed about the segment, or why that is not known from the statement.
fn examine<T: Evidence>(
    terms: &Terms,
    segment: u64,
    signer: &Address,
    statement: &Statement<T>,
) -> Result<Actions, Fault> {
    let signed = statement.shows.as_ref().ok_or(Fault::Unsigned)?;
    signed.verify(&terms.domain, signer).map_err(Fault::Forged)?;
    let (job, at, actions) = signed.message.actions();
    if (job, at) != (terms.job, segment) {
        return Err(Fault::Elsewhere { job, segment: at });
    }
    Ok(actions)
}

/// Rule 2.
fn denial(says: Option<Actions>, signed: &Result<Actions, Fault>) -> Option<Fault> {
    signed.as_ref().ok().filter(|&&signed| says != Some(signed)).map(|&signed| Fault::Denied { signed })
}

/// Rule 1.
fn unproved(says: Option<Actions>, signed: &Result<Actions, Fault>) -> Option<Fault> {
    let claimed = says?;
    match signed {
        Ok(signed) if *signed == claimed => None,
        Ok(signed) => Some(Fault::Altered { signed: *signed }),
        Err(fault) => Some(fault.clone()),
    }
}
