//! What there should be, written beside the database: so that a log that lost its end is noticed.
//!
//! After each commit, and before it is acknowledged, its number and what is kept are written here, to two places in turn, so that one of
//! them is always whole. The file is waited for when it is new, and not again: after a power cut it may be behind the database, which is harmless; a database that
//! is behind the witness has lost what was acknowledged.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use crate::value::Secret;

const MAGIC: &[u8; 4] = b"HDSW";
const NUMBERS: usize = 6;
const BYTES: usize = 4 + 8 * NUMBERS + 16;

/// What the last commit left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Testimony {
    /// Its number.
    pub commit: u64,
    /// Episodes, jobs, verdicts, blueprints and journals after it.
    pub counts: [u64; NUMBERS - 1],
}

impl Testimony {
    fn encode(&self, secret: &Secret) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..4].copy_from_slice(MAGIC);
        let numbers = [&[self.commit][..], &self.counts].concat();
        for (at, number) in bytes[4..].chunks_exact_mut(8).zip(numbers) {
            at.copy_from_slice(&number.to_le_bytes());
        }
        let seal = blake3::keyed_hash(&secret.0, &bytes[..BYTES - 16]);
        bytes[BYTES - 16..].copy_from_slice(&seal.as_bytes()[..16]);
        bytes
    }

    fn decode(secret: &Secret, bytes: &[u8]) -> Option<Self> {
        let numbers = bytes.get(4..BYTES - 16)?.chunks_exact(8);
        let mut numbers = numbers.map(|at| u64::from_le_bytes(at.try_into().unwrap_or_default()));
        let commit = numbers.next()?;
        let mut counts = [0; NUMBERS - 1];
        counts.iter_mut().zip(numbers).for_each(|(count, number)| *count = number);
        let said = Self { commit, counts };
        (said.encode(secret) == bytes).then_some(said)
    }
}

/// The file.
#[derive(Debug)]
pub struct Witness {
    file: File,
    secret: Secret,
}

impl Witness {
    /// Opens or creates it, and gives what it says.
    pub fn open(path: &Path, secret: Secret) -> io::Result<(Self, Option<Testimony>)> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut bytes = [0; 2 * BYTES];
        // As much as there is; two places at most.
        let mut filled = 0;
        while let Ok(count @ 1..) = file.read_at(&mut bytes[filled..], filled as u64) {
            filled += count;
        }
        let said = bytes.chunks_exact(BYTES).filter_map(|place| Testimony::decode(&secret, place));
        let said = said.max_by_key(|said| said.commit);
        Ok((Self { file, secret }, said))
    }

    /// Writes it down.
    pub fn testify(&self, said: &Testimony) -> io::Result<()> {
        let place = said.commit % 2 * BYTES as u64;
        self.file.write_all_at(&said.encode(&self.secret), place)
    }

    /// Writes down where a database is that has no witness yet, and waits for the disk.
    pub fn begin(&self, said: &Testimony) -> io::Result<()> {
        self.testify(said)?;
        self.file.sync_all()
    }
}
