//! On a devnet, which makes a block only when something is sent: what somebody else did first is over at once, and what is refused otherwise is asked
//! about ever more rarely, and given up without a block.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::ext::AnvilApi,
};
use hyperdust_devnet::{Devnet, Genesis, Served, account};
use hyperdust_settlement::{
    Call,
    market::Status,
    outbox::{Account, Failure, Intent, Ledger, Outbox, State},
    sender::{Options, Sender, Step},
};
use tempfile::TempDir;

use crate::{
    anvil::later,
    world::{World, coin},
};

/// The sender of the devnet's account 3, on its own outbox.
fn sender(devnet: &Devnet, options: Options) -> (Sender, Outbox, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let signer = account(3);
    let of = Account { chain: devnet.chain_id(), address: signer.address() };
    let outbox = Outbox::open(&Ledger::open(folder.path()).unwrap(), of).unwrap();
    let sender = Sender::new(devnet.provider(), Arc::new(signer), outbox.clone(), options).unwrap();
    (sender, outbox, folder)
}

/// A chain, served as long as the second is there, and a session that was opened on it.
async fn opened() -> (Devnet, Served, World, B256) {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let served = devnet.serve(([127, 0, 0, 1], 0).into()).unwrap();
    let mut world = World::start(&served.url()).await;
    let asset = world.stocked().await;
    let opening = world.opening(asset, coin(1));
    let session = world.opened(|w| &w.user, world.market.open(&opening).unwrap()).await;
    (devnet, served, world, session)
}

fn intent(key: &str, call: Call) -> Intent {
    Intent { key: key.into(), call, deadline: None, requires: None }
}

#[tokio::test]
async fn what_somebody_else_did_first_is_over_at_once() {
    let (devnet, _served, mut world, session) = opened().await;
    let (claim, signer) = (world.claim(session, 10), world.user.address);
    world.send(|w| &w.provider, world.market.claim(&claim, signer).unwrap()).await.unwrap();

    // Its window is over: two want to finalise it.
    let (mut sender, outbox, _folder) = sender(&devnet, Options { confirmations: 1, ..Options::default() });
    let early = intent("early", world.market.finalise(session));
    outbox.put(early).unwrap();
    let pass = sender.pass().await.unwrap();
    assert!(pass.troubles[0].to_string().contains("early waits: the contract would refuse it: TooEarly"), "{pass:?}");
    outbox.put(intent("late", world.market.finalise(session))).unwrap();
    // Blocks that come faster than seconds are ahead of the clock.
    later(world.node(), world.market.deployment().parameters.window + 3600).await;
    world.send(|w| &w.user, world.market.finalise(session)).await.unwrap();
    let state = world.market.session(world.node(), session).await.unwrap();
    assert_eq!(state.status, Status::Ended);

    let pass = sender.pass().await.unwrap();
    assert_eq!(pass.changes.iter().map(|change| &change.step).collect::<Vec<_>>(), [&Step::Overtaken; 2]);
    assert!(pass.troubles.is_empty(), "{pass:?}");
    for key in ["early", "late"] {
        assert!(matches!(outbox.get(key).unwrap().state, State::Failed(Failure::Overtaken { .. })));
    }
}

/// A block that may vanish proves nothing.
#[tokio::test]
async fn what_may_vanish_is_not_over() {
    let (devnet, _served, mut world, session) = opened().await;
    let (mut sender, outbox, _folder) = sender(&devnet, Options { confirmations: 3, ..Options::default() });
    world.send(|w| &w.provider, world.market.decline(session)).await.unwrap();
    outbox.put(intent("reclaim", world.market.reclaim(session))).unwrap();
    sender.pass().await.unwrap();
    assert_eq!(outbox.get("reclaim").unwrap().state, State::Waiting);
    world.node().evm_mine(None).await.unwrap();
    sender.pass().await.unwrap();
    assert_eq!(outbox.get("reclaim").unwrap().state, State::Waiting);
    world.node().evm_mine(None).await.unwrap();
    sender.pass().await.unwrap();
    assert!(matches!(outbox.get("reclaim").unwrap().state, State::Failed(Failure::Overtaken { .. })));
}

#[tokio::test]
async fn patience_ends_without_a_block() {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    // A contract that refuses everything.
    let refuser = Address::repeat_byte(0x52);
    devnet.provider().anvil_set_code(refuser, Bytes::from_static(&[0x60, 0x00, 0x80, 0xfd])).await.unwrap();
    let (mut sender, outbox, _folder) = sender(&devnet, Options { patience: 6, ..Options::default() });
    let call = Call { to: refuser, input: B256::ZERO.into(), value: U256::ZERO, what: "nothing".into() };
    outbox.put(intent("refused", call)).unwrap();
    let (mut looks, mut passes) = (0, 0);
    while outbox.pending() > 0 {
        passes += 1;
        assert!(passes < 1_000, "it is never given up");
        looks += sender.pass().await.unwrap().troubles.len();
    }
    assert!(matches!(outbox.get("refused").unwrap().state, State::Failed(Failure::Foreseen { .. })));
    assert!(looks == 6 && passes > 60, "{looks} looks in {passes} passes");
    assert_eq!(devnet.head().unwrap().0, 0);
}
