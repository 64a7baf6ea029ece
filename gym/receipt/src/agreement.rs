//! What a session was opened with on a chain, and what follows from it for both sides: streams, seeds, and what is owed.
//!
//! A unit is a step of one lane. What is owed is a function of the receipts alone ([`due`]), so the voucher that a user signs is the one
//! that its provider waits for, byte by byte, and neither has to believe the other's sums.

use alloc::vec::Vec;

use crate::{Address, Domain, Error, Hash, Receipt, Voucher, chain, claim, list};

/// A session as the chain knows it. What a server says of it is held against this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Where signatures count.
    pub domain: Domain,
    /// The session's id.
    pub session: Hash,
    /// Whose signature counts on actions and vouchers.
    pub user: Address,
    /// Who serves it, and countersigns.
    pub provider: Address,
    /// What is simulated: the blueprint's root.
    pub content: Hash,
    /// Lanes.
    pub lanes: u32,
    /// What a unit costs, in the smallest unit of the session's currency.
    pub price: u128,
    /// What was put in, and so the most that it can cost.
    pub deposit: u128,
    /// What the chain drew for a session whose work counts for minting.
    pub seed: Option<Hash>,
}

impl Agreement {
    /// The stream of a lane.
    pub fn job(&self, lane: u64) -> Hash {
        claim::job(&self.session, lane)
    }

    /// What the first reset of a lane has to be seeded with, in a session whose work counts for minting.
    pub fn lane_seed(&self, lane: u64) -> Option<u64> {
        self.seed.map(|seed| claim::lane_seed(&seed, lane))
    }

    /// What so many units cost; the largest number where they cost more than that.
    pub fn worth(&self, units: u64) -> u128 {
        self.price.saturating_mul(units.into())
    }

    /// How many units so much money buys.
    pub fn units(&self, money: u128) -> u64 {
        money.checked_div(self.price).map_or(u64::MAX, |units| units.try_into().unwrap_or(u64::MAX))
    }
}

/// The voucher that is due in a session of this price, by the last receipts of all its lanes: for every step that is countersigned; for
/// none as long as a lane has no receipt, since of such a session no claim can be made. An error where a countersignature is missing, or
/// numbers don't fit.
pub fn due(session: Hash, price: u128, receipts: &[Option<Receipt>]) -> Result<Voucher, Error> {
    let mut units = Some(0_u64);
    let (mut actions, mut outputs) = (Vec::with_capacity(receipts.len()), Vec::with_capacity(receipts.len()));
    for receipt in receipts {
        let Some(receipt) = receipt else {
            actions.push(chain::START);
            outputs.push(chain::START);
            continue;
        };
        let answer = receipt.outputs.ok_or(Error::Undue { reason: "a countersignature is missing" })?.message;
        units = units.and_then(|units| units.checked_add(answer.steps));
        actions.push(answer.actions);
        outputs.push(answer.root);
    }
    if receipts.iter().any(Option::is_none) {
        units = Some(0);
    }
    let units = units.ok_or(Error::Undue { reason: "more steps than 64 bits count" })?;
    let amount = price.checked_mul(units.into()).ok_or(Error::Undue { reason: "they cost more than 128 bits hold" })?;
    let (actions, outputs) = (list::root(list::LANES, &actions), list::root(list::LANES, &outputs));
    Ok(Voucher { session, units, amount, actions, outputs })
}
