//! `hyperdust devnet`: a chain on this machine with the market on it, for trials and demonstrations. Nothing on it is worth anything.
//!
//! A chain that is kept in a folder has its deployment beside it, in `deployment.json`: opened again, it is the same market. A file that is named with
//! `--deployment` is a copy for others; it takes the place of another devnet's and of nothing else.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};
use clap::Args;
use hyperdust_devnet::{CHAIN_ID, Devnet, Genesis};
use hyperdust_settlement::{
    Deployment, Market,
    amount::Coin,
    deployment::{Parameters, deploy},
};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    chain::{self, Wallets, refused},
    wallet,
};
use crate::{Error, Program, SEGMENT};

/// Its own deployment, in its folder.
const DEPLOYMENT: &str = "deployment.json";

/// Runs until it is told to end (SIGTERM, SIGINT).
#[derive(Args)]
pub(super) struct Command {
    /// Where JSON-RPC is served over HTTP; port 0: any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8545")]
    listen: SocketAddr,
    /// Listens beyond this machine, too. Whoever can connect owns the chain
    #[arg(long)]
    anyone: bool,
    /// Folder that keeps the chain and its deployment [default: in memory, gone at the end]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// File that the deployment is written to [default: deployment.json in the folder, where one is named]
    #[arg(long, value_name = "FILE")]
    deployment: Option<PathBuf>,
    /// Contracts in a hurry, minutes for days: a claim can be challenged for a minute
    #[arg(long)]
    trial: bool,
    /// Seconds in which a claim can be challenged [default: a day]
    #[arg(long, value_name = "SECONDS")]
    window: Option<u64>,
    /// Seconds from block to block where nothing happens: the chain's time goes on by blocks alone, and claims, windows and confirmations
    /// wait for it [default: blocks come with transactions only]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    block_every: Option<u64>,
    /// Any other parameter of the deployment, by its name in the file: closing=60; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Sees to it that an account, or a wallet of this name, has so much coin: user=10eth; may be given several times
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    fund: Vec<String>,
    /// Makes a new chain the same as others of this salt, 0x and 64 hexadecimal digits [default: drawn, so that each is another chain]
    #[arg(long, value_name = "SALT", value_parser = chain::word)]
    salt: Option<B256>,
    #[command(flatten)]
    wallets: Wallets,
    /// Prints a JSON object, on one line, once it listens
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Started<'a> {
    url: String,
    chain_id: u64,
    /// Hash of the first block: each new chain's is another one.
    genesis: B256,
    /// The file; none where it wasn't written.
    deployment: Option<&'a Path>,
    /// Whether the chain was there before.
    reopened: bool,
    /// Accounts with coin, whose keys everybody knows.
    accounts: Vec<String>,
}

pub(super) fn run(command: &Command) -> Result<ExitCode, Error> {
    if !command.listen.ip().is_loopback() && !command.anyone {
        let accepted = "an address of this machine alone, such as 127.0.0.1:8545; or --anyone";
        return Err(refused("--listen", command.listen, accepted));
    }
    let parameters = command.parameters()?;
    let funds = command.funds()?;
    if let Some(path) = &command.deployment {
        replaceable(path)?;
    }
    let anew = !command.data.as_ref().is_some_and(Devnet::kept);
    let salt = match command.salt {
        None if anew => drawn()?,
        salt => salt.unwrap_or_default(),
    };
    let genesis = Genesis { salt, ..Genesis::default() };
    let devnet = match &command.data {
        Some(folder) => Devnet::open(folder, genesis)?,
        None => Devnet::in_memory(genesis)?,
    };
    if let Some(cut) = devnet.cut() {
        eprintln!("warning: the end of the chain's file was torn, and is cut off: {cut:?}");
    }
    chain::run(async {
        let kept = command.data.as_ref().map(|folder| folder.join(DEPLOYMENT));
        let (deployment, reopened) = deployed(&devnet, parameters, kept.as_deref()).await?;
        if let Some(path) = &command.deployment {
            deployment.write(path)?;
        }
        for (address, amount) in funds {
            fund(&devnet, address, amount).await?;
        }
        let signals = || Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?));
        let (mut terminate, mut interrupt) =
            signals().map_err(|source: io::Error| Error::Io { path: "signals".into(), source })?;
        let served = devnet.serve(command.listen)?;
        let started = Started {
            url: served.url(),
            chain_id: devnet.chain_id(),
            genesis: devnet.genesis().map_err(|failure| refused("the chain", failure, "one that can be asked"))?,
            deployment: command.deployment.as_deref().or(kept.as_deref()),
            reopened,
            accounts: devnet.accounts().iter().map(|signer| signer.address().to_string()).collect(),
        };
        // Nobody has to read it.
        let _ = started.print(command.json);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            fault = blocks(&devnet, command.block_every) => return Err(fault),
        }
        drop(served);
        Ok(ExitCode::SUCCESS)
    })
}

/// A salt that no other chain has.
fn drawn() -> Result<B256, Error> {
    let mut salt = B256::ZERO;
    getrandom::fill(salt.as_mut_slice()).map_err(Error::Entropy)?;
    Ok(salt)
}

