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
    sync::{Arc, atomic::AtomicBool},
    thread::JoinHandle,
    time::Duration,
};

use hyperdust_wire::message::{Right, Role};

pub use client::{Client, Ticket, frames};
pub use outbox::{Line, Out, Outbox};
use traffic::Traffic;

use super::{Error, config::Wire, gateway::outbox::Inlet, sessions::Ask};

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
    sockets: Vec<zmq::Socket>,
    endpoints: Vec<String>,
    /// The way to the gateway, once it runs.
    pub outbox: Arc<Outbox>,
    inlet: Inlet,
}

impl Listening {
    /// Binds the endpoints.
    pub fn bind(endpoints: &[String], wire: &Wire, metrics: super::metrics::Metrics) -> Result<Self, Error> {
        let context = zmq::Context::new();
        let (outbox, inlet) = Outbox::new(&context, metrics)?;
        let socket = router(&context, wire).map_err(|error| Error::Socket(error.to_string()))?;
        let mut bound = Vec::new();
        for endpoint in endpoints {
            let refused = |why: String| Error::Listen { endpoint: endpoint.clone(), why };
            if !local(endpoint) {
                let why = "found an address beyond loopback; accepted: tcp://127.0.0.1:PORT or ipc://PATH";
                return Err(refused(why.into()));
            }
            socket.bind(endpoint).map_err(|error| refused(error.to_string()))?;
            let last = socket.get_last_endpoint().map_err(|error| refused(error.to_string()))?;
            bound.push(last.unwrap_or_else(|_| endpoint.clone()));
        }
        Ok(Self { context, sockets: vec![socket], endpoints: bound, outbox, inlet })
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
    let socket = context.socket(zmq::ROUTER)?;
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

/// Whether an endpoint can be reached from this machine alone.
fn local(endpoint: &str) -> bool {
    if endpoint.starts_with("ipc://") {
        return true;
    }
    let Some((host, _)) = endpoint.strip_prefix("tcp://").and_then(|rest| rest.rsplit_once(':')) else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what cannot be reached from elsewhere is local: names, wildcards and interfaces are not.
    #[test]
    fn local_endpoints() {
        for endpoint in ["ipc:///tmp/x", "tcp://127.0.0.1:1", "tcp://127.9.9.9:*", "tcp://[::1]:5", "tcp://localhost:5"]
        {
            assert!(local(endpoint), "{endpoint}");
        }
        for endpoint in ["tcp://0.0.0.0:1", "tcp://*:1", "tcp://eth0:1", "tcp://[::]:1", "tcp://10.0.0.1:1", "tcp://x"]
        {
            assert!(!local(endpoint), "{endpoint}");
        }
    }
}
