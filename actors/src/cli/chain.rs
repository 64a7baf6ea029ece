//! What every command that acts on a chain is told, and how it says what it did.
//!
//! A node's URL may hold a key, and a wallet's password is one: neither is ever shown, not in help, not in errors. Amounts are read and shown
//! exactly, with their unit; in JSON they are texts of wei.

use std::{cell::RefCell, fmt::Display, future::Future, path::PathBuf};

use alloy::{
    primitives::{Address, B256, U256},
    providers::DynProvider,
    rpc::types::TransactionReceipt,
};
use clap::Args;
use hyperdust_settlement::{
    Account, Call, Chain, Deployment, Market,
    account::Settings,
    amount::{self, Coin},
    market::cost,
};
use serde::{Serialize, Serializer};

use super::print_json;
use crate::Error;

/// Which chain, and what is on it.
#[derive(Args)]
pub(super) struct Place {
    /// URL of a node: http, https, ws or wss. It is never shown
    #[arg(long, value_name = "URL", env = "HYPERDUST_CHAIN", hide_env_values = true)]
    chain: String,
    /// File of the deployment, as `hyperdust devnet` writes one
    #[arg(long, value_name = "FILE", env = "HYPERDUST_DEPLOYMENT")]
    deployment: PathBuf,
}

/// Where wallets are.
#[derive(Args)]
pub(super) struct Wallets {
    /// Folder of the wallets [default: ~/.hyperdust/wallets]
    #[arg(long, value_name = "FOLDER", env = "HYPERDUST_WALLETS")]
    wallets: Option<PathBuf>,
}

impl Wallets {
    pub(super) fn folder(&self) -> PathBuf {
        self.wallets.clone().unwrap_or_else(Settings::home)
    }
}

/// Who acts, and where.
#[derive(Args)]
pub(super) struct Who {
    #[command(flatten)]
    place: Place,
    /// Name of the wallet that pays and signs
    #[arg(long, value_name = "NAME", env = "HYPERDUST_WALLET")]
    wallet: String,
    #[command(flatten)]
    wallets: Wallets,
    /// File with the wallet's password [default: what HYPERDUST_PASSWORD says]
    #[arg(long, value_name = "FILE", env = "HYPERDUST_PASSWORD_FILE")]
    password_file: Option<PathBuf>,
    /// Prints a JSON object; amounts are texts of wei
    #[arg(long)]
    json: bool,
}

impl Who {
    fn settings(&self) -> Settings {
        Settings {
            chain: self.place.chain.clone(),
            deployment: self.place.deployment.clone(),
            wallet: self.wallet.clone(),
            wallets: self.wallets.wallets.clone(),
            password_file: self.password_file.clone(),
        }
    }

    /// Whether a JSON object is printed.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    pub(super) async fn open(&self) -> Result<Actor, Error> {
        let account = Account::open(&self.settings()).await?;
        Ok(Actor { account, json: self.json, sent: RefCell::default() })
    }
}

/// A chain and its market, looked at by nobody in particular.
pub(super) struct View {
    pub(super) chain: Chain,
    pub(super) market: Market,
}

impl Place {
    pub(super) async fn look(&self) -> Result<View, Error> {
        let deployment = Deployment::read(&self.deployment)?;
        let chain = Chain::connect_to(&self.chain, deployment.chain_id).await?;
        deployment.check(chain.provider()).await?;
        Ok(View { chain, market: Market::new(deployment) })
    }
}

impl View {
    pub(super) fn node(&self) -> &DynProvider {
        self.chain.provider()
    }

    pub(super) fn show(&self, wei: U256) -> String {
        self.chain.coin().show(wei)
    }
}

/// Somebody who acts, and what it did.
pub(super) struct Actor {
    pub(super) account: Account,
    json: bool,
    sent: RefCell<Vec<Sent>>,
}

/// A transaction that succeeded.
#[derive(Clone, Serialize)]
pub(super) struct Sent {
    what: String,
    transaction: B256,
    gas: u64,
    #[serde(with = "amount::wei")]
    cost: U256,
}

/// What a command did.
#[derive(Serialize)]
struct Report<'a, T: Serialize> {
    #[serde(flatten)]
    body: &'a T,
    transactions: &'a [Sent],
    gas: u64,
    /// Of the gas of all of them.
    #[serde(with = "amount::wei")]
    cost: U256,
}

impl Actor {
    pub(super) fn node(&self) -> &DynProvider {
        self.account.node()
    }