impl Command {
    /// What was asked for; none: whatever the chain has, or the defaults.
    fn parameters(&self) -> Result<Option<Parameters>, Error> {
        if !self.trial && self.window.is_none() && self.set.is_empty() {
            return Ok(None);
        }
        let start = if self.trial { Parameters::trial() } else { Parameters::default() };
        let mut all = serde_json::to_value(start).expect("parameters are JSON");
        let window = self.window.map(|seconds| format!("window={seconds}"));
        for assignment in self.set.iter().chain(&window) {
            let wrong = |found: &str, accepted: String| refused("a parameter of the deployment", found, accepted);
            let form = || wrong(assignment, "NAME=VALUE".into());
            let (name, value) = assignment.split_once('=').ok_or_else(form)?;
            let names = || all.as_object().map(|all| all.keys().cloned().collect::<Vec<_>>().join(", "));
            let names = names().unwrap_or_default();
            let place = all.get_mut(name).ok_or_else(|| wrong(name, names))?;
            // Amounts are texts of wei, all else are numbers.
            *place = match place {
                serde_json::Value::String(_) => value.into(),
                _ => value.parse::<u64>().map_err(|_| wrong(assignment, "a whole number".into()))?.into(),
            };
        }
        let found: Parameters = serde_json::from_value(all)
            .map_err(|error| refused("parameters of the deployment", error, "numbers in their ranges"))?;
        found.check()?;
        Ok(Some(found))
    }

    /// Whom coin is given to.
    fn funds(&self) -> Result<Vec<(Address, U256)>, Error> {
        let read = |text: &String| {
            let wrong = |found: &str| refused("--fund", found, "ADDRESS=AMOUNT or the name of a wallet=AMOUNT");
            let (account, amount) = text.split_once('=').ok_or_else(|| wrong(text))?;
            let address = match account.starts_with("0x") {
                true => chain::address(account).map_err(|why| refused("--fund", account, why))?,
                false => wallet::named(&self.wallets, account)?.ok_or_else(|| wrong(account))?,
            };
            Ok((address, Coin::ETHER.parse(amount)?))
        };
        self.fund.iter().map(read).collect()
    }
}

impl Started<'_> {
    fn print(&self, json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string(self).expect("no map with odd keys"))?;
            return out.flush();
        }
        let (url, id) = (&self.url, self.chain_id);
        let (again, genesis) = (if self.reopened { ", opened again" } else { "" }, self.genesis);
        writeln!(out, "devnet at {url}, chain {id}{again}; its first block is {genesis}")?;
        match self.deployment {
            Some(path) => writeln!(out, "deployment in {}", path.display())?,
            None => writeln!(out, "deployment not written: name a file with --deployment")?,
        }
        writeln!(out, "accounts with coin that is worth nothing, and keys that everybody knows:")?;
        self.accounts.iter().try_for_each(|account| writeln!(out, "  {account}"))?;
        out.flush()
    }
}

/// The market of this chain, which is made where there is none yet; and whether there was one.
async fn deployed(
    devnet: &Devnet,
    parameters: Option<Parameters>,
    kept: Option<&Path>,
) -> Result<(Deployment, bool), Error> {
    let node = devnet.provider();
    let there = kept.filter(|path| path.exists());
    let deployment = match there {
        Some(path) => {
            let found = Deployment::read(path)?;
            found.check(&node).await?;
            if parameters.is_some_and(|asked| asked != found.parameters) {
                let accepted = format!("those of {}, or another folder", path.display());
                return Err(refused("parameters of the deployment", "others than it was made with", accepted));
            }
            found
        }
        None => deploy(&node, first(devnet), parameters.unwrap_or_default()).await?,
    };
    // The list may be without it where an earlier start was cut short; the file comes last.
    let (market, root) = (Market::new(deployment.clone()), Program::committed(SEGMENT)?.root.into());
    if !market.has_program(&node, root).await? {
        let request = market.add_program(root).request(first(devnet));
        done(&node, "adding a program", request).await?;
    }
    if let Some(path) = kept.filter(|_| there.is_none()) {
        deployment.write(path)?;
    }
    Ok((deployment, there.is_some()))
}

/// Mines an empty block each so many seconds, for as long as it goes on; or never.
async fn blocks(devnet: &Devnet, every: Option<u64>) -> Error {
    let Some(every) = every else { return std::future::pending().await };
    let (node, mut pace) = (devnet.provider(), tokio::time::interval(Duration::from_secs(every)));
    // After a machine slept there is nothing to catch up on: blocks have the clock's time.
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if let Err(error) = node.raw_request::<(), serde_json::Value>("evm_mine".into(), ()).await {
            return hyperdust_settlement::Error::from(error).into();
        }
    }
}

/// The account that deploys and gives.
fn first(devnet: &Devnet) -> Address {
    devnet.accounts()[0].address()
}

/// Sends what is missing. So a chain that is opened again with the same words gives nothing twice.
async fn fund(devnet: &Devnet, address: Address, amount: U256) -> Result<(), Error> {
    let node = devnet.provider();
    let has = node.get_balance(address).await.map_err(hyperdust_settlement::Error::from)?;
    if has >= amount {
        return Ok(());
    }
    let request = TransactionRequest::default().with_from(first(devnet)).with_to(address).with_value(amount - has);
    done(&node, "giving coin", request).await
}

async fn done(node: &DynProvider, what: &str, request: TransactionRequest) -> Result<(), Error> {
    let sent = node.send_transaction(request).await.map_err(hyperdust_settlement::Error::from)?;
    let transaction = *sent.tx_hash();
    let receipt = sent.get_receipt().await;
    match receipt.is_ok_and(|receipt| receipt.status()) {
        true => Ok(()),
        false => Err(hyperdust_settlement::Error::Failed { what: what.into(), transaction }.into()),
    }
}

/// An error where a file is there that isn't a devnet's.
fn replaceable(path: &Path) -> Result<(), Error> {
    if !path.exists() {
        return Ok(());
    }
    let found = Deployment::read(path)?;
    match found.chain_id == CHAIN_ID {
        true => Ok(()),
        false => {
            let found = format!("a deployment on chain {}", found.chain_id);
            Err(refused(path.display().to_string(), found, "a new file, or that of another devnet"))
        }
    }
}
