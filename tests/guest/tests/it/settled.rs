//! A lie of one bit in an episode of fifty steps of Ant, settled by contracts: the search ends at exactly the instruction that lied, which the chain executes,
//! and the provider's bond is gone. It is the same on a real node, over HTTP and over WebSocket, and on the embedded chain, with the gas of each action.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U256},
    providers::Provider,
};
use hyperdust_actors::{
    dispute::{Injection, Knows, Truth, Value, sides},
    trial,
};
use hyperdust_devnet::{Devnet, Genesis};
use hyperdust_guest_tests::program;
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Party;
use hyperdust_settlement::{
    deployment::Parameters,
    dispute::{Act, Lanes, Outcome, Player},
    market::{NATIVE, Purse, Scene, Status},
};

use crate::{
    anvil::Anvil,
    world::{GWEI, World, coin, scene},
};

/// Steps of the episode and of a segment of it.
const STEPS: u32 = 50;
const SEGMENT: u32 = 16;
/// The node's chain; what is signed, and so its bytes, depend on it.
const ANVIL: u64 = 31_337;
/// Times are among the arguments of moves, and a byte of zero costs 12 gas less than another.
const BYTES: u64 = 4 * 12;

// Connections are looked after by another thread while this one computes.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_bit_of_an_episode_costs_the_bond_on_every_chain() {
    let program = program();
    let model = trial::model("ant").unwrap();
    let truth = Truth::of(trial::job(&model, program.root, 7, STEPS, SEGMENT).unwrap()).unwrap();
    let injection = Injection { step: 37, bit: 4, value: Value::Velocity };
    let sides = sides(&truth, &program, &injection, |_| {}).unwrap();
    let (segment, instruction) = sides.lie;
    let lie = (Some(segment as u32), instruction);

    // The rules that the embedded chain has: the contracts ask for no later ones, under which long calldata costs more.
    let rules = ["--hardfork", "paris"];
    let (anvil, other) = (Anvil::with(&rules), Anvil::with(&rules));
    let devnet = Devnet::in_memory(Genesis { chain_id: ANVIL, ..Genesis::default() }).unwrap();
    let served = devnet.serve("127.0.0.1:0".parse().unwrap()).unwrap();
    // Kept from chain to chain: the runs take longer than the games.
    let mut players = None;
    let (mut liar, mut honest) = (Some(sides.liar), Some(sides.honest));
    let mut tables = Vec::new();
    for (what, url) in [("anvil, HTTP", anvil.http()), ("anvil, WS", other.ws()), ("devnet", served.url())] {
        let w = World::with(&url, Parameters::default()).await;
        // The same keys everywhere.
        let [provider, companion] = players.get_or_insert_with(|| {
            [
                Player::new(Party::Provider, w.provider.address, liar.take().unwrap()),
                Player::new(Party::Challenger, w.companion.address, honest.take().unwrap()),
            ]
        });
        let (searched, gas) = settle(w, model.id().0, program.root, provider, companion).await;
        assert_eq!(searched, lie, "{what}: the chain executed the instruction that lied");
        tables.push((what, gas));
    }
    let (_, first) = &tables[0];
    for (what, gas) in first {
        println!("{gas:>8}  {what}");
    }
    for (what, gas) in &tables[1..] {
        assert_eq!(gas.len(), first.len(), "{what}");
        for ((action, here), (other, there)) in gas.iter().zip(first) {
            assert!(action == other && here.abs_diff(*there) <= BYTES, "{what}: {action} {here}, {other} {there}");
        }
    }
}

/// Opens, claims, disputes and plays to the end. Returns where the search ended, and the gas of each action.
async fn settle(
    mut w: World,
    content: Hash,
    program: Hash,
    provider: &mut Player<Knows<'_>>,
    companion: &mut Player<Knows<'_>>,
) -> ((Option<u32>, u64), Vec<(String, u64)>) {
    w.program = program.into();
    w.send(|w| &w.author, w.market.add_program(w.program)).await.unwrap();
    let published = Scene { content: content.into(), ..scene(Some(w.program)) };
    let receipt = w.send(|w| &w.author, w.market.publish_scene(&published).unwrap()).await.unwrap();
    let asset = w.market.published(&receipt).unwrap();
    let curve = B256::repeat_byte(0xc0);
    w.send(|w| &w.provider, w.market.register("tcp://127.0.0.1:5555", curve).unwrap()).await.unwrap();
    w.send(|w| &w.provider, w.market.bond(NATIVE, coin(1_000)).unwrap()).await.unwrap();
    let price = U256::from(7 * GWEI);
    w.send(|w| &w.provider, w.market.offer(asset, NATIVE, price, true).unwrap()).await.unwrap();
    let mut opening = w.opening(asset, coin(7));
    opening.lanes = 1;
    let session = w.opened(|w| &w.user, w.market.open(&opening).unwrap()).await;

    // The provider claims what its machine says, and the companion, whose says something else, disputes it.
    let lanes = Lanes::of(session, [provider.knowledge().graph()]);
    let mut claim = w.claim(session, STEPS.into());
    claim.commitment = lanes.commitment();
    let from = w.node().get_block_number().await.unwrap();
    w.send(|w| &w.provider, w.market.claim(&claim, w.user.address).unwrap()).await.unwrap();
    w.send(|w| &w.companion, w.market.dispute(session, &lanes.open(0).unwrap())).await.unwrap();
    let mut searched = None;
    let game = loop {
        let games = w.market.games(w.node(), session, from).await.unwrap();
        let game = games.iter().next().cloned().unwrap();
        if game.collected {
            break game;
        }
        let latest = w.node().get_block_by_number(BlockNumberOrTag::Latest).await.unwrap().unwrap();
        let now = latest.header.timestamp;
        if let Some(act) = companion.next(&game, now).unwrap() {
            if let Act::Prove(_) = act {
                searched = Some((game.state.node, game.state.agreed.step));
            }
            w.send(|w| &w.companion, w.market.act(&game, &act)).await.unwrap();
        } else {
            let act = provider.next(&game, now).unwrap().expect("somebody has something to do");
            w.send(|w| &w.provider, w.market.act(&game, &act)).await.unwrap();
        }
    };

    assert_eq!(game.state.outcome, Some(Outcome::Provider));
    assert_eq!(w.market.session(w.node(), session).await.unwrap().status, Status::Ended);
    let slashed = coin(7) * U256::from(w.market.deployment().parameters.ratio);
    let left = w.market.free_bond(w.node(), w.provider.address, NATIVE).await.unwrap();
    assert_eq!(left, coin(1_000) - slashed);
    let reward = w.market.owed(w.node(), Purse::Providers, NATIVE, w.companion.address).await.unwrap();
    assert_eq!(reward, slashed / U256::from(2));
    w.books_are_right().await;
    (searched.expect("a step was proved"), w.gas)
}
