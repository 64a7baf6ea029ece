//! A session: a client's worlds, on a thread of their own, and the actor that looks after it.
//!
//! The thread steps ([`worker`]); the actor begins it, and begins it again from the [ledger](super::ledger) when it has failed. What
//! both know, and what outlives them, is [`Shared`].

mod view;
mod worker;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use actix::{WeakAddr, prelude::*};
use hyperdust_wire::{
    Code, Header, Layout, Sort,
    message::{Notice, NoticeKind, Opened, Reply},
};

use super::{
    Hub,
    gateway::{Client, Line, Out, Rights, Ticket, frames},
    ledger::{Frames, Ledger},
    metrics::Counters,
    opening::Opening,
    quota::Lease,
    sessions::{End, Sessions},
    worlds::Shape,
};
pub use view::{Frame, View};

/// Failures without an answered request between them after which a session is given up.
const FAILURES: u32 = 3;

/// What a worker is sent.
pub enum Work {
    /// A numbered request.
    Request {
        /// How it is answered.
        ticket: Ticket,
        /// All frames, header first.
        frames: Vec<zmq::Message>,
        /// What the connection may do.
        rights: Rights,
    },
    /// The session is this connection's from now on.
    Bind {
        /// Whose.
        bind: Bind,
        /// The way to this worker. It has none itself: when nobody else has one, the thread ends.
        work: SyncSender<Work>,
    },
}

/// OPEN or RESUME.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Bind {
    /// How it is answered.
    pub ticket: Ticket,
    /// What the connection may do.
    pub rights: Rights,
    /// RESUME: the client needs everything up to this one; OPEN: none.
    pub answered: Option<u64>,
}

/// What is known of a session on all threads.
#[derive(Debug)]
pub struct Shared {
    /// Its number.
    pub id: u64,
    /// All that is written down of it beside its log.
    pub opening: Opening,
    /// What it steps.
    pub shape: Shape,
    /// What OPEN is answered with, but for the rights.
    pub opened: Opened,
    /// Where its batches' arrays lie.
    pub layout: Layout,
    /// What was asked and answered.
    pub ledger: Mutex<Ledger>,
    /// What it takes of its client's quota.
    pub lease: Lease,
    /// Counters.
    pub counters: Counters,
    /// Its worlds, for those who watch.
    pub view: View,
    /// Steps of every lane.
    pub steps: AtomicU64,
    /// Episodes that ended, and those of them that are safe in the store.
    pub ended: AtomicU64,
    /// See `ended`.
    pub saved: AtomicU64,
    /// Steps of lanes in the last second.
    pub rate: AtomicU64,
    /// Failures since the last answered request.
    pub failures: AtomicU32,
    /// Whether its log is from another server, and has not been gone through yet.
    revived: AtomicBool,
    /// Whom it is bound to, or was last.
    client: Mutex<Option<Arc<Client>>>,
    since: Instant,
    /// When it was last asked for something, milliseconds after `since`.
    asked: AtomicU64,
}

impl Shared {
    /// Of a session that is about to begin.
    pub fn new(
        opening: Opening,
        shape: Shape,
        opened: Opened,
        lease: Lease,
        counters: Counters,
        ledger: Ledger,
    ) -> Self {
        let revived = AtomicBool::new(ledger.next() > 1);
        let layout = opened.layout.clone();
        let (steps, ended, saved, rate, failures, asked) = Default::default();
        Self {
            id: opening.session,
            opening,
            shape,
            opened,
            layout,
            ledger: Mutex::new(ledger),
            lease,
            counters,
            view: View::new(),
            steps,
            ended,
            saved,
            rate,
            failures,
            revived,
            client: Mutex::default(),
            since: Instant::now(),
            asked,
        }
    }

    /// The log.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom it is bound to, or was last.
    pub fn client(&self) -> Option<Arc<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Binds it; whom it was bound to before.
    fn bind(&self, client: &Arc<Client>) -> Option<Arc<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).replace(client.clone())
    }

    /// A notice about it.
    pub fn notice(&self, notice: NoticeKind, message: &str) -> Frames {
        let notice = Notice { notice, message: message.into(), in_ms: None };
        frames(&Header { sort: Sort::Notice, request: 0, session: self.id }, &Reply::Notice(notice))
    }

    /// Somebody asked for something.
    pub fn ask(&self) {
        self.asked.store(self.since.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// For how long nobody has.
    pub fn idle(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.asked.load(Ordering::Relaxed)))
    }
}

/// Looks after a session. It lives as long as somebody holds its address.
pub struct Session {
    shared: Arc<Shared>,
    hub: Arc<Hub>,
    sessions: WeakAddr<Sessions>,
    work: Option<SyncSender<Work>>,
}

impl Session {
    /// Of a session that is to begin, or to go on.
    pub fn new(shared: Arc<Shared>, hub: Arc<Hub>, sessions: WeakAddr<Sessions>) -> Self {
        Self { shared, hub, sessions, work: None }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Requests under way, a few that are sent again, and a RESUME.
        let (work, queue) = sync_channel(self.shared.opened.pipeline as usize + 4);
        let (shared, hub) = (self.shared.clone(), self.hub.clone());
        let worker = worker::Worker::new(shared, hub, ctx.address().downgrade(), self.sessions.clone());
        let running = self.hub.running();
        let spawned =
            std::thread::Builder::new().name(format!("session-{:04x}", self.shared.id & 0xFFFF)).spawn(move || {
                let _running = running;
                worker.run(&queue);
            });
        match spawned {
            Ok(_) => self.work = Some(work),
            Err(error) => {
                tracing::error!(session = self.shared.id, %error, "no thread for a session");
                self.end("the system gave it no thread");
            }
        }
    }
}

impl Supervised for Session {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.work = None;
        self.hub.metrics.restarts.inc();
    }
}

impl Session {
    fn end(&self, why: &str) {
        if let Some(sessions) = self.sessions.upgrade() {
            sessions.do_send(End { session: self.shared.id, why: why.into(), lost: true });
        }
    }
}

impl Handler<Bind> for Session {
    type Result = ();

    fn handle(&mut self, bind: Bind, _: &mut Self::Context) {
        if let Some(work) = &self.work {
            // Dropped where the queue is full or its thread has ended: the ticket says so.
            let _ = work.try_send(Work::Bind { bind, work: work.clone() });
        }
    }
}

/// The worker has failed and its thread is ending.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Failed {
    /// What it said.
    pub why: String,
}

impl Handler<Failed> for Session {
    type Result = ();

    fn handle(&mut self, failed: Failed, ctx: &mut Self::Context) {
        let id = self.shared.id;
        self.hub.outbox.put(Out::Route(id, Line::Closed(Code::SessionFailed)));
        let failures = self.shared.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(
            session = id,
            scene = self.shared.opening.open.scene,
            why = failed.why,
            failures,
            "a session's worker failed"
        );
        if failures >= FAILURES {
            self.end("its worker failed again and again");
        } else {
            // The supervisor begins it again.
            ctx.stop();
        }
    }
}
