//! `hyperdust keys …`

use std::{path::PathBuf, process::ExitCode};

use clap::{Subcommand, ValueEnum};
use hyperdust_wire::{
    Hex,
    curve::{Authorised, Entry, KeyPair, PublicKey},
    message::Role,
};

use crate::{
    Error,
    serve::{self, Config, keys},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Makes a key pair, into a file that its owner alone can read, and prints the public key
    New {
        /// The file; there must be none yet
        file: PathBuf,
    },
    /// Lets whoever has the other half of a key connect, or changes what it may do
    Allow {
        /// The public key: 40 characters of Z85, quoted (shells read some of them), or 64 hexadecimal digits
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// What it may do
        #[arg(long, value_enum)]
        role: Allowed,
        /// For people
        #[arg(long, default_value = "")]
        name: String,
        /// The server's folder [default: as of `hyperdust serve`]
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
    },
    /// Lets a key connect no more; a server that runs notices within a second
    Revoke {
        /// The public key, in either writing
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// The server's folder [default: as of `hyperdust serve`]
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
    },
    /// Prints the server's public key in hexadecimal digits, which no shell reads as anything else: for `provider register --key`
    Server {
        /// The server's folder [default: as of `hyperdust serve`]
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
    },
    /// Prints the server's public key and all keys that may connect
    List {
        /// The server's folder [default: as of `hyperdust serve`]
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Allowed {
    /// Acts in worlds that are its own or were handed to it
    Agent,
    /// Gets the inputs of jobs to compute again
    Companion,
    /// Everything
    Operator,
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::New { file } => {
            let pair = KeyPair::generate().map_err(refused)?;
            pair.save(&file).map_err(refused)?;
            println!("{}", pair.public);
        }
        Command::Allow { key, role, name, data } => {
            let role = match role {
                Allowed::Agent => Role::Agent,
                Allowed::Companion => Role::Companion,
                Allowed::Operator => Role::Operator,
            };
            let key: PublicKey = key.parse().map_err(refused)?;
            change(data, |list| list.allow(Entry { role, key, name }).map_err(refused))?;
        }
        Command::Revoke { key, data } => {
            let key: PublicKey = key.parse().map_err(refused)?;
            let mut was = false;
            change(data, |list| {
                was = list.revoke(&key);
                Ok(())
            })?;
            if !was {
                eprintln!("{key} was not allowed to connect");
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Server { data } => println!("{}", Hex(keys::server(&folder(data)?)?.public.0)),
        Command::List { data } => {
            let folder = folder(data)?;
            println!("server {}", keys::server(&folder)?.public);
            for Entry { role, key, name } in Authorised::load(&folder.join(keys::LIST)).map_err(refused)?.entries() {
                println!("{role} {key} {name}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(error: impl std::fmt::Display) -> serve::Error {
    serve::Error::Keys(error.to_string())
}

fn folder(data: Option<PathBuf>) -> Result<PathBuf, serve::Error> {
    match data {
        Some(folder) => Ok(folder),
        None => Ok(Config::load(None, super::variables(), toml::Table::new())?.data),
    }
}

fn change(
    data: Option<PathBuf>,
    change: impl FnOnce(&mut Authorised) -> Result<(), serve::Error>,
) -> Result<(), serve::Error> {
    let folder = folder(data)?;
    std::fs::create_dir_all(&folder).map_err(|source| serve::Error::Io { path: folder.clone(), source })?;
    let path = folder.join(keys::LIST);
    let mut list = Authorised::load(&path).map_err(refused)?;
    change(&mut list)?;
    list.save(&path).map_err(refused)
}
