//! A user's books of a session, in a file: what it signed, and what its provider signed.
//!
//! The first are needed so that it never signs two things of one segment, the last so that it can show a provider's lie
//! (a claim that contradicts a countersignature falls by it: `Sessions.contradicted`). The file is JSON, whole at any moment, and on the
//! disk before [`Kept::write`] returns.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use alloy::primitives::{Address, B256, Bytes};
use hyperdust_receipt::{Domain, Receipt, Signed, Voucher};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Largest file, in bytes: 4,096 lanes have less.
const LARGEST: u64 = 8 << 20;

/// The file of a session's books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    path: PathBuf,
    domain: Domain,
    session: B256,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    chain_id: u64,
    contract: Address,
    session: B256,
    /// borsh of a `Signed<Voucher>`.
    voucher: Option<Bytes>,
    /// borsh of a `Receipt`, lane by lane.
    receipts: Vec<Option<Bytes>>,
}

impl Kept {
    /// The books of a session that was just opened, in a folder of such files. The folder is made, for its owner alone, where there is none. Books that are
    /// there already are of a chain that begins anew, as devnets do, and are moved aside. The file is there at once, with nothing in it that was signed: whoever paid
    /// for a session and crashed finds its id here.
    pub fn create(folder: &Path, domain: Domain, session: B256) -> Result<Self, Error> {
        Self::prepare(folder)?;
        let path = folder.join(format!("{session}.json"));
        let disk = |source| Error::Disk { path: path.clone(), source };
        if path.symlink_metadata().is_ok() {
            let mut names = (1_u64..).map(|number| folder.join(format!("{session}.{number}.json")));
            let free = names.find(|name| name.symlink_metadata().is_err());
            free.map_or(Ok(()), |name| fs::rename(&path, name)).map_err(disk)?;
        }
        let kept = Self { path: path.clone(), domain, session };
        kept.write(&[], None).map_err(disk)?;
        Ok(kept)
    }

    /// Sees to it that there is a folder for such files, before anything is paid.
    pub fn prepare(folder: &Path) -> Result<(), Error> {
        private(folder).map_err(|source| Error::Disk { path: folder.into(), source })
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes them, in the place of those before.
    pub fn write(&self, receipts: &[Option<Receipt>], voucher: Option<&Signed<Voucher>>) -> io::Result<()> {
        let text = Text {
            chain_id: self.domain.chain_id,
            contract: self.domain.contract.0.into(),
            session: self.session,
            voucher: voucher.map(|voucher| voucher.encode().into()),
            receipts: receipts.iter().map(|receipt| receipt.map(|receipt| receipt.encode().into())).collect(),
        };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        serde_json::to_writer(&mut file, &text)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        // The name too.
        File::open(folder)?.sync_all()
    }

    /// What a file says: session, receipts and voucher. Whether signatures hold is the reader's to check.
    #[expect(clippy::type_complexity, reason = "the three things that are in it")]
    pub fn read(path: &Path) -> Result<(B256, Vec<Option<Receipt>>, Option<Signed<Voucher>>), Error> {
        let disk = |source| Error::Disk { path: path.into(), source };
        let wrong = |why: String| Error::File { path: path.into(), why };
        let mut text = Vec::new();
        File::open(path).map_err(disk)?.take(LARGEST).read_to_end(&mut text).map_err(disk)?;
        let text: Text = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let receipt = |bytes: Option<Bytes>| bytes.map(|bytes| Receipt::decode(&bytes)).transpose();
        let receipts = text.receipts.into_iter().map(receipt).collect::<Result<_, _>>();
        let voucher = text.voucher.map(|bytes| Signed::decode(&bytes)).transpose();
        Ok((
            text.session,
            receipts.map_err(|error| wrong(error.to_string()))?,
            voucher.map_err(|error| wrong(error.to_string()))?,
        ))
    }
}

/// Makes a folder for its owner alone.
fn private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}
