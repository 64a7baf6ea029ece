//! Somebody else sends from the same account: an intent gets another nonce when its own is lost for good, and not before.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TxSignerSync,
    primitives::{B256, Bytes, TxKind, hex},
};
use serde_json::json;

use super::{Anvil, Desk, SINK, State, Step, intent, options, run, signer};

/// Sends a transaction of the account that the sender knows nothing of.
pub async fn send(anvil: &Anvil, nonce: u64, gwei: u128) -> B256 {
    let mut transaction = TxEip1559 {
        chain_id: 31337,
        nonce,
        gas_limit: 60_000,
        max_fee_per_gas: gwei * 1_000_000_000,
        max_priority_fee_per_gas: gwei * 1_000_000_000 / 2,
        to: TxKind::Call(SINK),
        value: Default::default(),
        access_list: Default::default(),
        input: Bytes::from_static(b"a stranger"),
    };
    let signature = signer(7).sign_transaction_sync(&mut transaction).unwrap();
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    let raw = hex::encode_prefixed(envelope.encoded_2718());
    anvil.ask("eth_sendRawTransaction", json!([raw])).await;
    *envelope.tx_hash()
}

#[test]
fn a_stranger_takes_a_nonce() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        for number in 0..3 {
            desk.outbox.put(intent(SINK, &format!("a/{number}"))).unwrap();
        }
        desk.pass().await;
        assert_eq!(desk.nonce("a/1"), Some(1));
        // It offers more than ours with the same nonce, and takes its place.
        let stranger = send(&anvil, 1, 900).await;
        let mut steps = Vec::new();
        for blocks in 1..=4 {
            anvil.mine(1).await;
            steps.extend(desk.pass().await.changes.into_iter().map(|change| change.step));
            if blocks < 4 {
                assert_eq!((desk.state("a/1"), desk.nonce("a/1")), (State::Signed, Some(1)), "after {blocks} blocks");
            }
        }
        assert!(steps.contains(&Step::Displaced { nonce: 1, by: stranger }), "{steps:?}");
        desk.finish(&anvil).await;
        assert_eq!(desk.nonce("a/1"), Some(3));
        assert_eq!(desk.outbox.get("a/1").unwrap().displaced, [(1, stranger)]);
        let mined = anvil.mined(signer(7).address()).await;
        assert_eq!(mined.len(), 4);
        for record in desk.outbox.all() {
            let mine = mined.iter().filter(|it| it.input == record.intent.call.input).count();
            assert_eq!(mine, 1, "{record:?}");
        }
    });
}

/// Nonces that were used while nobody looked are not used again.
#[test]
fn strangers_came_before() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        send(&anvil, 0, 10).await;
        send(&anvil, 1, 10).await;
        anvil.mine(1).await;
        desk.outbox.put(intent(SINK, "b/0")).unwrap();
        desk.finish(&anvil).await;
        assert_eq!(desk.nonce("b/0"), Some(2));
        send(&anvil, 3, 10).await;
        anvil.mine(1).await;
        desk.outbox.put(intent(SINK, "b/1")).unwrap();
        desk.finish(&anvil).await;
        assert_eq!(desk.nonce("b/1"), Some(4));
    });
}

/// A stranger's transaction that vanishes with its block gives the nonce back.
#[test]
fn a_stranger_that_vanishes_takes_nothing() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        desk.outbox.put(intent(SINK, "c/0")).unwrap();
        desk.pass().await;
        send(&anvil, 0, 900).await;
        anvil.mine(1).await;
        desk.pass().await;
        anvil.reorganise(1).await;
        let steps = desk.finish(&anvil).await;
        assert!(!steps.iter().any(|step| matches!(step, Step::Displaced { .. })), "{steps:?}");
        assert_eq!(desk.nonce("c/0"), Some(0));
    });
}
