//! What a companion says of a claim, once it has fixed its own answer.
//!
//! In order: where the claim is about other inputs than the companion was given, it says which, and whoever has the evidence judges; where all outputs are its own, it
//! attests; else the first segment with another output is run on the proof machine, which is what decides in a
//! dispute. Only a machine that gives the companion's own output lets it accuse. Where it sides with the provider, or with nobody,
//! the companion's native run is not to be trusted: it abstains, and says why, whatever it would have earned.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Hex, Node};
use hyperdust_receipt::{Attestation, Key, Signed};

use super::Committed;
use crate::{Error, Job, Program};

/// What a companion says of a claim.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
#[must_use]
pub enum Verdict {
    /// It came to the same.
    Attested(Signed<Attestation>),
    /// It came to another output, and so does the machine.
    Disputed {
        /// Node of the graph, a segment's number: the first whose output differs.
        node: u32,
        /// Root of the companion's output, and of the machine's.
        own: Hash,
        /// Root of the output that is claimed.
        claimed: Hash,
    },
    /// The claim is about other inputs than this companion was given. No accusation yet: the user may have signed those, too, and
    /// only the provider can show it. Whoever asks for its evidence first, and has it judged
    /// ([`crate::dispute::Signatures`]), never loses a bond over a user who signed twice.
    Inputs {
        /// The first such segment.
        segment: u32,
        /// What is other.
        why: String,
    },
    /// It came to something else, and does not accuse.
    Abstained {
        /// Why not.
        why: String,
    },
}

impl Verdict {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attested(_) => "attested",
            Self::Disputed { .. } => "disputed",
            Self::Inputs { .. } => "inputs",
            Self::Abstained { .. } => "abstained",
        }
    }

    /// Whether it accuses the provider.
    pub fn accuses(&self) -> bool {
        matches!(self, Self::Disputed { .. })
    }
}

impl Committed {
    /// Judges the graph that the provider claims, attesting with `key`, which has to be that of the commitment.
    ///
    /// `machine` runs a segment (its number, the state that it starts from) on the proof machine and gives its output's root, or
    /// `None` where the program left no output; [`machine`] is the real one. It is called for a disputed segment only, and what it
    /// fails with is passed on: without the machine nobody is accused.
    pub fn judge(
        &self,
        claim: &Graph,
        key: &Key,
        machine: impl FnOnce(&Job, usize, &[u8]) -> Result<Option<Hash>, Error>,
    ) -> Result<Verdict, Error> {
        if key.address() != self.address() {
            let (found, accepted) = (key.address(), self.address());
            return Err(Error::Commitment(format!("found the key of {found}; accepted: that of {accepted}")));
        }
        if let Some((segment, why)) = other_inputs(self.graph(), claim) {
            return Ok(Verdict::Inputs { segment, why });
        }
        let nodes = self.graph().nodes().iter().zip(claim.nodes());
        let Some((node, (own, claimed))) = (0..).zip(nodes).find(|(_, (own, claimed))| own.output != claimed.output)
        else {
            return self.attest(claim, key).map(Verdict::Attested);
        };
        let (own, claimed) = (own.output, claimed.output);
        let found = machine(self.job(), node as usize, self.job().start(node as usize, self.outputs()))?;
        let abstained = |sides: String| Verdict::Abstained {
            why: format!("segment {node} gives {} natively; {sides}: nobody is accused", Hex(&own)),
        };
        Ok(match found {
            Some(found) if found == own => Verdict::Disputed { node, own, claimed },
            Some(found) if found == claimed => abstained("the machine gives what the provider claims".into()),
            Some(found) => {
                abstained(format!("the machine gives {}, the provider claims {}", Hex(&found), Hex(&claimed)))
            }
            None => abstained("the machine gives no output".into()),
        })
    }

    fn attest(&self, claim: &Graph, key: &Key) -> Result<Signed<Attestation>, Error> {
        let terms = self.job().terms().ok_or_else(|| Error::Job("it has no terms to attest under".into()))?;
        let (plan, claim, commitment) = (claim.plan(), claim.root(), self.commitment());
        Ok(Signed::new(Attestation { job: terms.job, plan, claim, commitment }, &terms.domain, key))
    }
}

/// The proof machine with this program, as [`Committed::judge`] asks for it.
pub fn machine(program: &Program) -> impl Fn(&Job, usize, &[u8]) -> Result<Option<Hash>, Error> {
    |job, number, state| Ok(job.run(&program.image, number, state)?.output().ok().map(|head| head.root()))
}

/// The first node of which the two graphs have other inputs, and which.
fn other_inputs(own: &Graph, claim: &Graph) -> Option<(u32, String)> {
    let part = |own: &Node, claimed: &Node| {
        if own.program != claimed.program {
            return Some("program");
        }
        let input = own.inputs.iter().zip(&claimed.inputs).position(|(own, claimed)| own != claimed)?;
        Some(["blueprint", "state", "actions", "fourth input"][input])
    };
    for (segment, (own, claimed)) in (0..).zip(own.nodes().iter().zip(claim.nodes())) {
        if let Some(part) = part(own, claimed) {
            return Some((segment, format!("the claim has another {part} than the user signed")));
        }
    }
    let (own, claimed) = (own.count(), claim.count());
    (own != claimed).then(|| (own.min(claimed), format!("the claim has {claimed} segments; the user signed {own}")))
}
