//! Both sides of a session whose actions are signed: what is signed when, lane by lane.
//!
//! A lane's stream is cut into segments by the same rule on both sides: after so many steps, and before every reset that is asked
//! for. [`UserBook`] writes down what was asked and signs it; [`ProviderBook`] takes what the env has cut
//! ([`hyperdust_gym::VectorEnv::take_segments`]), compares and countersigns. The rules of credit are `hyperdust_receipt`'s ledgers':
//! no step of a lane is made before its last whole segment is signed, and none is signed before the one before it is countersigned.
//! Pure: no sockets, no clock; a key is used and never kept elsewhere.

mod policy;
mod provider;
mod user;

pub use policy::{ANSWER, Due, PolicyBook, REQUEST, Unpayable};
pub use provider::ProviderBook;
pub use user::UserBook;

use core::num::NonZeroU64;

use hyperdust_receipt::{Address, Domain, Hash, Refusal, Terms};

use crate::message::SigningTerms;

/// Why a book takes or signs nothing. The book stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A ledger's rule.
    #[error("lane {lane}: {refusal}")]
    Refused {
        /// Which.
        lane: usize,
        /// Which rule.
        refusal: Refusal,
    },
    /// A whole segment is not signed yet.
    #[error("lane {lane}: its last segment is not signed and countersigned; accepted: going on once it is")]
    Unsigned {
        /// The first such lane.
        lane: usize,
    },
    /// A lane's first reset without a seed: what the server chooses, the user cannot sign.
    #[error("lane {lane}: found a first reset without a seed; accepted: one with a seed")]
    Unseeded {
        /// The first such lane.
        lane: usize,
    },
    /// Something of no lane.
    #[error("found something of job 0x{}…, which is no lane's", job.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>())]
    Stranger {
        /// Its stream.
        job: Hash,
    },
    /// Bytes that are no signatures, or not as many as there should be.
    #[error("{what}: {reason}")]
    Malformed {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// Where signatures count.
fn domain(terms: &SigningTerms) -> Domain {
    Domain { chain_id: terms.chain_id, contract: Address(terms.contract.0) }
}

/// What the ledgers of each lane agree on.
fn terms(terms: &SigningTerms) -> Vec<Terms> {
    let domain = domain(terms);
    let credit = NonZeroU64::new(terms.every.into()).unwrap_or(NonZeroU64::MIN);
    let (user, provider) = (Address(terms.user.0), Address(terms.provider.0));
    terms.jobs.iter().map(|job| Terms { domain, job: job.0, user, provider, credit }).collect()
}

fn refused(lane: usize) -> impl Fn(Refusal) -> SigningError {
    move |refusal| SigningError::Refused { lane, refusal }
}
