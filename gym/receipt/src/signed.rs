//! A message with its signature, as it goes over the wire and onto the chain.

use alloc::vec::Vec;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Address, Domain, Error, Key, Message, Signature, codec};

/// A message and a signature. Whose signature it is, and for which chain and contract, nobody knows before
/// [`Signed::verify`].
///
/// Encoding: borsh, `T::BYTES` of the message (numbers little-endian) and 65 of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signed<T> {
    /// What is signed.
    pub message: T,
    /// Over its digest.
    pub signature: Signature,
}

impl<T: Message> Signed<T> {
    /// Bytes of the encoding.
    pub const BYTES: usize = T::BYTES + Signature::BYTES;

    /// Signs `message` for `domain`.
    pub fn new(message: T, domain: &Domain, key: &Key) -> Self {
        let signature = key.sign(&message.digest(domain));
        Self { message, signature }
    }

    /// Who signed this for `domain`: some account, or an error where no key could have.
    pub fn signer(&self, domain: &Domain) -> Result<Address, Error> {
        self.signature.recover(&self.message.digest(domain))
    }

    /// An error unless `signer` signed this for `domain`.
    pub fn verify(&self, domain: &Domain, signer: &Address) -> Result<(), Error> {
        let found = self.signer(domain)?;
        if found != *signer {
            return Err(Error::Signer { found, accepted: *signer });
        }
        Ok(())
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// What the bytes are the encoding of. An error where they are of another length, or the signature is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        codec::decode(T::NAME, bytes, Self::BYTES)
    }
}
