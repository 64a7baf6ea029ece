//! The gateway: all sockets, on a thread of their own.
//!
//! It reads headers and small JSON, and nothing that takes long: requests to a session go straight into that session's bounded
//! queue, all others to the actors. It never waits for a client: a message that cannot be sent at once is dropped, and a client that
//! comes back asks again and gets the same answer from its session's log. One that does not read fills its own pipe and nobody
//! else's.

mod client;
mod outbox;
mod traffic;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    thread::JoinHandle,
    time::Duration,
};

use hyperdust_wire::{
    Endpoint,
    curve::{self, Zap},
    message::{Right, Role},
};

pub use client::{Client, Ticket, frames};
pub use outbox::{Line, Out, Outbox};
use traffic::Traffic;

use super::{
    Error,
    config::Wire,
    gateway::outbox::Inlet,
    keys::{self, Keys},
    metrics::Metrics,
    sessions::Ask,
};

/// What a connection may do with a session beside stepping it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// RESET, and its seeds.
    pub reset: bool,
    /// SNAPSHOT, RESTORE.
    pub state: bool,
}

impl Rights {
    /// Of whom a session belongs to.
    pub fn owner(role: Role) -> Self {
        Self { reset: true, state: role == Role::Operator }
    }

    /// Of an agent that it was handed to.
    pub fn agent() -> Self {
        Self::default()
    }

    /// As the protocol lists them.
    pub fn list(self) -> Vec<Right> {
        let more = [(self.reset, Right::Reset), (self.state, Right::State)];
        let more = more.into_iter().filter_map(|(has, right)| has.then_some(right));
        std::iter::once(Right::Step).chain(more).collect()
    }
}

/// Where the gateway hands on what it does not answer itself.
pub type Desk = Box<dyn Fn(Ticket, Ask) + Send>;

/// What the gateway has to know.
pub struct Setup {
    /// Limits of connections.
    pub wire: Wire,
    /// What HELLO is answered with, but for version and role.
    pub limits: hyperdust_wire::message::Limits,
    /// Nothing new is begun.
    pub draining: Arc<AtomicBool>,
    /// Where requests without a session go.
    pub desk: Desk,
}

/// A running gateway.
pub struct Gateway {
    /// Where it listens, with the ports that the system chose.
    pub endpoints: Vec<String>,
    outbox: Arc<Outbox>,
    thread: Option<JoinHandle<()>>,
}

/// Sockets that listen, not yet served.
pub struct Listening {
    context: zmq::Context,
    sockets: Sockets,
    endpoints: Vec<String>,
    /// The way to the gateway, once it runs.
    pub outbox: Arc<Outbox>,
    inlet: Inlet,
}

/// What the gateway listens on.
struct Sockets {
    /// One for this machine, and one for everywhere else that asks for keys.
    routers: Vec<zmq::Socket>,
    /// Who may connect to the second.
    zap: Option<(Zap, Keys)>,
}

impl Listening {
    /// Binds the endpoints. One beyond loopback is bound with CURVE or not at all; `folder` has the keys.
    pub fn bind(endpoints: &[String], folder: &Path, wire: &Wire, metrics: Metrics) -> Result<Self, Error> {
        let context = zmq::Context::new();
        let failed = |error: zmq::Error| Error::Socket(error.to_string());
        let (outbox, inlet) = Outbox::new(&context, metrics)?;
        let (mut sockets, mut bound) =
            (Sockets { routers: vec![router(&context, wire).map_err(failed)?], zap: None }, Vec::new());
        for text in endpoints {
            let refused = |why: String| Error::Listen { endpoint: text.clone(), why };
            let endpoint: Endpoint =
                text.parse().map_err(|error: hyperdust_wire::EndpointError| refused(error.to_string()))?;
            if !endpoint.loopback() && sockets.zap.is_none() {
                curve::required().map_err(|error| refused(error.to_string()))?;
                let pair = keys::server(folder)?;
                let keys = Keys::load(folder)?;
                let zap = Zap::new(&context, keys.list().clone()).map_err(|error| refused(error.to_string()))?;
                let socket = router(&context, wire).map_err(failed)?;
                curve::serve(&socket, &pair).map_err(failed)?;
                tracing::info!(server = %pair.public, keys = %folder.join(keys::LIST).display(), "keys are asked for");
                sockets.routers.push(socket);
                sockets.zap = Some((zap, keys));
            }
            if let Some(path) = text.strip_prefix("ipc://") {
                own_folder(Path::new(path)).map_err(|error| refused(error.to_string()))?;
            }
            let socket = &sockets.routers[usize::from(!endpoint.loopback())];
            socket.bind(text).map_err(|error| refused(error.to_string()))?;
            let last = socket.get_last_endpoint().map_err(|error| refused(error.to_string()))?;
            bound.push(last.unwrap_or_else(|_| text.clone()));
        }
        Ok(Self { context, sockets, endpoints: bound, outbox, inlet })
    }

    /// Serves them.
    pub fn serve(self, setup: Setup) -> Result<Gateway, Error> {
        let Self { context, sockets, endpoints, outbox, inlet } = self;
        let traffic = Traffic::new(sockets, inlet, outbox.clone(), setup);
        let thread = std::thread::Builder::new()
            .name("gateway".into())
            .spawn(move || {
                traffic.run();
                // Sockets are closed by now; what is under way gets its linger.
                drop(context);
            })
            .map_err(|error| Error::Socket(error.to_string()))?;
        Ok(Gateway { endpoints, outbox, thread: Some(thread) })
    }
}

impl Gateway {
    /// Sends what is queued, closes the sockets and waits for the thread.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.outbox.put(Out::Stop);
        match self.thread.take().map(JoinHandle::join) {
            Some(Err(_)) => Err(Error::Stopped("gateway")),
            _ => Ok(()),
        }
    }

    /// Whether its thread runs.
    pub fn alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // An error was a panic in that thread, which has been reported there.
        let _ = self.stop();
    }
}

fn router(context: &zmq::Context, wire: &Wire) -> zmq::Result<zmq::Socket> {
    let mut socket = context.socket(zmq::ROUTER)?;
    hyperdust_wire::enlarge(&mut socket)?;
    // A client that is gone is an error to see, not a message to lose silently.
    socket.set_router_mandatory(true)?;
    socket.set_maxmsgsize(i64::try_from(wire.frame_bytes).unwrap_or(i64::MAX))?;
    // Messages of one connection: as many as sessions of it may have under way, and some to spare.
    let mark = i32::try_from(wire.pipeline).unwrap_or(256).saturating_mul(4).max(64);
    socket.set_sndhwm(mark)?;
    socket.set_rcvhwm(mark)?;
    socket.set_linger(i32::try_from(Duration::from_secs(1).as_millis()).unwrap_or(1000))?;
    socket.set_ipv6(true)?;
    socket.set_heartbeat_ivl(i32::try_from(wire.silence.saturating_mul(500)).unwrap_or(30_000))?;
    Ok(socket)
}

/// Makes the folder of an ipc socket, where there is none yet.
fn own_folder(path: &Path) -> std::io::Result<()> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), std::fs::create_dir_all)
}
