//! Whether a node of a plan is what the user signed.
//!
//! The evidence for a segment is the user's signature over the running root of the actions up to it, and the one over the
//! running root before it: the second follows from the first by one hashing with the root of the segment's own actions. Program,
//! blueprint and the chain of states follow from the session and are compared. So is the number of segments: it is that of the last one
//! that the user signed and the claim shows, or that both signed, whoever shows it.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{
    Node, Source,
    game::{Finding, Judge, Part},
    graph::UNKNOWN,
};
use hyperdust_receipt::{ActionRoot, Receipt, Signed, Terms, chain};

use crate::{Error, job::Job};

/// What a provider shows for a segment.
#[derive(BorshSerialize, BorshDeserialize)]
struct Evidence {
    before: Option<Signed<ActionRoot>>,
    signed: Signed<ActionRoot>,
}

/// The evidence for segment `number` of a job that carries signatures.
pub fn evidence(job: &Job, number: usize) -> Result<Vec<u8>, Error> {
    let signed = |number: usize| {
        let none = || Error::Unsigned { segment: number, why: "there is no signature".into() };
        job.segments()[number].signed.ok_or_else(none)
    };
    let before = number.checked_sub(1).map(signed).transpose()?;
    Ok(borsh::to_vec(&Evidence { before, signed: signed(number)? }).expect("writing to memory does not fail"))
}

/// Judges by signatures.
#[derive(Clone, Debug)]
pub struct Signatures {
    terms: Terms,
    program: Hash,
    blueprint: Hash,
    /// Segments that were signed.
    nodes: u32,
}

impl Signatures {
    /// The judge of a session about this job's program and blueprint, under its terms. An error where the user has not signed
    /// the last segment: so many segments nobody may claim.
    pub fn of(job: &Job) -> Result<Self, Error> {
        let terms = *job.terms().ok_or_else(|| Error::Job("it has no terms under which anybody signed".into()))?;
        let count = job.segments().len();
        let judge = Self { terms, program: job.program(), blueprint: job.model().id().0, nodes: count as u32 };
        // A job has a segment.
        let segment = count.saturating_sub(1);
        let signed = job.segments()[segment].signed;
        if !signed.is_some_and(|signed| judge.is_of(&signed, segment as u64)) {
            let why = "the user has not signed that there is such a segment".into();
            return Err(Error::Unsigned { segment, why });
        }
        Ok(judge)
    }

    /// Notes a segment that both sides signed. A claim that ends before it leaves out what its provider countersigned, and is
    /// refused from now on; what the user signed alone, afterwards perhaps, makes no claim too short.
    pub fn countersigned(&mut self, receipt: &Receipt) -> Result<(), Error> {
        let segment = receipt.actions.message.segment;
        let refused = |why: String| Error::Unsigned { segment: usize::try_from(segment).unwrap_or(usize::MAX), why };
        receipt.verify(&self.terms).map_err(|refusal| refused(refusal.to_string()))?;
        if receipt.outputs.is_none() {
            return Err(refused("the provider has not countersigned it".into()));
        }
        self.nodes = self.nodes.max(u32::try_from(segment).unwrap_or(u32::MAX).saturating_add(1));
        Ok(())
    }

    fn is_of(&self, signed: &Signed<ActionRoot>, segment: u64) -> bool {
        let message = &signed.message;
        message.job == self.terms.job
            && message.segment == segment
            && signed.verify(&self.terms.domain, &self.terms.user).is_ok()
    }

    fn actions(&self, index: u32, actions: &Hash, evidence: &[u8]) -> bool {
        let Ok(Evidence { before, signed }) = borsh::from_slice::<Evidence>(evidence) else { return false };
        let previous = match (index.checked_sub(1), before) {
            (None, None) => chain::START,
            (Some(earlier), Some(before)) if self.is_of(&before, earlier.into()) => before.message.root,
            _ => return false,
        };
        self.is_of(&signed, index.into()) && signed.message.root == chain::next(chain::ACTIONS, &previous, actions)
    }
}

impl Judge for Signatures {
    fn nodes(&self) -> Option<u32> {
        Some(self.nodes)
    }

    fn judge(&self, index: u32, node: &Node, evidence: &[u8]) -> Finding {
        let state = match index.checked_sub(1) {
            None => Source::Empty,
            Some(before) => Source::Node(before),
        };
        if node.program != self.program || node.output != UNKNOWN {
            return Finding::Unsigned(Part::Program);
        }
        match node.inputs {
            [Source::Given(blueprint), _, _, _] if blueprint != self.blueprint => Finding::Unsigned(Part::Input(0)),
            [Source::Given(_), found, Source::Given(actions), Source::Empty] if found == state => {
                if self.actions(index, &actions, evidence) {
                    Finding::Signed
                } else {
                    Finding::Unsigned(Part::Input(2))
                }
            }
            _ => Finding::Unsigned(Part::Sources),
        }
    }
}
