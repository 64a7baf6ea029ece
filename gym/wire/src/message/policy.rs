//! Policies that a server hosts: pure functions from observations to actions.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
    control::{Bad, Control, between, name},
    limits,
};

/// POLICY_OPEN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyOpen {
    /// Its name.
    pub name: String,
    /// Who pays for what it is asked from now on. None: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payer>,
}

impl Control for PolicyOpen {
    fn check(&self) -> Result<(), Bad> {
        name("name", &self.name, 1)
    }
}

/// A session of the server's chain whose vouchers pay for a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payer {
    /// Its id.
    pub session: Hex<32>,
    /// Account of its signer, who signs vouchers.
    pub user: Hex<20>,
}

/// How a policy is paid for. A unit is a row of observations. Each POLICY_ACT has a third frame with a voucher for all rows so far, its own included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTerms {
    /// The chain where vouchers count.
    pub chain_id: u64,
    /// The contract that checks them.
    pub contract: Hex<20>,
    /// Account of the provider.
    pub provider: Hex<20>,
    /// What a row costs, in the smallest unit of the session's currency: a decimal number.
    pub price: String,
    /// What was put in, and so the most that all rows can cost: a decimal number.
    pub deposit: String,
    /// Where it stands, once anything was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<PaymentSoFar>,
}

/// What was asked and answered in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentSoFar {
    /// The last `Signed<Voucher>` that was taken.
    pub voucher: Hex<185>,
    /// Running root over all requests.
    pub actions: Hex<32>,
    /// Running root over all answers.
    pub outputs: Hex<32>,
}

/// Which policy: the JSON of POLICY_ACT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyName {
    /// Its name.
    pub name: String,
}

impl Control for PolicyName {
    fn check(&self) -> Result<(), Bad> {
        name("name", &self.name, 1)
    }
}

/// The answer to POLICY_OPEN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Numbers (float32) of an observation.
    pub inputs: usize,
    /// Numbers (float32) of an action.
    pub outputs: usize,
    /// Rows of one POLICY_ACT, at most.
    pub rows: usize,
    /// What it is: root of its bytes.
    pub digest: Hex<32>,
    /// How it is paid for, where somebody pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Box<PolicyTerms>>,
}

impl Control for Policy {
    const LIMIT: usize = limits::REPLY_JSON;

    fn check(&self) -> Result<(), Bad> {
        let most = limits::DATA as u64 / 4;
        between("inputs", self.inputs as u64, 1, most)?;
        between("outputs", self.outputs as u64, 1, most)?;
        between("rows", self.rows as u64, 1, most)
    }
}
