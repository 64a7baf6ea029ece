//! With every log of every crate turned on, none holds what a node's URL holds. A process of its own, because where logs go is one place in a process.

#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "../it/anvil.rs"]
mod anvil;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::providers::Provider;
use hyperdust_settlement::Chain;

use crate::anvil::Anvil;

const KEY: &str = "k3y0fthe0wner";

/// Where logs go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// With every log of every crate turned on: a node that is there, one that isn't, and a web socket that is lost and sought again.
#[tokio::test]
async fn urls_are_in_no_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let anvil = Anvil::start();
    let with_key = |url: String| format!("{}/?key={KEY}", url.replace("://", &format!("://{KEY}:{KEY}@")));
    let http = Chain::connect(&with_key(anvil.http())).await.unwrap();
    let ws = Chain::connect(&with_key(anvil.ws())).await.unwrap();
    assert_eq!((http.node(), ws.node()), (anvil.http().as_str(), anvil.ws().as_str()));
    drop(anvil);
    for chain in [http, ws] {
        let limited = tokio::time::timeout(Duration::from_secs(1), chain.provider().get_block_number()).await;
        let said = format!("{chain:?} {limited:?}");
        assert!(!said.contains(KEY), "{said}");
    }
    for scheme in ["http", "ws", "https", "wss"] {
        let url = format!("{scheme}://{KEY}:{KEY}@127.0.0.1:1/v3/{KEY}?key={KEY}");
        let error = Chain::connect(&url).await.unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("eth_chainId"), "logs were written: {text}");
    assert!(!text.contains(KEY), "{text}");
}