    pub(super) fn market(&self) -> &Market {
        &self.account.market
    }

    pub(super) fn address(&self) -> Address {
        self.account.address()
    }

    pub(super) fn coin(&self) -> Coin {
        self.account.chain.coin()
    }

    pub(super) fn amount(&self, text: &str) -> Result<U256, Error> {
        Ok(self.coin().parse(text)?)
    }

    pub(super) fn show(&self, wei: U256) -> String {
        self.coin().show(wei)
    }

    /// Sends it, and notes what it cost.
    pub(super) async fn send(&self, call: &Call) -> Result<TransactionReceipt, Error> {
        let receipt = self.account.send(call).await?;
        let (transaction, gas) = (receipt.transaction_hash, receipt.gas_used);
        self.sent.borrow_mut().push(Sent { what: call.what.clone(), transaction, gas, cost: cost(&receipt) });
        Ok(receipt)
    }

    /// Says what was done: as JSON, or in words and then what each transaction cost.
    pub(super) fn report<T: Serialize>(&self, body: &T, words: impl FnOnce()) {
        let sent = self.sent.borrow();
        let (gas, cost) = (sent.iter().map(|sent| sent.gas).sum(), sent.iter().map(|sent| sent.cost).sum());
        if self.json {
            return print_json(&Report { body, transactions: &sent, gas, cost });
        }
        words();
        for Sent { what, transaction, gas, cost } in sent.iter() {
            println!("  {what}: {gas} gas, {}, transaction {transaction}", self.show(*cost));
        }
    }

    /// Who acts where `agent` is named: that agent's account, which this wallet owns or operates. Else the wallet itself.
    pub(super) async fn acting(&self, agent: Option<u64>) -> Result<Acting, Error> {
        let Some(asset) = agent else { return Ok(Acting { address: self.address(), through: false }) };
        let state = self.market().asset(self.node(), asset).await?;
        let Some((_, account)) = state.agent else { return Err(no_agent(asset)) };
        Ok(Acting { address: account, through: true })
    }
}

/// Whose business it is: the wallet's, or an agent's account's.
#[derive(Clone, Copy)]
pub(super) struct Acting {
    pub(super) address: Address,
    through: bool,
}

impl Acting {
    /// The call as the wallet has to send it.
    pub(super) fn call(&self, market: &Market, call: Call) -> Call {
        if self.through { market.through(self.address, &call) } else { call }
    }
}

pub(super) fn no_agent(asset: u64) -> Error {
    refused(format!("asset {asset}"), "a scene", "an agent")
}

pub(super) fn refused(what: impl Into<String>, found: impl Display, accepted: impl Display) -> Error {
    Error::Market { what: what.into(), found: found.to_string(), accepted: accepted.to_string() }
}

/// Runs a command's business to its end, on this thread.
pub(super) fn run<T>(business: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|source| Error::Io { path: "the runtime".into(), source })?.block_on(business)
}

/// For `serialize_with`: an address with its checksum, and whatever else is shown as text.
pub(super) fn text<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// Wei where there are any; null else.
pub(super) fn some_wei<S: Serializer>(value: &Option<U256>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(wei) => amount::wei::serialize(wei, to),
        None => to.serialize_none(),
    }
}

/// A session's or program's id on a command line.
pub(super) fn word(text: &str) -> Result<B256, String> {
    text.parse().map_err(|_| "accepted: 0x and 64 hexadecimal digits".into())
}

/// An account on a command line.
pub(super) fn address(text: &str) -> Result<Address, String> {
    let found: Address = text.parse().map_err(|_| ADDRESS.to_owned())?;
    let digits = text.trim_start_matches("0x");
    let mixed = digits.contains(|c: char| c.is_ascii_uppercase()) && digits.contains(|c: char| c.is_ascii_lowercase());
    // A checksum is there to be looked at: a digit that is wrong sends coin to nobody.
    match mixed && found.to_checksum(None) != format!("0x{digits}") {
        true => Err("its checksum (capitals, EIP-55) is wrong; accepted: the address as it was given out".into()),
        false => Ok(found),
    }
}

const ADDRESS: &str = "accepted: 0x and 40 hexadecimal digits";

/// Seconds as people read them.
pub(super) fn lasting(seconds: u64) -> String {
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

/// A time of the chain's, in Unix time's seconds, as people read it.
pub(super) fn time(seconds: u64) -> String {
    let most = 253_402_300_799;
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds.min(most)))
        .to_string()
}
