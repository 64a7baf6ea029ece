//! Signed action roots and receipts (`hyperdust_receipt`), where a session asked for them.

use hyperdust_receipt::{Address, Beginning, Domain, Hash, Key, Signature, Signed};
use serde::{Deserialize, Serialize};

use crate::{
    Code, Failure, Hex,
    control::{Bad, between},
};

/// In OPEN: the user signs the actions of every segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningRequest {
    /// Account of the user, who signs action roots.
    pub user: Hex<20>,
    /// Steps of a segment: after so many the user signs.
    pub every: u32,
    /// The session that was opened for it on the server's chain, whose vouchers pay for it. None: the server names one, and nothing is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hex<32>>,
    /// The user's signature of [`Beginning`], where a session is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Hex<65>>,
}

impl SigningRequest {
    /// For a session that was opened on a chain, by the key that its vouchers are signed with.
    pub fn paying(session: Hash, every: u32, domain: &Domain, key: &Key) -> Self {
        let proof = Signed::new(Beginning { session }, domain, key).signature.to_bytes();
        Self { user: Hex(key.address().0), every, session: Some(Hex(session)), proof: Some(Hex(proof)) }
    }

    /// An error unless `user` itself asks for the session of this chain that is named.
    pub fn verify(&self, domain: &Domain) -> Result<(), Failure> {
        let Some(session) = self.session else { return Ok(()) };
        let Some(proof) = self.proof else {
            let why =
                "signing.proof: found none; accepted: the user's signature of Beginning, where a session is named";
            return Err(Failure::new(Code::Invalid, why));
        };
        let wrong = |error| Failure::new(Code::Forbidden, format!("signing.proof: {error}"));
        let signature = Signature::from_bytes(proof.0).map_err(wrong)?;
        let signed = Signed { message: Beginning { session: session.0 }, signature };
        signed.verify(domain, &Address(self.user.0)).map_err(wrong)
    }

    pub(crate) fn check(&self) -> Result<(), Bad> {
        between("signing.every", self.every.into(), 1, hyperdust_kernel::segment::Actions::MOST.into())
    }
}

/// In the answer to OPEN: what is signed, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningTerms {
    /// The chain where signatures count.
    pub chain_id: u64,
    /// The contract that checks them.
    pub contract: Hex<20>,
    /// As asked for.
    pub user: Hex<20>,
    /// Account of the provider, who countersigns.
    pub provider: Hex<20>,
    /// As agreed: at most what was asked for.
    pub every: u32,
    /// Which session a voucher pays for.
    pub session: Hex<32>,
    /// How it is paid, where it was opened on the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentTerms>,
    /// The stream of each lane.
    pub jobs: Vec<Hex<32>>,
}

/// How a session is paid that was opened on a chain. A unit is a step of one lane. After every answer to RECEIPT, and before the next RECEIPT, the user sends a VOUCHER for
/// all steps that the server has countersigned by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerms {
    /// What a unit costs, in the smallest unit of its currency: a decimal number.
    pub price: String,
    /// What was put in, and so the most that it can cost: a decimal number.
    pub deposit: String,
    /// Where the chain has drawn a seed for the session: the only seed of each lane, for its first reset. Later resets go on without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<u64>>,
}
