//! Keys, who may do what, and the handler that libzmq asks: CURVE and ZAP.
//!
//! Beyond loopback every connection is encrypted and made with a key that the server knows; its line in the authorised list
//! says its role. A server
//!
//! 1. refuses to start without CURVE ([`required`]),
//! 2. binds the [`Zap`] handler before it binds anything else, and answers it from its own loop,
//! 3. takes no message on such a socket whose `User-Id` is not in the list *now* ([`Zap::role`]): so a message that came without
//!    the handler, or with a key that was revoked meanwhile, is not taken.
//!
//! Any of the three alone keeps strangers out.

mod authorised;
mod key;
mod zap;

pub use authorised::{Authorised, Entry, ListError};
pub use key::{KeyError, KeyPair, PublicKey, SecretKey};
pub use zap::{DOMAIN, Zap, ZapError};

/// libzmq was built without CURVE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this build of libzmq has no CURVE: nothing beyond loopback can be served or reached")]
pub struct NoCurve;

/// An error unless libzmq has CURVE.
pub fn required() -> Result<(), NoCurve> {
    if zmq::has("curve") == Some(true) { Ok(()) } else { Err(NoCurve) }
}

/// Makes `socket` a CURVE server of the [`Zap`] handler's domain, before it is bound.
pub fn serve(socket: &zmq::Socket, pair: &KeyPair) -> zmq::Result<()> {
    socket.set_curve_server(true)?;
    socket.set_curve_secretkey(pair.secret.bytes())?;
    socket.set_zap_domain(DOMAIN)
}

/// Makes `socket` a CURVE client of the server with this key, before it is connected.
pub fn connect(socket: &zmq::Socket, server: &PublicKey, pair: &KeyPair) -> zmq::Result<()> {
    socket.set_curve_serverkey(&server.0)?;
    socket.set_curve_publickey(&pair.public.0)?;
    socket.set_curve_secretkey(pair.secret.bytes())
}
