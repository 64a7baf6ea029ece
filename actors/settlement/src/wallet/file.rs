//! A wallet's file. What a file says is checked before the library that opens it sees it: it would use up any memory that is asked for,
//! and break off on lengths that it doesn't expect.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Entry, check};
use crate::{Error, error::cut};

/// Largest file, in bytes.
const LARGEST: u64 = 16 * 1024;
/// Most memory that opening may take, in bytes.
const MEMORY: u64 = 1 << 30;

/// What of a file is looked at before it is opened.
#[derive(Deserialize)]
struct Head {
    address: Option<String>,
    crypto: Crypto,
    version: u8,
}

#[derive(Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: Cipher,
    ciphertext: String,
    kdf: String,
    kdfparams: Derivation,
}

#[derive(Deserialize)]
struct Cipher {
    iv: String,
}

#[derive(Deserialize)]
struct Derivation {
    dklen: u64,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    r: u64,
    #[serde(default)]
    p: u64,
    #[serde(default)]
    c: u64,
}

pub(super) fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

pub(super) fn write(folder: &Path, name: &str, password: &str, secret: &[u8; 32], of: Address) -> Result<(), Error> {
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Disk { path, source }
    };
    private(folder).map_err(disk(folder))?;
    let path = path(folder, name);
    if path.symlink_metadata().is_ok() {
        return Err(Error::WalletExists { name: name.into() });
    }
    // The library writes a file that everybody may read; so it does that in a folder that nobody else may enter.
    let aside = tempfile::Builder::new().prefix(".new-").tempdir_in(folder).map_err(disk(folder))?;
    let failed = |why: String| Error::File { path: path.clone(), why };
    eth_keystore::encrypt_key(aside.path(), &mut rand::rngs::OsRng, secret, password, Some("key"))
        .map_err(|error| failed(error.to_string()))?;
    let text = fs::read(aside.path().join("key")).map_err(disk(folder))?;
    // As geth does it: one sees whose it is without the password.
    let mut json: serde_json::Value = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    json["address"] = format!("{of:x}").trim_start_matches("0x").into();
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder).map_err(disk(folder))?;
    file.write_all(json.to_string().as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(disk(&path))?;
    match file.persist_noclobber(&path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::WalletExists { name: name.into() });
        }
        Err(error) => return Err(Error::Disk { path, source: error.error }),
    }
    // The name in the folder has to be on disk as well, before anyone sends coin to it.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk(folder))
}

/// The secret, and the account that the file says it is of.
pub(super) fn read(folder: &Path, name: &str, password: &str) -> Result<(Zeroizing<Vec<u8>>, Option<Address>), Error> {
    let path = path(folder, name);
    let head = head(&path).map_err(|error| match error {
        Error::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound => Error::NoWallet { name: name.into() },
        other => other,
    })?;
    sound(&head).map_err(|why| Error::File { path: path.clone(), why })?;
    let secret = eth_keystore::decrypt_key(&path, password).map(Zeroizing::new).map_err(|error| match error {
        eth_keystore::KeystoreError::MacMismatch => Error::Password { name: name.into() },
        other => Error::File { path: path.clone(), why: cut(&other.to_string()) },
    })?;
    Ok((secret, address(&head)))
}

pub(super) fn list(folder: &Path) -> Result<Vec<Entry>, Error> {
    let disk = |source| Error::Disk { path: folder.into(), source };
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(disk(error)),
    };
    let mut all = Vec::new();
    for file in files {
        let path = file.map_err(disk)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
        let Some(name) = name.filter(|name| check(name).is_ok()) else { continue };
        let address = head(&path)?;
        all.push(Entry { name: name.into(), address: self::address(&address) });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// Makes a folder that its owner alone may enter, where there is none.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// What a file says without its password. An error where others than its owner can read or write it.
fn head(path: &Path) -> Result<Head, Error> {
    let disk = |source| Error::Disk { path: path.into(), source };
    let wrong = |why: String| Error::File { path: path.into(), why };
    let file = File::open(path).map_err(disk)?;
    // Asked of the open file: what is checked is what is read.
    let about = file.metadata().map_err(disk)?;
    if !about.is_file() {
        return Err(wrong("it is no regular file".into()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::Exposed { path: path.into(), mode });
        }
    }
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(disk)?;
    if text.len() as u64 > LARGEST {
        return Err(wrong(format!("it is larger than {LARGEST} bytes")));
    }
    // Not the parser's words: they may quote the file.
    serde_json::from_slice(&text).map_err(|_| wrong("it is no wallet (Web3 secret storage)".into()))
}

/// Whether the library can open it, with a bounded effort.
fn sound(head: &Head) -> Result<(), String> {
    let crypto = &head.crypto;
    let of = &crypto.kdfparams;
    let hex = |text: &str, bytes: usize| text.len() == 2 * bytes && text.bytes().all(|c| c.is_ascii_hexdigit());
    if head.version != 3 {
        return Err(format!("version {}; 3 is accepted", head.version));
    }
    if crypto.cipher != "aes-128-ctr" {
        return Err(format!("cipher {:?}; aes-128-ctr is accepted", cut(&crypto.cipher)));
    }
    if of.dklen != 32 || !hex(&crypto.cipherparams.iv, 16) || !hex(&crypto.ciphertext, 32) {
        return Err("lengths that no key of 32 bytes has".into());
    }
    match crypto.kdf.as_str() {
        // The parameters tell the library which of the two it is, so they must not say both.
        "scrypt" if of.c == 0 => {
            let memory = of.n.checked_mul(of.r).and_then(|blocks| blocks.checked_mul(128));
            let bounded = memory.is_some_and(|memory| memory <= MEMORY) && of.p <= 16;
            if of.n < 2 || !of.n.is_power_of_two() || of.r == 0 || of.p == 0 || !bounded {
                return Err("scrypt's parameters ask for nothing, or for more than 1 GiB".into());
            }
        }
        "pbkdf2" if of.n == 0 => {
            if of.c == 0 || of.c > 10_000_000 {
                return Err("PBKDF2 of none, or of over ten million rounds".into());
            }
        }
        other => return Err(format!("key derivation {:?}; scrypt and pbkdf2 are accepted", cut(other))),
    }
    Ok(())
}

fn address(head: &Head) -> Option<Address> {
    head.address.as_ref()?.trim_start_matches("0x").parse().ok()
}
