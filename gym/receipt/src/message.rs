//! What is signed: actions by the user, outputs by the provider, money by the user, and a claim by a companion that came to the same.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Error, Hash, Message, typed::word};

/// What a user asked for, up to the end of a segment. Signed by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct ActionRoot {
    /// The lane's stream of steps.
    pub job: Hash,
    /// Number of the segment, from 0.
    pub segment: u64,
    /// Environment steps of the stream, those of the segment included.
    pub steps: u64,
    /// Running root ([`crate::chain::ACTIONS`]) of the action strings' roots, from segment 0 to this one.
    pub root: Hash,
}

impl Message for ActionRoot {
    const NAME: &'static str = "action root";
    const TYPE: &'static str = "ActionRoot(bytes32 job,uint64 segment,uint64 steps,bytes32 root)";
    const BYTES: usize = 80;

    fn words(&self) -> impl IntoIterator<Item = Hash> {
        [self.job, word(self.segment.into()), word(self.steps.into()), self.root]
    }
}

/// What a provider answered, up to the end of a segment. Signed by the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct OutputRoot {
    /// The lane's stream of steps.
    pub job: Hash,
    /// Number of the segment, from 0.
    pub segment: u64,
    /// Environment steps of the stream, those of the segment included.
    pub steps: u64,
    /// The [`ActionRoot::root`] that is answered.
    pub actions: Hash,
    /// Running root ([`crate::chain::OUTPUTS`]) of the segments' output roots, from segment 0 to this one.
    pub root: Hash,
}

impl Message for OutputRoot {
    const NAME: &'static str = "output root";
    const TYPE: &'static str = "OutputRoot(bytes32 job,uint64 segment,uint64 steps,bytes32 actions,bytes32 root)";
    const BYTES: usize = 112;

    fn words(&self) -> impl IntoIterator<Item = Hash> {
        [self.job, word(self.segment.into()), word(self.steps.into()), self.actions, self.root]
    }
}

/// That a session of the chain may begin at its provider. Signed by the user: whoever else saw it opened on the chain can't have it served in the user's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Beginning {
    /// The session.
    pub session: Hash,
}

impl Message for Beginning {
    const NAME: &'static str = "beginning";
    const TYPE: &'static str = "Beginning(bytes32 session)";
    const BYTES: usize = 32;

    fn words(&self) -> impl IntoIterator<Item = Hash> {
        [self.session]
    }
}

/// What a session has earned its provider so far. Signed by the user; the one with the largest amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Voucher {
    /// The session.
    pub session: Hash,
    /// Units of work paid for since the session began.
    pub units: u64,
    /// Wei since the session began (`uint256` on chain).
    pub amount: u128,
    /// Root ([`crate::list::LANES`]) of the list of the lanes' running action roots, in the order of the lanes.
    pub actions: Hash,
    /// Root ([`crate::list::LANES`]) of the list of the lanes' running output roots, in the order of the lanes.
    pub outputs: Hash,
}

impl Voucher {
    /// An error where this voucher takes back something that `previous` gave, or is of another session.
    pub fn follows(&self, previous: &Self) -> Result<(), Error> {
        let part = match () {
            () if self.session != previous.session => "session",
            () if self.units < previous.units => "units",
            () if self.amount < previous.amount => "amount",
            () => return Ok(()),
        };
        Err(Error::Voucher { part })
    }
}

impl Message for Voucher {
    const NAME: &'static str = "voucher";
    const TYPE: &'static str = "Voucher(bytes32 session,uint64 units,uint256 amount,bytes32 actions,bytes32 outputs)";
    const BYTES: usize = 120;

    fn words(&self) -> impl IntoIterator<Item = Hash> {
        [self.session, word(self.units.into()), word(self.amount), self.actions, self.outputs]
    }
}

/// A claim that a companion computed again and found true. Signed by the companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Attestation {
    /// The lane's stream of steps.
    pub job: Hash,
    /// Root of the job's graph without outputs: program, scene and actions that were computed from.
    pub plan: Hash,
    /// Root of the graph with the outputs that the provider claims, and that the companion came to.
    pub claim: Hash,
    /// What the companion fixed before it knew the claim: a hash of its own graph's root, its address and a salt.
    pub commitment: Hash,
}

impl Message for Attestation {
    const NAME: &'static str = "attestation";
    const TYPE: &'static str = "Attestation(bytes32 job,bytes32 plan,bytes32 claim,bytes32 commitment)";
    const BYTES: usize = 128;

    fn words(&self) -> impl IntoIterator<Item = Hash> {
        [self.job, self.plan, self.claim, self.commitment]
    }
}
