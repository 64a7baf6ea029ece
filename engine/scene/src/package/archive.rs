//! Archives: a package as one file, `NAME.hdscene`, that any tool can open: a tar inside gzip.
//!
//! There is one way to write a package. Entries are plain files (ustar), sorted by the bytes of their names, mode 644, without
//! owners and times; two blocks of zeros end them. The gzip header has no time and no name; its comment says
//! `hyperdust package 1 0x…`, the [`PackageId`]. The compressor is one of a fixed version, so equal packages are equal bytes.
//! The id does not depend on the compressor.
//!
//! Reading accepts nothing else (but any compressor's output): links, devices, long-name extensions, names that lead
//! out, twice or out of order, owners, times, bytes after the end. It stops at the first thing that is wrong, and before
//! it has unpacked more than a package may hold.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;
use tar::{EntryType, Header};

use super::{FILE_BYTES, FILES, PACKAGE_BYTES, Package, PackageId, names};
use crate::Error;

/// Bytes of an archive at most: a package, its headers, and what compression may add.
const ARCHIVE_BYTES: u64 = PACKAGE_BYTES as u64 + (8 << 20);
/// What the comment begins with: kind and version.
const COMMENT: &str = "hyperdust package 1 ";
const BLOCK: usize = 512;
/// How hard the compressor tries, of 10.
const LEVEL: u8 = 6;

impl Package {
    /// The archive's bytes: equal for equal packages.
    pub fn encode(&self) -> Vec<u8> {
        let mut tar = Vec::new();
        for (name, contents) in self.files() {
            let header = header(name, contents.len()).expect("a package's names fit a header");
            tar.extend_from_slice(header.as_bytes());
            tar.extend_from_slice(contents);
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);

        // Deflated, with a comment (0x10), no time, no hint of the compressor, on no known system.
        let mut archive = vec![0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 0xff];
        archive.extend_from_slice(format!("{COMMENT}{}\0", self.id()).as_bytes());
        archive.extend_from_slice(&miniz_oxide::deflate::compress_to_vec(&tar, LEVEL));
        archive.extend_from_slice(&crc32fast::hash(&tar).to_le_bytes());
        archive.extend_from_slice(&(tar.len() as u32).to_le_bytes());
        archive
    }

    /// Reads an archive and checks it against its own id. Total: whatever the bytes are, it ends within the limits of a package.
    pub fn decode(archive: impl Read) -> Result<Self, Error> {
        let mut decoder = GzDecoder::new(BufReader::new(archive.take(ARCHIVE_BYTES)));
        let stated = stated(&decoder)?;
        let files = entries(&mut decoder)?;
        // Its checksum is looked at where the compressed part ends.
        if decoder.read(&mut [0]).map_err(unreadable)? > 0 {
            return Err(wrong("", "something follows the last file"));
        }
        if !decoder.into_inner().fill_buf().map_err(unreadable)?.is_empty() {
            return Err(wrong("", "something follows the compressed part"));
        }
        let package = Self::from_files(files)?;
        let id = package.id();
        if id != stated {
            return Err(wrong("", format!("its files are package {id}, but it says {stated}")));
        }
        Ok(package)
    }
}

/// The one header that a file of this name and length has; none: the name does not fit.
fn header(name: &str, length: usize) -> Option<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name).ok()?;
    header.set_entry_type(EntryType::Regular);
    header.set_size(length as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    Some(header)
}

/// The id that the archive says it has.
fn stated<R: BufRead>(decoder: &GzDecoder<R>) -> Result<PackageId, Error> {
    let Some(header) = decoder.header() else { return Err(wrong("", "it is not gzip data, or ends in its header")) };
    let comment = header.comment().and_then(|comment| std::str::from_utf8(comment).ok()).unwrap_or_default();
    let id = comment.strip_prefix(COMMENT).and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| {
        let found = if comment.is_empty() { "nothing".into() } else { format!("\"{}\"", names::shown(comment)) };
        wrong(
            "",
            format!("gzip comment: found {found}; accepted: \"{COMMENT}0x…\", kind, version and id of the package"),
        )
    })?;
    if header.filename().is_some() || header.extra().is_some() || header.mtime() != 0 {
        return Err(wrong("", "its gzip header has a file name, a time or extra fields"));
    }
    Ok(id)
}

