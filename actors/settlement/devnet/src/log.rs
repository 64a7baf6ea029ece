//! The chain's memory on the disk: everything that changed it, in order.
//!
//! Blocks and states are not kept but made again, since the same transactions at the same times give the same blocks; each block's
//! hash is kept to see that they did. A record is written and synced before the change that it tells of is answered.
//!
//! ```text
//! file    chain.log = record*                                    the first is the genesis
//! record  length u32 · number u64 · crc32 of both u32 · body · crc32 of body u32        little-endian; numbers count from 0
//! body    borsh Vec<Entry>                                       what belongs together; at most 64 MiB
//! ```
//!
//! A crash may tear the last record, which nobody was told of: it is cut off (and kept in `chain.torn`), and [`Cut`] says so. A record
//! that doesn't check with another after it was not torn but damaged: that is an error that says where, and the file stays as it is.
//! A flipped bit in the last record can't be told from a torn one.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Error, Failure, Genesis};

/// The log, in its folder.
pub const FILE: &str = "chain.log";
/// The longest body, in bytes. A full block of the largest gas limit that a genesis may have is smaller.
const LONGEST: usize = 64 << 20;
const HEAD: usize = 16;
const TAIL: usize = 4;
const VERSION: u16 = 1;

/// Something that changed the chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Entry {
    /// How it began; the first entry and no other.
    Genesis {
        /// Of this format.
        version: u16,
        chain_id: u64,
        timestamp: u64,
        pace: u64,
        gas_limit: u64,
        base_fee: u64,
        balance: [u8; 32],
        funds: Vec<([u8; 20], [u8; 32])>,
        offset: i64,
    },
    /// A block was mined.
    Block { timestamp: u64, offset: i64, hash: [u8; 32], transactions: Vec<Vec<u8>> },
    /// A transaction waits.
    Waiting { raw: Vec<u8> },
    /// One that waited is gone.
    Dropped { sender: [u8; 20], nonce: u64 },
    /// An account was written by hand.
    Account { address: [u8; 20], balance: Option<[u8; 32]>, nonce: Option<u64>, code: Option<Vec<u8>> },
    /// A slot was written by hand.
    Slot { address: [u8; 20], slot: [u8; 32], value: [u8; 32] },
    /// The clock was moved.
    Clock { offset: i64, exact: Option<u64>, pace: u64 },
    /// A snapshot was taken.
    Snapshot,
    /// The chain went back to one.
    Revert { id: u64 },
    /// The genesis' salt, where there is one: in the first record, after the genesis.
    Salt { salt: [u8; 32] },
}

impl Entry {
    fn genesis(genesis: &Genesis, offset: i64) -> Vec<Self> {
        let mut entries = vec![Self::Genesis {
            version: VERSION,
            chain_id: genesis.chain_id,
            timestamp: genesis.timestamp,
            pace: genesis.pace,
            gas_limit: genesis.gas_limit,
            base_fee: genesis.base_fee,
            balance: genesis.balance.to_be_bytes(),
            funds: genesis.funds.iter().map(|funds| (funds.address.into(), funds.balance.to_be_bytes())).collect(),
            offset,
        }];
        if !genesis.salt.is_zero() {
            entries.push(Self::Salt { salt: genesis.salt.into() });
        }
        entries
    }
}

/// What was cut off the end of a log: a record whose writing was interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Where it began.
    pub offset: u64,
    /// Its bytes, which are in `chain.torn` now.
    pub bytes: u64,
    /// What it lacked.
    pub why: &'static str,
}

/// The log of a chain, or of one that is kept in memory alone.
#[derive(Debug, Default)]
pub struct Log {
    file: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Bytes that are whole.
    length: u64,
    /// The next record's.
    number: u64,
    /// Set when the end could not be cleaned up.
    broken: bool,
}

/// A log that was opened, and what it says.
pub struct Opened {
    pub log: Log,
    pub path: PathBuf,
    pub genesis: Genesis,
    pub offset: i64,
    /// With where the record of each begins.
    pub entries: Vec<(u64, Entry)>,
    pub cut: Option<Cut>,
}

impl Log {
    /// No log.
    pub fn none() -> Self {
        Self::default()
    }

