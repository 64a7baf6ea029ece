//! Canonical bytes of a blueprint and their id.
//!
//! `"HDBP" ‖ version (u16, little-endian) ‖ borsh(options, robot, rigid, task)`. Borsh writes a `u32`
//! length before every list and one byte before every choice, so there is one encoding of a value, and
//! [`Blueprint::decode`] refuses every other string: it checks the length first, every list's length
//! before reading it, validates the result, and compares its encoding with the input. Memory stays
//! within a small multiple of the input.

use alloc::{format, string::String, string::ToString, vec::Vec};
use core::{fmt, str::FromStr};

use borsh::io::{Error as IoError, ErrorKind, Read};
use borsh::{BorshDeserialize, BorshSerialize};

use super::{Blueprint, Options, Rigid, Robot, Task, limits};
use crate::{VERSION, error::Error, merkle};

const WHAT: &str = "blueprint";
const MAGIC: &[u8; 4] = b"HDBP";

/// Name of a blueprint: the Merkle root of its canonical bytes ([`merkle::Kind::BLUEPRINT`]).
///
/// Written as `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct BlueprintId(pub [u8; 32]);

impl Blueprint {
    /// Canonical bytes. An error where a float is NaN or a list is over 4 G entries: never for a
    /// validated blueprint.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        self.serialize(&mut bytes).map_err(|error| malformed(&error))?;
        Ok(bytes)
    }

    /// The valid blueprint that `bytes` are the encoding of, or why there is none.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > limits::BYTES {
            return Err(reason(format!("found {} bytes; accepted: at most {}", bytes.len(), limits::BYTES)));
        }
        let Some((head, mut body)) = bytes.split_first_chunk::<6>() else {
            return Err(reason(format!("found {} bytes; accepted: at least 6", bytes.len())));
        };
        let [magic @ .., low, high] = *head;
        if magic != *MAGIC {
            return Err(reason(format!("starts with {magic:02x?}; accepted: {MAGIC:02x?} (\"HDBP\")")));
        }
        let found = u16::from_le_bytes([low, high]);
        if found != VERSION {
            return Err(Error::Version { what: WHAT, found, accepted: VERSION });
        }
        let blueprint =
            Self::read(&mut body).map_err(|error| reason(format!("byte {}: {error}", bytes.len() - body.len())))?;
        if !body.is_empty() {
            return Err(reason(format!("{} bytes after the end", body.len())));
        }
        let blueprint = blueprint.validated()?;
        if blueprint.encode()? != bytes {
            return Err(reason("not canonical: a zero is written as -0".to_string()));
        }
        Ok(blueprint)
    }

    /// Root of the canonical bytes. An error as for [`Blueprint::encode`].
    pub fn id(&self) -> Result<BlueprintId, Error> {
        Ok(BlueprintId(merkle::root(merkle::Kind::BLUEPRINT, &self.encode()?)))
    }

    /// Field by field, so that the task's size is known before its small operations are unpacked.
    fn read(body: &mut &[u8]) -> Result<Self, IoError> {
        let options = Options::deserialize(body)?;
        let robot = Option::<Robot>::deserialize(body)?;
        let rigid = Option::<Rigid>::deserialize(body)?;
        if body.len() > limits::TASK_BYTES {
            return Err(too_many("task", body.len(), limits::TASK_BYTES));
        }
        let task = Task::deserialize(body)?;
        Ok(Self { options, robot, rigid, task })
    }
}

/// Reads a list of at most `MAX` entries; a longer one is refused before anything is allocated.
pub(super) fn list<T: BorshDeserialize, R: Read, const MAX: usize>(reader: &mut R) -> Result<Vec<T>, IoError> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > MAX {
        return Err(too_many("list", length, MAX));
    }
    // Grown as entries arrive: a length that the input does not hold costs nothing.
    let mut entries = Vec::new();
    for _ in 0..length {
        entries.push(T::deserialize_reader(reader)?);
    }
    Ok(entries)
}

/// Reads a string of at most [`limits::NAME`] bytes.
pub(super) fn name<R: Read>(reader: &mut R) -> Result<String, IoError> {
    let bytes = list::<u8, R, { limits::NAME }>(reader)?;
    String::from_utf8(bytes).map_err(|_| IoError::new(ErrorKind::InvalidData, "a name is not UTF-8"))
}

fn too_many(what: &str, found: usize, accepted: usize) -> IoError {
    IoError::new(ErrorKind::InvalidData, format!("{what} of {found}; accepted: at most {accepted}"))
}

fn reason(reason: String) -> Error {
    Error::Malformed { what: WHAT, reason }
}

fn malformed(error: &IoError) -> Error {
    reason(error.to_string())
}

impl fmt::Display for BlueprintId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlueprintId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlueprintId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Malformed {
            what: "blueprint id",
            reason: format!(
                "found {:?}; accepted: 0x and 64 hexadecimal digits",
                text.chars().take(80).collect::<String>()
            ),
        };
        let digits = text.strip_prefix("0x").filter(|d| d.len() == 64).ok_or_else(refused)?.as_bytes();
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.as_chunks::<2>().0) {
            let value = |digit: u8| char::from(digit).to_digit(16).ok_or_else(refused);
            *byte = (value(pair[0])? * 16 + value(pair[1])?) as u8;
        }
        Ok(Self(id))
    }
}