/// All files, up to the end that two blocks of zeros make.
fn entries(tar: &mut impl Read) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let mut files = BTreeMap::new();
    let mut left = PACKAGE_BYTES;
    loop {
        let block = block(tar)?;
        if block == [0; BLOCK] {
            return match self::block(tar)? == [0; BLOCK] {
                true => Ok(files),
                false => Err(wrong("", "a file after the end of the list")),
            };
        }
        if files.len() == FILES {
            return Err(wrong("", format!("one file more than {FILES}, the most a package holds")));
        }
        let (name, length) = entry(Header::from_byte_slice(&block))?;
        if let Some((last, _)) = files.last_key_value()
            && name <= *last
        {
            let twice = if name == *last { "twice" } else { "out of order" };
            return Err(wrong(&name, format!("{twice}; accepted: each file once, sorted by name")));
        }
        if length > FILE_BYTES || length > left {
            let accepted = format!("{length} bytes; accepted: at most {FILE_BYTES} in a file, {PACKAGE_BYTES} in all");
            return Err(wrong(&name, accepted));
        }
        left -= length;
        let mut contents = Vec::new();
        tar.take(length as u64).read_to_end(&mut contents).map_err(unreadable)?;
        let mut padding = [0; BLOCK];
        let padding = &mut padding[..length.next_multiple_of(BLOCK) - length];
        if contents.len() < length || tar.read_exact(padding).is_err() {
            return Err(wrong(&name, "the archive ends inside this file"));
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(wrong(&name, "bytes between this file and the next"));
        }
        files.insert(name, contents);
    }
}

fn block(tar: &mut impl Read) -> Result<[u8; BLOCK], Error> {
    let mut block = [0; BLOCK];
    tar.read_exact(&mut block).map_err(unreadable)?;
    Ok(block)
}

/// Name and length of an entry whose header is the one that we would have written.
fn entry(found: &Header) -> Result<(String, usize), Error> {
    let bytes = found.path_bytes();
    let name = String::from_utf8_lossy(&bytes);
    // What it is says more than how it is called.
    let kind = match found.entry_type() {
        EntryType::Regular => None,
        EntryType::Link | EntryType::Symlink => Some("a link"),
        EntryType::Directory => Some("a folder on its own"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some("a device or a pipe"),
        EntryType::GNUSparse => Some("a file with holes"),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader => {
            Some("an extension of the format")
        }
        _ => Some("an entry of no known kind"),
    };
    if let Some(kind) = kind {
        return Err(wrong(&name, format!("{kind}; accepted: regular files")));
    }
    if std::str::from_utf8(&bytes).is_err() {
        return Err(wrong(&name, "a name that is not UTF-8"));
    }
    names::check(&name).map_err(|reason| wrong(&name, reason))?;
    let length = found.entry_size().ok().and_then(|length| usize::try_from(length).ok());
    let expected = length.and_then(|length| header(&name, length));
    match (length, expected) {
        (Some(length), Some(expected)) if expected.as_bytes() == found.as_bytes() => Ok((name.into_owned(), length)),
        _ => Err(wrong(&name, "its header has a damaged checksum, an owner, a time, another mode or another format")),
    }
}

fn wrong(entry: &str, reason: impl Into<String>) -> Error {
    Error::Archive { entry: names::shown(entry), reason: reason.into() }
}

fn unreadable(error: std::io::Error) -> Error {
    let why = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => format!("it cannot be unpacked: {error}"),
    };
    wrong("", why)
}
