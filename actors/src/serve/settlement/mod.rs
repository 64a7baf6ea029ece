//! What this server's work is paid with: a wallet on a chain.
//!
//! ```text
//! OPEN with a session of the chain ──► admit: asset, lanes, signer, price and seed are looked up before it begins
//! worker: RECEIPT, VOUCHER ──► store (signing)
//! records: what the store has of a session ──► keeper: claim, defend, finalise, withdraw ──► outbox ──► sender ──► chain
//! ```
//! The keeper and the sender of `hyperdust_settlement` do all that is done on the chain, on threads and a runtime of their own: a dispute may compute for minutes, and a
//! node may be slow for as long. What they need is in the server's store, and what they do is in an outbox beside it, so a server that was killed anywhere
//! goes on where it was.

mod admit;
mod records;
mod unbegun;

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use actix::Addr;
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::{Address, Domain, Key};
use hyperdust_settlement::{
    Account,
    keeper::{Keeper, Options},
    market::NATIVE,
    outbox::{self, Ledger, Outbox},
    sender::{self, Sender},
};
use hyperdust_wire::Failure;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::watch,
};

use super::{Config, Error, Hub, config, policy::paid, sessions::Sessions};
use crate::{Program, SEGMENT};
use records::{Patience, Store};
use unbegun::GivenBack;

/// Folder of the outbox in the server's.
const FOLDER: &str = "settlement";

/// A wallet on a chain, and what happens there.
#[derive(Debug)]
pub struct Settlement {
    /// There until it is dropped.
    _runtime: Background,
    handle: Handle,
    account: Account,
    outbox: Outbox,
    given_back: GivenBack,
    settings: config::Settlement,
    /// Image of the program that claims are defended with.
    image: Option<Arc<Vec<u8>>>,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Settlement(error.to_string())
}

impl Settlement {
    /// Connects, checks the deployment, opens wallet and outbox; none where the settings name no chain.
    pub fn open(config: &Config) -> Result<Option<Arc<Self>>, Error> {
        let Some(settings) = config.settlement.account() else { return Ok(None) };
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("settlement").enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let (handle, runtime) = (runtime.handle().clone(), Background(Some(runtime)));
        // Not on the caller's thread, which belongs to another runtime.
        let account = std::thread::scope(|scope| {
            let opened = scope.spawn(|| handle.block_on(Account::open(&settings)));
            opened.join().map_err(|_| Error::Stopped("settlement"))?.map_err(failed)
        })?;
        let ledger = Ledger::open(&config.data.join(FOLDER)).map_err(failed)?;
        std::thread::scope(|scope| {
            let checked = scope.spawn(|| handle.block_on(ledger.check(account.node())));
            checked.join().map_err(|_| Error::Stopped("settlement"))?.map_err(failed)
        })?;
        let of = outbox::Account { chain: account.chain.id(), address: account.address() };
        let outbox = Outbox::open(&ledger, of).map_err(failed)?;
        let image = match &config.settlement.programs {
            Some(folder) => Some(Arc::new(Program::load(folder, SEGMENT).map_err(failed)?.image)),
            None => {
                tracing::warn!(
                    "settlement.programs names no folder: claims of this server can't be defended in disputes"
                );
                None
            }
        };
        tracing::info!(chain = account.chain.id(), node = account.chain.node(), wallet = %account.address(), "work is paid");
        Ok(Some(Arc::new(Self {
            _runtime: runtime,
            handle,
            account,
            given_back: GivenBack::new(outbox.clone()),
            outbox,
            settings: config.settlement.clone(),
            image,
        })))
    }

    /// The wallet's key, which signs what the server answers for.
    pub fn key(&self) -> Result<Key, Error> {
        self.account.wallet.key().map_err(failed)
    }

    /// For which chain and contract.
    pub fn domain(&self) -> Domain {
        self.account.market.deployment().domain()
    }

    /// Looks at the chain. Not to be called from the actors' threads, which it would block.
    pub fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.handle.block_on(question)
    }

    /// Writes down that a session of the chain begins here, unless it waited too long for that.
    pub fn begin(&self, session: Hash, write: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        self.given_back.begin(session.into(), write)
    }

    /// Begins to look after the sessions in the store.
    pub fn start(self: &Arc<Self>, hub: &Arc<Hub>, sessions: Addr<Sessions>) -> Result<Running, Error> {
        let (stop, stopped) = watch::channel(());
        let options = sender::Options { confirmations: self.settings.confirmations, ..Default::default() };
        let signer = Arc::new(self.account.wallet.signer());
        let sender = Sender::new(self.account.node().clone(), signer, self.outbox.clone(), options).map_err(failed)?;
        let every = Duration::from_secs(self.settings.look);
        self.handle.spawn(send(sender, every, stopped.clone()));
        let patience = Patience {
            begin: Duration::from_secs(self.settings.begin),
            claim: Duration::from_secs(self.settings.patience),
        };
        let how = Options { confirmations: self.settings.confirmations, ..Options::default() };
        let store = Store::new(hub.clone(), sessions, self.image.clone(), patience, self.given_back.clone());
        let keeper = Keeper::new(self.account.clone(), self.outbox.clone(), store, how);
        let (runtime, account) = (self.handle.clone(), self.account.clone());
        let thread = std::thread::Builder::new()
            .name("keeper".into())
            .spawn(move || runtime.block_on(keep(keeper, account, every, stopped)))
            .map_err(failed)?;
        Ok(Running { stop: Some(stop), thread: Some(thread) })
    }
}

impl paid::Book for Settlement {
    fn domain(&self) -> Domain {
        self.domain()
    }

    fn provider(&self) -> Address {
        Address(self.account.address().into_array())
    }

    fn look(&self, session: Hash) -> paid::Looked {
        let account = self.account.clone();
        // On the runtime whose connections the account has.
        let looked = self.handle.spawn(async move { paid::look(&account, session).await });
        Box::pin(async move {
            looked.await.unwrap_or_else(|error| {
                Err(hyperdust_settlement::Error::Unreachable { why: format!("it was not asked: {error}") })
            })
        })
    }
}

/// A runtime that nobody waits for: whoever lets go of it last may be on it, or on another one, and must not wait there.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn send(mut sender: Sender, every: Duration, mut stopped: watch::Receiver<()>) {
    let end = async move {
        // An error, too, says that the server has ended.
        let _ = stopped.changed().await;
    };
    if let Err(error) = sender.run(every, end).await {
        tracing::error!(%error, "nothing is sent to the chain any more");
    }
}

async fn keep(mut keeper: Keeper<Store>, account: Account, every: Duration, mut stopped: watch::Receiver<()>) {
    loop {
        if let Err(error) = keeper.records().look(&account).await {
            tracing::warn!(%error, "sessions that were opened are not looked for");
        }
        match keeper.provide().await {
            Ok(failed) => {
                failed.iter().for_each(|(session, error)| tracing::warn!(%session, %error, "a session is not settled"));
            }
            Err(error) => tracing::warn!(%error, "sessions are not settled"),
        }
        for done in [keeper.fetch(NATIVE).await, keeper.mint().await] {
            if let Err(error) = done {
                tracing::warn!(%error, "what is owed is not fetched");
            }
        }
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

/// What looks after sessions. Dropped, it ends, after what it is computing.
#[derive(Debug)]
pub struct Running {
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take();
        // A computation may take minutes, and loses nothing when the process ends before it.
        drop(self.thread.take());
    }
}
