//! What would be reverted costs nothing, unless time presses; keys are kept; the nearest deadline goes first.

use alloy::primitives::Bytes;
use hyperdust_settlement::{
    outbox::{Account, Failure, Intent, Ledger, Outbox, Put, Requirement},
    sender::{Error, Trouble},
};

use super::{Anvil, Desk, Options, REFUSER, SINK, SPEAKER, State, check, intent, options, run, signer};

#[test]
fn a_foreseen_revert_costs_nothing() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        desk.outbox.put(intent(REFUSER, "a/0")).unwrap();
        let pass = desk.pass().await;
        assert!(matches!(&pass.troubles[0], Trouble::Foreseen { reason, .. } if reason.as_ref() == b"no"), "{pass:?}");
        desk.finish(&anvil).await;
        assert_eq!(desk.state("a/0"), State::Failed(Failure::Foreseen { reason: Bytes::from_static(b"no") }));
        check(&desk, &anvil).await;
    });
}

/// Where the deadline is near it is sent all the same, and what the contract says is found out.
#[test]
fn a_pressing_deadline_is_worth_the_gas() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        let deadline = Some(anvil.time().await + 5);
        desk.outbox.put(Intent { deadline, ..intent(REFUSER, "b/0") }).unwrap();
        desk.finish(&anvil).await;
        match desk.state("b/0") {
            State::Failed(Failure::Reverted { inclusion, reason }) => {
                assert!(!inclusion.success);
                assert_eq!(reason.as_ref(), b"no");
            }
            other => panic!("{other:?}"),
        }
        check(&desk, &anvil).await;
    });
}

#[test]
fn the_nearest_deadline_goes_first_and_a_passed_one_not_at_all() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), Options { in_flight: 2, ..options() });
        anvil.mine(5).await;
        let now = anvil.time().await;
        for (key, deadline) in
            [("none", None), ("late", Some(now + 9000)), ("soon", Some(now + 900)), ("gone", Some(1))]
        {
            desk.outbox.put(Intent { deadline, ..intent(SINK, key) }).unwrap();
        }
        desk.finish(&anvil).await;
        assert_eq!(["soon", "late", "none"].map(|key| desk.nonce(key)), [Some(0), Some(1), Some(2)]);
        assert_eq!(desk.state("gone"), State::Failed(Failure::Expired));
        check(&desk, &anvil).await;
    });
}

#[test]
fn what_is_required_is_asked_before() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        // The sink returns nothing; "something" is never returned.
        let requires = |output: &'static [u8]| {
            Some(Requirement { to: SINK, input: Bytes::new(), output: Bytes::from_static(output) })
        };
        desk.outbox.put(Intent { requires: requires(b""), ..intent(SPEAKER, "c/0") }).unwrap();
        desk.outbox.put(Intent { requires: requires(b"something"), ..intent(SPEAKER, "c/1") }).unwrap();
        desk.finish(&anvil).await;
        assert!(matches!(desk.state("c/0"), State::Final { .. }));
        assert_eq!(desk.state("c/1"), State::Failed(Failure::Unwanted));
        check(&desk, &anvil).await;
    });
}

#[test]
fn a_key_is_one_intent() {
    let folder = tempfile::tempdir().unwrap();
    let account = Account { chain: 31337, address: signer(7).address() };
    let other = Account { chain: 1, ..account };
    {
        let ledger = Ledger::open(folder.path()).unwrap();
        let outbox = Outbox::open(&ledger, account).unwrap();
        assert_eq!(outbox.put(intent(SINK, "d/0")).unwrap(), Put::New);
        assert_eq!(outbox.put(intent(SINK, "d/0")).unwrap(), Put::Known);
        assert!(matches!(outbox.put(intent(REFUSER, "d/0")), Err(Error::Taken { what: "call", .. })));
        assert!(matches!(outbox.put(intent(SINK, "")), Err(Error::Length { .. })));
        assert!(matches!(Outbox::open(&ledger, other), Err(Error::Account { .. })));
    }
    let ledger = Ledger::open(folder.path()).unwrap();
    let outbox = Outbox::open(&ledger, account).unwrap();
    assert_eq!(outbox.put(intent(SINK, "d/0")).unwrap(), Put::Known);
    assert_eq!(outbox.all().len(), 1);
}

/// A node of another chain gets nothing.
#[test]
fn a_node_of_another_chain() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.ask("anvil_setChainId", serde_json::json!([31338])).await;
        desk.outbox.put(intent(SINK, "e/0")).unwrap();
        assert!(matches!(desk.sender.pass().await, Err(Error::Account { .. })));
    });
}
