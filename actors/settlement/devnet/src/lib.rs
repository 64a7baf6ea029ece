#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod chain;
mod clock;
mod error;
mod failure;
mod filters;
mod genesis;
mod log;
mod rpc;
mod serve;
mod transport;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::client::RpcClient,
    signers::{Signer, local::PrivateKeySigner},
};

use self::chain::Chain;
pub use self::{
    error::Error,
    failure::Failure,
    genesis::{ACCOUNTS, CHAIN_ID, Funds, Genesis, account},
    log::Cut,
    serve::Served,
    transport::Transport,
};

/// How often a client in this process asks whether a transaction was mined. It was.
const POLL: Duration = Duration::from_millis(5);

/// A handle to a chain in this process. Clones are handles to the same chain, which is there as long as one of them, a provider or a
/// server of it is.
#[derive(Clone)]
pub struct Devnet {
    shared: Arc<Shared>,
}

/// What transports, servers and handles share.
pub(crate) struct Shared {
    pub chain_id: u64,
    accounts: Vec<PrivateKeySigner>,
    chain: Mutex<Chain>,
    cut: Option<Cut>,
}

impl Shared {
    /// The chain, for one at a time.
    pub fn chain(&self) -> Result<MutexGuard<'_, Chain>, Failure> {
        // After a panic nobody knows what is half done; the log does.
        self.chain.lock().map_err(|_| Failure::internal("the devnet has a fault; open it again"))
    }

    /// The addresses of the accounts that it signs for.
    pub fn addresses(&self) -> Vec<Address> {
        self.accounts.iter().map(PrivateKeySigner::address).collect()
    }

    /// The key of one of them.
    pub fn signer(&self, address: Address) -> Option<&PrivateKeySigner> {
        self.accounts.iter().find(|signer| signer.address() == address)
    }
}

impl Devnet {
    /// A chain that is gone with its last handle.
    ///
    /// # Errors
    /// [`Error::Genesis`].
    pub fn in_memory(genesis: Genesis) -> Result<Self, Error> {
        Ok(Self::with(Chain::in_memory(genesis)?, None))
    }

    /// The chain of a folder, which is made if it isn't there; one process at a time. What the folder says of its genesis must be what
    /// is asked for, but for a timestamp of 0 and a salt of zero.
    ///
    /// # Errors
    /// [`Error::Genesis`], [`Error::OtherGenesis`], [`Error::InUse`], [`Error::Damaged`] and [`Error::Io`].
    pub fn open(folder: impl AsRef<Path>, genesis: Genesis) -> Result<Self, Error> {
        let (chain, cut) = Chain::open(folder.as_ref(), genesis)?;
        Ok(Self::with(chain, cut))
    }

    /// Whether a chain is kept in this folder, which [`Self::open`] would open again.
    pub fn kept(folder: impl AsRef<Path>) -> bool {
        std::fs::metadata(folder.as_ref().join(log::FILE)).is_ok_and(|file| file.len() > 0)
    }

    fn with(chain: Chain, cut: Option<Cut>) -> Self {
        let accounts = (0..ACCOUNTS).map(|index| account(index).with_chain_id(Some(chain.genesis.chain_id))).collect();
        Self { shared: Arc::new(Shared { chain_id: chain.genesis.chain_id, accounts, chain: Mutex::new(chain), cut }) }
    }

    /// What was cut off the end of the log when it was opened, if a crash had torn it.
    pub fn cut(&self) -> Option<&Cut> {
        self.shared.cut.as_ref()
    }

    /// The chain's number.
    pub fn chain_id(&self) -> u64 {
        self.shared.chain_id
    }

    /// The accounts that have coin, with keys that everybody knows ([`account`]).
    pub fn accounts(&self) -> &[PrivateKeySigner] {
        &self.shared.accounts
    }

    /// A transport, for a client that is put together otherwise than [`Self::client`].
    pub fn transport(&self) -> Transport {
        Transport(self.shared.clone())
    }

    /// A client, for providers with fillers or a wallet: `ProviderBuilder::new().wallet(…).connect_client(devnet.client())`.
    pub fn client(&self) -> RpcClient {
        RpcClient::new(self.transport(), true).with_poll_interval(POLL)
    }

    /// A provider that asks the chain in this process. It fills nothing in; the chain itself signs for its [`Self::accounts`] and fills
    /// in what is missing then (`eth_sendTransaction`).
    pub fn provider(&self) -> DynProvider {
        ProviderBuilder::new().disable_recommended_fillers().connect_client(self.client()).erased()
    }

    /// The hash of the first block, which tells this chain from all others.
    ///
    /// # Errors
    /// A fault of the devnet, as with all questions.
    pub fn genesis(&self) -> Result<B256, Failure> {
        Ok(self.shared.chain()?.blocks()[0].hash)
    }

    /// The hash of the last block, which stands for everything that ever happened.
    ///
    /// # Errors
    /// A fault of the devnet, as with all questions.
    pub fn head(&self) -> Result<(u64, B256), Failure> {
        let chain = self.shared.chain()?;
        let head = chain.head();
        Ok((head.header.number, head.hash))
    }
}

impl std::fmt::Debug for Devnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devnet").field("chain_id", &self.shared.chain_id).finish_non_exhaustive()
    }
}
