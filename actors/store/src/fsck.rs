//! What looking at everything found.

use serde::Serialize;

/// A value that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a look at everything found. See [`crate::Store::fsck`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Values looked at.
    pub values: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Episodes, jobs, verdicts, blueprints and journals that are whole.
    pub whole: u64,
    /// What is broken, missing, or belongs to nothing. Empty: all is well.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether all is well.
    pub fn clean(&self) -> bool {
        self.findings.is_empty()
    }
}
