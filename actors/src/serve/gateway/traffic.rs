//! The gateway's thread.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering, mpsc::TrySendError},
    time::{Duration, Instant},
};

use hyperdust_wire::{
    Code, Failure, Header, Sort, VERSION, limits,
    message::{Hello, Reply, Request, Role, Welcome},
};

use super::{Client, Line, Out, Outbox, Setup, Sockets, Ticket, outbox::Inlet};
use crate::serve::{ledger::Frames, session::Work, sessions::Ask};

/// Messages of a socket that are read before the queue is looked at again.
const TURN: usize = 64;
/// Between looks at who is silent.
const SWEEP: Duration = Duration::from_secs(1);
/// How long the sockets and the queue are looked at again and again, giving way to other threads in between, before the thread sleeps:
/// to be woken takes longer than a client needs to ask again.
const SPIN: Duration = Duration::from_micros(200);
/// Only where the last pause was shorter than this, so that slow sessions cost nothing.
const QUICK: Duration = Duration::from_millis(1);

/// The sockets and who is on them.
pub struct Traffic {
    sockets: Sockets,
    /// By socket and by what it calls them.
    clients: Vec<HashMap<Vec<u8>, Arc<Client>>>,
    routes: HashMap<u64, Line>,
    inlet: Inlet,
    outbox: Arc<Outbox>,
    setup: Setup,
    swept: Instant,
}

impl Traffic {
    pub fn new(sockets: Sockets, inlet: Inlet, outbox: Arc<Outbox>, setup: Setup) -> Self {
        let clients = sockets.routers.iter().map(|_| HashMap::new()).collect();
        Self { sockets, clients, routes: HashMap::new(), inlet, outbox, setup, swept: Instant::now() }
    }

    /// Until it is told to stop.
    pub fn run(mut self) {
        let (mut busy, mut quick) = (Instant::now(), false);
        loop {
            let Some(mut worked) = self.deliver() else { return };
            for socket in 0..self.sockets.routers.len() {
                for _ in 0..TURN {
                    if !self.receive(socket) {
                        break;
                    }
                    worked = true;
                }
            }
            if let Some((zap, _)) = &self.sockets.zap
                && let Err(error) = zap.serve()
            {
                tracing::error!(%error, "keys could not be checked");
            }
            let now = Instant::now();
            let pause = now.saturating_duration_since(busy);
            if worked {
                (busy, quick) = (now, pause < QUICK);
            }
            if self.swept.elapsed() >= SWEEP {
                self.sweep();
            }
            if worked || quick && pause < SPIN {
                std::thread::yield_now();
                continue;
            }
            self.outbox.sleep(true);
            if self.deliver().is_none() {
                return;
            }
            let wait = SWEEP.saturating_sub(self.swept.elapsed()).as_millis() as i64;
            let zap = self.sockets.zap.iter().map(|(zap, _)| zap.socket());
            let sockets = self.sockets.routers.iter().chain(zap).chain([&self.inlet.wake]);
            let mut items: Vec<_> = sockets.map(|socket| socket.as_poll_item(zmq::POLLIN)).collect();
            // Interrupted by a signal: the same as nothing.
            let _ = zmq::poll(&mut items, wait);
            drop(items);
            self.outbox.sleep(false);
            while self.inlet.wake.recv_msg(zmq::DONTWAIT).is_ok() {}
        }
    }

    /// Does what the queue holds; whether there was anything, or none: stop.
    fn deliver(&mut self) -> Option<bool> {
        let mut worked = false;
        while let Ok(out) = self.inlet.queue.try_recv() {
            worked = true;
            self.outbox.metrics().outbox.dec();
            match out {
                Out::Send(client, frames) => self.send(&client, &frames),
                Out::Route(session, line) => drop(self.routes.insert(session, line)),
                Out::Forget(session) => drop(self.routes.remove(&session)),
                Out::Broadcast(frames) => {
                    let clients: Vec<_> = self.clients.iter().flat_map(HashMap::values).cloned().collect();
                    clients.iter().for_each(|client| self.send(client, &frames));
                }
                Out::Stop => return None,
            }
        }
        Some(worked)
    }

    fn send(&self, client: &Client, frames: &Frames) {
        let socket = &self.sockets.routers[client.socket];
        let message = std::iter::once(&client.identity).chain(frames.iter());
        let parts: Vec<&[u8]> = message.map(Vec::as_slice).collect();
        // The first part decides: unreachable or full, nothing of the message is sent.
        if let Err(error) = socket.send_multipart(parts, zmq::DONTWAIT) {
            self.outbox.metrics().dropped.inc();
            tracing::debug!(user = client.user, %error, "an answer was dropped");
        }
    }

    /// Reads a message; `false`: there is none.
    fn receive(&mut self, index: usize) -> bool {
        let socket = &self.sockets.routers[index];
        let Ok(identity) = socket.recv_msg(zmq::DONTWAIT) else { return false };
        let mut frames: Vec<zmq::Message> = Vec::new();
        let mut more = identity.get_more();
        let mut extra = 0;
        while more {
            // The parts of a message are there together.
            let Ok(frame) = socket.recv_msg(0) else { return false };
            more = frame.get_more();
            if frames.len() < limits::FRAMES {
                frames.push(frame);
            } else {
                extra += 1;
            }
        }
        let Some(first) = frames.first_mut() else { return true };
        // Where keys are asked for, nobody without one gets here; one that was revoked since does, and gets no answer.
        if let Some(client) = self.client(index, &identity, first) {
            client.hear();
            self.accept(&client, frames, extra);
        }
        true
    }

