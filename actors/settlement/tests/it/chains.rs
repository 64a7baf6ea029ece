//! Nodes: what they can do is found out, what they do wrong becomes an error that says whether to try again, and nobody learns their URL's keys.

use std::time::Duration;

use hyperdust_settlement::{
    Chain, Error,
    amount::Coin,
    chain::{Fees, LogRange, PRESETS, Preset},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::anvil::{Anvil, blocks};

const KEY: &str = "k3y0fthe0wner";

/// A node of somebody's that answers every request with this status and body, or, without a status, with nothing at all. Returns its port.
async fn stranger(status: &'static str, body: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                if status.is_empty() {
                    std::future::pending::<()>().await;
                }
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}

async fn error_of(status: &'static str, body: &'static str) -> Error {
    let port = stranger(status, body).await;
    let url = format!("http://user-{KEY}:pass-{KEY}@127.0.0.1:{port}/v3/{KEY}?key={KEY}#{KEY}");
    // Whoever doesn't answer at all is waited for; the others have as long as they need.
    let limit = if status.is_empty() { Duration::from_millis(100) } else { Duration::from_secs(60) };
    let error = Chain::connect_within(&url, limit).await.unwrap_err();
    let text = format!("{error} {error:?} {error:#?}");
    assert!(!text.contains(KEY), "{text}");
    error
}

#[tokio::test]
async fn what_nodes_do_wrong_is_to_be_tried_again_or_not() {
    let limit = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"rate limit of k3y0fthe0wner"}}"#;
    let behind = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"header not found"}}"#;
    let cut = "200 OK\r\ntransfer-encoding: chunked";
    let busy = [
        ("", ""),
        ("429 Too Many Requests", "no!"),
        ("503 Service Unavailable", ""),
        ("200 OK", limit),
        ("429 Too Many Requests", limit),
        ("200 OK", behind),
        (cut, "{"),
    ];
    for (status, body) in busy {
        let error = error_of(status, body).await;
        assert!(error.is_retryable(), "{status}: {error}");
    }
    let method = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no such: k3y0fthe0wner"}}"#;
    let terminal = [
        ("401 Unauthorized", "wrong k3y0fthe0wner!!"),
        ("302 Found\r\nlocation: http://127.0.0.1:9/k3y0fthe0wner", ""),
        ("200 OK", "hello"),
        ("200 OK", method),
    ];
    for (status, body) in terminal {
        let error = error_of(status, body).await;
        assert!(!error.is_retryable(), "{status}: {error}");
    }
    assert!(matches!(error_of("401 Unauthorized", "").await, Error::Refused { code: 401, .. }));
    assert!(
        matches!(error_of("200 OK", method).await, Error::Refused { code: -32601, message } if message == "no such: …")
    );
}

#[tokio::test]
async fn what_is_no_url_of_a_node_is_refused() {
    for url in [
        "",
        "localhost:8545",
        "ftp://127.0.0.1/k3y0fthe0wner",
        "http://",
        "/run/k3y0fthe0wner.ipc",
        "http://[::k3y0fthe0wner",
        "file:///k3y0fthe0wner",
    ] {
        let error = Chain::connect(url).await.unwrap_err();
        assert!(matches!(error, Error::Url { .. }), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_node_is_asked_what_it_can_do() {
    let anvil = Anvil::start();
    let chain = Chain::connect(&anvil.http()).await.unwrap();
    blocks(chain.provider(), 120).await;
    let report = chain.probe().await.unwrap();
    assert_eq!((report.chain_id, report.preset, report.latest), (31_337, None, 120));
    assert!(matches!(report.fees, Fees::Dynamic { base_fee } if base_fee > 0));
    assert_eq!(report.logs, LogRange { blocks: 121, limited: false });
    assert!(report.client.as_ref().unwrap().contains("anvil"));
    assert!(report.finalized.is_some_and(|block| block <= 120));
    let text = report.to_string();
    assert!(text.contains("EIP-1559") && text.contains("chain 31337 is not known here"), "{text}");

    let over = Chain::over(chain.provider().clone()).await.unwrap();
    assert_eq!((over.id(), over.probe().await.unwrap().latest), (31_337, 120));
}

#[tokio::test]
async fn a_chain_is_held_to_what_is_known_of_it() {
    let anvil = Anvil::with(&["--hardfork", "berlin", "--chain-id", "30"]);
    let chain = Chain::connect_to(&anvil.ws(), 30).await.unwrap();
    assert_eq!(chain.coin().symbol, "RBTC");
    let report = chain.probe().await.unwrap();
    assert_eq!((report.fees, report.preset.unwrap().name), (Fees::Legacy, "rootstock"));
    assert!(!report.concerns().iter().any(|concern| concern.contains("fees")), "{report}");
    assert!(matches!(Chain::connect_to(&anvil.http(), 31).await, Err(Error::WrongChain { found: 30, accepted: 31 })));

    // A citrea that has no base fee, a merlin that has one.
    let [old, new] =
        [Anvil::with(&["--hardfork", "berlin", "--chain-id", "4114"]), Anvil::with(&["--chain-id", "4200"])];
    for (anvil, concern) in [(old, "legacy ones are used"), (new, "have a base fee")] {
        let report = Chain::connect(&anvil.http()).await.unwrap().probe().await.unwrap();
        assert!(report.concerns().iter().any(|found| found.ends_with(concern)), "{report}");
    }
}

#[test]
fn presets_are_told_apart() {
    for (i, one) in PRESETS.iter().enumerate() {
        assert_eq!((Preset::of(one.chain_id), Preset::named(one.name)), (Some(one), Some(one)));
        assert!(PRESETS[..i].iter().all(|other| other.name != one.name && other.chain_id != one.chain_id));
        assert_eq!(one.test, one.name.ends_with("-testnet"));
    }
    // Gas on BOB is ether.
    assert_eq!(Preset::named("BOB").unwrap().coin, Coin::ETHER);
    assert!(Preset::named("citrea").unwrap().coin.bitcoin);
}
