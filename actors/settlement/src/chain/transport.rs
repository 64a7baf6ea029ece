//! How requests travel: HTTP or a web socket, each request within a time limit, and nothing that a URL holds in any error or log.
//!
//! Redirects are not followed: they would carry what the URL holds to where somebody else says.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    pubsub::{ConnectionHandle, PubSubConnect},
    rpc::{
        client::{ClientBuilder, RpcClient},
        json_rpc::{RequestPacket, ResponsePacket, ResponsePayload},
    },
    transports::{
        TransportError, TransportErrorKind, TransportFut, TransportResult, utils::guess_local_url, ws::WsConnect,
    },
};
use tower::{Layer, Service};
use url::Url;

use crate::Error;

/// Largest answer over HTTP, in bytes: the logs of many blocks.
const LARGEST: usize = 64 << 20;
/// Shortest part of a URL that could be a key.
const SHORTEST: usize = 6;

/// A client, and what may be shown of the URL.
pub(super) async fn connect(url: &str, limit: Duration) -> Result<(RpcClient, String), Error> {
    let refused = |why| Error::Url { why };
    let parsed = Url::parse(url.trim()).map_err(|_| refused("it can't be read"))?;
    let host = parsed.host_str().ok_or(refused("it has no host"))?;
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    let node = format!("{}://{host}{port}", parsed.scheme());
    let guard = Guarding { limit, secrets: secrets(&parsed).into() };
    let client = match parsed.scheme() {
        "http" | "https" => {
            let local = guess_local_url(parsed.as_str());
            // Both kinds of connections: whoever is first names the cryptography of all of this process.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let client =
                reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).connect_timeout(limit).build();
            let client = client.map_err(|_| refused("this machine has no list of certificates"))?;
            ClientBuilder::default().layer(guard).transport(Http { client, url: parsed }, local)
        }
        "ws" | "wss" => {
            // Whoever waits has a time limit for each request; the connection is to come back whenever it can.
            let inner = WsConnect::new(parsed.as_str()).with_max_retries(u32::MAX);
            let connecting = ClientBuilder::default().layer(guard).pubsub(WebSocket { inner });
            let late = Error::Unreachable { why: format!("{node}: no connection within {limit:?}") };
            tokio::time::timeout(limit, connecting).await.map_err(|_| late)??
        }
        _ => return Err(refused("another scheme")),
    };
    Ok((client, node))
}

/// What of a URL nobody shall see: users, passwords, and whatever of path, query and fragment is long enough for a key.
fn secrets(url: &Url) -> Vec<String> {
    let mut all: Vec<String> = [url.username(), url.password().unwrap_or_default()].map(String::from).to_vec();
    all.extend(url.path_segments().into_iter().flatten().map(String::from));
    all.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    all.extend(url.query().map(String::from));
    all.extend(url.fragment().map(String::from));
    all.retain(|part| part.len() >= SHORTEST);
    // Longest first: one may hold another.
    all.sort_by_key(|part| std::cmp::Reverse(part.len()));
    all
}

/// JSON-RPC over HTTP. Alloy's own shows its URL in spans.
#[derive(Clone)]
struct Http {
    client: reqwest::Client,
    url: Url,
}

impl Http {
    async fn ask(self, packet: RequestPacket) -> TransportResult<ResponsePacket> {
        let failed = |error: reqwest::Error| TransportErrorKind::custom_str(&chained(&error.without_url()));
        let mut response =
            self.client.post(self.url).json(&packet).headers(packet.headers()).send().await.map_err(failed)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failed)? {
            if body.len() + part.len() > LARGEST {
                return Err(TransportErrorKind::non_retryable_str("the answer is too large"));
            }
            body.extend_from_slice(&part);
        }
        match serde_json::from_slice(&body) {
            Ok(answer) => Ok(answer),
            Err(_) if !status.is_success() => Err(TransportErrorKind::http_error(status.as_u16(), String::new())),
            Err(error) => Err(TransportError::deser_err(error, String::new())),
        }
    }
}

/// An error and what it is because of, such as a connection that was refused.
fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text = format!("{text}: {error}");
        below = error.source();
    }
    text
}

impl Service<RequestPacket> for Http {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().ask(packet))
    }
}

/// A web socket. Alloy's own gives errors that hold its URL, and logs them whenever it connects again.
#[derive(Clone)]
struct WebSocket {
    inner: WsConnect,
}

impl PubSubConnect for WebSocket {
    fn is_local(&self) -> bool {
        self.inner.is_local()
    }

    async fn connect(&self) -> TransportResult<ConnectionHandle> {
        // Not the error's text: whose it is, it says what it was asked for.
        self.inner.connect().await.map_err(|_| TransportErrorKind::custom_str("no web socket could be opened"))
    }
}

/// Puts a [`Guard`] before a transport.
struct Guarding {
    limit: Duration,
    secrets: Arc<[String]>,
}

impl<S> Layer<S> for Guarding {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard { inner, limit: self.limit, secrets: self.secrets.clone() }
    }
}

/// A transport with a time limit, of whose errors nobody learns the URL.
#[derive(Clone)]
struct Guard<S> {
    inner: S,
    limit: Duration,
    secrets: Arc<[String]>,
}

impl<S> Guard<S> {
    fn hide(secrets: &[String], text: &str) -> String {
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "…"))
    }
}

impl<S> Service<RequestPacket> for Guard<S>
where
    S: Service<RequestPacket, Response = ResponsePacket, Error = TransportError, Future = TransportFut<'static>>,
{
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let (limit, secrets) = (self.limit, self.secrets.clone());
        let answer = self.inner.call(packet);
        Box::pin(async move {
            let late = || TransportErrorKind::custom_str(&format!("no answer within {limit:?}"));
            let mut answer = tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(late()))?;
            let responses = match &mut answer {
                ResponsePacket::Single(one) => std::slice::from_mut(one),
                ResponsePacket::Batch(all) => all.as_mut_slice(),
            };
            for response in responses {
                if let ResponsePayload::Failure(error) = &mut response.payload {
                    error.message = Self::hide(&secrets, &error.message).into();
                }
            }
            Ok(answer)
        })
    }
}
