//! Hashes and addresses in JSON: as text, the way people and other tools write them.

use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::hex::{self, Hex};
use hyperdust_receipt::Address;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A hash: `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word(pub Hash);

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut word = [0; 32];
        if hex::read_word(text.as_bytes(), &mut word) {
            Ok(Self(word))
        } else {
            Err(D::Error::custom(format_args!("found {text:?}; accepted: 64 hexadecimal digits")))
        }
    }
}

/// For `#[serde(with = "address")]`: an account as EIP-55 has it.
pub(crate) mod address {
    use super::*;

    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The value of a JSON file's bytes, of which every field is known, or why it is none.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// A value as a JSON file's bytes.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("no map with odd keys");
    bytes.push(b'\n');
    bytes
}
