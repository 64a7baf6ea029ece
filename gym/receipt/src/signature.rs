//! Signatures as a chain takes them.

use core::fmt;

use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, Read},
};
use k256::ecdsa::{RecoveryId, VerifyingKey};

use crate::{
    Address, Hash,
    error::{Error, Hex},
};

/// An ECDSA signature over secp256k1: `r ‖ s ‖ v`, 65 bytes, `r` and `s` big-endian, `v` 27 or 28.
///
/// Invariants of every value: `r` and `s` are from 1 to the order − 1, `s` is at most half the order (else anybody could
/// turn a signature into a second one). So of each pair of key and nonce there is one encoding, and equal signatures are
/// equal bytes. It need not be anybody's signature: [`Signature::recover`] says whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize)]
pub struct Signature([u8; Self::BYTES]);

impl Signature {
    /// Bytes of a signature.
    pub const BYTES: usize = 65;

    /// The signature of these bytes. An error where they break an invariant.
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Result<Self, Error> {
        let (scalars, v) = (&bytes[..64], bytes[64]);
        if !matches!(v, 27 | 28) {
            return Err(Error::Recovery { found: v });
        }
        // A scalar of 1 stands in for the other one: what is refused then is this one.
        let one = |half: &[u8]| {
            let mut both = [0; 64];
            (both[31], both[63]) = (1, 1);
            both[32..].copy_from_slice(half);
            k256::ecdsa::Signature::from_slice(&both).is_ok()
        };
        for (part, half) in ['r', 's'].into_iter().zip(scalars.chunks(32)) {
            if !one(half) {
                return Err(Error::Scalar { part });
            }
        }
        let signature = k256::ecdsa::Signature::from_slice(scalars).map_err(|_| Error::Scalar { part: 'r' })?;
        if signature.normalize_s() != signature {
            return Err(Error::HighS);
        }
        Ok(Self(bytes))
    }

    /// Of a signature that a key has just made.
    pub(crate) fn new(signature: &k256::ecdsa::Signature, recovery: RecoveryId) -> Self {
        // The other two recovery numbers say that a nonce's point has an x from the order on. That is as likely (2^-128) as
        // guessing the key; such a signature would recover to nobody's account, and be refused like any wrong one.
        let mut bytes = [0; Self::BYTES];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = 27 + u8::from(recovery.is_y_odd());
        Self(bytes)
    }

    /// `r ‖ s ‖ v`.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        self.0
    }

    /// Whose signature of `digest` this is: what `ecrecover` returns. An error where no key could have made it.
    pub fn recover(&self, digest: &Hash) -> Result<Address, Error> {
        let signature = k256::ecdsa::Signature::from_slice(&self.0[..64]).map_err(|_| Error::Unrecoverable)?;
        let recovery = RecoveryId::new(self.0[64] == 28, false);
        VerifyingKey::recover_from_prehash(digest, &signature, recovery)
            .map(|key| Address::of(&key))
            .map_err(|_| Error::Unrecoverable)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Hex(&self.0))
    }
}

impl BorshDeserialize for Signature {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let bytes = <[u8; Self::BYTES]>::deserialize_reader(reader)?;
        Self::from_bytes(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, alloc::format!("{error}")))
    }
}
