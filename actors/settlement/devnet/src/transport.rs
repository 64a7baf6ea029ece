//! The devnet as an alloy transport: requests are answered in this process, without a socket.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket, SerializedRequest},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use tower::Service;

use crate::{Shared, rpc};

/// A transport to a devnet in this process.
#[derive(Clone)]
pub struct Transport(pub(crate) Arc<Shared>);

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("chain_id", &self.0.chain_id).finish_non_exhaustive()
    }
}

fn answer(shared: &Shared, packet: &RequestPacket) -> ResponsePacket {
    let one =
        |request: &SerializedRequest| rpc::respond(shared, request.id().clone(), request.method(), request.params());
    match packet {
        RequestPacket::Single(request) => ResponsePacket::Single(one(request)),
        RequestPacket::Batch(requests) => ResponsePacket::Batch(requests.iter().map(one).collect()),
    }
}

impl Service<RequestPacket> for Transport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move {
            // A call may compute for a while, and a transaction waits for the disk: beside the runtime's threads, where there is one.
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => runtime
                    .spawn_blocking(move || answer(&shared, &packet))
                    .await
                    .map_err(|_| TransportErrorKind::custom_str("the devnet has a fault; open it again")),
                Err(_) => Ok(answer(&shared, &packet)),
            }
        })
    }
}
