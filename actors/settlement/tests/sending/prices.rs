//! What is stuck is replaced by what offers more, with the same nonce and within the caps.

use hyperdust_settlement::{
    fees::{Caps, Fees, Pricing},
    sender::Trouble,
};

use super::{Anvil, Desk, Options, SINK, State, Step, check, intent, options, run};

/// The base fee rises above what was offered; replacements follow it, each by an eighth or more.
#[test]
fn a_stuck_transaction_is_replaced() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        for number in 0..3 {
            desk.outbox.put(intent(SINK, &format!("a/{number}"))).unwrap();
        }
        desk.pass().await;
        let mut steps = Vec::new();
        for _ in 0..8 {
            anvil.base_fee(50_000_000_000).await;
            anvil.mine(1).await;
            steps.extend(desk.pass().await.changes.into_iter().map(|change| change.step));
        }
        assert!(steps.iter().any(|step| matches!(step, Step::Replaced { nonce: 0, .. })), "{steps:?}");
        desk.finish(&anvil).await;
        let bound = desk.outbox.get("a/0").unwrap().bound.unwrap();
        for pair in bound.attempts.windows(2) {
            let parts = |fees: Fees| match fees {
                Fees::Eip1559 { max_fee, tip } => [max_fee, tip],
                Fees::Legacy { price } => [price, price],
            };
            for (old, new) in parts(pair[0].fees).into_iter().zip(parts(pair[1].fees)) {
                assert!(new * 8 >= old * 9, "{pair:?}");
            }
        }
        check(&desk, &anvil).await;
    });
}

/// Nothing is offered above the cap: what is stuck there waits, and says so.
#[test]
fn a_cap_is_never_passed() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let caps = Caps { max_fee: 3_000_000_000, ..Caps::default() };
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), Options { caps, ..options() });
        anvil.mine(3).await;
        desk.outbox.put(intent(SINK, "b/0")).unwrap();
        desk.pass().await;
        let mut capped = 0;
        for _ in 0..12 {
            anvil.base_fee(50_000_000_000).await;
            anvil.mine(1).await;
            let troubles = desk.pass().await.troubles;
            capped += troubles.iter().filter(|it| matches!(it, Trouble::Capped { .. })).count();
        }
        assert!(capped > 0);
        assert_eq!(desk.state("b/0"), State::Signed);
        anvil.base_fee(1_000_000_000).await;
        desk.finish(&anvil).await;
        let attempts = desk.outbox.get("b/0").unwrap().bound.unwrap().attempts;
        assert!(attempts.iter().all(|attempt| attempt.fees.max() <= caps.max_fee));
        check(&desk, &anvil).await;
    });
}

/// A chain that wants legacy transactions gets them, and their replacements.
#[test]
fn legacy_transactions() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let pricing = Some(Pricing::Legacy);
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), Options { pricing, ..options() });
        anvil.mine(3).await;
        desk.outbox.put(intent(SINK, "c/0")).unwrap();
        desk.pass().await;
        for _ in 0..4 {
            anvil.base_fee(50_000_000_000).await;
            anvil.mine(1).await;
            desk.pass().await;
        }
        desk.finish(&anvil).await;
        let attempts = desk.outbox.get("c/0").unwrap().bound.unwrap().attempts;
        assert!(attempts.len() > 1 && attempts.iter().all(|it| matches!(it.fees, Fees::Legacy { .. })));
        check(&desk, &anvil).await;
    });
}

/// An account without coin takes no nonce; the intent waits until there is some.
#[test]
fn too_little_coin() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut desk = Desk::open(folder.path(), anvil.provider.clone(), options());
        anvil.mine(3).await;
        let account = super::signer(7).address();
        anvil.ask("anvil_setBalance", serde_json::json!([account, "0x1000"])).await;
        desk.outbox.put(intent(SINK, "d/0")).unwrap();
        let pass = desk.pass().await;
        assert!(matches!(pass.troubles[0], Trouble::Funds { .. }), "{pass:?}");
        assert_eq!(desk.state("d/0"), State::Waiting);
        anvil.ask("anvil_setBalance", serde_json::json!([account, "0xde0b6b3a7640000"])).await;
        desk.finish(&anvil).await;
        check(&desk, &anvil).await;
    });
}