    /// Who sent a message that begins with this frame.
    fn client(&mut self, socket: usize, identity: &[u8], first: &mut zmq::Message) -> Option<Arc<Client>> {
        let zap = self.sockets.zap.as_ref().filter(|_| socket > 0);
        let (user, role) = match zap {
            None => (Client::LOCAL, Role::Operator),
            Some((zap, _)) => {
                let user = first.gets("User-Id")?;
                (user, zap.role(user)?)
            }
        };
        let clients = &mut self.clients[socket];
        // Another key, or other rights, on a connection of the same name: another client.
        if let Some(client) = clients.get(identity).filter(|client| client.user == user && client.role == role) {
            return Some(client.clone());
        }
        let client = Arc::new(Client::new(socket, identity.to_vec(), user.into(), role));
        if clients.insert(identity.to_vec(), client.clone()).is_none() {
            self.outbox.metrics().connections.inc();
        }
        Some(client)
    }

    fn accept(&mut self, client: &Arc<Client>, frames: Vec<zmq::Message>, extra: usize) {
        let Some(first) = frames.first() else { return };
        let refuse = |header, failure| Ticket::new(header, client, &self.outbox).refuse(failure);
        let header = match Header::decode(first) {
            Ok(header) => header,
            // What is no header of any version gets no answer: nobody would know what it answers.
            Err(error) => return Header::ids(first).into_iter().for_each(|ids| refuse(ids, Failure::from(&error))),
        };
        let Sort::Request(kind) = header.sort else {
            return refuse(header, Failure::new(Code::Malformed, "only a server sends this"));
        };
        if extra > 0 {
            let why = format!("found {} frames; accepted: at most {}", limits::FRAMES + extra, limits::FRAMES);
            return refuse(header, Failure::new(Code::TooLarge, why));
        }
        if kind.numbered() {
            self.hand_on(Ticket::new(header, client, &self.outbox), frames);
        } else if let Some(ticket) = Ticket::counted(header, client, &self.outbox) {
            self.desk(ticket, &frames[1..]);
        }
    }

    /// To a session's worker.
    fn hand_on(&mut self, ticket: Ticket, frames: Vec<zmq::Message>) {
        let session = ticket.header.session;
        if self.setup.draining.load(Ordering::Relaxed) {
            let why = "the server is about to end: RESUME when it is back";
            return ticket.refuse(Failure::new(Code::Draining, why));
        }
        match self.routes.get(&session) {
            Some(Line::Open { client, rights, work }) if Arc::ptr_eq(client, &ticket.client) => {
                match work.try_send(Work::Request { ticket, frames, rights: *rights }) {
                    Ok(()) => {}
                    Err(TrySendError::Full(Work::Request { ticket, .. })) => {
                        ticket.refuse(Failure::new(Code::Pipeline, "more unanswered requests than were agreed on"));
                    }
                    // Its worker is gone: the ticket says so.
                    Err(_) => {}
                }
            }
            Some(Line::Closed(code)) => {
                let why = match code {
                    Code::SessionFailed => "the session's worker failed: RESUME",
                    _ => "the session has no connection: RESUME",
                };
                ticket.refuse(Failure::new(*code, why));
            }
            // Another's, or none that runs: RESUME looks into the store, and tells nobody of what is not theirs.
            _ => ticket.refuse(Failure::new(Code::Detached, "the session is not this connection's: RESUME")),
        }
    }

    /// What belongs to no session.
    fn desk(&self, ticket: Ticket, frames: &[zmq::Message]) {
        let slices: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        let request = match Request::decode(&ticket.header, &slices) {
            Ok(request) => request,
            Err(error) => return ticket.refuse(Failure::from(&error)),
        };
        match request {
            Request::Ping => ticket.reply(&Reply::Done),
            Request::Hello(hello) => self.hello(ticket, &hello),
            request => match Ask::of(request) {
                Some(ask) => (self.setup.desk)(ticket, ask),
                None => ticket.refuse(Failure::new(Code::NotFound, "this server does not do that")),
            },
        }
    }

    fn hello(&self, ticket: Ticket, hello: &Hello) {
        if !hello.versions.contains(&VERSION) {
            let why = format!("found versions {:?}; accepted: {VERSION}", hello.versions);
            return ticket.refuse(Failure { versions: vec![VERSION], ..Failure::new(Code::Version, why) });
        }
        tracing::debug!(client = hello.client, user = ticket.client.user, "hello");
        let role = ticket.client.role;
        ticket.reply(&Reply::Welcome(Welcome {
            version: VERSION,
            server: concat!("hyperdust ", env!("CARGO_PKG_VERSION")).into(),
            kernel: hyperdust_kernel::VERSION,
            role,
            limits: self.setup.limits.clone(),
            draining: self.setup.draining.load(Ordering::Relaxed),
        }));
    }

    /// Forgets connections that have been silent for too long. Their sessions wait for a RESUME.
    fn sweep(&mut self) {
        self.swept = Instant::now();
        if let Some((_, keys)) = &mut self.sockets.zap {
            keys.refresh();
        }
        let limit = Duration::from_secs(self.setup.wire.silence);
        let mut gone = 0;
        for clients in &mut self.clients {
            let before = clients.len();
            clients.retain(|_, client| client.silent() < limit);
            gone += before - clients.len();
        }
        if gone > 0 {
            self.outbox.metrics().connections.sub(gone as i64);
            for line in self.routes.values_mut() {
                if matches!(line, Line::Open { client, .. } if client.silent() >= limit) {
                    *line = Line::Closed(Code::Detached);
                }
            }
        }
    }
}
