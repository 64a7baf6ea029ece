//! The socket: messages out and in, by a deadline.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::{ClientError, Options};
use crate::{Endpoint, Error, Header, curve, limits};

/// How often libzmq makes sure of the other end, and when it gives it up and connects anew.
const ALIVE_MS: i32 = 5000;
const DEAD_MS: i32 = 15000;
/// Between two tries to connect: at first, and at most.
const RECONNECT_MS: i32 = 100;
const RECONNECT_MOST_MS: i32 = 2000;
/// How long a socket is looked at again and again, giving way to other threads in between, before this one sleeps: to be woken takes
/// longer than most answers do on one machine.
const SPIN: Duration = Duration::from_micros(200);
/// Only where the last answer came within this time, so that waiting for slow worlds costs nothing.
const QUICK: Duration = Duration::from_millis(1);

/// A message that came in.
#[derive(Debug)]
pub(super) struct Received {
    pub header: Header,
    /// After the header.
    pub frames: Vec<zmq::Message>,
}

impl Received {
    /// The frames as what decoders take.
    pub fn slices(&self) -> Vec<&[u8]> {
        self.frames.iter().map(|frame| &**frame).collect()
    }
}

/// A DEALER, connected to one server. libzmq connects it again where the connection breaks.
pub(super) struct Link {
    socket: zmq::Socket,
    /// Tells of handshakes that failed. It is kept as long as the socket, or libzmq would wait for a reader.
    monitor: Option<zmq::Socket>,
    endpoint: Endpoint,
    /// Whether the last wait was short.
    quick: Cell<bool>,
}

impl Link {
    pub fn new(endpoint: Endpoint, options: &Options) -> Result<Self, ClientError> {
        if options.keys.is_none() && !endpoint.loopback() {
            return Err(ClientError::NeedsKeys { endpoint });
        }
        let failed = ClientError::socket("connect");
        let context = zmq::Context::new();
        let mut socket = context.socket(zmq::DEALER).map_err(&failed)?;
        crate::enlarge(&mut socket).map_err(&failed)?;
        let configure = || {
            socket.set_linger(0)?;
            socket.set_maxmsgsize(limits::FILE as i64)?;
            socket.set_heartbeat_ivl(ALIVE_MS)?;
            socket.set_heartbeat_timeout(DEAD_MS)?;
            socket.set_reconnect_ivl(RECONNECT_MS)?;
            socket.set_reconnect_ivl_max(RECONNECT_MOST_MS)?;
            socket.set_ipv6(true)
        };
        configure().map_err(&failed)?;
        let mut monitor = None;
        if let Some((server, pair)) = &options.keys {
            curve::required()?;
            curve::connect(&socket, server, pair).map_err(&failed)?;
            monitor = Some(watch(&context, &socket).map_err(&failed)?);
        }
        socket.connect(endpoint.as_str()).map_err(&failed)?;
        Ok(Self { socket, monitor, endpoint, quick: Cell::new(true) })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a message, or fails where libzmq's queue is full.
    pub fn send<T: AsRef<[u8]>>(&self, header: &Header, frames: &[T]) -> Result<(), ClientError> {
        let failed = ClientError::socket("send");
        let more = |last: bool| zmq::DONTWAIT | if last { 0 } else { zmq::SNDMORE };
        self.socket.send(&header.encode()[..], more(frames.is_empty())).map_err(&failed)?;
        for (index, frame) in frames.iter().enumerate() {
            self.socket.send(frame.as_ref(), more(index + 1 == frames.len())).map_err(&failed)?;
        }
        Ok(())
    }

    /// The next message, or none by then. A message that is none is an error, and gone.
    pub fn receive(&self, until: Instant) -> Result<Option<Received>, ClientError> {
        let failed = ClientError::socket("receive");
        let begin = Instant::now();
        loop {
            match self.socket.recv_msg(zmq::DONTWAIT) {
                Ok(first) => {
                    self.quick.set(begin.elapsed() < QUICK);
                    return self.rest(&first).map(Some);
                }
                Err(zmq::Error::EAGAIN) => {}
                Err(error) => return Err(failed(error)),
            }
            let now = Instant::now();
            let left = until.saturating_duration_since(now);
            if left.is_zero() {
                return Ok(None);
            }
            if self.quick.get() && now.saturating_duration_since(begin) < SPIN {
                std::thread::yield_now();
                continue;
            }
            let wait = milliseconds(left);
            match &self.monitor {
                None => {
                    self.socket.poll(zmq::POLLIN, wait).map_err(&failed)?;
                }
                Some(monitor) => {
                    let items = &mut [self.socket.as_poll_item(zmq::POLLIN), monitor.as_poll_item(zmq::POLLIN)];
                    zmq::poll(items, wait).map_err(&failed)?;
                    if items[1].is_readable() {
                        let _event = monitor.recv_multipart(zmq::DONTWAIT);
                        return Err(ClientError::Unauthorised { endpoint: self.endpoint.clone() });
                    }
                }
            }
        }
    }

    fn rest(&self, first: &zmq::Message) -> Result<Received, ClientError> {
        let mut frames = Vec::with_capacity(2);
        let (mut more, mut count) = (first.get_more(), 0);
        while more {
            // The parts of a message come together: this does not wait.
            let frame = self.socket.recv_msg(0).map_err(ClientError::socket("receive"))?;
            more = frame.get_more();
            count += 1;
            if count < limits::FRAMES {
                frames.push(frame);
            }
        }
        if count >= limits::FRAMES {
            return Err(Error::Frames { kind: "message", found: count, accepted: "fewer" }.into());
        }
        Ok(Received { header: Header::decode(first)?, frames })
    }
}

/// A socket that hears of `socket`'s handshakes that failed for good.
fn watch(context: &zmq::Context, socket: &zmq::Socket) -> zmq::Result<zmq::Socket> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let address = format!("inproc://hyperdust-monitor-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let events =
        zmq::SocketEvent::HANDSHAKE_FAILED_AUTH.to_raw() | zmq::SocketEvent::HANDSHAKE_FAILED_PROTOCOL.to_raw();
    socket.monitor(&address, events.into())?;
    let monitor = context.socket(zmq::PAIR)?;
    monitor.set_linger(0)?;
    monitor.connect(&address)?;
    Ok(monitor)
}

/// Rounded up: a wait that is not over is not zero.
fn milliseconds(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(i64::MAX).min(i32::MAX.into())
}
