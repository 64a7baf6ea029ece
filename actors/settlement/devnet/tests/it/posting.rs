//! HTTP by hand: enough of it to ask a node on this machine, and to ask as no client would.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;

/// The head of a request as clients make it.
pub const CLIENT: &str =
    "POST / HTTP/1.1\r\nhost: localhost:1\r\ncontent-type: application/json\r\ncontent-length: {length}";

/// Sends a request, and gives the status and the body of what comes back.
pub fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = head.replace("{length}", &body.len().to_string());
    stream.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    // A server that refuses may close before it has read all.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Asks as clients do.
pub fn post(address: SocketAddr, body: &str) -> Value {
    let (status, body) = exchange(address, CLIENT, body.as_bytes());
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap_or_else(|why| panic!("{why}: {body}"))
}
