//! Claims that are wrong on purpose, to find companions that attest without computing.
//!
//! Whoever sends companions their jobs mixes in some whose claims it knows to be wrong ([`plant`]). Before the first assignment it fixes
//! all of them ([`Fixed`]): the Merkle root of the list of `keccak256(kind ‖ job ‖ claim ‖ salt)`, sorted, so that neither items nor
//! their order say which jobs they are. A companion that attests to one is shown the item ([`Opened`]) and loses its bond.
//!
//! The rule that keeps this from excusing lies: a canary's claim is *handed* to a companion, and never posted. A claim that
//! anybody [posts](Posted) binds whoever posts it, for what it is: it is never excused as a canary, whoever made it, whenever,
//! and whatever can be opened. So [`Fixed::excuse`] cannot be asked without saying what was posted.

mod files;

use std::collections::{BTreeMap, BTreeSet};

use hyperdust_kernel::merkle::{Hash, Kind, Proof};
use hyperdust_proof::Graph;
use hyperdust_receipt::{Address, Attestation, list};
use sha3::{Digest, Keccak256};

pub use self::files::LONGEST;
use super::commitment;
use crate::{Error, Job};

/// Kind of an item: a canary.
pub const KIND: Kind = Kind::new("hyperdust canary");
/// Kind of the outputs of a wrong claim.
const WRONG: Kind = Kind::new("hyperdust canary output");

fn keccak<'a>(words: impl IntoIterator<Item = &'a Hash>) -> Hash {
    words.into_iter().fold(Keccak256::new(), Keccak256::chain_update).finalize().into()
}

/// A job with a claim about it that is known to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canary {
    /// The job, as its terms and attestations name it.
    pub job: Hash,
    /// Root of the graph that is claimed.
    pub claim: Hash,
    /// 32 random bytes: those that the claim was [planted](plant) with, if a contract shall tell that it is wrong.
    pub salt: Hash,
}

impl Canary {
    /// Of this job and claim, under a salt from the operating system.
    pub fn salted(job: Hash, claim: Hash) -> Result<Self, Error> {
        Ok(Self { job, claim, salt: commitment::salt()? })
    }

    fn item(&self) -> Hash {
        keccak([&KIND.word(), &self.job, &self.claim, &self.salt])
    }
}

/// A wrong claim about a job: the outputs of segment `from` and all after are other ones, drawn from `salt`. They look like any that
/// one has not computed.
pub fn plant(job: &Job, truth: &Graph, from: u32, salt: &Hash) -> Result<Graph, Error> {
    if from >= truth.count() {
        return Err(Error::Canary(format!("found segment {from}; accepted: 0 to {}", truth.count() - 1)));
    }
    let outputs = (0..).zip(truth.nodes()).map(|(number, node): (u32, _)| {
        let mut word = [0; 32];
        word[28..].copy_from_slice(&number.to_be_bytes());
        if number < from { node.output } else { keccak([&WRONG.word(), salt, &word]) }
    });
    job.graph(&outputs.collect::<Vec<_>>())
}

/// The canaries of one period, known to whoever made them.
#[derive(Clone, Debug)]
pub struct Canaries {
    canaries: Vec<Canary>,
    items: Vec<Hash>,
}

impl Canaries {
    /// These canaries. An error where there is none, or two are about one job.
    pub fn new(canaries: Vec<Canary>) -> Result<Self, Error> {
        let jobs: BTreeSet<_> = canaries.iter().map(|canary| canary.job).collect();
        if canaries.is_empty() || jobs.len() != canaries.len() {
            let (found, jobs) = (canaries.len(), jobs.len());
            return Err(Error::Canary(format!(
                "found {found} about {jobs} jobs; accepted: at least one, each about its own"
            )));
        }
        let sorted: BTreeMap<_, _> = canaries.into_iter().map(|canary| (canary.item(), canary)).collect();
        let (items, canaries) = sorted.into_iter().unzip();
        Ok(Self { canaries, items })
    }

    /// What is published at `time`, before any of the jobs is assigned.
    pub fn fix(&self, time: u64) -> Fixed {
        Fixed { root: list::root(list::CANARIES, &self.items), count: self.items.len() as u64, time }
    }

    /// Opens the canary about a job, if there is one.
    pub fn open(&self, job: &Hash) -> Option<Opened> {
        let index = self.canaries.iter().position(|canary| canary.job == *job)?;
        Some(Opened { canary: self.canaries[index], proof: list::prove(&self.items, index as u64)? })
    }
}

/// A canary with the proof that it was fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The canary.
    pub canary: Canary,
    /// Opens its item in the list.
    pub proof: Proof,
}

impl Opened {
    /// Whether a companion attested to this canary's claim: to what it cannot have come to by computing.
    pub fn caught(&self, attestation: &Attestation) -> bool {
        attestation.job == self.canary.job && attestation.claim == self.canary.claim
    }
}

/// Claims that somebody posted, each with who did so first.
#[derive(Clone, Debug, Default)]
pub struct Posted(BTreeMap<Hash, Address>);

impl Posted {
    /// Notes that `by` posted the graph with this root as its claim.
    pub fn post(&mut self, by: Address, claim: Hash) {
        self.0.entry(claim).or_insert(by);
    }
}

/// Canaries as they are published: nobody can add one later, or tell which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Root of the list ([`list::CANARIES`]).
    pub root: Hash,
    /// Number of items.
    pub count: u64,
    /// When it was published: a block's number, or any clock that all share.
    pub time: u64,
}

impl Fixed {
    /// Whether `opened` excuses a wrong claim that a companion was handed when the job was assigned to it, at time `assigned`. An
    /// error says why not: it was fixed too late or not at all, it is about another claim, or somebody posted the claim.
    pub fn excuse(&self, opened: &Opened, claim: &Hash, assigned: u64, posted: &Posted) -> Result<(), Error> {
        let Opened { canary, proof } = opened;
        let refused = |why: String| Err(Error::Canary(why));
        if let Some(by) = posted.0.get(claim) {
            return refused(format!("{by} posted this claim, and a claim that anybody posts is never excused"));
        }
        if canary.claim != *claim {
            return refused("it is about another claim".into());
        }
        if proof.leaf != canary.item() || !list::verify(list::CANARIES, self.count, &self.root, proof) {
            return refused("it is not among those that were fixed".into());
        }
        if self.time >= assigned {
            return refused(format!(
                "it was fixed at {}; accepted: before {assigned}, when the job was assigned",
                self.time
            ));
        }
        Ok(())
    }
}
