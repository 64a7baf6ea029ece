//! Signed action roots and receipts (`hyperdust_receipt`), where a session asked for them.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
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
}

impl SigningRequest {
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
    /// The stream of each lane.
    pub jobs: Vec<Hex<32>>,
}
