//! Packages: all files of a scene, as one thing with one name.
//!
//! A package is what lies in a scene's folder: every file but hidden ones (a name or a folder that begins with `.`) and other
//! archives (`.hdscene`). Its [`PackageId`] is a Merkle root over names and contents, so it is the same for the folder, for the archive
//! ([`Package::encode`]) and for whatever was unpacked from it, on any machine; files can be opened one by one below it,
//! and a file by 32-byte leaves.
//!
//! Invariants: a [`Package`] holds a `scene.toml`, keeps the limits below, and its names mean the same files on every system
//! ([`names`]). Nothing that is read is trusted: archives are decoded in time and memory that the limits bound.

mod archive;
mod folder;
mod names;
mod reader;

pub(crate) use folder::Folder;
pub(crate) use reader::Reader;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use borsh::BorshSerialize;
use hyperdust_kernel::merkle::{self, Kind};

use crate::Error;

/// Largest `scene.toml`.
pub(crate) const SCENE_BYTES: usize = 1 << 20;
/// Largest robot, mesh or other file.
pub(crate) const FILE_BYTES: usize = 64 << 20;
/// Largest sum of all files of a package, and of all that one scene reads.
pub(crate) const PACKAGE_BYTES: usize = 256 << 20;
/// Most files of a package, and most that one scene reads.
pub(crate) const FILES: usize = 1024;

/// Name of the file that makes a folder a scene.
pub(crate) const SCENE: &str = "scene.toml";

/// How the name of an archive ends, without the dot.
pub const ARCHIVE: &str = "hdscene";

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

impl FromStr for PackageId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ACCEPTED: &str = "accepted: 0x and 64 hexadecimal digits";
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 64).ok_or(ACCEPTED)?;
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or(ACCEPTED);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Ok(Self(id))
    }
}

/// All files of a scene, by their names relative to its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// The files as they are given. Errors name the file that has no place in a package, and why.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Result<Self, Error> {
        let refuse = |file: &str, reason: String| Err(Error::File { file: names::shown(file), reason });
        if files.len() > FILES {
            return refuse("the package", format!("{} files; accepted: at most {FILES}", files.len()));
        }
        let mut sum = 0;
        for (name, contents) in &files {
            let most = if name == SCENE { SCENE_BYTES } else { FILE_BYTES };
            if contents.len() > most {
                return refuse(name, format!("{} bytes; accepted: at most {most}", contents.len()));
            }
            sum += contents.len();
        }
        if sum > PACKAGE_BYTES {
            return refuse(
                "the package",
                format!("{sum} bytes; accepted: at most {PACKAGE_BYTES} in all files together"),
            );
        }
        names::check_all(files.keys())?;
        if !files.contains_key(SCENE) {
            return refuse(
                SCENE,
                "there is no such file in the package; accepted: packages with one at the top".into(),
            );
        }
        Ok(Self { files })
    }

    pub(crate) fn from_folder(folder: &Folder) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut left = PACKAGE_BYTES;
        for name in folder.list()? {
            let contents = folder.read(&name, FILE_BYTES.min(left))?;
            left -= contents.len();
            files.insert(name, contents);
        }
        Self::from_files(files)
    }

    /// The folder at `path`, with everything in it that is not hidden.
    pub fn read_folder(path: &Path) -> Result<Self, Error> {
        Self::from_folder(&Folder::open(path)?)
    }

    /// The archive at `path`.
    pub fn read_archive(path: &Path) -> Result<Self, Error> {
        let failed = |error| folder::failed(&path.display().to_string(), &error);
        // A pipe would never end, a folder cannot be read.
        if !path.metadata().map_err(failed)?.is_file() {
            return Err(Error::File { file: path.display().to_string(), reason: "not a regular file".into() });
        }
        Self::decode(fs::File::open(path).map_err(failed)?)
    }

    /// Files by name, sorted.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    pub(crate) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files
    }

    /// For each file, sorted by name, its name, length and the Merkle root of its contents; the Merkle root of that list.
    pub fn id(&self) -> PackageId {
        let mut list = Vec::new();
        for (name, contents) in &self.files {
            let entry = (name.as_str(), contents.len() as u64, merkle::root(CONTENTS, contents));
            entry.serialize(&mut list).expect("a list in memory takes every entry");
        }
        PackageId(merkle::root(PACKAGE, &list))
    }

    /// Writes all files below `path`, which must not be there yet, or be an empty folder. It appears with all files or not at all.
    pub fn unpack(&self, path: &Path) -> Result<(), Error> {
        let failed = |error: std::io::Error| folder::failed(&path.display().to_string(), &error);
        if path.symlink_metadata().is_ok() {
            let empty = path.is_dir() && path.read_dir().map_err(failed)?.next().is_none();
            if !empty || path.is_symlink() {
                let reason = "it is there already; accepted: a folder that is not there yet, or empty".into();
                return Err(Error::File { file: path.display().to_string(), reason });
            }
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(failed)?;
        let name = path.file_name().map_or_else(|| "scene".into(), |name| name.to_string_lossy());
        // Beside its place, so that it can be moved there in one step.
        let partial = parent.join(format!(".{name}.{}.partial", std::process::id()));
        fs::create_dir(&partial).map_err(failed)?;
        let written = self.write(&partial).and_then(|()| {
            if path.is_dir() {
                fs::remove_dir(path)?;
            }
            fs::rename(&partial, path)
        });
        written.map_err(|error| {
            // What is left over is ours, and the first error is the one to tell.
            let _ = fs::remove_dir_all(&partial);
            failed(error)
        })
    }

    fn write(&self, folder: &Path) -> std::io::Result<()> {
        for (name, contents) in &self.files {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, contents)?;
        }
        Ok(())
    }
}