    /// Opens the log of a folder; one that isn't there begins with `genesis`.
    pub fn open(folder: &Path, genesis: &Genesis, offset: i64) -> Result<Opened, Error> {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", &error))?;
        let path = folder.join(FILE);
        let failed = |what: &'static str| {
            let path = path.clone();
            move |error: std::io::Error| Error::io(&path, what, &error)
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        let scanned = scan(&bytes).map_err(|(offset, entry, why)| Error::Damaged {
            path: path.clone(),
            offset,
            entry,
            why: why.into(),
        })?;
        if let Some(cut) = &scanned.cut {
            fs::write(folder.join("chain.torn"), &bytes[cut.offset as usize..]).map_err(failed("keep what is torn"))?;
            file.set_len(cut.offset).and_then(|()| file.sync_all()).map_err(failed("cut off what is torn"))?;
            tracing::warn!(offset = cut.offset, bytes = cut.bytes, why = cut.why, "cut a torn record off the log");
        }
        let length = scanned.cut.as_ref().map_or(bytes.len() as u64, |cut| cut.offset);
        file.seek(SeekFrom::Start(length)).map_err(failed("seek"))?;
        let mut log = Self { file: Some(Open { file, length, number: scanned.records, broken: false }) };
        let mut entries = scanned.entries.into_iter().peekable();
        let (genesis, offset) = match entries.next() {
            None => {
                log.write_all(&Entry::genesis(genesis, offset)).map_err(|failure| Error::Io {
                    path: path.clone(),
                    what: "write the genesis",
                    why: failure.to_string(),
                    passing: true,
                })?;
                // The name of the file is in the folder only when that is synced too.
                File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder"))?;
                (genesis.clone(), offset)
            }
            Some((_, entry)) => {
                let salt = match entries.next_if(|(offset, entry)| *offset == 0 && matches!(entry, Entry::Salt { .. }))
                {
                    Some((_, Entry::Salt { salt })) => salt.into(),
                    _ => Default::default(),
                };
                let (genesis, offset) = read_genesis(entry).ok_or_else(|| Error::Damaged {
                    path: path.clone(),
                    offset: 0,
                    entry: 0,
                    why: format!("does not begin as a log of version {VERSION}"),
                })?;
                (Genesis { salt, ..genesis }, offset)
            }
        };
        Ok(Opened { log, path, genesis, offset, entries: entries.collect(), cut: scanned.cut })
    }

    /// Writes an entry down.
    pub fn write(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.write_all(std::slice::from_ref(entry))
    }

    /// Writes down what belongs together: all of it, or nothing.
    pub fn write_all(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let Some(open) = &mut self.file else { return Ok(()) };
        open.write(entries).map_err(|why| {
            tracing::error!(%why, "the log of the chain can't be written");
            Failure::internal(format!("the log of the chain can't be written: {why}"))
        })
    }
}

impl Open {
    fn write(&mut self, entries: &[Entry]) -> std::io::Result<()> {
        if self.broken {
            return Err(std::io::Error::other("an earlier write failed half-way; open the chain again"));
        }
        let record =
            record(self.number, &borsh::to_vec(entries).map_err(|error| std::io::Error::other(error.to_string()))?)
                .ok_or_else(|| std::io::Error::other("too much at once for a record"))?;
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // What is half there must not stand before what comes next.
            let cleaned = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            self.broken = cleaned.is_err();
            return written;
        }
        self.length += record.len() as u64;
        self.number += 1;
        Ok(())
    }
}

fn record(number: u64, body: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= LONGEST)?;
    let mut record = Vec::with_capacity(HEAD + body.len() + TAIL);
    record.extend_from_slice(&length.to_le_bytes());
    record.extend_from_slice(&number.to_le_bytes());
    record.extend_from_slice(&crc32fast::hash(&record).to_le_bytes());
    record.extend_from_slice(body);
    record.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    Some(record)
}

/// The number and length of a record whose head is whole.
fn head(bytes: &[u8]) -> Option<(u64, usize)> {
    let (head, sum) = bytes.first_chunk::<HEAD>()?.split_at(HEAD - 4);
    if crc32fast::hash(head).to_le_bytes() != sum {
        return None;
    }
    let length = u32::from_le_bytes(*head.first_chunk()?) as usize;
    let number = u64::from_le_bytes(*head.last_chunk()?);
    (length <= LONGEST).then_some((number, length))
}

