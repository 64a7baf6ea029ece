//! Borsh with a limit, an end, and errors that say where.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Error;

pub(crate) fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

/// Nothing that is decoded here holds a list, so nothing is allocated for a value; `most` turns long garbage away early.
pub(crate) fn decode<T: BorshDeserialize>(what: &'static str, bytes: &[u8], most: usize) -> Result<T, Error> {
    let malformed = |at: usize, reason: String| Error::Malformed { what, at, reason };
    if bytes.len() > most {
        return Err(malformed(most, format!("found {} bytes; accepted: at most {most}", bytes.len())));
    }
    let mut rest = bytes;
    let value = T::deserialize(&mut rest).map_err(|error| malformed(bytes.len() - rest.len(), error.to_string()))?;
    if !rest.is_empty() {
        return Err(malformed(bytes.len() - rest.len(), format!("{} bytes after the end", rest.len())));
    }
    Ok(value)
}
