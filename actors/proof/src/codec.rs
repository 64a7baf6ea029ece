//! Borsh with a limit, an end, and a reason that says where.

use borsh::{BorshDeserialize, BorshSerialize};

/// The value's bytes.
pub(crate) fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

/// The value of these bytes, `most` at most, or why they are none. Lists cost what their bytes do: borsh reads no more of one
/// than is there.
pub(crate) fn decode<T: BorshDeserialize>(bytes: &[u8], most: usize) -> Result<T, String> {
    if bytes.len() > most {
        return Err(format!("found {} bytes; accepted: at most {most}", bytes.len()));
    }
    let mut rest = bytes;
    let value = T::deserialize(&mut rest).map_err(|error| format!("byte {}: {error}", bytes.len() - rest.len()))?;
    if !rest.is_empty() {
        return Err(format!("{} bytes after the end", rest.len()));
    }
    Ok(value)
}
