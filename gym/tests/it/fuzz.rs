//! Bytes from outside: decoders answer with a value that keeps its invariants or with an error, whatever
//! they are given, and no mutated episode passes for the one it was made from.

use std::sync::{Arc, LazyLock};

use hyperdust_gym::{AutoresetMode, Env, Episode, Error};
use hyperdust_kernel::{Model, rng::Rng};
use proptest::prelude::*;

use crate::fixture;

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| fixture::crane(12));

static EPISODE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut env = Env::new(MODEL.clone());
    env.record(true);
    env.reset(Some(4)).unwrap();
    let mut rng = Rng::new(1);
    while env.episode().is_some_and(|episode| !episode.complete()) {
        let actions = fixture::random_actions(MODEL.actions(), 1, &mut rng);
        env.step_segments(&fixture::borrow(&actions)).unwrap();
    }
    env.episode().unwrap().encode()
});

static SNAPSHOT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut env = fixture::vector(&MODEL, 3, 1, AutoresetMode::SameStep, 7);
    env.record(false);
    let actions = fixture::random_actions(MODEL.actions(), 3, &mut Rng::new(1));
    env.step(&fixture::borrow(&actions)).unwrap();
    env.snapshot().unwrap()
});

/// What was decoded from a mutation is refused, diverges, or is the same claim. A mutation inside the
/// embedded blueprint's bytes leaves the claim alone: the id is what is claimed.
fn judge(bytes: &[u8]) {
    let Ok(episode) = Episode::decode(bytes) else { return };
    assert_eq!(episode.encode(), bytes, "bytes of an episode are canonical");
    let Ok(report) = episode.replay(&MODEL) else { return };
    if report.equal() {
        let honest = Episode::decode(&EPISODE).unwrap();
        let same = Episode { blueprint_bytes: honest.blueprint_bytes.clone(), ..episode };
        assert_eq!(same, honest, "a changed episode was replayed as if it were true");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400), magic in any::<bool>()) {
        let mut input = if magic { b"HDEP\x01\x00".to_vec() } else { Vec::new() };
        input.extend(&bytes);
        judge(&input);
        let mut env = Env::new(MODEL.clone());
        prop_assert!(env.restore(&input).is_err());
    }

    #[test]
    fn flipped_bits(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = EPISODE.clone();
        bytes[at.index(EPISODE.len())] ^= 1_u8 << bit;
        judge(&bytes);
    }

    #[test]
    fn cut_and_spliced(at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), len in 0..64_usize) {
        let (at, from) = (at.index(EPISODE.len()), from.index(EPISODE.len()));
        prop_assert!(Episode::decode(&EPISODE[..at]).is_err());
        let mut bytes = EPISODE.clone();
        let piece = EPISODE[from..(from + len).min(EPISODE.len())].to_vec();
        bytes.splice(at..at, piece);
        judge(&bytes);
    }

    #[test]
    fn mutated_snapshots(at in any::<prop::sample::Index>(), bit in 0..8, cut in any::<bool>()) {
        let mut env = fixture::vector(&MODEL, 3, 1, AutoresetMode::SameStep, 1);
        let before = env.snapshot().unwrap();
        let at = at.index(SNAPSHOT.len());
        let mut bytes = SNAPSHOT.clone();
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1_u8 << bit }
        if env.restore(&bytes).is_err() {
            prop_assert!(env.snapshot().unwrap() == before, "a refused snapshot changed the env");
        } else {
            prop_assert!(!cut);
            let actions = fixture::random_actions(MODEL.actions(), 3, &mut Rng::new(2));
            // A flipped bit may have said that a lane was never reset.
            let stepped = env.step(&fixture::borrow(&actions)).err();
            prop_assert!(
                matches!(stepped, None | Some(Error::StepBeforeReset | Error::LaneBeforeReset { .. })),
                "{stepped:?}"
            );
        }
    }
}
