//! Wallets: keys in files that a password opens, as Ethereum's tools have them (Web3 secret storage, version 3).
//!
//! A wallet is a file `NAME.json` in a folder. It is made whole, for its owner alone (mode 0600), and never over another; a file that others can read or
//! write is refused, not mended: who could read it may have it. A secret is in memory only inside of types that wipe it, and in no error, log or
//! `Debug`. Where passwords come from is the caller's business, who also wipes them.
//!
//! Files are made with scrypt at the library's cost (N = 2¹³): enough for long passwords, and little for short ones.

mod file;

use std::{fmt, path::Path};

use alloy::{network::EthereumWallet, primitives::Address, signers::local::PrivateKeySigner};
use hyperdust_receipt::Key;
use zeroize::Zeroizing;

use crate::{Error, error::cut};

/// A wallet that was opened.
pub struct Wallet {
    name: String,
    signer: PrivateKeySigner,
}

/// A wallet as it lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its account, where the file says so. Only the password shows whether that is true.
    pub address: Option<Address>,
}

/// Longest name, in bytes.
const LONGEST_NAME: usize = 64;

impl Wallet {
    /// A new key in a new file. The folder is made, for its owner alone, where there is none.
    pub fn create(folder: &Path, name: &str, password: &str) -> Result<Self, Error> {
        let mut secret = Zeroizing::new([0; 32]);
        loop {
            rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, secret.as_mut());
            // A draw in 2¹²⁸ is no key.
            if PrivateKeySigner::from_slice(secret.as_ref()).is_ok() {
                return Self::import(folder, name, password, &secret);
            }
        }
    }

    /// A key that there is already (big-endian), in a new file. The caller wipes its own copy.
    pub fn import(folder: &Path, name: &str, password: &str, secret: &[u8; 32]) -> Result<Self, Error> {
        let signer = PrivateKeySigner::from_slice(secret)
            .map_err(|_| Error::Argument { what: "a wallet", why: "these 32 bytes are no key".into() })?;
        check(name)?;
        if password.is_empty() {
            return Err(Error::Argument { what: "a wallet", why: "an empty password protects nothing".into() });
        }
        file::write(folder, name, password, secret, signer.address())?;
        Ok(Self { name: name.into(), signer })
    }

    /// Opens the wallet of this name.
    pub fn open(folder: &Path, name: &str, password: &str) -> Result<Self, Error> {
        check(name)?;
        let (secret, said) = file::read(folder, name, password)?;
        let wrong = || Error::Password { name: name.into() };
        let signer = PrivateKeySigner::from_slice(&secret).map_err(|_| wrong())?;
        if said.is_some_and(|said| said != signer.address()) {
            return Err(Error::File {
                path: file::path(folder, name),
                why: "it holds another account's key than it says".into(),
            });
        }
        Ok(Self { name: name.into(), signer })
    }

    /// All wallets of a folder, by name. None where there is no folder.
    pub fn list(folder: &Path) -> Result<Vec<Entry>, Error> {
        file::list(folder)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its account.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// What signs transactions.
    pub fn signer(&self) -> PrivateKeySigner {
        self.signer.clone()
    }

    /// The same as alloy's providers take it.
    pub fn ethereum(&self) -> EthereumWallet {
        self.signer().into()
    }

    /// What signs vouchers, roots and attestations: the same key.
    pub fn key(&self) -> Result<Key, Error> {
        let mut secret = Zeroizing::new([0; 32]);
        secret.copy_from_slice(&self.signer.to_field_bytes());
        Key::from_secret(&secret).map_err(|error| Error::Argument { what: "a key", why: error.to_string() })
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("name", &self.name).field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Names become names of files: none leads out of the folder, hides, or means another on another system.
fn check(name: &str) -> Result<(), Error> {
    let good = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(good) {
        return Err(Error::WalletName { name: cut(name) });
    }
    Ok(())
}
