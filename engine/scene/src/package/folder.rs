//! Where a scene's files are: read by relative name from one folder, bounded, never from outside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use super::{FILES, names};
use crate::Error;

/// Longest name that is read, bytes.
const NAME: usize = 255;
/// Most entries of all folders that are looked at, and how deep.
const ENTRIES: usize = 16 * 1024;
const DEPTH: usize = 16;

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
        let bytes = match self {
            Self::Disk(root) => return read_disk(root, name, limit),
            // Names inside an embedded folder are relative to what was embedded.
            Self::Embedded(folder) => {
                folder.get_file(folder.path().join(name)).ok_or_else(|| missing(name, folder.path()))?.contents()
            }
            Self::Memory(files) => files.get(name).ok_or_else(|| missing(name, Path::new("")))?.as_slice(),
        };
        if bytes.len() > limit { Err(too_large(name, bytes.len() as u64, limit)) } else { Ok(bytes.to_vec()) }
    }

    /// Names of all files that belong to the package, sorted. Links and special files are refused, not followed.
    pub fn list(&self) -> Result<Vec<String>, Error> {
        let mut found = match self {
            Self::Disk(root) => list_disk(root)?,
            Self::Embedded(folder) => list_embedded(folder),
            Self::Memory(files) => files.keys().cloned().collect(),
        };
        found.retain(|name| !name.split('/').any(names::is_left_out));
        found.sort();
        Ok(found)
    }

    /// Names of licence files at the top of the folder, sorted.
    pub fn licences(&self) -> Vec<String> {
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

fn list_disk(root: &Path) -> Result<Vec<String>, Error> {
    let refuse = |file: &str, reason: String| Err(Error::File { file: names::shown(file), reason });
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut open = vec![(String::new(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = root.join(&folder).read_dir().map_err(|error| failed(&folder, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            seen += 1;
            if seen > ENTRIES {
                return refuse("the folder", format!("more than {ENTRIES} files and folders; accepted: fewer"));
            }
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if names::is_left_out(&name) {
                continue;
            }
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            if entry.file_name().to_str().is_none() {
                return refuse(&path, "a name that is not UTF-8".into());
            }
            // Of the entry itself: a link is not followed.
            let kind = entry.file_type().map_err(|error| failed(&path, &error))?;
            if kind.is_dir() {
                if depth == DEPTH {
                    return refuse(&path, format!("more than {DEPTH} folders deep; accepted: less"));
                }
                open.push((path, depth + 1));
            } else if !kind.is_file() {
                let what = if kind.is_symlink() { "a link" } else { "a device, pipe or socket" };
                return refuse(&path, format!("{what}; accepted: regular files"));
            } else if found.len() == FILES {
                return refuse("the folder", format!("more than {FILES} files; accepted: fewer"));
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn list_embedded(root: &include_dir::Dir<'static>) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = open.pop() {
        open.extend(folder.dirs().cloned());
        let name =
            |file: &include_dir::File<'_>| file.path().strip_prefix(root.path()).ok()?.to_str().map(str::to_owned);
        found.extend(folder.files().filter_map(name));
    }
    found
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
    let path = root.join(name).canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(name, root),
        _ => failed(name, &error),
    })?;
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

/// `package`: where it is, or nothing where it is in memory.
fn missing(name: &str, package: &Path) -> Error {
    let space = if package.as_os_str().is_empty() { "" } else { " " };
    let reason = format!("there is no such file in the package{space}{}; accepted: the name of one", package.display());
    Error::File { file: name.into(), reason }
}

pub(super) fn failed(name: &str, error: &std::io::Error) -> Error {
    Error::File { file: name.into(), reason: error.to_string() }
}

fn too_large(name: &str, found: u64, limit: usize) -> Error {
    Error::File { file: name.into(), reason: format!("{found} bytes; accepted: at most {limit}") }
}
