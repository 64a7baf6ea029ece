//! What a companion fixes before it learns what the provider claims.
//!
//! `keccak256(kind ‖ root ‖ address ‖ salt)`, four 32-byte words: the root of the companion's own graph, outputs included, and its
//! address, zeros in front. The salt keeps others from finding out the root by trying the few that it can be (the true
//! one, above all), the address keeps them from passing the commitment off as theirs: whoever reveals it has to
//! name the address that it was made for.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::{Hash, Kind};
use hyperdust_proof::Hex;
use hyperdust_receipt::Address;
use sha3::{Digest, Keccak256};

use crate::Error;

/// Kind of a companion's commitment.
pub const KIND: Kind = Kind::new("hyperdust commitment");

/// What opens a commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reveal {
    /// Root of the companion's own graph ([`hyperdust_proof::Graph::root`]).
    pub root: Hash,
    /// 32 random bytes, used once.
    pub salt: Hash,
}

impl Reveal {
    /// Of this root, under a salt from the operating system.
    pub fn salted(root: Hash) -> Result<Self, Error> {
        Ok(Self { root, salt: salt()? })
    }

    /// The commitment of the companion with this address.
    pub fn commitment(&self, address: &Address) -> Hash {
        let mut word = [0; 32];
        word[12..].copy_from_slice(&address.0);
        [KIND.word(), self.root, word, self.salt]
            .iter()
            .fold(Keccak256::new(), Keccak256::chain_update)
            .finalize()
            .into()
    }

    /// Refuses a reveal that is not that of `commitment` by the companion with this address.
    pub fn check(&self, commitment: &Hash, address: &Address) -> Result<(), Error> {
        let found = self.commitment(address);
        if found != *commitment {
            let (found, accepted) = (Hex(&found), Hex(commitment));
            return Err(Error::Commitment(format!(
                "root and salt of {address} are those of {found}; accepted: those of {accepted}"
            )));
        }
        Ok(())
    }
}

/// 32 random bytes from the operating system.
pub fn salt() -> Result<Hash, Error> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(Error::Entropy)?;
    Ok(salt)
}
