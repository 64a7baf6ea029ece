//! The secret that signs.

use core::fmt;

use k256::ecdsa::SigningKey;

use crate::{Address, Error, Hash, Signature};

/// A secp256k1 key. It is never shown, copied or encoded, and its memory is wiped when it is dropped; who needs it in
/// several threads shares it.
///
/// ```compile_fail
/// fn shown(key: hyperdust_receipt::Key) -> String {
///     key.to_string()
/// }
/// ```
pub struct Key {
    secret: SigningKey,
    address: Address,
}

impl Key {
    /// The key with this secret (big-endian); the caller wipes its own copy. An error where it is no key's.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, Error> {
        let secret = SigningKey::from_slice(secret).map_err(|_| Error::Secret)?;
        let address = Address::of(secret.verifying_key());
        Ok(Self { secret, address })
    }

    /// The account that its signatures recover to.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The signature of a digest: the same one every time (RFC 6979 with SHA-256), as other Ethereum libraries make it.
    ///
    /// The digest is the output of a hash, of typed data above all: who signs what others chose signs anything.
    pub fn sign(&self, digest: &Hash) -> Signature {
        let (signature, recovery) = self.secret.sign_prehash_recoverable(digest);
        Signature::new(&signature, recovery)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("address", &self.address).finish_non_exhaustive()
    }
}
