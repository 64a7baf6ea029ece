//! A connection to a chain: any alloy provider, or an RPC's URL over HTTP or a web socket.
//!
//! URLs of nodes carry keys in their paths, queries and users. So no URL is kept where it could be shown: a [`Chain`] knows itself by scheme and
//! host, its transport is our own because alloy's puts whole URLs into spans and errors, and what a node says is searched for parts of
//! them. Every request has a time limit; what passes it is an error that may be retried.
//!
//! What a chain can do is asked ([`Chain::probe`]) and not believed; [presets](PRESETS) hold names and coins.

mod preset;
mod probe;
mod transport;

use std::{fmt, time::Duration};

use alloy::{
    network::EthereumWallet,
    providers::{DynProvider, Provider, ProviderBuilder, RootProvider},
};

use crate::{Error, amount::Coin};
pub use preset::{PRESETS, Preset};
pub use probe::{Fees, LogRange, Report};

/// How long a node may take for an answer, unless it is said otherwise. Enough for the logs of many blocks.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How the embedded devnet calls itself.
const DEVNET: &str = "hyperdust-devnet/";

/// A chain, as one node tells of it. Clones share the connection.
#[derive(Clone)]
pub struct Chain {
    provider: DynProvider,
    id: u64,
    coin: Coin,
    node: String,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("id", &self.id).field("node", &self.node).finish_non_exhaustive()
    }
}

/// Scheme, host and port of a URL: all of it that may be shown. Empty for what isn't one.
pub fn origin(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return String::new() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

impl Chain {
    /// Connects to a node: `http`, `https`, `ws` or `wss`. Asks it for the chain's number.
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Self::connect_within(url, PATIENCE).await
    }

    /// As [`Chain::connect`], with another limit for every request.
    pub async fn connect_within(url: &str, limit: Duration) -> Result<Self, Error> {
        let (client, node) = transport::connect(url, limit).await?;
        let provider = RootProvider::new(client).erased();
        Self::of(provider, node).await
    }

    /// As [`Chain::connect`], and an error where the node is of another chain.
    pub async fn connect_to(url: &str, accepted: u64) -> Result<Self, Error> {
        let chain = Self::connect(url).await?;
        if chain.id != accepted {
            return Err(Error::WrongChain { found: chain.id, accepted });
        }
        Ok(chain)
    }

    /// A chain that a provider is connected to already, such as one in this process. Time limits are the provider's own.
    pub async fn over(provider: DynProvider) -> Result<Self, Error> {
        Self::of(provider, "this process".into()).await
    }

    async fn of(provider: DynProvider, node: String) -> Result<Self, Error> {
        let id = provider.get_chain_id().await?;
        Ok(Self { provider, id, coin: Coin::of(id), node })
    }

    /// The same with another native coin, where no preset knows it.
    pub fn with_coin(self, coin: Coin) -> Self {
        Self { coin, ..self }
    }

    /// The chain's number (EIP-155).
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its native coin.
    pub fn coin(&self) -> Coin {
        self.coin
    }

    /// What is known of it before it is asked.
    pub fn preset(&self) -> Option<&'static Preset> {
        Preset::of(self.id)
    }

    /// Scheme, host and port of its node: all of the URL that may be shown.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// To ask it with. It signs and fills in nothing.
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

    /// The same with a wallet that signs, and with gas, nonce and fees filled in as alloy does: for a deployment, by hand. What has to
    /// survive crashes goes through an outbox.
    pub fn signing(&self, wallet: EthereumWallet) -> DynProvider {
        // Alloy's usual way counts nonces itself, and counts those of transactions too that were refused before they were sent: the next one then waits for ever.
        ProviderBuilder::default()
            .with_gas_estimation()
            .with_simple_nonce_management()
            .fetch_chain_id()
            .wallet(wallet)
            .connect_provider(self.provider.clone())
            .erased()
    }

    /// Whether it is the embedded devnet: a chain of this machine's own, where blocks come when they are asked for.
    pub async fn is_devnet(&self) -> bool {
        self.provider.get_client_version().await.is_ok_and(|name| name.starts_with(DEVNET))
    }

    /// Asks what it can do.
    pub async fn probe(&self) -> Result<Report, Error> {
        probe::probe(self).await
    }
}
