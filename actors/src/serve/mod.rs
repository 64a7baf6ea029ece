//! The server: sessions of remote clients as supervised actors, each with its worlds on a thread of its own.
//!
//! ```text
//! clients ⇄ gateway (thread, ZeroMQ) ──steps──► session's worker (thread, vector env) ──► its log, the recorder
//!              └──all other requests──► Sessions (actor) ──begins, begins again, ends──► Session (actor) ─┘
//! Sessions ──rows──► policies (a thread each) ──► gateway             workers compute the rows of a RUN themselves
//! Recorder (actor) ──commits──► store                                       HTTP ──► Sessions, store, metrics
//! store ──► settlement (threads: keeper, sender) ──► a chain                OPEN ──► settlement ──► is it paid?
//! ```
//!
//! Physics runs on threads of its own and never on the actors' runtime; sockets are used by one thread alone. What can fail is
//! begun again from what was written down: see [`ledger`]. Nothing is answered for before it is as safe as the answer says.

pub mod catalogue;
mod companion;
pub mod config;
mod error;
mod gateway;
mod http;
mod jobs;
pub mod keys;
mod ledger;
pub mod metrics;
mod opening;
pub mod policy;
pub mod quota;
mod recorder;
mod server;
mod session;
mod sessions;
mod settlement;
mod signing;
pub mod stage;
mod vault;
mod worlds;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use actix::Addr;
use hyperdust_wire::Header;
use tokio::sync::Notify;

pub use config::Config;
pub use error::Error;
pub use server::{Options, Server};

use gateway::Outbox;
use recorder::{Backlog, Ended, Recorder};

/// Called on a session's thread before a request acts: how tests make sessions fail and wait.
pub type Before = Arc<dyn Fn(&Header) + Send + Sync>;

/// What all parts of a server share.
pub struct Hub {
    /// Settings.
    pub config: Config,
    catalogue: catalogue::Catalogue,
    quota: Arc<quota::Quota>,
    policies: Arc<policy::Policies>,
    outbox: Arc<Outbox>,
    metrics: metrics::Metrics,
    vault: Arc<vault::Vault>,
    recorder: Addr<Recorder>,
    backlog: Arc<Backlog>,
    /// What companions are up to.
    desk: jobs::Desk,
    /// Who signs, where anything is signed.
    provider: Option<Arc<signing::Provider>>,
    /// What work is paid with, where it is.
    settlement: Option<Arc<settlement::Settlement>>,
    draining: Arc<AtomicBool>,
    /// Somebody wants the server to end.
    shutdown: Arc<Notify>,
    workers: Arc<AtomicUsize>,
    before: Option<Before>,
}

/// A worker's thread runs as long as it has this.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hub {
    fn running(&self) -> Running {
        self.workers.fetch_add(1, Ordering::SeqCst);
        Running(self.workers.clone())
    }

    /// Threads of sessions.
    fn workers(&self) -> usize {
        self.workers.load(Ordering::SeqCst)
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn record(&self, ended: Ended) {
        self.recorder.do_send(ended);
    }
}
