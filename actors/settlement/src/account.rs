//! Somebody on a chain: a node, a deployment that was checked there, and a wallet. What every command, server and client that acts on a chain is told, in
//! the same words.
//!
//! A password comes from a file or from the variable [`PASSWORD`], never from an argument, which other users of the machine could read.

use std::{fs, io::Read, path::PathBuf};

use alloy::{
    primitives::{Address, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionReceipt,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Call, Chain, Deployment, Error, Market, Wallet};

/// The variable that a password is taken from where no file is named.
pub const PASSWORD: &str = "HYPERDUST_PASSWORD";
/// Bytes of a file with a password, at most.
const LARGEST: u64 = 4096;

/// Who, and where.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// URL of a node: `http`, `https`, `ws` or `wss`. It may hold a key, so it is not shown.
    pub chain: String,
    /// File of the deployment.
    pub deployment: PathBuf,
    /// Name of the wallet.
    pub wallet: String,
    /// Folder of the wallets. None: [`Settings::home`].
    #[serde(default)]
    pub wallets: Option<PathBuf>,
    /// File with the wallet's password; a line's end after it doesn't count. None: the variable [`PASSWORD`].
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("deployment", &self.deployment)
            .field("wallet", &self.wallet)
            .field("wallets", &self.wallets)
            .field("password_file", &self.password_file)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Where wallets are if nobody says otherwise: `~/.hyperdust/wallets`.
    pub fn home() -> PathBuf {
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
        home.join(".hyperdust").join("wallets")
    }

    /// The folder of the wallets.
    pub fn folder(&self) -> PathBuf {
        self.wallets.clone().unwrap_or_else(Self::home)
    }

    /// Opens the wallet.
    pub fn open_wallet(&self) -> Result<Wallet, Error> {
        let password = password(self.password_file.as_deref())?;
        Wallet::open(&self.folder(), &self.wallet, &password)
    }
}

/// A password from a file, or from the variable [`PASSWORD`].
pub fn password(file: Option<&std::path::Path>) -> Result<Zeroizing<String>, Error> {
    let missing = || Error::Argument {
        what: "a password",
        why: format!("there is none; accepted: a file with it, or the variable {PASSWORD}"),
    };
    let Some(path) = file else {
        return std::env::var(PASSWORD).map(Zeroizing::new).map_err(|_| missing());
    };
    let disk = |source| Error::Disk { path: path.into(), source };
    let mut text = Zeroizing::new(String::new());
    fs::File::open(path).map_err(disk)?.take(LARGEST).read_to_string(&mut text).map_err(disk)?;
    let kept = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(kept);
    Ok(text)
}

/// Somebody on a chain.
#[derive(Clone, Debug)]
pub struct Account {
    /// The chain.
    pub chain: Chain,
    /// The market of the deployment, which was checked.
    pub market: Market,
    /// Whose keys it has.
    pub wallet: std::sync::Arc<Wallet>,
}

impl Account {
    /// Connects, checks that the deployment is what its file says, and opens the wallet.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        let wallet = settings.open_wallet()?;
        let deployment = Deployment::read(&settings.deployment)?;
        let chain = Chain::connect_to(&settings.chain, deployment.chain_id).await?;
        Self::of(chain, deployment, wallet).await
    }

    /// As [`Account::open`], where there are a connection, a deployment and a wallet already.
    pub async fn of(chain: Chain, deployment: Deployment, wallet: Wallet) -> Result<Self, Error> {
        deployment.check(chain.provider()).await?;
        Ok(Self { chain, market: Market::new(deployment), wallet: wallet.into() })
    }

    /// Its address.
    pub fn address(&self) -> Address {
        self.wallet.address()
    }

    /// To ask the chain with.
    pub fn node(&self) -> &DynProvider {
        self.chain.provider()
    }

    /// Coin that it has, in wei.
    pub async fn balance(&self) -> Result<U256, Error> {
        Ok(self.node().get_balance(self.address()).await?)
    }

    /// Does something at once and waits for its receipt. An error where the contract refuses. What has to survive crashes goes through an
    /// [`Outbox`](crate::outbox::Outbox) instead.
    pub async fn send(&self, call: &Call) -> Result<TransactionReceipt, Error> {
        let node = self.chain.signing(self.wallet.ethereum());
        let sent = match node.send_transaction(call.request(self.address())).await {
            Ok(sent) => sent,
            Err(error) => {
                let error = Error::of(&call.what, error);
                return Err(if error.is_poverty() {
                    self.poverty(call, error).await
                } else {
                    error.in_coin(self.chain.coin())
                });
            }
        };
        let receipt = sent.get_receipt().await.map_err(|error| Error::Unreachable { why: error.to_string() })?;
        match receipt.status() {
            true => Ok(receipt),
            false => Err(Error::Failed { what: call.what.clone(), transaction: receipt.transaction_hash }),
        }
    }

    /// What the account has, and what a call that it can't pay for takes, as far as the node says. `error` is what it said first.
    async fn poverty(&self, call: &Call, error: Error) -> Error {
        let (node, coin, account) = (self.node(), self.chain.coin(), self.address());
        let Ok(has) = node.get_balance(account).await else { return error };
        // What a node asks for beyond the coin that goes along is its estimate, as is the price.
        let gas = node.estimate_gas(call.request(account)).await.ok();
        let price = node.estimate_eip1559_fees().await.map(|fees| fees.max_fee_per_gas).ok();
        let needed = match (gas, price) {
            (Some(gas), Some(price)) => {
                let fee = U256::from(gas).saturating_mul(U256::from(price));
                coin.show(call.value.saturating_add(fee))
            }
            _ => format!("{} and the fee of its gas", coin.show(call.value)),
        };
        let hint = match self.chain.is_devnet().await {
            true => {
                let some = coin.show_coin(U256::from(10_u64.pow(18)).max(call.value.saturating_mul(U256::from(2))));
                format!(
                    "; a devnet that is started again with its `--data` and `--fund {account}={}` gives it coin",
                    some.replace(' ', "")
                )
            }
            false => String::new(),
        };
        Error::Funds { what: call.what.clone(), account, has: coin.show(has), needed, hint }
    }
}
