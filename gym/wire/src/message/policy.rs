//! Policies that a server hosts: pure functions from observations to actions.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
    control::{Bad, Control, between, name},
    limits,
};

/// Which policy: all of POLICY_OPEN, and the JSON of POLICY_ACT.
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
