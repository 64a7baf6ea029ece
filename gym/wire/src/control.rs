//! JSON frames: bounded before they are read, checked after.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, limits};

/// What a JSON frame must hold besides its shape.
pub(crate) trait Control: Serialize + DeserializeOwned {
    /// Bytes at most.
    const LIMIT: usize = limits::REQUEST_JSON;

    /// Values that no type bounds: `Err((path, found, accepted))`.
    fn check(&self) -> Result<(), Bad> {
        Ok(())
    }
}

/// Why a value is not taken.
#[derive(Debug)]
pub(crate) struct Bad {
    pub path: String,
    pub found: String,
    pub accepted: String,
}

impl Bad {
    pub fn new(path: impl Into<String>, found: impl ToString, accepted: impl Into<String>) -> Self {
        let found: String = found.to_string().chars().take(64).collect();
        Self { path: path.into(), found, accepted: accepted.into() }
    }

    pub fn of(self, kind: &'static str) -> Error {
        Error::Value { kind, path: self.path, found: self.found, accepted: self.accepted }
    }
}

/// An error unless `name` is short and has no control characters, which would garble whatever it is shown in.
pub(crate) fn name(path: &str, name: &str, least: usize) -> Result<(), Bad> {
    if name.len() < least || name.len() > limits::NAME || name.chars().any(char::is_control) {
        let accepted = format!("{least} to {} bytes without control characters", limits::NAME);
        return Err(Bad::new(path, format_args!("{name:?}"), accepted));
    }
    Ok(())
}

/// An error unless `least ≤ found ≤ most`.
pub(crate) fn between(path: &str, found: u64, least: u64, most: u64) -> Result<(), Bad> {
    if found < least || found > most {
        return Err(Bad::new(path, found, format!("{least} to {most}")));
    }
    Ok(())
}

pub(crate) fn encode<T: Control>(kind: &'static str, value: &T) -> Result<Vec<u8>, Error> {
    value.check().map_err(|bad| bad.of(kind))?;
    let bytes = serde_json::to_vec(value).map_err(|error| Error::Json { kind, reason: error.to_string() })?;
    within(kind, bytes.len(), T::LIMIT)?;
    Ok(bytes)
}

pub(crate) fn decode<T: Control>(kind: &'static str, bytes: &[u8]) -> Result<T, Error> {
    within(kind, bytes.len(), T::LIMIT)?;
    let value: T =
        serde_json::from_slice(bytes).map_err(|error| Error::Json { kind, reason: cut(&error.to_string()) })?;
    value.check().map_err(|bad| bad.of(kind))?;
    Ok(value)
}

pub(crate) fn within(what: &'static str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit { Err(Error::TooLong { what, found, limit }) } else { Ok(()) }
}

/// Parsers quote what they were given; an error stays a line.
fn cut(reason: &str) -> String {
    reason.chars().take(300).collect()
}
