//! `hyperdust wallet …`

use std::{path::PathBuf, process::ExitCode};

use alloy::{
    primitives::{Address, U256},
    providers::Provider,
};
use clap::{Args, Subcommand};
use hyperdust_settlement::{Chain, Wallet, account};
use serde::Serialize;

use super::{
    chain::{self, Wallets, some_wei},
    print_json,
};
use crate::{Error, key};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Makes a wallet: a key in a file that a password opens
    New(New),
    /// Lists the wallets of the folder
    List(List),
    /// Shows a wallet's account and, where a chain is named, what it has there
    Show(Show),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::New(new) => new.run(),
        Command::List(list) => list.run(),
        Command::Show(show) => show.run(),
    }
}

#[derive(Args)]
pub(super) struct New {
    /// Its name: 1 to 64 of a–z, A–Z, 0–9, - and _
    name: String,
    /// Takes the key in this file (64 hexadecimal digits, readable by its owner alone) and draws none
    #[arg(long, value_name = "FILE")]
    import_file: Option<PathBuf>,
    /// File with the password [default: what HYPERDUST_PASSWORD says]
    #[arg(long, value_name = "FILE", env = "HYPERDUST_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    wallets: Wallets,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    wallets: Wallets,
    /// Prints a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// Its name
    #[arg(value_name = "NAME", env = "HYPERDUST_WALLET")]
    wallet: String,
    #[command(flatten)]
    wallets: Wallets,
    /// URL of a node of the chain whose coin is counted. It is never shown
    #[arg(long, value_name = "URL", env = "HYPERDUST_CHAIN", hide_env_values = true)]
    chain: Option<String>,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: String,
    /// As its file says, without the password; none where it doesn't.
    address: Option<String>,
}

impl Row {
    fn of(name: &str, address: Option<Address>) -> Self {
        Self { name: name.into(), address: address.map(|address| address.to_string()) }
    }

    fn account(&self) -> &str {
        self.address.as_deref().unwrap_or("its file does not say")
    }
}

impl New {
    fn run(self) -> Result<ExitCode, Error> {
        let password = account::password(self.password_file.as_deref())?;
        let folder = self.wallets.folder();
        let wallet = match &self.import_file {
            Some(path) => Wallet::import(&folder, &self.name, &password, &*key::secret(path)?)?,
            None => Wallet::create(&folder, &self.name, &password)?,
        };
        let row = Row::of(wallet.name(), Some(wallet.address()));
        match self.json {
            true => print_json(&row),
            false => println!("{}", row.account()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(self) -> Result<ExitCode, Error> {
        let entries = Wallet::list(&self.wallets.folder())?;
        let rows: Vec<_> = entries.iter().map(|entry| Row::of(&entry.name, entry.address)).collect();
        if self.json {
            print_json(&rows);
            return Ok(ExitCode::SUCCESS);
        }
        let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
        rows.iter().for_each(|row| println!("{:width$}  {}", row.name, row.account()));
        Ok(ExitCode::SUCCESS)
    }
}

/// What it has.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    chain_id: Option<u64>,
    #[serde(serialize_with = "some_wei")]
    balance: Option<U256>,
}

impl Show {
    fn run(self) -> Result<ExitCode, Error> {
        let address = named(&self.wallets, &self.wallet)?;
        let mut shown = Shown { row: Row::of(&self.wallet, address), chain_id: None, balance: None };
        let mut coin = None;
        if let (Some(url), Some(address)) = (&self.chain, address) {
            let (chain, balance) = chain::run(async {
                let chain = Chain::connect(url).await?;
                let balance = chain.provider().get_balance(address).await.map_err(hyperdust_settlement::Error::from)?;
                Ok((chain, balance))
            })?;
            (shown.chain_id, shown.balance) = (Some(chain.id()), Some(balance));
            coin = Some(chain.coin());
        }
        if self.json {
            print_json(&shown);
            return Ok(ExitCode::SUCCESS);
        }
        println!("{}", shown.row.account());
        if let (Some(id), Some(balance), Some(coin)) = (shown.chain_id, shown.balance, coin) {
            println!("  {} on chain {id}", coin.show(balance));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The account of a wallet of this name, where its file says it. An error where there is no such wallet.
pub(super) fn named(wallets: &Wallets, name: &str) -> Result<Option<Address>, Error> {
    let found = Wallet::list(&wallets.folder())?.into_iter().find(|entry| entry.name == name);
    Ok(found.ok_or_else(|| hyperdust_settlement::Error::NoWallet { name: name.into() })?.address)
}