/// The body of the record that `bytes` begin with.
fn body(bytes: &[u8], number: u64) -> Result<&[u8], &'static str> {
    if bytes.len() < HEAD {
        return Err("ends within its head");
    }
    let (found, length) = head(bytes).ok_or("its head does not check")?;
    if found != number {
        return Err("its number is not the next one");
    }
    let body = bytes.get(HEAD..HEAD + length).ok_or("ends within its body")?;
    let sum = bytes.get(HEAD + length..HEAD + length + TAIL).ok_or("ends within its checksum")?;
    if crc32fast::hash(body).to_le_bytes() != sum {
        return Err("its body does not check");
    }
    Ok(body)
}

struct Scanned {
    entries: Vec<(u64, Entry)>,
    records: u64,
    cut: Option<Cut>,
}

/// Reads all records. An error is a place, the number of the record there, and what is wrong with it.
fn scan(bytes: &[u8]) -> Result<Scanned, (u64, u64, &'static str)> {
    let mut scanned = Scanned { entries: Vec::new(), records: 0, cut: None };
    let mut at = 0;
    while at < bytes.len() {
        let (offset, number) = (at as u64, scanned.records);
        match body(&bytes[at..], number) {
            Ok(body) => {
                let entries: Vec<Entry> = borsh::from_slice(body)
                    .map_err(|_| (offset, number, "checks, but says nothing that is understood"))?;
                scanned.entries.extend(entries.into_iter().map(|entry| (offset, entry)));
                scanned.records += 1;
                at += HEAD + body.len() + TAIL;
            }
            Err(why) if followed(&bytes[at..], number) => return Err((offset, number, why)),
            Err(why) => {
                scanned.cut = Some(Cut { offset, bytes: (bytes.len() - at) as u64, why });
                break;
            }
        }
    }
    Ok(scanned)
}

/// Whether a whole record with a later number stands somewhere after the first byte.
fn followed(bytes: &[u8], number: u64) -> bool {
    (1..bytes.len()).any(|at| {
        let rest = &bytes[at..];
        head(rest).is_some_and(|(found, _)| found > number && body(rest, found).is_ok())
    })
}

fn read_genesis(entry: Entry) -> Option<(Genesis, i64)> {
    use alloy::primitives::{Address, U256};
    let Entry::Genesis { version: VERSION, chain_id, timestamp, pace, gas_limit, base_fee, balance, funds, offset } =
        entry
    else {
        return None;
    };
    let funds = funds
        .into_iter()
        .map(|(address, balance)| crate::Funds {
            address: Address::from(address),
            balance: U256::from_be_bytes(balance),
        })
        .collect();
    let balance = U256::from_be_bytes(balance);
    let genesis = Genesis { chain_id, timestamp, pace, gas_limit, base_fee, balance, funds, ..Genesis::default() };
    genesis.check().ok()?;
    Some((genesis, offset))
}

#[cfg(test)]
mod tests {
    //! Whatever a file holds, reading it ends, and what was written is read.

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            match scan(&bytes) {
                Ok(scanned) => assert_eq!(scanned.cut.is_none(), bytes.is_empty()),
                Err((offset, ..)) => assert!(offset < bytes.len() as u64),
            }
        }

        #[test]
        fn any_body_that_checks_is_read(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = record(0, &body).unwrap();
            match scan(&bytes) {
                Ok(scanned) => assert_eq!((scanned.records, scanned.cut), (1, None)),
                Err((offset, entry, _)) => assert_eq!((offset, entry), (0, 0)),
            }
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let entries = [
            vec![Entry::Snapshot, Entry::Revert { id: 3 }],
            vec![Entry::Clock { offset: -5, exact: Some(9), pace: 1 }],
            vec![Entry::Block { timestamp: 1, offset: 2, hash: [3; 32], transactions: vec![vec![4, 5], vec![]] }],
        ];
        let records = entries.iter().enumerate();
        let bytes: Vec<u8> = records
            .flat_map(|(number, of_one)| record(number as u64, &borsh::to_vec(of_one).unwrap()).unwrap())
            .collect();
        let read: Vec<Entry> = scan(&bytes).unwrap().entries.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(read, entries.concat());
    }
}
