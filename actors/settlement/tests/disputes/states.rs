//! What a state says here is what the contract says of it: random states are put into a node's storage for a call, and the contract's own
//! errors tell what is due, from when on it is late, and until when it is early. And what the contract can't come to is refused.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    providers::Provider,
    rpc::types::{BlockOverrides, TransactionRequest, state::AccountOverride},
    sol_types::{SolCall, SolValue},
};
use hyperdust_proof::{
    dissection::Point,
    game::{Knowledge, MoveKind},
    graph::MAX_STEPS,
};
use hyperdust_settlement::{
    Deployment, Error, Market, Revert,
    bindings::Disputes,
    deployment::{Addresses, Parameters},
    dispute::{Act, Game, Outcome, State},
    revert::Value,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{anvil::Anvil, arena::job::Job, world::World};

/// Place of `games` in the contract's storage.
const GAMES: u64 = 3;
const GAME: u64 = 7;

fn states() -> impl Strategy<Value = State> {
    let bytes = any::<[u8; 32]>();
    let outcome = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Outcome::Conceded)),
        1 => Just(Some(Outcome::Provider)),
        1 => Just(Some(Outcome::Challenger)),
    ];
    // Over the graph or over a run; long, and a single step.
    let searched = (any::<bool>(), 1..=1_u32 << 16, prop_oneof![Just(1_u64), 2..20_u64, 1..MAX_STEPS], 0..MAX_STEPS);
    let who = (bytes, any::<[u8; 20]>(), any::<[u8; 20]>());
    let times = (1_000_000..4_000_000_000_u64, 1..400_000_u64, 1..400_000_u64);
    (who, outcome, any::<bool>(), searched, times, (bytes, bytes), proptest::option::of(1..=15_usize), any::<u64>())
        .prop_map(|(who, outcome, moved, searched, times, roots, posted, pot)| {
            let (traced, nodes, length, from) = searched;
            let (from, to) = match traced {
                true => (from, from + length),
                false => {
                    let from = from % u64::from(nodes);
                    (from, (from + length).min(nodes.into()))
                }
            };
            let point = |step, root| Point { step, root };
            State {
                session: who.0.into(),
                provider: who.1.into(),
                challenger: who.2.into(),
                nodes,
                outcome,
                moved,
                node: traced.then_some(nodes - 1),
                since: times.0,
                left: [times.1, times.2],
                agreed: point(from, roots.0),
                disputed: point(to, roots.1),
                posted: posted.filter(|_| to - from > 1).map(|count| keccak256([count as u8])),
                pot: U256::from(pot),
            }
        })
}

