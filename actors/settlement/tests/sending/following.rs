//! Logs are given once, in order, and taken back where their block is: also after a crash, a reorganisation and a lie.

use std::{path::Path, time::Duration};

use alloy::{
    primitives::Bytes,
    providers::{DynProvider, Provider},
    rpc::types::Filter,
};
use hyperdust_settlement::{
    follower::{Error, Event, Follower, Options, Point, REMEMBERED},
    outbox::Ledger,
};
use serde_json::json;

use super::{
    Anvil, SPEAKER,
    faults::{Fault, Faulty},
    run,
};

/// What a consumer has made of the events: the blocks it believes in and what was said in each.
#[derive(Debug, Default, PartialEq)]
pub struct Believed(pub Vec<(Point, Vec<Bytes>)>);

impl Believed {
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Applied { block, logs, .. } => {
                assert!(self.0.last().is_none_or(|(last, _)| last.number < block.number), "{block:?} after {self:?}");
                let said = logs.iter().map(|log| log.data().data.clone()).collect();
                self.0.push((*block, said));
            }
            Event::Undone(block) => assert_eq!(self.0.pop().map(|(block, _)| block), Some(*block)),
        }
    }

    fn said(&self) -> Vec<Bytes> {
        self.0.iter().flat_map(|(_, said)| said.clone()).collect()
    }
}

/// Something is said on the chain.
pub async fn speak(anvil: &Anvil, words: &str) {
    let accounts = anvil.ask("eth_accounts", json!([])).await;
    let data = Bytes::copy_from_slice(words.as_bytes());
    anvil
        .ask("eth_sendTransaction", json!([{ "from": accounts[0], "to": SPEAKER, "data": data, "gas": "0x20000" }]))
        .await;
}

fn open(folder: &Path, provider: DynProvider, options: Options) -> Follower {
    open_in(&Ledger::open(folder).unwrap(), provider, options)
}

/// In a ledger that is open.
pub fn open_in(ledger: &Ledger, provider: DynProvider, options: Options) -> Follower {
    Follower::open(provider, ledger, "speaker", Filter::new().address(SPEAKER), options).unwrap()
}

/// Takes everything that there is.
async fn drain(follower: &mut Follower, believed: &mut Believed) {
    while let Some(event) = follower.next().await.unwrap() {
        believed.take(&event);
        follower.acknowledge(&event).unwrap();
    }
}

async fn truth(anvil: &Anvil) -> Vec<Bytes> {
    let filter = Filter::new().address(SPEAKER).from_block(0);
    let logs = anvil.provider.get_logs(&filter).await.unwrap();
    logs.into_iter().map(|log| log.data().data.clone()).collect()
}

/// Over a web socket.
#[test]
fn a_reorganisation_is_undone_and_done_again() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut follower = open(folder.path(), anvil.socket().await, Options::default());
        let mut believed = Believed::default();
        for round in 0..12 {
            speak(&anvil, &format!("one {round}")).await;
            speak(&anvil, &format!("two {round}")).await;
            anvil.mine(1 + round % 3).await;
            drain(&mut follower, &mut believed).await;
            if round % 3 == 2 {
                let before = believed.0.len();
                anvil.reorganise(3).await;
                let Some(Event::Undone(_)) = follower.next().await.unwrap() else { panic!("something is undone") };
                drain(&mut follower, &mut believed).await;
                assert_eq!(believed.0.len(), before);
            }
            assert_eq!(believed.said(), truth(&anvil).await);
        }
        // Every block near the end, each the parent of the next.
        assert!(believed.0.windows(2).all(|pair| pair[0].0.number + 1 == pair[1].0.number));
    });
}

/// Only what was acknowledged is not given again.
#[test]
fn what_was_not_acknowledged_comes_again() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let mut believed = Believed::default();
        for round in 0..6 {
            speak(&anvil, &format!("{round}")).await;
            anvil.mine(1).await;
            let mut follower = open(folder.path(), anvil.provider.clone(), Options::default());
            let first = follower.next().await.unwrap().unwrap();
            assert_eq!(follower.next().await.unwrap().as_ref(), Some(&first));
            drop(follower);
            let mut follower = open(folder.path(), anvil.provider.clone(), Options::default());
            assert_eq!(follower.next().await.unwrap().as_ref(), Some(&first));
            if round % 2 == 0 {
                drain(&mut follower, &mut believed).await;
                assert!(matches!(follower.acknowledge(&first), Err(Error::Acknowledged { .. })));
            }
        }
        let mut follower = open(folder.path(), anvil.provider.clone(), Options::default());
        drain(&mut follower, &mut believed).await;
        assert_eq!(believed.said(), truth(&anvil).await);
    });
}

