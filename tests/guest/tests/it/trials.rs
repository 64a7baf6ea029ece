//! What `hyperdust episode dispute --chain` does: three accounts settle a trial's lie on a chain, and whoever lies pays, the other side nothing but gas. Where
//! something is missing it is said before anything is spent.

use std::path::Path;

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};
use hyperdust_actors::{
    dispute::{
        Injection, Truth, Value,
        settled::{People, Ready, Settled},
        sides,
    },
    trial,
};
use hyperdust_devnet::{Devnet, Genesis};
use hyperdust_guest_tests::program;
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Party;
use hyperdust_settlement::{
    Account, Wallet,
    deployment::Parameters,
    market::{NATIVE, Scene, Status},
};

use crate::world::{GWEI, World, coin, scene};

const STEPS: u32 = 40;
const SEGMENT: u32 = 16;

// Connections are looked after by another thread while this one computes.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn whoever_lies_pays() {
    let program = program();
    let model = trial::model("cartpole").unwrap();
    let truth = Truth::of(trial::job(&model, program.root, 3, STEPS, SEGMENT).unwrap()).unwrap();
    let injection = Injection { step: 20, bit: 9, value: Value::Velocity };
    for liar in [Party::Provider, Party::Challenger] {
        let devnet = Devnet::in_memory(Genesis::default()).unwrap();
        let served = devnet.serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut w = World::with(&served.url(), Parameters::default()).await;
        let asset = publish(&mut w, model.id().0, program.root).await;
        offer(&mut w, asset).await;
        let folder = tempfile::tempdir().unwrap();
        let people = people(&w, folder.path()).await;
        let before = balances(&people).await;
        let ready = Ready::of(&people, asset, (model.id().0, program.root), STEPS, None).await.unwrap();
        let sides = sides(&truth, &program, &injection, |_| {}).unwrap();
        let (segment, instruction) = sides.lie;
        let settled = ready.settle(&truth, &program, sides, liar, SEGMENT, |_| {}).await.unwrap();

        assert_eq!((settled.node, settled.instruction_index), (Some(segment as u32), Some(instruction)));
        let guilty = settled.guilty.as_ref().unwrap();
        assert!(guilty.index == instruction && !guilty.source.is_empty(), "{guilty}");
        let price = U256::from(10 * GWEI);
        assert_eq!((settled.deposit, settled.claimed), (price * U256::from(STEPS), price * U256::from(STEPS)));
        let p = &w.market.deployment().parameters;
        let state = w.market.session(w.node(), settled.session).await.unwrap();
        match liar {
            Party::Provider => {
                assert_eq!((settled.blamed, state.status), ("provider", Status::Ended));
                assert_eq!(settled.slashed, settled.deposit * U256::from(p.ratio));
                assert_eq!(owed(&settled, "user", "sessions"), settled.deposit);
                let share = settled.slashed * U256::from(p.challenger_share) / U256::from(10_000);
                assert_eq!(owed(&settled, "companion", "providers"), share);
                assert_eq!(owed(&settled, "companion", "disputes"), settled.won);
                assert_eq!(owed(&settled, "provider", "disputes"), U256::ZERO);
            }
            Party::Challenger => {
                assert_eq!((settled.blamed, state.status), ("companion", Status::Claimed));
                assert_eq!((settled.slashed, settled.open_until), (U256::ZERO, Some(state.ends)));
                assert_eq!(owed(&settled, "provider", "disputes"), settled.won);
                assert_eq!(settled.owed.len(), 1);
            }
        }
        assert!(settled.won >= p.dispute_bond);

        // Nobody pays anything that isn't said: gas by the table, the deposit, and the bonds of the game.
        let after = balances(&people).await;
        let paid = |number: usize, who| before[number] - after[number] - cost(&settled, who);
        assert_eq!(paid(0, "user"), settled.deposit);
        assert_eq!(paid(1, "provider") + paid(2, "companion"), settled.won);

        let json = serde_json::to_value(&settled).unwrap();
        assert_eq!(json["slashed"], settled.slashed.to_string());
        assert_eq!(json["session"], settled.session.to_string());
        let rows = json["transactions"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["gas"].is_u64() && row["cost"].is_string() && row["hash"].is_string()));
        assert_eq!(rows[0]["what"], "open a session");
    }
}