fn drawn<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What the contract says to a call about a state that it is made to have, at a time.
async fn said(w: &World, state: &State, at: u64, input: Vec<u8>) -> Result<(), Revert> {
    let place = keccak256((U256::from(GAME), U256::from(GAMES)).abi_encode());
    let kept = AccountOverride {
        state_diff: Some([(place, state.hash())].into_iter().collect()),
        ..AccountOverride::default()
    };
    let to = w.market.deployment().addresses.disputes;
    let request = TransactionRequest::default().to(to).input(input.into());
    let time = BlockOverrides { time: Some(at), ..BlockOverrides::default() };
    let answer = w.node().call(request).account_override(to, kept).with_block_overrides(time).await;
    match answer.map_err(Error::from) {
        Ok(_) => Ok(()),
        Err(Error::Reverted { why, .. }) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

fn custom(name: &str, value: Option<Value>) -> Revert {
    let values = value.map(|value| ("accepted".to_string(), value));
    Revert::Custom { name: name.into(), values: values.into_iter().collect(), coin: None }
}

/// As a time where it may be one of this age's.
fn second(at: u64) -> Value {
    if (1_000_000_000..=253_402_300_799).contains(&at) { Value::Time(at) } else { Value::Text(at.to_string()) }
}

#[tokio::test]
async fn the_contract_says_the_same() {
    let anvil = Anvil::start();
    let w = World::with(&anvil.http(), Parameters::default()).await;
    let mut seen = BTreeSet::new();
    for state in drawn(states(), 150) {
        let raw = Disputes::State::from(state);
        let timeout = Disputes::timeoutCall { game: U256::from(GAME), state: raw.clone() }.abi_encode();
        let prove = Disputes::proveCall { game: U256::from(GAME), state: raw, proof: [0; 3].into() }.abi_encode();
        let (until, due) = (state.until(), state.due());
        seen.insert((due.to_string(), state.outcome.is_some()));
        for at in [until, until + 1] {
            let (early, late) = match (state.outcome.is_some(), at > until) {
                (true, _) => (Err(custom("Over", None)), Err(custom("Over", None))),
                (false, true) => (Ok(()), Err(custom("Late", Some(second(until))))),
                (false, false) => {
                    let name = match due {
                        MoveKind::Cut => Some("Cut"),
                        MoveKind::Choose => Some("Choose"),
                        MoveKind::Open => Some("Open"),
                        _ => None,
                    };
                    // Where a proof is due, the contract reads it.
                    let refused =
                        name.map_or(custom("Malformed", None), |name| custom("NotDue", Some(Value::Text(name.into()))));
                    (Err(custom("Early", Some(second(until)))), Err(refused))
                }
            };
            assert_eq!(said(&w, &state, at, timeout.clone()).await, early, "{state:?}");
            assert_eq!(said(&w, &state, at, prove.clone()).await, late, "{state:?}");
        }
    }
    assert_eq!(seen.len(), 8, "every kind of turn, in games that go on and in games that are over: {seen:?}");
}

proptest! {
    /// What is encoded is decoded to the same.
    #[test]
    fn states_come_back(state in states()) {
        let bytes = Disputes::State::from(state).abi_encode();
        let back = State::try_from(Disputes::State::abi_decode(&bytes).unwrap()).unwrap();
        prop_assert_eq!(back, state);
        prop_assert_eq!(back.hash(), keccak256(bytes));
    }

    /// Any words are a state, or are refused; and what is a state has a turn as long as it goes on, unless roots are missing.
    #[test]
    fn decoding_is_total(
        state in states(),
        (outcome, traced, node) in (0..6_u8, any::<bool>(), 0..3_u32),
        (steps, posted) in ((0..9_u64, 0..9_u64), any::<bool>()),
    ) {
        let mut raw = Disputes::State::from(state);
        (raw.outcome, raw.traced, raw.node) = (outcome, traced, node);
        (raw.agreedStep, raw.disputedStep) = steps;
        raw.posted = if posted { B256::repeat_byte(1) } else { B256::ZERO };
        if let Ok(state) = State::try_from(raw) {
            prop_assert!(state.agreed.step < state.disputed.step);
            prop_assert_eq!(state.turn(&[]).is_some(), state.outcome.is_none() && !posted);
        }
    }
}

/// An opening lies in the call as another implementation of Solidity's encoding lays it out.
#[test]
fn openings_are_laid_out_as_by_others() {
    let addresses = Addresses::from_nonce(Address::ZERO, 0);
    let market = Market::new(Deployment { chain_id: 1, block: 0, addresses, parameters: Parameters::default() });
    let mut truth = Job::new().truth;
    for node in 0..truth.graph.count() {
        let state = drawn(states(), 1).remove(0);
        let (number, plan, claim) = (U256::from(GAME), [0; 32], [0; 32]);
        let game = Game { number, plan, claim, state, roots: Vec::new(), collected: false };
        let execution = truth.execution(node).unwrap();
        let call = market.act(&game, &Act::Open(Box::new(execution.clone())));
        assert_eq!(call.value, market.deployment().parameters.move_bond);
        let read = Disputes::openCall::abi_decode_validate(&call.input).unwrap();
        assert_eq!(read.abi_encode(), call.input.to_vec());
        assert_eq!((read.game, State::try_from(read.state).unwrap()), (game.number, state));
        assert_eq!((read.run.steps, read.run.program.0), (execution.steps, execution.node.node.program));
        assert_eq!(read.run.outputs.len(), execution.node.outputs.len());
    }
}
