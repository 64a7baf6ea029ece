//! The handler that libzmq asks whether a key may connect (ZeroMQ RFC 27).
//!
//! It is a socket like any other and has no thread: whoever polls for messages polls for its questions, too.

use std::sync::{Arc, PoisonError, RwLock};

use super::{Authorised, PublicKey};
use crate::message::Role;

/// Where libzmq asks: the same for every handler.
const ENDPOINT: &str = "inproc://zeromq.zap.01";
/// The domain of sockets made by [`super::serve`].
pub const DOMAIN: &str = "hyperdust";
const VERSION: &[u8] = b"1.0";
/// Parts of a question that a CURVE client's connection asks: version, request, domain, address, identity, mechanism, key.
const PARTS: usize = 7;

/// Why there is no handler.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZapError {
    /// No CURVE.
    #[error(transparent)]
    NoCurve(#[from] super::NoCurve),
    /// The context has a handler already, or is at its end.
    #[error("ZAP handler: {0}")]
    Socket(#[from] zmq::Error),
}

/// Answers by the authorised list, which may change while it runs.
pub struct Zap {
    socket: zmq::Socket,
    list: Arc<RwLock<Authorised>>,
}

impl core::fmt::Debug for Zap {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Zap").finish_non_exhaustive()
    }
}

impl Zap {
    /// The handler of this context. Bind it before any socket of [`super::serve`].
    pub fn new(context: &zmq::Context, list: Arc<RwLock<Authorised>>) -> Result<Self, ZapError> {
        super::required()?;
        let socket = context.socket(zmq::ROUTER)?;
        socket.set_linger(0)?;
        socket.bind(ENDPOINT)?;
        Ok(Self { socket, list })
    }

    /// To poll for questions.
    pub fn socket(&self) -> &zmq::Socket {
        &self.socket
    }

    /// Answers all questions that are there, without waiting. How many.
    pub fn serve(&self) -> Result<usize, zmq::Error> {
        let mut answered = 0;
        loop {
            let frames = match self.socket.recv_multipart(zmq::DONTWAIT) {
                Ok(frames) => frames,
                Err(zmq::Error::EAGAIN) => return Ok(answered),
                Err(zmq::Error::EINTR) => continue,
                Err(error) => return Err(error),
            };
            // The addresses of whoever asks end with an empty frame.
            let Some(border) = frames.iter().position(Vec::is_empty) else { continue };
            let (route, parts) = frames.split_at(border + 1);
            let (code, text, user) = self.judge(parts);
            let request = parts.get(1).map_or(&b""[..], Vec::as_slice);
            let answer = [VERSION, request, code.as_bytes(), text.as_bytes(), user.as_bytes(), b""];
            self.socket.send_multipart(route.iter().map(Vec::as_slice).chain(answer), 0)?;
            answered += 1;
        }
    }

    /// What a client with this `User-Id` (of [`zmq::Message::gets`]) may do now; none: nothing.
    pub fn role(&self, user: &str) -> Option<Role> {
        self.list.read().unwrap_or_else(PoisonError::into_inner).role(&user.parse().ok()?)
    }

    /// Status, its text, and the user: the key's text. Whatever is not a known key's question is refused.
    fn judge(&self, parts: &[Vec<u8>]) -> (&'static str, &'static str, String) {
        let known = || {
            let parts: &[Vec<u8>; PARTS] = parts.try_into().ok()?;
            let [version, _, domain, _, _, mechanism, key] = parts;
            if version != VERSION || domain != DOMAIN.as_bytes() || mechanism != b"CURVE" {
                return None;
            }
            let key = PublicKey(key.as_slice().try_into().ok()?);
            let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
            list.role(&key).map(|_| key.to_string())
        };
        match known() {
            Some(user) => ("200", "", user),
            None => ("400", "unknown key", String::new()),
        }
    }
}
