//! A devnet that is started anew is another chain of the same number: what was to happen on the one is not tried on the other.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::Filter,
};
use hyperdust_devnet::{Devnet, Genesis, account};
use hyperdust_settlement::{
    Call,
    follower::{self, Follower},
    outbox::{Account, Intent, Ledger, Outbox},
    sender::{Error, Options, Sender},
};

#[tokio::test]
async fn a_ledger_is_of_one_chain() {
    let [one, other] = [1, 2].map(|salt| {
        Devnet::in_memory(Genesis { salt: B256::repeat_byte(salt), timestamp: 1_700_000_000, ..Genesis::default() })
            .unwrap()
    });
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path()).unwrap();
    let signer = account(3);
    let of = Account { chain: one.chain_id(), address: signer.address() };
    let outbox = Outbox::open(&ledger, of).unwrap();
    let sender = |node: &Devnet| {
        Sender::new(node.provider(), Arc::new(signer.clone()), outbox.clone(), Options::default()).unwrap()
    };
    let call = Call { to: Address::repeat_byte(7), value: U256::from(1), what: "a gift".into(), ..Call::default() };
    outbox.put(Intent { key: "gift".into(), call, deadline: None, requires: None }).unwrap();
    assert_eq!(sender(&one).pass().await.unwrap().changes.len(), 1);

    for error in [
        sender(&other).pass().await.unwrap_err(),
        ledger.check(&other.provider()).await.unwrap_err(),
        Follower::open(other.provider(), &ledger, "all", Filter::new(), follower::Options::default())
            .unwrap()
            .next()
            .await
            .unwrap_err(),
    ] {
        assert!(!error.retryable());
        assert!(error.to_string().contains(folder.path().to_str().unwrap()), "{error}");
        let Error::OtherChain { found, accepted, .. } = error else { panic!("{error}") };
        assert_eq!((found, accepted), (other.genesis().unwrap(), one.genesis().unwrap()));
    }
    assert_eq!(other.head().unwrap().0, 0, "nothing was sent there");
    // The one that it is of is taken again.
    sender(&one).pass().await.unwrap();
    ledger.check(&one.provider()).await.unwrap();
}
