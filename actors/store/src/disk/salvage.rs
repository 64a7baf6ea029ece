//! Finds values in files that no database opens any more.
//!
//! Every part of a value says which it is and carries a seal that only this store can make, so the files are searched byte by
//! byte: for each value the latest writing of which all parts are there is taken. The order of the files, their headers, and
//! sled are not needed. What had been removed and not yet written over comes back with the rest.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{
    Id,
    key::Key,
    value::{LONGEST, MAGIC, Part, Secret, parts},
};

const WINDOW: usize = 4 << 20;

#[derive(Clone, Copy, Debug)]
struct Place {
    file: usize,
    at: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Writing {
    total: u64,
    parts: BTreeMap<u32, Place>,
}

/// Values that were found.
#[derive(Debug, Default)]
pub struct Found {
    files: Vec<File>,
    writings: HashMap<Key, BTreeMap<u64, Writing>>,
    /// The number of the last commit that was found.
    pub commit: u64,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(())
}

impl Found {
    /// Searches all files of a folder. Needs memory for where values are, not for what they are.
    pub fn search(folder: &Path, secret: &Secret) -> io::Result<Self> {
        let mut found = Self::default();
        let mut paths = Vec::new();
        files(folder, &mut paths)?;
        let mut buffer = vec![0; WINDOW + LONGEST];
        for path in paths {
            let file = File::open(path)?;
            let (length, number) = (file.metadata()?.len(), found.files.len());
            let mut base = 0;
            while base < length {
                let size = (length - base).min(buffer.len() as u64) as usize;
                let bytes = &mut buffer[..size];
                file.read_exact_at(bytes, base)?;
                // What begins in the margin is found whole from the next window on.
                let (mut at, end) = (0, if base + size as u64 == length { size } else { WINDOW });
                while at < end {
                    let Some(next) = bytes[at..].windows(MAGIC.len()).position(|four| four == MAGIC) else {
                        at = at.max((size + 1).saturating_sub(MAGIC.len())).max(end);
                        break;
                    };
                    at += next;
                    if at >= end {
                        break;
                    }
                    match Part::decode_front(secret, &bytes[at..]) {
                        Ok((part, length)) => {
                            found.note(&part, Place { file: number, at: base + at as u64, bytes: length });
                            at += length;
                        }
                        Err(_) => at += 1,
                    }
                }
                base += at.max(1) as u64;
            }
            found.files.push(file);
        }
        Ok(found)
    }

    fn note(&mut self, part: &Part, place: Place) {
        self.commit = self.commit.max(part.stamp);
        // Parts of what has a content address are the same whenever they were written.
        let stamp = if matches!(part.key, Key::Object(_)) { 0 } else { part.stamp };
        let writing = self.writings.entry(part.key).or_default().entry(stamp).or_default();
        writing.total = part.total;
        writing.parts.insert(part.part, place);
    }

    /// Calls `each` with the key, the stamp and the bytes of every value that is whole; gives the keys of those that are not.
    pub fn each<E: From<io::Error>>(
        &self,
        secret: &Secret,
        mut each: impl FnMut(Key, u64, &[u8]) -> Result<(), E>,
    ) -> Result<Vec<Key>, E> {
        let (mut partial, mut buffer, mut value) = (Vec::new(), Vec::new(), Vec::new());
        for (key, writings) in &self.writings {
            let mut whole = false;
            for (stamp, writing) in writings.iter().rev() {
                if writing.parts.len() != parts(writing.total) as usize {
                    continue;
                }
                value.clear();
                for place in writing.parts.values() {
                    buffer.resize(place.bytes, 0);
                    self.files[place.file].read_exact_at(&mut buffer, place.at)?;
                    if let Ok(part) = Part::decode(secret, &buffer) {
                        value.extend_from_slice(part.bytes);
                    }
                }
                let content = matches!(key, Key::Object(id) if Id::of(&value) != *id);
                if value.len() as u64 == writing.total && !content {
                    each(*key, *stamp, &value)?;
                    whole = true;
                    break;
                }
            }
            if !whole {
                partial.push(*key);
            }
        }
        Ok(partial)
    }
}
