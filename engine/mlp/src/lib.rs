//! A multilayer perceptron in `f32` whose outputs have the same bits on every machine.
//!
//! Floating-point addition is not associative, so a network's output is only defined with its order of operations. Here
//! it is: each unit starts at its bias and adds `weight × input` for one input after the other, each product and each sum
//! rounded once (never fused); then the activation. `tanh` is `libm`'s, in Rust. A batch's rows do not
//! influence each other. So a policy is a node of the hypergraph like a segment of a scene, and the proof machine runs this very code.
//!
//! [`run`] is the whole program, from bytes to bytes. Every string is [`borsh`]: little-endian, counts as `u32`, no
//! NaN. A number that is infinite is refused, in and out; an output's zero is +0.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod network;

use alloc::{format, string::String, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_merkle::Kind;

pub use network::{Activation, Layer, Network};

/// Bytes of a [`Network`].
pub const NETWORK: Kind = Kind::new("hyperdust network");
/// Bytes of a [`Batch`]: what a policy reads.
pub const OBSERVATIONS: Kind = Kind::new("hyperdust observations");
/// Bytes of a [`Batch`]: what a policy answers.
pub const ANSWERS: Kind = Kind::new("hyperdust policy answers");

/// Multiplications that [`run`] accepts to make, at most: it bounds what short strings can ask for.
pub const MOST_WORK: u64 = 1 << 28;

/// Why bytes or numbers were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the encoding of anything, or a NaN that has none.
    #[error("{what}: {reason}")]
    Malformed {
        /// "network" or "batch".
        what: &'static str,
        /// Where and why.
        reason: String,
    },
    /// Well-formed, but not a network that works or a batch that fits it.
    #[error("{what}: found {found}; accepted: {accepted}")]
    Invalid {
        /// Which part.
        what: String,
        /// What is there.
        found: String,
        /// What may be there.
        accepted: String,
    },
    /// A unit of a layer came to NaN or an infinity.
    #[error("row {row}: an output of the network is not finite")]
    NotFinite {
        /// Of the batch.
        row: usize,
    },
}

/// Rows of numbers, one after the other. Borsh: columns, numbers.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// Numbers in a row, at least one.
    pub columns: u32,
    /// Rows × columns of them.
    pub numbers: Vec<f32>,
}

impl Batch {
    /// Its encoding. An error where a number is NaN.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        encode("batch", self)
    }

    /// The batch that `bytes` are the encoding of.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode("batch", bytes)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.numbers.len() / (self.columns as usize).max(1)
    }

    fn check(&self, columns: u32) -> Result<(), Error> {
        let invalid = |what: &str, found: String, accepted: String| {
            Err(Error::Invalid { what: format!("observations: {what}"), found, accepted })
        };
        if self.columns != columns {
            return invalid("columns", format!("{}", self.columns), format!("{columns}, the network's inputs"));
        }
        if !self.numbers.len().is_multiple_of(columns as usize) {
            return invalid("numbers", format!("{}", self.numbers.len()), format!("a multiple of {columns}"));
        }
        match self.numbers.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(i) => invalid(&format!("number {i}"), format!("{}", self.numbers[i]), "finite numbers".into()),
        }
    }
}

/// Runs a policy: `network` on each row of `observations`. The result is the encoding of a [`Batch`] with as many rows.
pub fn run(network: &[u8], observations: &[u8]) -> Result<Vec<u8>, Error> {
    let network = Network::decode(network)?;
    network.answer(&Batch::decode(observations)?)?.encode()
}

fn decode<T: BorshDeserialize>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    borsh::from_slice(bytes).map_err(|error| Error::Malformed { what, reason: format!("{error}") })
}

fn encode(what: &'static str, value: &impl BorshSerialize) -> Result<Vec<u8>, Error> {
    borsh::to_vec(value).map_err(|error| Error::Malformed { what, reason: format!("{error}") })
}
