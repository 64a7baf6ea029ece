//! Who is on a connection, and requests that wait for their answer.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hyperdust_wire::{
    Code, Failure, Header, Kind, Sort,
    message::{Reply, Role},
};

use super::Outbox;
use crate::serve::ledger::Frames;

/// A connection.
#[derive(Debug)]
pub struct Client {
    /// Which of the gateway's sockets it is on.
    pub socket: usize,
    /// What the socket calls it.
    pub identity: Vec<u8>,
    /// Whose it is: a public key, or [`Client::LOCAL`].
    pub user: String,
    /// What it may do.
    pub role: Role,
    since: Instant,
    /// When it was last heard of, milliseconds after `since`.
    heard: AtomicU64,
    /// Its requests that belong to no session and wait for an answer.
    pending: AtomicU32,
    /// Sessions that others have taken from it.
    lost: Mutex<HashSet<u64>>,
}

impl Client {
    /// Everybody who connects where no key is asked for.
    pub const LOCAL: &str = "local";
    /// Requests without a session that may wait at a time.
    const PENDING: u32 = 16;

    /// One that has just said something.
    pub fn new(socket: usize, identity: Vec<u8>, user: String, role: Role) -> Self {
        let (heard, pending, lost) = Default::default();
        Self { socket, identity, user, role, since: Instant::now(), heard, pending, lost }
    }

    /// Another connection has taken this session from it.
    pub fn lose(&self, session: u64) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(session);
    }

    /// Whether one has. What a broken connection had still under way may come late, a RESUME too, and must not take the session
    /// from the connection that took its place.
    pub fn has_lost(&self, session: u64) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    /// It has said something.
    pub fn hear(&self) {
        self.heard.store(self.since.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// For how long it has been silent.
    pub fn silent(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }
}

/// A request that will be answered: by whoever holds the ticket, or, where that is dropped, by a failure that says so. No way through
/// the server leaves a client waiting.
#[derive(Debug)]
pub struct Ticket {
    /// Of the request.
    pub header: Header,
    /// Who asks.
    pub client: Arc<Client>,
    outbox: Arc<Outbox>,
    counted: bool,
    answered: bool,
}

impl Ticket {
    /// For a request to a session.
    pub fn new(header: Header, client: &Arc<Client>, outbox: &Arc<Outbox>) -> Self {
        Self { header, client: client.clone(), outbox: outbox.clone(), counted: false, answered: false }
    }

    /// For another request; refused where too many of this client wait.
    pub fn counted(header: Header, client: &Arc<Client>, outbox: &Arc<Outbox>) -> Option<Self> {
        let mut ticket = Self::new(header, client, outbox);
        ticket.counted = true;
        if client.pending.fetch_add(1, Ordering::Relaxed) >= Client::PENDING {
            ticket.refuse(Failure::new(Code::Busy, format!("{} requests of yours wait already", Client::PENDING)));
            return None;
        }
        Some(ticket)
    }

    /// Answers it.
    pub fn reply(self, reply: &Reply<'_>) {
        let frames = frames(&self.header, reply);
        self.send(frames);
    }

    /// Answers it with these frames, header first.
    pub fn send(mut self, frames: Frames) {
        self.answered = true;
        self.outbox.send(&self.client, frames);
    }

    /// Answers that it was not carried out.
    pub fn refuse(self, failure: Failure) {
        self.outbox.metrics().failed(failure.code);
        self.reply(&Reply::Failure(failure));
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.counted {
            self.client.pending.fetch_sub(1, Ordering::Relaxed);
        }
        if !self.answered {
            let failure = match self.header.session {
                0 => Failure::new(Code::Busy, "the server has too much to do, or stops: ask again"),
                _ => Failure::new(Code::SessionFailed, "the session's worker stopped before it came to this: RESUME"),
            };
            self.outbox.metrics().failed(failure.code);
            self.outbox.send(&self.client, frames(&self.header, &Reply::Failure(failure)));
        }
    }
}

/// The frames of an answer to a request with this header.
pub fn frames(header: &Header, reply: &Reply<'_>) -> Frames {
    let head = match (reply, header.sort) {
        (Reply::Failure(_), _) => header.error(),
        (Reply::Notice(_), _) => Header { sort: Sort::Notice, request: 0, ..*header },
        _ => header.reply(),
    };
    let kind = match header.sort {
        Sort::Request(kind) => kind,
        _ => Kind::Ping,
    };
    match reply.encode(kind) {
        Ok(body) => {
            let mut frames = vec![head.encode().to_vec()];
            frames.extend(body.into_iter().map(std::borrow::Cow::into_owned));
            Arc::new(frames)
        }
        // An answer that is longer than the protocol allows: say so, in one that is not.
        Err(error) => frames(header, &Reply::Failure(Failure::new(Code::Internal, error))),
    }
}
