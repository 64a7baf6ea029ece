//! `hyperdust companion …`

mod bond;
mod check;
mod commit;
mod make;
mod odds;
mod terms;
mod watch;
mod work;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use hyperdust_proof::Hex;
use hyperdust_receipt::Key;
use hyperdust_wire::{
    client::{Client, Options},
    curve::{KeyPair, PublicKey},
};

use crate::companion::remote::{ATTESTATION, COMMITMENT};
pub(super) use crate::companion::{remote::CLAIM, write_new};
use crate::{
    Error, Job,
    companion::{self, Committed, Session, session},
    job, key, trial,
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Writes a job of random actions, and what an honest or a lying provider claims of it: for trials
    Make(make::Make),
    /// Computes jobs natively and fixes the outputs, before the provider's are known
    Commit(commit::Commit),
    /// Answers for states that no record of a job contains, as a challenge asks for them
    Open(check::Open),
    /// Takes jobs from a server: computes, commits, compares, attests or disputes
    Work(work::Work),
    /// Watches sessions on a chain: computes them again, commits there, attests or disputes, and is paid; a watchtower with --defend
    Watch(Box<watch::Watch>),
    /// Leaves: no session is accompanied any more, and the bond can be taken after a delay
    Quit(bond::Quit),
    /// Fetches the bond of a companion that has left, once the delay is over
    Take(bond::Take),
    /// Compares claims with what was committed to, and attests to them or disputes them; exit code 3 where one is wrong
    Check(check::Check),
    /// Says how likely lies are found, and from which rate of canaries on laziness does not pay
    Odds(odds::Odds),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Make(make) => make.run(),
        Command::Commit(commit) => commit.run(),
        Command::Open(open) => open.run(),
        Command::Work(work) => work.run(),
        Command::Watch(watch) => watch.run(),
        Command::Quit(quit) => quit.run(),
        Command::Take(take) => take.run(),
        Command::Check(check) => check.run(),
        Command::Odds(odds) => odds.run(),
    }
}

/// Which server gives jobs.
#[derive(Args)]
struct Server {
    /// Where the server is: tcp://HOST:PORT or ipc://PATH
    #[arg(long, value_name = "ENDPOINT")]
    server: String,
    /// The server's public key, beyond loopback
    #[arg(long, value_name = "KEY", requires = "pair", allow_hyphen_values = true)]
    server_key: Option<PublicKey>,
    /// File with this connection's own key pair (`hyperdust keys new`), which the server lets in as a companion
    #[arg(long, value_name = "FILE", requires = "server_key")]
    pair: Option<PathBuf>,
}

impl Server {
    fn connect(&self) -> Result<Client, Error> {
        let keys = match (self.server_key, &self.pair) {
            (Some(server), Some(path)) => {
                let pair = KeyPair::load(path).map_err(|error| Error::Terms(error.to_string()))?;
                Some((server, pair))
            }
            _ => None,
        };
        let name = concat!("hyperdust companion ", env!("CARGO_PKG_VERSION")).into();
        Ok(Client::connect(&self.server, &Options { keys, name, ..Options::default() })?)
    }
}

/// Who the companion is.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Identity {
    /// File with the companion's key: 64 hexadecimal digits, readable by its owner alone
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A key that everybody knows, by its label: for trials
    #[arg(long, value_name = "LABEL")]
    trial_key: Option<String>,
}

impl Identity {
    fn key(&self) -> Result<Key, Error> {
        match (&self.key, &self.trial_key) {
            (Some(path), _) => key::read(path),
            (None, label) => trial::key(label.as_deref().unwrap_or_default()),
        }
    }
}

/// A file's bytes, `most` at most.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io { path: path.into(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(most as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > most {
        return Err(io(io::Error::new(io::ErrorKind::FileTooLarge, format!("accepted: at most {most} bytes"))));
    }
    Ok(bytes)
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.into(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    std::fs::write(path, bytes).map_err(io)
}

pub(super) fn read_session(path: &Path) -> Result<Session, Error> {
    Session::decode(&read(path, session::LONGEST)?)
}

pub(super) fn read_job(path: &Path) -> Result<Job, Error> {
    Job::decode(&read(path, job::LONGEST)?)
}

fn read_commitment(path: &Path) -> Result<Committed, Error> {
    Committed::decode(&read(path, companion::LONGEST)?)
}

/// A file's name without its folder and ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

pub(super) fn shown(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}
