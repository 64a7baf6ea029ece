//! Policies in files, and what becomes of them: one [`Network`] whose outputs have the same bits on every machine.
//!
//! A [`Design`] is what a trainer knows: layers, how observations are normalised, where actions lie. [`Design::network`] turns all of it
//! into layers of a network, so that nothing is computed beside the network, and its [digest](Policy::digest) names the whole
//! function: it is the root of the string that the program `policy-mlp` reads. [`file`](mod@file) is a design as safetensors, with the names in
//! docs/policies.md. Files come from anywhere: reading one takes memory in proportion to it, which is bounded, and never panics.
#![forbid(unsafe_code)]

mod design;
mod file;

use std::{fs::File, io::Read, path::Path};

use hyperdust_merkle::Hash;
use hyperdust_mlp::{Batch, MOST_WORK, NETWORK, Network};

pub use design::{Dense, Design};
pub use file::named;
pub use hyperdust_mlp::Activation;

/// Weights of a network, at most: 64 MiB of them.
pub const MOST_WEIGHTS: u64 = 1 << 24;
/// Bytes of a file, at most.
pub const LONGEST: u64 = 4 * MOST_WEIGHTS + (1 << 20);

/// Why a file is no policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is too long, or says that it is.
    #[error("{what}: found {found} bytes; accepted: at most {accepted}")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// There.
        found: u64,
        /// The limit.
        accepted: u64,
    },
    /// Not safetensors.
    #[error("safetensors: {0}")]
    Format(String),
    /// A tensor that is missing, is none of a policy's, or has not the right type, shape or numbers.
    #[error("tensor {name}: found {found}; accepted: {accepted}")]
    Tensor {
        /// Which.
        name: String,
        /// What is there.
        found: String,
        /// What may be there.
        accepted: String,
    },
    /// A value of the metadata.
    #[error("metadata {key}: found {found}; accepted: {accepted}")]
    Metadata {
        /// Which.
        key: String,
        /// What is there.
        found: String,
        /// What may be there.
        accepted: String,
    },
    /// The layers are no network.
    #[error(transparent)]
    Network(#[from] hyperdust_mlp::Error),
}

/// A policy that can be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    network: Network,
    digest: Hash,
    rows: usize,
}

impl Policy {
    /// Of a network.
    pub fn new(network: Network) -> Result<Self, Error> {
        let bytes = network.encode()?;
        let found = bytes.len() as u64;
        if found > LONGEST {
            return Err(Error::TooLong { what: "the network", found, accepted: LONGEST });
        }
        let rows = (4 * MOST_WORK / found.max(1)).clamp(1, 1 << 16) as usize;
        let digest = hyperdust_merkle::root(NETWORK, &bytes);
        Ok(Self { network, digest, rows })
    }

    /// The policy in a file: safetensors, or the string of a network.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
        Self::decode(&bytes)
    }

    /// The policy that these bytes of a file are: safetensors, or the string of a network.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > LONGEST {
            return Err(Error::TooLong { what: "the file", found: bytes.len() as u64, accepted: LONGEST });
        }
        // Safetensors begin with the length of their header, which is below 2³²; networks with how many layers there are, and then
        // with the number of inputs, which is not 0.
        match bytes.get(4..8) {
            Some(high) if high != [0; 4] => Self::new(Network::decode(bytes)?),
            _ => Self::new(Design::decode(bytes)?.network()?),
        }
    }

    /// What it computes.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Root of the network's string: equal where the function is.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// Numbers of an observation.
    pub fn inputs(&self) -> usize {
        self.network.inputs() as usize
    }

    /// Numbers of an action.
    pub fn outputs(&self) -> usize {
        self.network.outputs() as usize
    }

    /// Rows that one call should have, at most: more take long.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Actions for rows of observations, row by row, however many there are. Each depends on its own row alone. An error where numbers
    /// are no rows, or one is not finite, in or out.
    pub fn act(&self, observations: &[f32]) -> Result<Vec<f32>, hyperdust_mlp::Error> {
        let columns = self.network.inputs();
        let mut actions = Vec::new();
        for numbers in observations.chunks(self.rows * self.inputs()) {
            let answers = self.network.answer(&Batch { columns, numbers: numbers.to_vec() })?;
            if actions.is_empty() {
                actions = answers.numbers;
            } else {
                actions.extend_from_slice(&answers.numbers);
            }
        }
        Ok(actions)
    }
}
