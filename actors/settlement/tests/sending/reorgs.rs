//! Blocks that vanish take nothing with them: what was in them is sent again, with the same bytes.

use serde_json::json;

use super::{Anvil, Desk, SINK, State, Step, check, intent, options, run};

/// Three blocks deep, while some intents are on their way, some included and some not made yet.
#[test]
fn three_blocks_vanish_in_the_middle() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        for number in 0..6 {
            desk.outbox.put(intent(SINK, &format!("a/{number}"))).unwrap();
        }
        // Two blocks with the first four in them: not final yet.
        desk.pass().await;
        anvil.mine(2).await;
        desk.pass().await;
        let hash = |desk: &Desk| desk.outbox.get("a/0").unwrap().bound.unwrap().attempts[0].hash;
        let (sent, included) = (hash(&desk), desk.state("a/0"));
        assert!(matches!(included, State::Included(_)), "{included:?}");
        anvil.reorganise(3).await;
        assert_eq!(anvil.mined(super::signer(7).address()).await.len(), 0);
        let steps = desk.finish(&anvil).await;
        assert!(steps.iter().filter(|step| matches!(step, Step::Vanished { .. })).count() >= 4, "{steps:?}");
        assert_eq!(hash(&desk), sent);
        check(&desk, &anvil).await;
    });
}

/// Again and again, at every stage; over a web socket.
#[test]
fn it_goes_on_through_many() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.socket().await, options());
        anvil.mine(3).await;
        for round in 0..12 {
            desk.outbox.put(intent(SINK, &format!("b/{round}"))).unwrap();
            desk.pass().await;
            anvil.mine(1).await;
            desk.pass().await;
            if round % 2 == 1 {
                anvil.reorganise(3).await;
            }
        }
        desk.finish(&anvil).await;
        assert!(desk.outbox.all().iter().all(|record| matches!(record.state, State::Final { .. })));
        check(&desk, &anvil).await;
    });
}

/// A reorganisation below what counts as final opens the intent again, where it is still remembered.
#[test]
fn what_was_final_is_opened_again() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        desk.outbox.put(intent(SINK, "c/0")).unwrap();
        desk.finish(&anvil).await;
        assert!(matches!(desk.state("c/0"), State::Final { .. }));
        let deep = anvil.head().await - 3;
        anvil.reorganise(deep).await;
        desk.outbox.put(intent(SINK, "c/1")).unwrap();
        let steps = desk.finish(&anvil).await;
        assert!(steps.iter().any(|step| matches!(step, Step::Vanished { .. })), "{steps:?}");
        // The nonce of the first is its own again: no gap, no second use.
        assert_eq!((desk.nonce("c/0"), desk.nonce("c/1")), (Some(0), Some(1)));
        desk.finish(&anvil).await;
        check(&desk, &anvil).await;
    });
}

/// A chain that goes back and stays there, as a development chain does that is reset to a snapshot.
#[test]
fn a_chain_that_went_back_is_believed_after_a_while() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        let snapshot = anvil.ask("evm_snapshot", json!([])).await;
        desk.outbox.put(intent(SINK, "d/0")).unwrap();
        desk.pass().await;
        anvil.mine(2).await;
        desk.pass().await;
        assert!(matches!(desk.state("d/0"), State::Included(_)));
        assert_eq!(anvil.ask("evm_revert", json!([snapshot])).await, json!(true));
        desk.pass().await;
        assert!(matches!(desk.state("d/0"), State::Included(_)), "a node that is behind is waited for");
        for _ in 0..20 {
            desk.pass().await;
        }
        assert_eq!(desk.state("d/0"), State::Signed);
        desk.finish(&anvil).await;
        check(&desk, &anvil).await;
    });
}