/// With confirmations a reorganisation above them is never seen.
#[test]
fn confirmations_keep_reorganisations_away() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        anvil.mine(3).await;
        let options = Options { confirmations: 4, ..Options::default() };
        let mut follower = open(folder.path(), anvil.provider.clone(), options);
        let mut believed = Believed::default();
        for round in 0..8 {
            speak(&anvil, &format!("{round}")).await;
            anvil.mine(2).await;
            while let Some(event) = follower.next().await.unwrap() {
                assert!(matches!(event, Event::Applied { .. }));
                assert!(event.block().number + 4 <= anvil.head().await + 1);
                believed.take(&event);
                follower.acknowledge(&event).unwrap();
            }
            anvil.reorganise(3).await;
        }
        anvil.mine(4).await;
        drain(&mut follower, &mut believed).await;
        assert_eq!(believed.said(), truth(&anvil).await);
    });
}

/// A long way back is read in ranges, which are halved where a node refuses; every block with logs is there.
#[test]
fn ranges_are_split() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        for round in 0..40 {
            speak(&anvil, &format!("{round}")).await;
            anvil.mine(1 + round % 9).await;
        }
        anvil.mine(90).await;
        let node = Faulty::before(&anvil.provider);
        let mut follower = open(folder.path(), node.provider(), Options { remember: REMEMBERED, ..Options::default() });
        node.set("eth_getLogs", Fault::TooMany, 5);
        let mut believed = Believed::default();
        drain(&mut follower, &mut believed).await;
        assert_eq!(believed.said(), truth(&anvil).await);
        assert_eq!(follower.position().map(|point| point.number), Some(anvil.head().await));
        assert!(believed.0.len() < anvil.head().await as usize, "blocks without logs far back are left out");
    });
}

/// Below everything that is remembered nothing is guessed.
#[test]
fn too_deep_is_an_error() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        anvil.mine(1).await;
        let snapshot = anvil.ask("evm_snapshot", json!([])).await;
        anvil.mine(REMEMBERED as u64 + 10).await;
        let mut follower = open(folder.path(), anvil.provider.clone(), Options { remember: 1, ..Options::default() });
        drain(&mut follower, &mut Believed::default()).await;
        let at = follower.position();
        anvil.ask("evm_revert", json!([snapshot])).await;
        speak(&anvil, "another branch").await;
        anvil.mine(REMEMBERED as u64 + 20).await;
        match follower.next().await {
            Err(error @ Error::TooDeep { remembered: REMEMBERED, .. }) => assert!(!error.retryable()),
            other => panic!("{other:?}"),
        }
        assert_eq!(follower.position(), at);
    });
}

/// An older chain is waited for; one that stays older is believed.
#[test]
fn a_node_that_goes_backwards() {
    run(async {
        let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
        let node = Faulty::before(&anvil.provider);
        let mut follower = open(folder.path(), node.provider(), Options::default());
        let mut believed = Believed::default();
        anvil.mine(5).await;
        let snapshot = anvil.ask("evm_snapshot", json!([])).await;
        speak(&anvil, "said").await;
        anvil.mine(2).await;
        drain(&mut follower, &mut believed).await;
        node.set("eth_getBlockByNumber", Fault::Stale(3), 3);
        for _ in 0..3 {
            assert_eq!(follower.next().await.unwrap(), None);
        }
        anvil.ask("evm_revert", json!([snapshot])).await;
        let mut passes = 0;
        while follower.next().await.unwrap().is_none() {
            passes += 1;
        }
        assert!(passes > 10);
        drain(&mut follower, &mut believed).await;
        assert_eq!((believed.said(), believed.0.len()), (Vec::new(), 6));
    });
}

/// Logs that are not of the followed block are asked for again, and a bad connection changes nothing.
#[test]
fn lies_are_not_passed_on() {
    for seed in 0..3 {
        run(async {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            let node = Faulty::before(&anvil.provider);
            let options = Options { timeout: Duration::from_millis(100), ..Options::default() };
            let mut follower = open(folder.path(), node.provider(), options);
            let mut believed = Believed::default();
            speak(&anvil, "first").await;
            anvil.mine(1).await;
            node.set("eth_getLogs", Fault::LogsOfNoBlock, 3);
            let mut refused = 0;
            for _ in 0..6 {
                match follower.next().await {
                    Ok(Some(event)) => {
                        believed.take(&event);
                        follower.acknowledge(&event).unwrap();
                    }
                    Ok(None) => {}
                    Err(error) => {
                        assert!(error.retryable());
                        refused += 1;
                    }
                }
            }
            // Of the two blocks the first has no logs to lie about.
            assert_eq!(refused, 2);
            node.disturb(25, seed);
            for round in 0..30 {
                speak(&anvil, &format!("{round}")).await;
                anvil.mine(1).await;
                if round % 7 == 6 {
                    anvil.reorganise(3).await;
                }
                for _ in 0..4 {
                    if let Ok(Some(event)) = follower.next().await {
                        believed.take(&event);
                        follower.acknowledge(&event).unwrap();
                    }
                }
            }
            node.calm();
            drain(&mut follower, &mut believed).await;
            assert_eq!(believed.said(), truth(&anvil).await);
        });
    }
}
