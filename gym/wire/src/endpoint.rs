//! Where a server is: `tcp://HOST:PORT` or `ipc://PATH`.

use core::{fmt, str::FromStr};
use std::net::IpAddr;

/// An address of ZeroMQ's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    text: String,
    loopback: bool,
}

/// Why text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint: found {found:?}; accepted: tcp://HOST:PORT or ipc://PATH")]
pub struct EndpointError {
    /// The text, cut.
    pub found: String,
}

impl Endpoint {
    /// Whether nobody but this machine can reach it. What is not certain to be is not: a name other than `localhost` may become
    /// any address, and `*` is all of them.
    pub fn loopback(&self) -> bool {
        self.loopback
    }

    /// As ZeroMQ takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refused = || EndpointError { found: text.chars().take(100).collect() };
        if text.chars().any(|char| char.is_control() || char.is_whitespace()) {
            return Err(refused());
        }
        let loopback = if let Some(path) = text.strip_prefix("ipc://") {
            // `@` and `*` are abstract sockets and made-up paths: anybody on the machine may connect, but nobody else.
            if path.is_empty() {
                return Err(refused());
            }
            true
        } else {
            // `tcp://SOURCE;HOST:PORT` is ZeroMQ's, too; nobody needs it, and it would hide the host.
            let rest = text.strip_prefix("tcp://").filter(|rest| !rest.contains([';', '/'])).ok_or_else(refused)?;
            let (host, port) = rest.rsplit_once(':').ok_or_else(refused)?;
            if host.is_empty() || (port != "*" && port.parse::<u16>().is_err()) {
                return Err(refused());
            }
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            match bare.parse::<IpAddr>() {
                // Canonical: `::ffff:127.0.0.1` is how an IPv6 socket calls 127.0.0.1.
                Ok(address) => address.to_canonical().is_loopback(),
                Err(_) => host == "localhost",
            }
        };
        Ok(Self { text: text.into(), loopback })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what cannot be anything else is loopback.
    #[test]
    fn loopback_is_certain() {
        let loopback = |text: &str| text.parse::<Endpoint>().map(|endpoint| endpoint.loopback());
        for text in [
            "tcp://127.0.0.1:5555",
            "tcp://127.8.9.1:*",
            "tcp://[::1]:5555",
            "tcp://[::ffff:127.0.0.1]:5555",
            "tcp://localhost:1",
            "ipc:///tmp/x",
        ] {
            assert_eq!(loopback(text), Ok(true), "{text}");
        }
        for text in [
            "tcp://*:5555",
            "tcp://0.0.0.0:5555",
            "tcp://[::]:5555",
            "tcp://eth0:5555",
            "tcp://127.0.0.1.example.org:5555",
            "tcp://localhost.example.org:5555",
            "tcp://[::ffff:192.0.2.1]:5555",
            "tcp://192.0.2.1:5555",
        ] {
            assert_eq!(loopback(text), Ok(false), "{text}");
        }
        for text in [
            "",
            "tcp://",
            "tcp://host",
            "tcp://:5555",
            "tcp://host:65536",
            "tcp://127.0.0.1:1;192.0.2.1:5555",
            "ipc://",
            "inproc://x",
            "udp://127.0.0.1:1",
            "tcp://a b:1",
            "tcp://a:1\n",
        ] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
