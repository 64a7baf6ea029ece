//! The files of a scene: read by relative name from one folder, bounded, never from outside it.
//!
//! The [`PackageId`] covers what cooking read and the licence: for each file, sorted by name, its name, length and the
//! Merkle root of its contents; the Merkle root of that list is the id. So a package can be opened file by file,
//! and a file by 32-byte leaves.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use borsh::BorshSerialize;
use hyperdust_kernel::merkle::{self, Kind};

use crate::Error;

/// Largest `scene.toml`.
pub(crate) const SCENE_BYTES: usize = 1 << 20;
/// Largest robot, mesh or other file.
pub(crate) const FILE_BYTES: usize = 64 << 20;
/// Largest sum of all files that one scene reads.
const PACKAGE_BYTES: usize = 256 << 20;
/// Most files that one scene reads.
const FILES: usize = 1024;
/// Longest name, bytes.
const NAME: usize = 255;

const PACKAGE: Kind = Kind::new("hyperdust package");
const CONTENTS: Kind = Kind::new("hyperdust file");

/// Name of a package. Written as `0x` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub [u8; 32]);

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where a scene's files are.
#[derive(Clone, Debug)]
pub(crate) enum Folder {
    /// A canonical path.
    Disk(PathBuf),
    /// Inside this library.
    Embedded(&'static include_dir::Dir<'static>),
    /// Given by the caller.
    Memory(BTreeMap<String, Vec<u8>>),
}

impl Folder {
    /// A folder on disk.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let canonical = path.canonicalize().map_err(|error| failed(&path.display().to_string(), &error))?;
        Ok(Self::Disk(canonical))
    }

    /// A file by its name relative to the folder, of at most `limit` bytes.
    pub fn read(&self, name: &str, limit: usize) -> Result<Vec<u8>, Error> {
        check_name(name)?;
        let missing = || Error::File { file: name.into(), reason: "there is no such file in the package".into() };
        let bytes = match self {
            Self::Disk(root) => return read_disk(root, name, limit),
            // Names inside an embedded folder are relative to what was embedded.
            Self::Embedded(folder) => folder.get_file(folder.path().join(name)).ok_or_else(missing)?.contents(),
            Self::Memory(files) => files.get(name).ok_or_else(missing)?.as_slice(),
        };
        if bytes.len() > limit { Err(too_large(name, bytes.len() as u64, limit)) } else { Ok(bytes.to_vec()) }
    }

    /// Names of licence files at the top of the folder, sorted.
    fn licences(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Disk(root) => root
                .read_dir()
                .into_iter()
                .flatten()
                .take(4096)
                .flatten()
                .filter(|entry| entry.path().is_file())
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect(),
            Self::Embedded(folder) => {
                folder.files().filter_map(|file| Some(file.path().file_name()?.to_str()?.to_owned())).collect()
            }
            Self::Memory(files) => files.keys().filter(|name| !name.contains('/')).cloned().collect(),
        };
        names.retain(|name| {
            let upper = name.to_ascii_uppercase();
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|start| upper.starts_with(start))
        });
        names.sort();
        names.truncate(16);
        names
    }
}

/// Reads files and remembers which.
pub(crate) struct Reader<'a> {
    folder: &'a Folder,
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl<'a> Reader<'a> {
    pub fn new(folder: &'a Folder) -> Self {
        Self { folder, files: RefCell::default() }
    }

    /// Counts a file that was read before.
    pub fn insert(&self, name: &str, contents: &[u8]) {
        self.files.borrow_mut().insert(name.to_owned(), contents.to_vec());
    }

    /// A file of the package.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let mut files = self.files.borrow_mut();
        if let Some(contents) = files.get(name) {
            return Ok(contents.clone());
        }
        let used: usize = files.values().map(Vec::len).sum();
        if files.len() == FILES {
            return Err(Error::File {
                file: name.into(),
                reason: format!("one file more than {FILES}, the most a scene may read"),
            });
        }
        let limit = FILE_BYTES.min(PACKAGE_BYTES.saturating_sub(used));
        let contents = self.folder.read(name, limit)?;
        files.insert(name.to_owned(), contents.clone());
        Ok(contents)
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> Result<String, Error> {
        let bytes = self.read(name)?;
        String::from_utf8(bytes).map_err(|_| Error::File { file: name.into(), reason: "not UTF-8 text".into() })
    }

    /// Id of what was read, and the licence.
    pub fn id(self) -> Result<PackageId, Error> {
        for name in self.folder.licences() {
            self.read(&name)?;
        }
        let mut list = Vec::new();
        for (name, contents) in self.files.into_inner() {
            let entry = (name, contents.len() as u64, merkle::root(CONTENTS, &contents));
            entry
                .serialize(&mut list)
                .map_err(|error| Error::File { file: entry.0.clone(), reason: error.to_string() })?;
        }
        Ok(PackageId(merkle::root(PACKAGE, &list)))
    }
}

/// Only names that stay inside the folder on every system.
fn check_name(name: &str) -> Result<(), Error> {
    let plain = |component: Component<'_>| matches!(component, Component::Normal(_));
    let sound = !name.is_empty()
        && name.len() <= NAME
        && !name.contains(['\\', ':'])
        && !name.chars().any(char::is_control)
        && Path::new(name).components().all(plain);
    if sound {
        return Ok(());
    }
    let reason = "not a file of the package; accepted: a relative path with `/`, without `..`, at most 255 bytes";
    Err(Error::File { file: name.chars().take(NAME).collect(), reason: reason.into() })
}

fn read_disk(root: &Path, name: &str, limit: usize) -> Result<Vec<u8>, Error> {
    let path = root.join(name).canonicalize().map_err(|error| failed(name, &error))?;
    if !path.starts_with(root) {
        let reason = "a link out of the package; accepted: files inside it".into();
        return Err(Error::File { file: name.into(), reason });
    }
    let metadata = path.metadata().map_err(|error| failed(name, &error))?;
    if !metadata.is_file() {
        return Err(Error::File { file: name.into(), reason: "not a regular file".into() });
    }
    if metadata.len() > limit as u64 {
        return Err(too_large(name, metadata.len(), limit));
    }
    let file = File::open(&path).map_err(|error| failed(name, &error))?;
    let mut bytes = Vec::new();
    // The file may grow while it is read.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(name, &error))?;
    if bytes.len() > limit { Err(too_large(name, bytes.len() as u64, limit)) } else { Ok(bytes) }
}

fn failed(name: &str, error: &std::io::Error) -> Error {
    Error::File { file: name.into(), reason: error.to_string() }
}

fn too_large(name: &str, found: u64, limit: usize) -> Error {
    Error::File { file: name.into(), reason: format!("{found} bytes; accepted: at most {limit}") }
}
