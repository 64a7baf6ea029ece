//! Canaries in files: what their maker keeps, what it publishes, and what it shows afterwards.
//!
//! All are JSON objects with hashes as text. Reading is total; a list's items are hashed anew, so a file cannot claim a root that its
//! canaries do not have.

use hyperdust_kernel::merkle::Proof;
use hyperdust_receipt::Address;
use serde::{Deserialize, Serialize};

use super::{Canaries, Canary, Fixed, Opened, Posted};
use crate::{
    Error,
    word::{self, Word, address},
};

/// Bytes of such a file, at most.
pub const LONGEST: usize = 1 << 26;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CanaryFile {
    job: Word,
    claim: Word,
    salt: Word,
}

impl From<&Canary> for CanaryFile {
    fn from(canary: &Canary) -> Self {
        Self { job: Word(canary.job), claim: Word(canary.claim), salt: Word(canary.salt) }
    }
}

impl From<CanaryFile> for Canary {
    fn from(file: CanaryFile) -> Self {
        Self { job: file.job.0, claim: file.claim.0, salt: file.salt.0 }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedFile {
    root: Word,
    count: u64,
    time: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedFile {
    canary: CanaryFile,
    index: u64,
    leaf: Word,
    siblings: Vec<Word>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PostedFile {
    #[serde(with = "address")]
    by: Address,
    claim: Word,
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    if bytes.len() > LONGEST {
        return Err(Error::Canary(format!("found {} bytes; accepted: at most {LONGEST}", bytes.len())));
    }
    word::read(bytes).map_err(Error::Canary)
}

impl Canaries {
    /// What their maker keeps to itself: a list of `{"job", "claim", "salt"}`.
    pub fn encode(&self) -> Vec<u8> {
        word::write(&self.canaries.iter().map(CanaryFile::from).collect::<Vec<_>>())
    }

    /// The canaries of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        Self::new(decode::<Vec<CanaryFile>>(bytes)?.into_iter().map(Canary::from).collect())
    }
}

impl Fixed {
    /// What is published: `{"root", "count", "time"}`.
    pub fn encode(&self) -> Vec<u8> {
        word::write(&FixedFile { root: Word(self.root), count: self.count, time: self.time })
    }

    /// What these bytes are the encoding of.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let FixedFile { root, count, time } = decode(bytes)?;
        Ok(Self { root: root.0, count, time })
    }
}

impl Opened {
    /// What is shown of one canary: `{"canary", "index", "leaf", "siblings"}`.
    pub fn encode(&self) -> Vec<u8> {
        let Proof { index, leaf, siblings } = &self.proof;
        let siblings = siblings.iter().copied().map(Word).collect();
        word::write(&OpenedFile { canary: (&self.canary).into(), index: *index, leaf: Word(*leaf), siblings })
    }

    /// What these bytes are the encoding of.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let OpenedFile { canary, index, leaf, siblings } = decode(bytes)?;
        let siblings = siblings.into_iter().map(|word| word.0).collect();
        Ok(Self { canary: canary.into(), proof: Proof { index, leaf: leaf.0, siblings } })
    }
}

impl Posted {
    /// The claims that a list of `{"by", "claim"}` says were posted, in that order.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut posted = Self::default();
        decode::<Vec<PostedFile>>(bytes)?.into_iter().for_each(|PostedFile { by, claim }| posted.post(by, claim.0));
        Ok(posted)
    }
}
