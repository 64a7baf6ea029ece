//! A value as it lies on the disk: in parts, each of which says all that is needed to use it.
//!
//! ```text
//! "HDSV"  version u16  key bytes u16  part u32  parts u32  value bytes u64  stamp u64  part bytes u32  key  part  seal [16]
//! ```
//! Little-endian. The *stamp* is the number of the commit that wrote it. The *seal* is BLAKE3, keyed with the store's own secret, over
//! everything before it: it finds changed bytes, and tells values from bytes that a client made look like some. That matters when a
//! damaged database is searched for values, among them whatever clients have sent.
//!
//! Values are cut into parts because the database rewrites up to sixteen neighbours at once, and moves what is long out of its log.
//! Decoding is total and allocates nothing; only canonical bytes decode.

use crate::{Unfit, key::Key, record::MAX_VALUE};

/// First bytes of a part.
pub const MAGIC: [u8; 4] = *b"HDSV";
/// Of the layout, and of all records.
pub const VERSION: u16 = 1;
/// Bytes of a value in one part, at most: seventeen of them with their keys stay below what the database keeps in its log.
pub const PART: usize = 12 << 10;
const FIXED: usize = 36;
/// Bytes of a seal.
pub const SEAL: usize = 16;
/// Bytes of a stored part, at most.
pub const LONGEST: usize = FIXED + Key::LONGEST + PART + SEAL;
/// What the database itself needs for an entry, about.
const ENTRY: u64 = 16;

/// What seals are made with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 32]);

impl Secret {
    /// Puts a seal behind these bytes.
    pub fn seal(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let seal = blake3::keyed_hash(&self.0, &bytes);
        bytes.extend(&seal.as_bytes()[..SEAL]);
        bytes
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Of which value.
    pub key: Key,
    /// Which part, from 0.
    pub part: u32,
    /// Bytes of the whole value.
    pub total: u64,
    /// Number of the commit that wrote it.
    pub stamp: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Parts of a value of so many bytes.
pub fn parts(total: u64) -> u32 {
    // At most 2^30 / PART.
    total.div_ceil(PART as u64).max(1) as u32
}

/// Bytes that a value of so many bytes takes.
pub fn size(key: &Key, total: u64) -> u64 {
    let key = key.encode().len();
    total + u64::from(parts(total)) * ((FIXED + SEAL + 2 * key + 4) as u64 + ENTRY)
}

impl<'a> Part<'a> {
    /// Parts of the value.
    pub fn parts(&self) -> u32 {
        parts(self.total)
    }

    /// The parts of a value.
    pub fn cut(key: Key, stamp: u64, value: &'a [u8]) -> impl Iterator<Item = Self> {
        let total = value.len() as u64;
        (0..parts(total)).map(move |part| {
            let at = part as usize * PART;
            Self { key, part, total, stamp, bytes: &value[at..value.len().min(at + PART)] }
        })
    }

    /// Its bytes on the disk.
    pub fn encode(&self, secret: &Secret) -> Vec<u8> {
        let key = self.key.encode();
        let mut bytes = Vec::with_capacity(FIXED + key.len() + self.bytes.len() + SEAL);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((key.len() as u16).to_le_bytes());
        bytes.extend(self.part.to_le_bytes());
        bytes.extend(self.parts().to_le_bytes());
        bytes.extend(self.total.to_le_bytes());
        bytes.extend(self.stamp.to_le_bytes());
        bytes.extend((self.bytes.len() as u32).to_le_bytes());
        bytes.extend(&key);
        bytes.extend(self.bytes);
        secret.seal(bytes)
    }

    /// The part that these bytes are.
    pub fn decode(secret: &Secret, bytes: &'a [u8]) -> Result<Self, Unfit> {
        let (part, length) = Self::decode_front(secret, bytes)?;
        if length != bytes.len() {
            return Err(Unfit::Malformed(format!("{} bytes after the end", bytes.len() - length)));
        }
        Ok(part)
    }

    /// The part that begins these bytes, and how long it is.
    pub fn decode_front(secret: &Secret, bytes: &'a [u8]) -> Result<(Self, usize), Unfit> {
        let short = |accepted| Unfit::Short { found: bytes.len(), accepted };
        let (head, rest) = bytes.split_first_chunk::<FIXED>().ok_or_else(|| short(FIXED))?;
        if head[..4] != MAGIC {
            return Err(Unfit::Magic);
        }
        let u16_at = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        let version = u16_at(4);
        if version != VERSION {
            return Err(Unfit::Version { found: version, accepted: VERSION });
        }
        let (key_len, part, total, stamp, len) =
            (usize::from(u16_at(6)), u32_at(8), u64_at(16), u64_at(24), u32_at(32) as usize);
        let bad = |why: &str| Unfit::Malformed(why.into());
        if key_len > Key::LONGEST || len > PART || total > MAX_VALUE {
            return Err(bad("longer than a value may be"));
        }
        let sealed = FIXED + key_len + len;
        let (Some(key), Some(value), Some(seal)) =
            (rest.get(..key_len), bytes.get(FIXED + key_len..sealed), bytes.get(sealed..sealed + SEAL))
        else {
            return Err(short(sealed + SEAL));
        };
        if blake3::keyed_hash(&secret.0, &bytes[..sealed]).as_bytes()[..SEAL] != *seal {
            return Err(Unfit::Checksum);
        }
        let count = parts(total);
        let expected = (total - (u64::from(part) * PART as u64).min(total)).min(PART as u64);
        if u32_at(12) != count || part >= count || len as u64 != expected {
            return Err(bad("the numbers of its parts contradict each other"));
        }
        let key = Key::decode(key).ok_or_else(|| bad("its key is none"))?;
        Ok((Self { key, part, total, stamp, bytes: value }, sealed + SEAL))
    }
}
