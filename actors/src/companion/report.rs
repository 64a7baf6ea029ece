//! What a companion sends once it knows the provider's claim: what opens its commitment, and its verdict.
//!
//! Bytes: `"HDVR" ‖ format (u16 LE) ‖ borsh(reveal, verdict)`, at most [`LONGEST`]. Decoding is total, and only canonical bytes decode.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Graph;
use hyperdust_receipt::{Address, Attestation, Terms};

use super::{Committed, Verdict, commitment::Reveal};
use crate::Error;

const MAGIC: &[u8; 4] = b"HDVR";
const FORMAT: u16 = 1;
/// Bytes of a report, at most.
pub const LONGEST: usize = 8 << 10;

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Report {
    /// Root and salt.
    pub reveal: Reveal,
    /// What was found.
    pub verdict: Verdict,
}

impl Report {
    /// Of what was committed to.
    pub fn new(committed: &Committed, verdict: Verdict) -> Self {
        Self { reveal: committed.reveal(), verdict }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        self.serialize(&mut bytes).expect("writing to memory does not fail");
        bytes
    }

    /// The report of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |why: String| Error::Report(why);
        if bytes.len() > LONGEST {
            return Err(refused(format!("found {} bytes; accepted: at most {LONGEST}", bytes.len())));
        }
        match bytes.split_first_chunk::<6>() {
            Some((head, rest)) if head[..4] == *MAGIC && head[4..] == FORMAT.to_le_bytes() => {
                borsh::from_slice(rest).map_err(|error| refused(error.to_string()))
            }
            _ => Err(refused("the bytes do not start with \"HDVR\" and format 1".into())),
        }
    }

    /// Refuses a report that does not open `commitment` by `address`, or whose verdict cannot follow from what is opened and from
    /// `claim`: an attestation to another root, or that nobody signed; a dispute over an output that is not claimed.
    pub fn check(&self, terms: &Terms, claim: &Graph, commitment: &Hash, address: &Address) -> Result<(), Error> {
        self.reveal.check(commitment, address)?;
        let refused = |why: &dyn core::fmt::Display| Err(Error::Report(why.to_string()));
        let same = self.reveal.root == claim.root();
        match &self.verdict {
            Verdict::Attested(signed) => {
                let (plan, root, commitment) = (claim.plan(), claim.root(), *commitment);
                if !same || signed.message != (Attestation { job: terms.job, plan, claim: root, commitment }) {
                    return refused(&"it attests to another claim than the one that was made, or than its own root");
                }
                signed.verify(&terms.domain, address).or_else(|error| refused(&error))
            }
            Verdict::Disputed { node, own, claimed } => {
                let output = claim.nodes().get(*node as usize).map(|node| node.output);
                if same || own == claimed || output != Some(*claimed) {
                    return refused(&"it disputes an output that nobody claims, or that is its own");
                }
                Ok(())
            }
            Verdict::Inputs { .. } | Verdict::Abstained { .. } => Ok(()),
        }
    }
}
