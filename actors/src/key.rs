//! Keys in files: 64 hexadecimal digits that nobody but their owner may read.
//!
//! What is read is wiped from memory as soon as the [`Key`] is made, and is never part of a message.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use hyperdust_proof::hex;
use hyperdust_receipt::Key;
use zeroize::Zeroizing;

use crate::Error;

/// Bytes of a key's file, at most: `0x`, 64 digits, and some white space around them.
const LONGEST: u64 = 80;

/// The key in a file. An error where the file can be read by others than its owner, or holds no key.
pub fn read(path: &Path) -> Result<Key, Error> {
    let secret = secret(path)?;
    Key::from_secret(&secret).map_err(|error| Error::Key { path: path.into(), why: error.to_string() })
}

/// The 32 bytes of a key in a file, which need not be one.
pub(crate) fn secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, Error> {
    let io = |source: io::Error| Error::Io { path: path.into(), source };
    let refused = |why: String| Error::Key { path: path.into(), why };
    let file = File::open(path).map_err(io)?;
    // Asked of the open file: what is checked is what is read.
    let about = file.metadata().map_err(io)?;
    if !about.is_file() {
        return Err(refused("it is no regular file".into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(refused(format!("its mode is {mode:03o}: others than its owner can read or write it")));
        }
    }
    let mut text = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    file.take(LONGEST + 1).read_to_end(&mut text).map_err(io)?;
    let mut secret = Zeroizing::new([0; 32]);
    if text.len() as u64 > LONGEST || !hex::read_word(text.trim_ascii(), &mut secret) {
        return Err(refused("it does not hold 64 hexadecimal digits".into()));
    }
    Ok(secret)
}
