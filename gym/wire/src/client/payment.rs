//! What a session that was opened on a chain costs its user: the highest voucher, what is owed beyond it, and where to stop.
//!
//! Invariant: everything that is made can be paid. No step is asked for that would lead past the budget, which is no more than the deposit, so the
//! last step that was made is owed and affordable.

use hyperdust_receipt::{Agreement, Domain, Key, Receipt, Signed, Voucher, due};

use super::ClientError;
use crate::{
    Hex,
    message::{Opened, SigningTerms},
};

/// What a session has cost so far. Money is in the smallest unit of the session's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// What a unit, a step of one lane, costs.
    pub price: u128,
    /// What was put in.
    pub deposit: u128,
    /// What may be spent of it.
    pub budget: u128,
    /// Units that the last voucher pays for.
    pub units: u64,
    /// What it is worth.
    pub amount: u128,
    /// Units that were made and are not paid for yet: of segments that are not whole, or not countersigned.
    pub unpaid: u64,
    /// What of the budget is neither paid nor owed.
    pub remaining: u128,
}

/// The money of a session.
#[derive(Debug)]
pub(super) struct Payment {
    agreement: Agreement,
    budget: u128,
    /// The last one that was signed.
    voucher: Option<Signed<Voucher>>,
    /// The server has it.
    sent: bool,
}

impl Payment {
    /// Of a session that was opened under these terms, which have to be those that were agreed on.
    pub fn new(opened: &Opened, terms: &SigningTerms, agreement: Agreement, budget: u128) -> Result<Self, ClientError> {
        check(opened, terms, &agreement)?;
        Ok(Self { agreement, budget: budget.min(agreement.deposit), voucher: None, sent: true })
    }

    pub fn voucher(&self) -> Option<&Signed<Voucher>> {
        self.voucher.as_ref()
    }

    /// The voucher that the server does not have yet.
    pub fn unsent(&self) -> Option<&Signed<Voucher>> {
        self.voucher.as_ref().filter(|_| !self.sent)
    }

    /// The server has this one.
    pub fn taken(&mut self, voucher: &Signed<Voucher>) {
        self.sent |= self.voucher.as_ref() == Some(voucher);
    }

    /// Signs for what these receipts are of, if it is more than was signed for.
    pub fn sign(&mut self, key: &Key, domain: &Domain, receipts: &[Option<Receipt>]) -> Result<(), ClientError> {
        let voucher = due(self.agreement.session, self.agreement.price, receipts)?;
        let before = self.voucher.map(|signed| signed.message);
        if before.is_some_and(|before| before == voucher) || voucher.units == 0 {
            return Ok(());
        }
        if voucher.amount > self.budget {
            return Err(self.exceeded(voucher.units, 0));
        }
        self.voucher = Some(Signed::new(voucher, domain, key));
        self.sent = false;
        Ok(())
    }

    /// An error where one more step of all lanes could not be paid. `made`: units so far.
    pub fn may_step(&self, made: u64, lanes: u64) -> Result<(), ClientError> {
        match self.agreement.price.checked_mul(u128::from(made) + u128::from(lanes)) {
            Some(cost) if cost <= self.budget => Ok(()),
            _ => Err(self.exceeded(made, lanes)),
        }
    }

    fn exceeded(&self, made: u64, lanes: u64) -> ClientError {
        let spent = self.agreement.worth(made);
        let left = self.agreement.units(self.budget.saturating_sub(spent));
        ClientError::Budget { budget: self.budget, spent, made, left, lanes }
    }

    /// What it costs so far.
    pub fn spending(&self, made: u64) -> Spending {
        let (units, amount) = self.voucher.map_or((0, 0), |signed| (signed.message.units, signed.message.amount));
        Spending {
            price: self.agreement.price,
            deposit: self.agreement.deposit,
            budget: self.budget,
            units,
            amount,
            unpaid: made.saturating_sub(units),
            remaining: self.budget.saturating_sub(self.agreement.worth(made)),
        }
    }

    /// The only seed that a lane's first reset may have.
    pub fn seed(&self, lane: u64) -> Option<u64> {
        self.agreement.lane_seed(lane)
    }
}

/// An error where the answer to OPEN is not what was agreed on.
fn check(opened: &Opened, terms: &SigningTerms, a: &Agreement) -> Result<(), ClientError> {
    let payment = terms.payment.as_ref().ok_or(ClientError::Unexpected { what: "OPEN with a session to pay" })?;
    same("chain_id", terms.chain_id, a.domain.chain_id)?;
    same("contract", terms.contract, Hex(a.domain.contract.0))?;
    same("session", terms.session, Hex(a.session))?;
    same("user", terms.user, Hex(a.user.0))?;
    same("provider", terms.provider, Hex(a.provider.0))?;
    same("blueprint", opened.blueprint, Hex(a.content))?;
    same("num_envs", opened.num_envs as u64, a.lanes.into())?;
    same("price", payment.price.as_str(), a.price.to_string().as_str())?;
    same("deposit", payment.deposit.as_str(), a.deposit.to_string().as_str())?;
    same("jobs", terms.jobs.len() as u64, a.lanes.into())?;
    for (lane, job) in (0..).zip(&terms.jobs) {
        same("jobs", *job, Hex(a.job(lane)))?;
    }
    let seeds: Option<Vec<u64>> = (0..a.lanes.into()).map(|lane| a.lane_seed(lane)).collect();
    let shown = |seeds: &Option<Vec<u64>>| seeds.as_ref().map_or("none".into(), |seeds| format!("{seeds:?}"));
    if payment.seeds != seeds {
        return Err(ClientError::Terms { what: "seeds", found: shown(&payment.seeds), accepted: shown(&seeds) });
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Display>(what: &'static str, found: T, accepted: T) -> Result<(), ClientError> {
    if found == accepted {
        return Ok(());
    }
    Err(ClientError::Terms { what, found: found.to_string(), accepted: accepted.to_string() })
}
