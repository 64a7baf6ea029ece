//! `hyperdust store …`, and what else opens a store from the command line.
//!
//! A store is one process's: where a server has it open, these commands say so and end. Opening one salvages it where it is
//! damaged; whatever that came upon goes to standard error, so it is never silent.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use hyperdust_store::{Opened, Options, SledStore, Store, Usage, fsck::Finding};
use serde::Serialize;

use super::{chain::refused, print_json};
use crate::{
    Error,
    serve::config::{STORE, data_folder},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Reads everything in a store and reports what is broken, missing or left over; exit code 1 if there is any
    Fsck {
        #[command(flatten)]
        folder: Folder,
        /// Prints a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Writes a store into new files, which leaves out what was removed
    Compact {
        #[command(flatten)]
        folder: Folder,
    },
}

/// Where a store is.
#[derive(Args)]
pub(super) struct Folder {
    /// The store's folder, or the data folder of a server
    #[arg(long = "store", env = "HYPERDUST_STORE", value_name = "FOLDER", default_value_os_t = data_folder())]
    path: PathBuf,
}

impl Folder {
    /// This one.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Opens the store that is there; none is made.
    pub(super) fn open(&self) -> Result<(SledStore, Opened), Error> {
        let looked = |source| Error::Io { path: self.path.clone(), source };
        // Opening would make a store in any folder.
        let mut found = None;
        for path in [self.path.clone(), self.path.join(STORE)] {
            let here = |name| path.join(name).try_exists().map_err(looked);
            if here("identity")? || here("identity.copy")? {
                found = Some(path);
                break;
            }
        }
        let none = "there is no store; --store names its folder or a server's, --server (of `episode`) asks a server that runs";
        let path = found.ok_or_else(|| looked(io::Error::new(io::ErrorKind::NotFound, none)))?;
        let (store, opened) = SledStore::open(&Options { path, ..Options::default() }).map_err(held)?;
        if let Some(aside) = &opened.moved_aside {
            let why = opened.reason.as_deref().unwrap_or("it is damaged");
            eprintln!("the database was moved to {}: {why}", aside.display());
        }
        opened.lost.iter().for_each(|Finding { key, reason }| eprintln!("lost: {key}: {reason}"));
        Ok((store, opened))
    }
}

/// Who asks in vain is told where to ask.
fn held(error: hyperdust_store::Error) -> Error {
    match &error {
        hyperdust_store::Error::InUse { path, process } => {
            let process = process.map_or_else(String::new, |process| format!(" ({process})"));
            let accepted =
                "one that nobody has open; where a server has, `hyperdust episode … --server ENDPOINT` asks it";
            refused(
                format!("store {}", path.display()),
                format!("one that is open in another process{process}"),
                accepted,
            )
        }
        _ => error.into(),
    }
}

/// What a look at a store came to.
#[derive(Serialize)]
struct Looked<'a> {
    clean: bool,
    moved_aside: Option<&'a Path>,
    lost: &'a [Finding],
    #[serde(flatten)]
    report: &'a hyperdust_store::fsck::Report,
    usage: Usage,
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Fsck { folder, json } => {
            let (store, opened) = folder.open()?;
            let report = store.fsck()?;
            let clean = report.clean() && !opened.salvaged();
            if json {
                let (moved_aside, lost, usage) = (opened.moved_aside.as_deref(), &opened.lost[..], store.usage());
                print_json(&Looked { clean, moved_aside, lost, report: &report, usage });
            } else {
                report.findings.iter().for_each(|Finding { key, reason }| println!("{key}: {reason}"));
                let (values, bytes, whole) = (report.values, report.bytes, report.whole);
                println!("{values} values of {bytes} bytes: {whole} whole, {} findings", report.findings.len());
            }
            Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Compact { folder } => {
            let (store, _) = folder.open()?;
            let before = store.usage().disk;
            store.compact()?;
            println!("{before} bytes of files before, {} after", store.usage().disk);
            Ok(ExitCode::SUCCESS)
        }
    }
}
