//! EIP-712: what is hashed when a structure is signed for one contract on one chain.
//!
//! `digest = keccak256(0x1901 ‖ domain separator ‖ struct hash)`, and both hashes are keccak-256 over the hash of
//! the type's text and one 32-byte word for each member, as Solidity's `abi.encode` lays them out. Members here are
//! numbers, addresses and `bytes32` alone; their words need no further hashing.

use borsh::{BorshDeserialize, BorshSerialize};
use sha3::{Digest, Keccak256};

use crate::{Address, Hash};

/// Where signatures count: a contract on a chain. Name and version are those of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Domain {
    /// The chain's number (EIP-155).
    pub chain_id: u64,
    /// The contract that checks the signatures.
    pub contract: Address,
}

impl Domain {
    /// Name of the protocol.
    pub const NAME: &'static str = "HyperDust";
    /// Version of the protocol: signatures of one version mean nothing in another.
    pub const VERSION: &'static str = "1";
    /// The domain's own type.
    pub const TYPE: &'static str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

    /// The domain's hash.
    pub fn separator(&self) -> Hash {
        let mut contract = [0; 32];
        contract[12..].copy_from_slice(&self.contract.0);
        let [name, version] = [Self::NAME, Self::VERSION].map(|text| Keccak256::digest(text).into());
        hash(Self::TYPE, [name, version, word(self.chain_id.into()), contract])
    }
}

/// A structure that is signed.
pub trait Message: BorshSerialize + BorshDeserialize {
    /// What it is called in errors.
    const NAME: &'static str;
    /// EIP-712's text of the type, without spaces.
    const TYPE: &'static str;
    /// Bytes of the encoding: every value has as many.
    const BYTES: usize;

    /// The members' words in the order of the type.
    fn words(&self) -> impl IntoIterator<Item = Hash>;

    /// Hash of the type.
    fn type_hash() -> Hash {
        Keccak256::digest(Self::TYPE).into()
    }

    /// Hash of the type and the members.
    fn struct_hash(&self) -> Hash {
        hash(Self::TYPE, self.words())
    }

    /// What is signed.
    fn digest(&self, domain: &Domain) -> Hash {
        let head = Keccak256::new().chain_update([0x19, 1]).chain_update(domain.separator());
        head.chain_update(self.struct_hash()).finalize().into()
    }
}

/// A number as a word.
pub(crate) fn word(number: u128) -> Hash {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&number.to_be_bytes());
    word
}

fn hash(of: &str, words: impl IntoIterator<Item = Hash>) -> Hash {
    let head = Keccak256::new().chain_update(Keccak256::digest(of));
    words.into_iter().fold(head, Keccak256::chain_update).finalize().into()
}