#[tokio::test]
async fn what_is_missing_is_said_first() {
    let (scene, program) = ([5; 32], [6; 32]);
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let served = devnet.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut w = World::with(&served.url(), Parameters::default()).await;
    let asset = publish(&mut w, scene, program).await;
    let folder = tempfile::tempdir().unwrap();
    let people = people(&w, folder.path()).await;
    let before = balances(&people).await;
    let refusal =
        async |what: (Hash, Hash), deposit: Option<U256>| match Ready::of(&people, asset, what, STEPS, deposit).await {
            Ok(_) => String::from("ready"),
            Err(error) => error.to_string(),
        };
    let right = (scene, program);
    assert!(refusal(([0; 32], program), None).await.contains("found another scene"));
    assert!(refusal((scene, [0; 32]), None).await.contains("found another program"));
    assert!(refusal(right, None).await.contains("accepted: `hyperdust provider register`"));
    assert_eq!(balances(&people).await, before);
    let curve = B256::repeat_byte(0xc0);
    w.send(|w| &w.provider, w.market.register("tcp://127.0.0.1:5555", curve).unwrap()).await.unwrap();
    assert!(refusal(right, None).await.contains("accepted: `hyperdust provider offer`"));
    w.send(|w| &w.provider, w.market.offer(asset, NATIVE, U256::from(7 * GWEI), true).unwrap()).await.unwrap();
    assert!(refusal(right, None).await.contains("found a free bond of 0 "));
    assert!(refusal(right, Some(U256::ONE)).await.contains("so much do 40 steps cost"));
    w.send(|w| &w.provider, w.market.bond(NATIVE, coin(1)).unwrap()).await.unwrap();
    assert_eq!(refusal(right, None).await, "ready");
    assert!(refusal(right, Some(coin(1))).await.contains("behind this deposit"));
}

async fn publish(w: &mut World, content: Hash, program: Hash) -> u64 {
    w.program = program.into();
    w.send(|w| &w.author, w.market.add_program(w.program)).await.unwrap();
    let published = Scene { content: content.into(), ..scene(Some(w.program)) };
    let receipt = w.send(|w| &w.author, w.market.publish_scene(&published).unwrap()).await.unwrap();
    w.market.published(&receipt).unwrap()
}

async fn offer(w: &mut World, asset: u64) {
    let curve = B256::repeat_byte(0xc0);
    w.send(|w| &w.provider, w.market.register("tcp://127.0.0.1:5555", curve).unwrap()).await.unwrap();
    w.send(|w| &w.provider, w.market.bond(NATIVE, coin(1_000)).unwrap()).await.unwrap();
    w.send(|w| &w.provider, w.market.offer(asset, NATIVE, U256::from(7 * GWEI), true).unwrap()).await.unwrap();
}

/// The same keys as in the market's world.
async fn people(w: &World, folder: &Path) -> People {
    let account = async |name, address: Address, number: u8| {
        let wallet = Wallet::import(folder, name, "only for trials", &[number; 32]).unwrap();
        assert_eq!(wallet.address(), address);
        Account::of(w.chain.clone(), w.market.deployment().clone(), wallet).await.unwrap()
    };
    People {
        user: account("user", w.user.address, 4).await,
        provider: account("provider", w.provider.address, 3).await,
        companion: account("companion", w.companion.address, 5).await,
    }
}

async fn balances(people: &People) -> [U256; 3] {
    let of = async |account: &Account| account.node().get_balance(account.address()).await.unwrap();
    [of(&people.user).await, of(&people.provider).await, of(&people.companion).await]
}

fn cost(settled: &Settled, who: &str) -> U256 {
    settled.transactions.iter().filter(|sent| sent.who == who).map(|sent| sent.cost).sum()
}

fn owed(settled: &Settled, who: &str, from: &str) -> U256 {
    settled.owed.iter().filter(|owed| (owed.who, owed.from) == (who, from)).map(|owed| owed.amount).sum()
}
