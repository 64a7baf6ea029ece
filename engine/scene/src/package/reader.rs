//! What cooking reads: each file once, within the limits of a package.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{FILE_BYTES, FILES, Folder, PACKAGE_BYTES};
use crate::Error;

/// Reads files and remembers them.
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
        String::from_utf8(bytes)
            .map_err(|_| Error::File { file: name.into(), reason: "not UTF-8 text; accepted: text in UTF-8".into() })
    }

    /// All that was read, by name.
    pub fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files.into_inner()
    }
}
