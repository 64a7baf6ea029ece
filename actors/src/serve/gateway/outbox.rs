//! The way back: what other threads have for the gateway.
//!
//! Sockets belong to the gateway's thread. Others put messages into a queue, and where the gateway sleeps they wake it through an
//! inproc socket that it polls beside its own. The flag that says so is set before the gateway looks into the queue for the last
//! time, and read after a message was put there: one of the two sees the other.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, SyncSender, channel},
    },
};

use hyperdust_wire::Code;

use super::{Client, Rights};
use crate::serve::{Error, ledger::Frames, metrics::Metrics, session::Work};

const ENDPOINT: &str = "inproc://wake";

/// What the gateway is told.
pub enum Out {
    /// A message for a client.
    Send(Arc<Client>, Frames),
    /// Requests to this session go this way from now on.
    Route(u64, Line),
    /// There is no such session any more.
    Forget(u64),
    /// A message for all clients.
    Broadcast(Frames),
    /// The thread ends.
    Stop,
}

/// The way to a session.
pub enum Line {
    /// To its worker, for this client alone.
    Open {
        /// Who may use it.
        client: Arc<Client>,
        /// For what.
        rights: Rights,
        /// The worker.
        work: SyncSender<Work>,
    },
    /// Nobody may use it before a RESUME, because of this.
    Closed(Code),
}

/// The queue.
pub struct Outbox {
    queue: Sender<Out>,
    sleeping: AtomicBool,
    wake: Mutex<zmq::Socket>,
    metrics: Metrics,
}

/// The gateway's end of it.
pub struct Inlet {
    /// What was put in.
    pub queue: Receiver<Out>,
    /// Readable when there may be something.
    pub wake: zmq::Socket,
}

impl Outbox {
    /// Both ends.
    pub fn new(context: &zmq::Context, metrics: Metrics) -> Result<(Arc<Self>, Inlet), Error> {
        let socket = |error: zmq::Error| Error::Socket(error.to_string());
        let inlet = context.socket(zmq::PULL).map_err(socket)?;
        inlet.bind(ENDPOINT).map_err(socket)?;
        let wake = context.socket(zmq::PUSH).map_err(socket)?;
        wake.set_linger(0).map_err(socket)?;
        wake.connect(ENDPOINT).map_err(socket)?;
        let (queue, receiver) = channel();
        let outbox = Self { queue, sleeping: AtomicBool::new(false), wake: Mutex::new(wake), metrics };
        Ok((Arc::new(outbox), Inlet { queue: receiver, wake: inlet }))
    }

    /// Tells the gateway. Where it has ended there is nobody to tell.
    pub fn put(&self, out: Out) {
        if self.queue.send(out).is_ok() {
            self.metrics.outbox.inc();
            if self.sleeping.swap(false, Ordering::SeqCst) {
                let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
                // Full: it has enough reasons to wake up already.
                let _ = wake.send("", zmq::DONTWAIT);
            }
        }
    }

    /// A message for a client.
    pub fn send(&self, client: &Arc<Client>, frames: Frames) {
        self.put(Out::Send(client.clone(), frames));
    }

    /// The server's counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The gateway is about to sleep, once it has looked into the queue again; or it is awake.
    pub(super) fn sleep(&self, sleeping: bool) {
        self.sleeping.store(sleeping, Ordering::SeqCst);
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}
