//! What a node says is believed when it fits together, and not before.

use std::time::Duration;

use super::{
    Anvil, Desk, Options, SINK, State, check,
    faults::{Fault, Faulty},
    intent, options, run,
};

fn quick() -> Options {
    Options { timeout: Duration::from_millis(300), ..options() }
}

/// A receipt of no block, of another transaction, or none at all: the intent stays where it is, and no nonce is used twice.
#[test]
fn a_false_receipt_changes_nothing() {
    for lie in [Fault::ReceiptOfNoBlock, Fault::ReceiptOfAnother, Fault::NoReceipt] {
        run(async {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            let node = Faulty::before(&anvil.provider);
            let mut desk = Desk::open(folder.path(), node.provider(), quick());
            anvil.mine(3).await;
            // One that is final, whose receipt can be given for another's.
            desk.outbox.put(intent(SINK, "a/0")).unwrap();
            desk.finish(&anvil).await;
            desk.outbox.put(intent(SINK, "a/1")).unwrap();
            desk.pass().await;
            // Long enough for the nonce to be final, and for the search for a stranger to find the transaction itself.
            node.set("eth_getTransactionReceipt", lie.clone(), 8);
            for _ in 0..8 {
                anvil.mine(1).await;
                desk.pass().await;
                assert_eq!(desk.state("a/1"), State::Signed, "{lie:?}");
                assert_eq!(desk.nonce("a/1"), Some(1), "{lie:?}");
            }
            desk.finish(&anvil).await;
            check(&desk, &anvil).await;
        });
    }
}

/// A receipt that vanishes once it was seen, and one that says the opposite of what it said: not final until it is said twice.
#[test]
fn a_receipt_that_changes_is_not_final() {
    for (lie, from) in [(Fault::NoReceipt, 1), (Fault::ReceiptReversed, 1), (Fault::ReceiptReversed, 0)] {
        run(async {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            let node = Faulty::before(&anvil.provider);
            let mut desk = Desk::open(folder.path(), node.provider(), quick());
            anvil.mine(3).await;
            desk.outbox.put(intent(SINK, "b/0")).unwrap();
            desk.pass().await;
            anvil.mine(1).await;
            if from == 0 {
                node.set("eth_getTransactionReceipt", lie.clone(), 1);
            }
            desk.pass().await;
            assert!(matches!(desk.state("b/0"), State::Included(_)));
            anvil.mine(3).await;
            if from == 1 {
                node.set("eth_getTransactionReceipt", lie.clone(), 1);
            }
            desk.pass().await;
            assert!(matches!(desk.state("b/0"), State::Included(_)), "{lie:?}");
            desk.finish(&anvil).await;
            assert!(matches!(desk.state("b/0"), State::Final { .. }), "{lie:?}");
            check(&desk, &anvil).await;
        });
    }
}

/// An older latest block is no reason to do anything again.
#[test]
fn a_node_that_goes_backwards_is_waited_for() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let node = Faulty::before(&anvil.provider);
        let mut desk = Desk::open(folder.path(), node.provider(), quick());
        anvil.mine(5).await;
        desk.outbox.put(intent(SINK, "c/0")).unwrap();
        desk.pass().await;
        anvil.mine(2).await;
        desk.pass().await;
        let before = desk.outbox.get("c/0").unwrap();
        assert!(matches!(before.state, State::Included(_)));
        for by in [1, 2, 3, 1] {
            node.set("eth_getBlockByNumber", Fault::Stale(by), 1);
            let pass = desk.pass().await;
            assert!(pass.changes.is_empty(), "{pass:?}");
        }
        assert_eq!(desk.outbox.get("c/0").unwrap(), before);
        desk.finish(&anvil).await;
        check(&desk, &anvil).await;
    });
}

/// A transaction whose acknowledgement is lost is sent again, not made again.
#[test]
fn a_lost_answer_is_not_a_lost_transaction() {
    for fault in [Fault::Lost, Fault::Unanswered, Fault::Silent] {
        run(async {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            let node = Faulty::before(&anvil.provider);
            let mut desk = Desk::open(folder.path(), node.provider(), quick());
            anvil.mine(3).await;
            for number in 0..3 {
                desk.outbox.put(intent(SINK, &format!("d/{number}"))).unwrap();
            }
            node.set("eth_sendRawTransaction", fault.clone(), 2);
            let pass = desk.pass().await;
            assert_eq!(pass.troubles.len(), 1, "{pass:?}");
            assert_eq!(pass.changes.len(), 1, "nothing is queued behind what no node has: {pass:?}");
            let hash = desk.outbox.get("d/0").unwrap().bound.unwrap().attempts[0].hash;
            desk.finish(&anvil).await;
            assert_eq!(desk.state("d/0").inclusion().unwrap().hash, hash, "{fault:?}");
            check(&desk, &anvil).await;
        });
    }
}

/// The same on every run: a fifth of all answers is wrong.
#[test]
fn it_gets_through_a_bad_connection() {
    for seed in 0..3 {
        run(async {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            let node = Faulty::before(&anvil.provider);
            let mut desk = Desk::open(
                folder.path(),
                node.provider(),
                Options { timeout: Duration::from_millis(100), ..options() },
            );
            anvil.mine(5).await;
            for number in 0..8 {
                desk.outbox.put(intent(SINK, &format!("e/{number}"))).unwrap();
            }
            node.disturb(20, seed);
            for round in 0..60 {
                desk.pass().await;
                anvil.mine(round % 2).await;
            }
            node.calm();
            desk.finish(&anvil).await;
            assert!(desk.outbox.all().iter().all(|record| matches!(record.state, State::Final { .. })));
            check(&desk, &anvil).await;
        });
    }
}
