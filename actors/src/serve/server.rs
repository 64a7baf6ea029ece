//! Starting and ending a server.

use std::{
    cell::OnceCell,
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use actix::prelude::*;
use hyperdust_store::{SledStore, Store};
use hyperdust_wire::message::{Limits, Notice, NoticeKind, Reply};
use hyperdust_wire::{Header, Sort};
use tokio::sync::Notify;

use super::{
    Before, Config, Error, Hub,
    catalogue::Catalogue,
    companion::Companion,
    gateway::{Gateway, Listening, Out, Setup, frames},
    http,
    jobs::Desk,
    metrics::Metrics,
    policy::{
        Policies,
        paid::{self, Till},
    },
    quota::Quota,
    recorder::{Backlog, Recorder},
    sessions::{Asked, Drain, Sessions},
    settlement::Settlement,
    signing::Provider,
    vault::Vault,
};

/// The longest that what has ended may go on looking at the store.
const CLOSING: Duration = Duration::from_secs(5);

/// How a server is started, beside its settings.
#[derive(Clone, Default)]
pub struct Options {
    /// Ends, drained, where the process is told to (SIGTERM, SIGINT).
    pub signals: bool,
    /// See [`Before`].
    pub before: Option<Before>,
}

/// A running server. Dropped, it drains and ends.
pub struct Server {
    /// Where it listens, with the ports that the system chose.
    pub endpoints: Vec<String>,
    /// Where HTTP is served.
    pub http: Option<SocketAddr>,
    shutdown: Arc<Notify>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Server {
    /// Starts it, on threads of its own. When this returns it answers.
    pub fn start(config: Config, options: Options) -> Result<Self, Error> {
        let (ready, begun) = mpsc::channel();
        let shutdown = Arc::new(Notify::new());
        let stop = shutdown.clone();
        let thread = std::thread::Builder::new()
            .name("actors".into())
            .spawn(move || {
                let closed = OnceCell::new();
                let result = System::new().block_on(run(config, options, stop, ready, &closed));
                // Until another server can open the store: HTTP's threads, and those that look something up, end in their own time.
                let _ = closed.get().map(|closed| closed.recv_timeout(CLOSING));
                result
            })
            .map_err(|source| Error::Io { path: "a thread".into(), source })?;
        match begun.recv() {
            Ok((endpoints, http)) => Ok(Self { endpoints, http, shutdown, thread: Some(thread) }),
            Err(_) => match thread.join() {
                Ok(Err(error)) => Err(error),
                _ => Err(Error::Stopped("server")),
            },
        }
    }

    /// Tells it to drain and end, and waits until it has.
    pub fn drain(mut self) -> Result<(), Error> {
        self.shutdown.notify_one();
        self.join()
    }

    /// Waits until something makes it end.
    pub fn wait(mut self) -> Result<(), Error> {
        self.join()
    }

    fn join(&mut self) -> Result<(), Error> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(Error::Stopped("server")),
            None => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown.notify_one();
        if let Err(error) = self.join() {
            tracing::error!(%error, "the server did not end well");
        }
    }
}

type Addresses = (Vec<String>, Option<SocketAddr>);

async fn run(
    config: Config,
    options: Options,
    shutdown: Arc<Notify>,
    ready: mpsc::Sender<Addresses>,
    closed: &OnceCell<mpsc::Receiver<Infallible>>,
) -> Result<(), Error> {
    let (mut gateway, hub, sessions) = assemble(config, options.before, shutdown.clone())?;
    // It is there only once.
    drop(closed.set(hub.vault.closed()));
    tracing::info!(endpoints = ?gateway.endpoints, "the server listens");
    let served = hub.config.http.0.map(|address| http::serve(address, hub.clone(), sessions.clone())).transpose()?;
    let (address, http) = served.unzip();
    let settled = hub.settlement.as_ref().map(|settlement| settlement.start(&hub, sessions.clone())).transpose()?;
    let _companion = hub.config.companion.enabled.then(|| Companion::new(hub.clone()).start());
    // Nobody waits for the answer where the caller is gone.
    let _ = ready.send((gateway.endpoints.clone(), address));
    tokio::select! {
        () = shutdown.notified() => {}
        () = signal(), if options.signals => {}
        () = watch(&gateway) => tracing::error!("the gateway has stopped"),
    }
    tracing::info!("the server drains");
    hub.draining.store(true, Ordering::SeqCst);
    let notice = Notice { notice: NoticeKind::Draining, message: "the server is about to end".into(), in_ms: Some(0) };
    let header = Header { sort: Sort::Notice, request: 0, session: 0 };
    hub.outbox.put(Out::Broadcast(frames(&header, &Reply::Notice(notice))));
    let drained = sessions.send(Drain).await.unwrap_or(Err(Error::Stopped("supervisor")));
    drop(settled);
    let stopped = gateway.stop();
    if let Some(http) = http {
        http.stop(true).await;
    }
    tracing::info!("the server has ended");
    drained.and(stopped)
}

fn assemble(
    config: Config,
    before: Option<Before>,
    shutdown: Arc<Notify>,
) -> Result<(Gateway, Arc<Hub>, Addr<Sessions>), Error> {
    let metrics = Metrics::new();
    let catalogue = Catalogue::read(&config.scenes)?;
    let settlement = Settlement::open(&config)?;
    let provider = Provider::load(&config, settlement.as_deref())?.map(Arc::new);
    let policies = Policies::load(&config.policies, &config.policy, config.wire.frame_bytes, &metrics)?;
    let vault = Arc::new(Vault::new(open(&config)?));
    let listening = Listening::bind(&config.listen, &config.data, &config.wire, metrics.clone())?;
    // With a chain, policies may be paid for.
    let book = settlement.clone().map(|settlement| settlement as Arc<dyn paid::Book>);
    let till = book.map(|book| Till::start(book, vault.clone())).transpose()?;
    let outbox = listening.outbox.clone();
    let backlog = Arc::new(Backlog::default());
    let recorder = Recorder::new(vault.clone(), metrics.clone(), backlog.clone(), &config.store).start();
    let draining = Arc::new(AtomicBool::new(false));
    let hub = Arc::new(Hub {
        catalogue,
        quota: Quota::new(config.quota.clone()),
        policies: Arc::new(policies.with(till)),
        outbox,
        metrics,
        vault,
        recorder,
        backlog,
        provider,
        settlement,
        desk: Desk::default(),
        draining: draining.clone(),
        shutdown,
        workers: Arc::default(),
        before,
        config,
    });
    let sessions = Sessions::new(hub.clone()).start();
    let (wire, desk) = (hub.config.wire.clone(), sessions.clone());
    let limits = Limits {
        lanes: hub.config.quota.lanes.min(hyperdust_gym::MAX_LANES),
        sessions: u32::try_from(hub.config.quota.sessions).unwrap_or(u32::MAX),
        pipeline: wire.pipeline,
        data: usize::try_from(wire.frame_bytes).unwrap_or(usize::MAX).min(hyperdust_wire::limits::DATA),
        heartbeat_ms: (wire.silence * 1000 / 12).max(1),
        silence_ms: wire.silence * 1000,
        resume_ms: wire.resumable * 1000,
    };
    let desk = Box::new(move |ticket, ask| desk.do_send(Asked(ticket, ask)));
    let gateway = listening.serve(Setup { wire, limits, draining, desk })?;
    Ok((gateway, hub, sessions))
}

/// The store in the server's folder. One that is damaged is moved aside, what checks is taken over, and what does not is named.
fn open(config: &Config) -> Result<Arc<dyn Store>, Error> {
    let options = hyperdust_store::Options {
        path: config.data.join(super::config::STORE),
        capacity: config.store.capacity,
        ..Default::default()
    };
    let (store, opened) = SledStore::open(&options).map_err(|error| Error::Store(error.to_string()))?;
    if let Some(aside) = &opened.moved_aside {
        tracing::error!(aside = %aside.display(), lost = ?opened.lost, "the store was damaged: it was moved aside");
    }
    Ok(Arc::new(store))
}

/// Until the process is told to end.
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    match (terminate, interrupt) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be waited for: SIGTERM ends the server without a drain");
            std::future::pending().await
        }
    }
}

/// Until the gateway's thread is gone.
async fn watch(gateway: &Gateway) {
    while gateway.alive() {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
