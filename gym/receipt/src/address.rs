//! Accounts of the chain, by which signers are known.

use alloc::{format, string::String};
use core::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use k256::ecdsa::VerifyingKey;
use sha3::{Digest, Keccak256};

use crate::error::{Error, Hex};

/// An account: the last 20 bytes of keccak-256 over the public key's two coordinates.
///
/// Text is EIP-55: the capitals among the hexadecimal digits are a checksum. What is read may also be all small or all
/// capital, which has none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address(pub [u8; 20]);

impl Address {
    pub(crate) fn of(key: &VerifyingKey) -> Self {
        // The first byte says that the point is not compressed.
        let point = key.to_sec1_point(false);
        let hash = Keccak256::digest(&point.as_bytes()[1..]);
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        Self(address)
    }

    /// The account of a public key, given as the two coordinates (64 bytes, big-endian). An error where they are no point
    /// of secp256k1.
    pub fn from_public_key(coordinates: &[u8; 64]) -> Result<Self, Error> {
        let mut point = [4; 65];
        point[1..].copy_from_slice(coordinates);
        VerifyingKey::from_sec1_bytes(&point)
            .map(|key| Self::of(&key))
            .map_err(|_| Error::Address { reason: format!("{}…, no point of secp256k1", Hex(&coordinates[..4])) })
    }

    /// The 40 digits, with EIP-55's capitals.
    fn digits(&self) -> [u8; 40] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 40];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        let hash = Keccak256::digest(digits);
        for (i, digit) in digits.iter_mut().enumerate() {
            if hash[i / 2] >> (4 * (1 - i % 2)) & 8 != 0 {
                digit.make_ascii_uppercase();
            }
        }
        digits
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        f.write_str("0x")?;
        f.write_str(core::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |reason: String| Error::Address { reason };
        let digits = text.strip_prefix("0x").ok_or_else(|| refused("text without 0x".into()))?.as_bytes();
        let digits: &[u8; 40] = digits.try_into().map_err(|_| refused(format!("{} bytes after 0x", digits.len())))?;
        let mut address = [0; 20];
        for (i, &digit) in digits.iter().enumerate() {
            let value =
                char::from(digit).to_digit(16).ok_or_else(|| refused(format!("byte {digit:#04x} at digit {i}")))?;
            address[i / 2] = address[i / 2] << 4 | value as u8;
        }
        let address = Self(address);
        let mixed = digits.iter().any(u8::is_ascii_lowercase) && digits.iter().any(u8::is_ascii_uppercase);
        if mixed && *digits != address.digits() {
            return Err(refused(format!("capitals that are no checksum of it ({address} has them right)")));
        }
        Ok(address)
    }
}
