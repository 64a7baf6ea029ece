//! Why something was refused: [`Error`] for keys, addresses, signatures and bytes, [`Refusal`] for moves of a ledger.
//!
//! No [`Error`] is worth retrying with the same input. A [`Refusal`] is where [`Refusal::waits`] says so: the move is
//! allowed once the other side has signed. [`Refusal::Past`] is harmless. Between honest sides there is no other.

use alloc::string::String;
use core::fmt;

use crate::{Address, Hash};

/// Why a key, an address, a signature or an encoding is none. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A secret that is no key.
    #[error("key: found 0 or a number from the order of secp256k1 on; accepted: a secret between them")]
    Secret,
    /// Text that is no address.
    #[error(
        "address: found {reason}; accepted: 0x and 40 hexadecimal digits, all small, all capital or as EIP-55 has them"
    )]
    Address {
        /// What was found.
        reason: String,
    },
    /// `r` or `s` is out of range.
    #[error("signature: {part} is 0 or not below the order of secp256k1; accepted: numbers between them")]
    Scalar {
        /// `r` or `s`.
        part: char,
    },
    /// The second form of a valid signature, in which anybody can rewrite it without the key.
    #[error("signature: s is above half the order of secp256k1; accepted: the lower one of the two")]
    HighS,
    /// The last byte.
    #[error("signature: v is {found}; accepted: 27 or 28")]
    Recovery {
        /// The byte.
        found: u8,
    },
    /// No key made this signature of this digest.
    #[error("signature: no public key recovers from it")]
    Unrecoverable,
    /// Signed by somebody else, or over something else, or for another chain or contract.
    #[error("signature: found that of {found}; accepted: that of {accepted} over this message, chain and contract")]
    Signer {
        /// Whose key recovers.
        found: Address,
        /// Whose should.
        accepted: Address,
    },
    /// Not an encoding.
    #[error("{what}: byte {at}: {reason}")]
    Malformed {
        /// What the bytes should have been.
        what: &'static str,
        /// Where it was noticed, from 0.
        at: usize,
        /// What was wrong.
        reason: String,
    },
    /// A voucher that takes something back, or belongs to another session.
    #[error("voucher: its {part} does not follow the one before; accepted: the same session, no less units or amount")]
    Voucher {
        /// "session", "units" or "amount".
        part: &'static str,
    },
    /// Receipts that no voucher can be signed for.
    #[error("receipts: {reason}")]
    Undue {
        /// What is missing, or does not fit.
        reason: &'static str,
    },
}

/// Why a ledger did not make or take a step, a root or a signature. The ledger stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The open segment would grow beyond the credit.
    #[error("segment {segment}: found {found} steps; accepted: at most {accepted} before it is closed")]
    Credit {
        /// The open segment.
        segment: u64,
        /// Its steps, were the asked for made.
        found: u64,
        /// The terms' credit.
        accepted: u64,
    },
    /// The provider goes on when the user has signed.
    #[error("segment {segment}: the user's signature over its actions is missing; accepted: going on once it is there")]
    Unsigned {
        /// Closed and not signed.
        segment: u64,
    },
    /// The user signs on when the provider has countersigned.
    #[error("segment {segment}: the provider's countersignature is missing; accepted: going on once it is there")]
    Unanswered {
        /// Signed and not countersigned.
        segment: u64,
    },
    /// No such signature is due.
    #[error("segment {found}: found a signature that is not due; accepted now: {}", Due(*accepted))]
    NotDue {
        /// Its segment.
        found: u64,
        /// The segment whose signature is due; none where none is.
        accepted: Option<u64>,
    },
    /// About a segment that is settled: a copy that came late, or was sent again. There is nothing to do about it.
    #[error("segment {found}: is settled; accepted: signatures about segment {accepted} and later ones")]
    Past {
        /// Its segment.
        found: u64,
        /// The first that is not settled.
        accepted: u64,
    },
    /// A number is another one than was computed here.
    #[error("{what}: found {found}; accepted: {accepted}")]
    Number {
        /// "segment" or "steps".
        what: &'static str,
        /// In the message.
        found: u64,
        /// Here.
        accepted: u64,
    },
    /// A root is another one than was computed here.
    #[error("{what}: found {}; accepted: {}", Hex(found), Hex(accepted))]
    Root {
        /// "job", "action root" or "output root".
        what: &'static str,
        /// In the message.
        found: Hash,
        /// Here.
        accepted: Hash,
    },
    /// The stream's counters are at their end.
    #[error("segment {segment}: steps or segments exceed 64 bits; accepted: another job")]
    Exhausted {
        /// The open segment.
        segment: u64,
    },
    /// A signature or a key that does not hold.
    #[error(transparent)]
    Signature(#[from] Error),
}

impl Refusal {
    /// Whether the same move is allowed later, once the segment is closed or the other side has signed.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Credit { .. } | Self::Unsigned { .. } | Self::Unanswered { .. })
    }
}

struct Due(Option<u64>);

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(segment) => write!(f, "one of segment {segment}"),
            None => f.write_str("none"),
        }
    }
}

/// Bytes as `0x` and small hexadecimal digits.
pub(crate) struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
