//! A segment is a stretch of the very stream that a world makes: however it is cut, and whether it goes on in one world or
//! from bytes. And what is no state or no actions is refused.

use hyperdust_kernel::blueprint::Blueprint;
use hyperdust_kernel::segment::{Actions, Begin, Chain, State, Stream, run};
use hyperdust_kernel::{AutoresetMode, Error, World};
use proptest::prelude::*;

use crate::{cases, fixture, model, wobble};

const SEEDED: Begin = Begin::Reset { seed: Some(7) };

/// Robot and bodies, with episodes that are short enough to end a few times.
fn pole() -> Blueprint {
    let mut blueprint = fixture::everything();
    blueprint.task.max_episode_steps = 9;
    blueprint
}

fn actions(steps: std::ops::Range<u32>) -> Vec<u8> {
    steps.flat_map(wobble).collect()
}

fn encoded(begin: Begin, mode: AutoresetMode, steps: std::ops::Range<u32>) -> Vec<u8> {
    let count = steps.len() as u32;
    Actions::new(begin, mode, 8, count, &actions(steps)).unwrap().encode()
}

/// Every way to cut forty steps in two gives the state that the uncut stream has, but for the chain, whose pieces are of segments.
#[test]
fn cuts_change_nothing() {
    let blueprint = pole().encode().unwrap();
    for mode in AutoresetMode::ALL {
        let whole = State::decode(&run(&blueprint, &[], &encoded(SEEDED, mode, 0..40)).unwrap()).unwrap();
        assert!(whole.episodes > 0 && whole.steps > 0, "{mode}: {whole:?}");
        for cut in 0..=40 {
            let first = run(&blueprint, &[], &encoded(SEEDED, mode, 0..cut)).unwrap();
            let second = run(&blueprint, &first, &encoded(Begin::Continue, mode, cut..40)).unwrap();
            let second = State::decode(&second).unwrap();
            assert_eq!(second, State { chain: second.chain, ..whole.clone() }, "{mode}, cut at {cut}");
        }
    }
}

/// The chain is the hash of the records that a world gives, resets included, in each mode.
#[test]
fn chains_hold_every_record() {
    let model = model(pole());
    for mode in AutoresetMode::ALL {
        let mut stream = Stream::new(&model);
        let bytes = actions(0..40);
        stream.advance(&Actions::new(SEEDED, mode, 8, 40, &bytes).unwrap(), &mut ()).unwrap();

        let mut world = World::new(model.clone(), 7);
        let mut chain = Chain::new(&[0; 32]);
        chain.add(&world.record());
        let mut over = false;
        for action in bytes.chunks(8) {
            if over && mode == AutoresetMode::NextStep {
                world.reset(None);
                over = false;
            } else {
                let outcome = world.step(action);
                over = outcome.terminated || outcome.truncated;
                if over && mode == AutoresetMode::SameStep {
                    chain.add(&world.record());
                    world.reset(None);
                    over = false;
                }
            }
            chain.add(&world.record());
        }
        assert_eq!(stream.state().chain, chain.head(), "{mode}");
        assert_eq!(stream.world().unwrap().digest(), world.digest(), "{mode}");
    }
}

/// Resets that were asked for begin a segment: with a seed the stream starts again, without one it goes on.
#[test]
fn segments_begin_with_resets() {
    let blueprint = pole().encode().unwrap();
    let first = run(&blueprint, &[], &encoded(SEEDED, AutoresetMode::NextStep, 0..5)).unwrap();
    let state = |begin| {
        let output = run(&blueprint, &first, &encoded(begin, AutoresetMode::NextStep, 0..0)).unwrap();
        State::decode(&output).unwrap().snapshot
    };
    let model = model(pole());
    let mut world = World::new(model.clone(), 7);
    assert_eq!(state(SEEDED), world.snapshot());
    world.reset(None);
    assert_eq!(state(Begin::Reset { seed: None }), world.snapshot());
}

/// A stream cannot go on before it began, and an error leaves it as it was.
#[test]
fn first_segments_need_a_seed() {
    let blueprint = pole().encode().unwrap();
    for begin in [Begin::Continue, Begin::Reset { seed: None }] {
        let refused = run(&blueprint, &[], &encoded(begin, AutoresetMode::NextStep, 0..3));
        assert!(matches!(refused, Err(Error::Malformed { what: "actions", .. })), "{refused:?}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// What decodes is what was encoded; whatever else is refused, in bounded time.
    #[test]
    fn actions_are_canonical(
        mut bytes in Just(encoded(SEEDED, AutoresetMode::SameStep, 0..3)),
        at in 0..56_usize,
        to: u8,
        length in 0..64_usize,
    ) {
        bytes[at] = to;
        bytes.truncate(length);
        if let Ok(actions) = Actions::decode(&bytes, 8) {
            prop_assert_eq!(actions.encode(), bytes);
        }
    }

    /// The same of states: a mutated one is refused, or is another state with exactly these bytes.
    #[test]
    fn states_are_canonical(at in 0..400_usize, to: u8, length in 0..500_usize) {
        let model = model(pole());
        let mut stream = Stream::new(&model);
        stream.advance(&Actions::new(SEEDED, AutoresetMode::NextStep, 8, 3, &actions(0..3)).unwrap(), &mut ()).unwrap();
        let mut bytes = stream.state().encode();
        let at = at % bytes.len();
        bytes[at] = to;
        bytes.truncate(length.max(1));
        if let Ok(stream) = Stream::resume(&model, &bytes) {
            prop_assert_eq!(stream.state().encode(), bytes);
        }
    }
}
