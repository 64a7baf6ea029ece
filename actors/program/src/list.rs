//! The list of programs and their roots: what `engine/guest/IMAGE_ROOT` says.
//!
//! One line a program: name, image root, bytes, SHA-256 (what `sha256sum` says of the file), separated by spaces. Lines
//! that begin with `#` are comments.

use std::fmt;

use hyperdust_proof::{
    hex::{self, Hex},
    machine::layout,
    tree::Hash,
};
use sha2::{Digest, Sha256};

use crate::Error;

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Root of its image region: what nodes of the hypergraph name.
    pub root: Hash,
    /// Size of the image.
    pub bytes: u64,
    /// Of the image.
    pub sha256: Hash,
}

impl Entry {
    /// The entry of an image. An error where it is over its region.
    pub fn of(name: &str, image: &[u8]) -> Result<Self, hyperdust_proof::Error> {
        let root = layout::image_root(image)?;
        Ok(Self { name: name.into(), root, bytes: image.len() as u64, sha256: Sha256::digest(image).into() })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, root, bytes, sha256 } = self;
        write!(f, "{name} {} {bytes} {:#}", Hex(root), Hex(sha256))
    }
}

/// Several programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(pub Vec<Entry>);

impl List {
    /// The programs that a text lists.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            entries.push(entry(line).ok_or_else(|| Error::List { line: number + 1, found: line.into() })?);
        }
        Ok(Self(entries))
    }

    /// The program of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == name)
    }
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.split_whitespace();
    let name = words.next()?.to_owned();
    let root = hash(words.next()?.strip_prefix("0x")?)?;
    let bytes = words.next()?.parse().ok()?;
    let sha256 = hash(words.next()?)?;
    words.next().is_none().then_some(Entry { name, root, bytes, sha256 })
}

fn hash(digits: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    // Where a prefix belongs, it is gone by now.
    (digits.len() == 64 && hex::read_word(digits.as_bytes(), &mut hash)).then_some(hash)
}
