//! A look at sled's log before sled opens it.
//!
//! sled stops at the first damage that it meets and zeroes what comes after: one flipped bit could cost everything written since. So
//! the log is checked first. It is a file of segments of [`SEGMENT`] bytes: a header (checksum, log sequence number, stable number),
//! then messages (checksum, kind, length, segment number, page; then the body), up to a cap. Damage anywhere but at the very end, where
//! a crash leaves it, is [`Log::suspect`]: the caller keeps a copy before it lets sled near. The end is kept here in memory for
//! the same purpose.
//!
//! Costs one reading of the file. Reading is total: any file gives an answer.

use std::{collections::BTreeMap, fs::File, io, os::unix::fs::FileExt, path::Path};

use super::SEGMENT;

const HEADER: usize = 20;
/// Where less is left of a segment, no message begins.
const RESERVED: usize = 32;
const CAP: u8 = 2;
const LAST_KIND: u8 = 11;
const FLIP: u64 = 0x7FFF_FFFF_FFFF_FFFF;
/// Segments at the end that are kept: more than sled has buffers under way.
const KEPT: usize = 4;

/// What a log looks like.
#[derive(Debug, Default)]
pub struct Log {
    /// Offset and reason of every damage that no crash explains.
    pub suspect: Vec<(u64, &'static str)>,
    /// The latest segments: offset and bytes.
    tail: Vec<(u64, Vec<u8>)>,
}

enum Segment {
    Unused,
    Torn,
    /// Its number in the log, and how far it checks: to its cap, or to this offset.
    Used(u64, Option<usize>),
}

fn checksum(bytes: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    bytes.iter().for_each(|bytes| hasher.update(bytes));
    hasher.finalize() ^ u32::MAX
}

/// sled's numbers of one to nine bytes.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let (value, rest) = match first {
        0..=240 => (u64::from(first), rest),
        241..=248 => {
            let (&low, rest) = rest.split_first()?;
            (240 + 256 * (u64::from(first) - 241) + u64::from(low), rest)
        }
        249 => {
            let ([high, low], rest) = rest.split_first_chunk::<2>()?;
            (2288 + 256 * u64::from(*high) + u64::from(*low), rest)
        }
        _ => {
            let (low, rest) = rest.split_at_checked(usize::from(first) - 247)?;
            (low.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)), rest)
        }
    };
    *bytes = rest;
    Some(value)
}

/// Length of the message at the front and whether it is a cap; `None` where there is no good one.
fn message(bytes: &[u8], segment: u64) -> Option<(usize, bool)> {
    let (sum, rest) = bytes.split_first_chunk::<4>()?;
    let (&kind, mut rest) = rest.split_first()?;
    if kind == 0 || kind > LAST_KIND {
        return None;
    }
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let found = number(&mut rest)?;
    number(&mut rest)?;
    let head = bytes.len() - rest.len();
    let body = rest.get(..length)?;
    let good = checksum(&[body, &bytes[4..head]]) == u32::from_le_bytes(*sum) && found == segment;
    good.then_some((head + length, kind == CAP))
}

fn look(bytes: &[u8]) -> Segment {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else { return Segment::Unused };
    if header.iter().all(|byte| *byte == 0) {
        return Segment::Unused;
    }
    let (sum, numbers) = header.split_at(4);
    if sum != checksum(&[numbers]).to_le_bytes() {
        return Segment::Torn;
    }
    let lsn = numbers[..8].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)) ^ FLIP;
    let index = lsn / SEGMENT as u64;
    let mut at = HEADER;
    while at + RESERVED <= SEGMENT {
        match message(bytes.get(at..).unwrap_or_default(), index) {
            Some((_, true)) => return Segment::Used(index, None),
            Some((length, false)) => at += length,
            None => return Segment::Used(index, Some(at)),
        }
    }
    Segment::Used(index, None)
}

fn read(file: &File, offset: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(SEGMENT, 0);
    let mut filled = 0;
    while filled < SEGMENT {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(())
}

impl Log {
    /// Looks at the log of this folder; one that is not there is empty.
    pub fn examine(folder: &Path) -> io::Result<Self> {
        let file = match File::open(folder.join("db")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file?,
        };
        let length = file.metadata()?.len();
        let (mut buffer, mut suspect) = (Vec::new(), Vec::new());
        let mut ends: BTreeMap<u64, (u64, Option<usize>)> = BTreeMap::new();
        for offset in (0..length).step_by(SEGMENT) {
            read(&file, offset, &mut buffer)?;
            match look(&buffer) {
                Segment::Unused => {}
                Segment::Torn => suspect.push((offset, "a segment's header does not check")),
                Segment::Used(index, end) => {
                    if ends.insert(index, (offset, end)).is_some() {
                        suspect.push((offset, "a segment is there twice"));
                    }
                }
            }
        }
        // The latest one ends where the last flush ended; each before it ends in a cap.
        for (offset, end) in ends.values().rev().skip(1) {
            if let Some(at) = end {
                suspect.push((offset + *at as u64, "a message does not check"));
            }
        }
        let mut tail = Vec::new();
        for (offset, _) in ends.values().rev().take(KEPT) {
            read(&file, *offset, &mut buffer)?;
            tail.push((*offset, buffer.clone()));
        }
        Ok(Self { suspect, tail })
    }

    /// Puts the end of the log back as it was.
    pub fn restore(&self, folder: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(folder.join("db"))?;
        self.tail.iter().try_for_each(|(offset, bytes)| file.write_all_at(bytes, *offset))?;
        file.sync_all()
    }
}
