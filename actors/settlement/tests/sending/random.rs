//! Random histories against a model.
//!
//! Intents come, the process ends (between or in the middle of requests), blocks are made and vanish, the node fails. At every moment at most one
//! transaction of an intent is on the chain; when the trouble ends, every intent becomes final with exactly one, and the follower's
//! consumer believes exactly what the chain says.

use std::{collections::BTreeMap, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{Anvil, Desk, Options, SINK, State, check, faults::Faulty, intent, options, run, signer};

#[derive(Clone, Debug)]
enum Act {
    /// An intent comes, or one that is there comes again.
    Put(u8),
    /// The sender passes.
    Pass,
    /// The process ends at this request of a pass, and a new one begins.
    Crash(u64),
    /// Blocks are made.
    Mine(u64),
    /// Blocks vanish.
    Reorganise(u64),
    /// So many of a hundred requests fail, until the next of these.
    Faults(u64, u64),
    /// The base fee of the next block rises above what is offered.
    Rise,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..12_u8).prop_map(Act::Put),
        6 => Just(Act::Pass),
        2 => (1..25_u64).prop_map(Act::Crash),
        4 => (1..3_u64).prop_map(Act::Mine),
        1 => (1..4_u64).prop_map(Act::Reorganise),
        1 => (0..30_u64, any::<u64>()).prop_map(|(percent, seed)| Act::Faults(percent, seed)),
        1 => Just(Act::Rise),
    ]
}

/// No intent has more than one transaction on the chain.
async fn at_most_one(anvil: &Anvil, put: &BTreeMap<u8, u32>) {
    let mined = anvil.mined(signer(7).address()).await;
    for key in put.keys() {
        let key = format!("r/{key}");
        let mine = mined.iter().filter(|it| it.input.as_ref() == key.as_bytes()).count();
        assert!(mine <= 1, "{key} is on the chain {mine} times");
    }
}

async fn history(acts: Vec<Act>) {
    let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
    let node = Faulty::before(&anvil.provider);
    let options = Options { timeout: Duration::from_millis(200), ..options() };
    let open = || Desk::open(folder.path(), node.provider(), options);
    let (mut desk, mut put) = (open(), BTreeMap::new());
    anvil.mine(5).await;
    for act in acts {
        match act {
            Act::Put(key) => {
                desk.outbox.put(intent(SINK, &format!("r/{key}"))).unwrap();
                *put.entry(key).or_default() += 1;
            }
            Act::Pass => drop(desk.pass().await),
            Act::Crash(requests) => {
                node.end_in(requests);
                tokio::select! {
                    () = node.ended() => {}
                    _ = desk.pass() => {}
                }
                drop(desk);
                desk = open();
                at_most_one(&anvil, &put).await;
            }
            Act::Mine(blocks) => anvil.mine(blocks).await,
            Act::Reorganise(depth) => {
                anvil.reorganise(depth).await;
                at_most_one(&anvil, &put).await;
            }
            Act::Faults(percent, seed) => node.disturb(percent, seed),
            Act::Rise => anvil.base_fee(30_000_000_000).await,
        }
    }
    node.calm();
    desk.finish(&anvil).await;
    assert_eq!(desk.outbox.all().len(), put.len());
    assert!(desk.outbox.all().iter().all(|record| matches!(record.state, State::Final { .. })));
    check(&desk, &anvil).await;
}

#[test]
fn any_history_ends_well() {
    let cases = std::env::var("HYPERDUST_SENDING_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    let mut runner =
        TestRunner::new(Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() });
    let acts = prop::collection::vec(act(), 10..60);
    runner
        .run(&acts, |acts| {
            run(history(acts));
            Ok(())
        })
        .unwrap();
}
