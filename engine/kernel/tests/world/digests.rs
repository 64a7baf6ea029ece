//! Equal digests, equal futures: seeds, snapshots, clones; and no bit of the state is outside the digest.

use hyperdust_kernel::blueprint::{Blueprint, Integrator};
use hyperdust_kernel::{Error, World};
use proptest::prelude::*;

use super::{act, fixture, future, model, push};

fn all() -> Vec<Blueprint> {
    vec![
        fixture::cart_pole(Integrator::Euler),
        fixture::cart_pole(Integrator::RungeKutta4),
        fixture::everything(),
        fixture::ball(),
        fixture::discrete(),
    ]
}

#[test]
fn a_seed_is_an_episode() {
    for blueprint in all() {
        let model = model(blueprint);
        let (mut a, mut b) = (World::new(model.clone(), 5), World::new(model.clone(), 9));
        b.reset(Some(5));
        assert_eq!(a.digest(), b.digest());
        assert_eq!(future(&mut a, 20), future(&mut b, 20));
        assert_eq!(a.record(), b.record());
    }
}

/// Without a seed the stream goes on: the second episode is another, and equal in both worlds.
#[test]
fn a_reset_without_seed_goes_on() {
    let model = model(fixture::everything());
    let mut world = World::new(model.clone(), 5);
    let first = world.qpos().to_vec();
    world.reset(None);
    assert_ne!(world.qpos(), first);
    let mut again = World::new(model, 5);
    again.reset(None);
    assert_eq!(world.digest(), again.digest());
}

/// From every moment of an episode, in a world that has lived another life.
#[test]
fn a_snapshot_holds_the_whole_state() {
    for blueprint in all() {
        let model = model(blueprint);
        let mut world = World::new(model.clone(), 3);
        let mut other = World::new(model.clone(), 4);
        for step in 0..40 {
            let bytes = world.snapshot();
            other.restore(&bytes).unwrap();
            assert_eq!(other.snapshot(), bytes);
            assert_eq!(other.digest(), world.digest());
            assert_eq!(other.record(), world.record());
            assert_eq!(other.observation(), world.observation());
            let action = act(&world, step);
            assert_eq!(world.step(&action), other.step(&action));
            assert_eq!(world.digest(), other.digest(), "step {step}");
            assert_eq!(world.info(), other.info());
        }
        world.reset(None);
        other.reset(None);
        assert_eq!(world.digest(), other.digest(), "the random stream is in it");
    }
}

#[test]
fn clones_have_the_same_future() {
    for blueprint in all() {
        let model = model(blueprint);
        let mut world = World::new(model.clone(), 3);
        future(&mut world, 7);
        let mut clone = world.clone();
        let mut copy = World::new(model, 8);
        future(&mut copy, 3);
        copy.clone_from(&world);
        assert_eq!(copy.digest(), world.digest());
        let expected = future(&mut world, 30);
        assert_eq!(future(&mut clone, 30), expected);
        assert_eq!(future(&mut copy, 30), expected);
    }
}

/// Every single bit of every kind of state: refused, or another digest.
#[test]
fn every_bit_counts() {
    let model = model(fixture::everything());
    let mut world = World::new(model.clone(), 3);
    future(&mut world, 5);
    let (bytes, digest) = (world.snapshot(), world.digest());
    let (mut taken, mut refused) = (0, 0);
    let mut other = World::new(model, 0);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match other.restore(&flipped) {
            Ok(()) => {
                taken += 1;
                assert_ne!(other.digest(), digest, "bit {bit}");
            }
            Err(_) => refused += 1,
        }
    }
    // Positions, velocities, observation, …: most bits are numbers.
    assert!(taken > refused && refused > 38 * 8, "{taken} {refused}");
}

/// Not by way of snapshots: whatever a user can do to a world shows in its digest.
#[test]
fn what_happened_shows() {
    let model = model(fixture::everything());
    let world = World::new(model, 3);
    let after = |change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        world.digest()
    };
    let (qpos, qvel) = (world.qpos().to_vec(), world.qvel().to_vec());
    let digests = [
        after(&|_| {}),
        after(&|w| w.reset(None)),
        after(&|w| _ = w.step(&push(0.0))),
        after(&|w| _ = w.step(&push(0.5))),
        // Clamped to the same control, but another action.
        after(&|w| _ = w.step(&push(1.0))),
        after(&|w| _ = w.step(&push(2.0))),
        after(&|w| _ = w.step(&push(f32::NAN))),
        after(&|w| _ = w.step(&[])),
        after(&|w| _ = w.step(&[1])),
        after(&|w| {
            let mut qpos = qpos.clone();
            qpos[1] += 1e-6;
            w.set_state(&qpos, &qvel).unwrap();
        }),
        after(&|w| {
            let mut qvel = qvel.clone();
            qvel[7] += 1e-6;
            w.set_state(&qpos, &qvel).unwrap();
        }),
    ];
    for (i, a) in digests.iter().enumerate() {
        assert!(digests[..i].iter().all(|b| a != b), "{i}");
    }
}

/// A refused snapshot changes nothing, and says why.
#[test]
fn foreign_snapshots_are_refused() {
    let mut world = World::new(model(fixture::everything()), 3);
    future(&mut world, 3);
    let before = world.snapshot();
    let foreign = World::new(model(fixture::ball()), 3).snapshot();
    assert!(matches!(world.restore(&foreign), Err(Error::OtherBlueprint { .. })));
    assert!(world.restore(&[]).is_err());
    assert!(world.restore(&before[..before.len() - 1]).is_err());
    assert!(world.restore(&[&before[..], &[0]].concat()).is_err());
    let mut old = before.clone();
    old[4] = 0;
    assert_eq!(
        world.restore(&old),
        Err(Error::Version { what: "snapshot", found: 0, accepted: hyperdust_kernel::VERSION })
    );
    assert_eq!(world.snapshot(), before);
}

proptest! {
    #![proptest_config(super::cases(500))]

    /// Never a panic; what is taken can be stepped and stays finite; what is refused changes nothing.
    #[test]
    fn mutated_snapshots(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>(), cuts in any::<bool>()) {
        thread_local!(static WORLD: World = {
            let mut world = World::new(model(fixture::everything()), 3);
            future(&mut world, 5);
            world
        });
        let mut world = WORLD.with(Clone::clone);
        let before = world.snapshot();
        let mut bytes = before.clone();
        for (at, value) in edits {
            // Behind the head, where the interesting part is.
            let at = 38 + at.index(bytes.len() - 38);
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        match world.restore(&bytes) {
            Ok(()) => {
                prop_assert_eq!(world.snapshot(), bytes);
                for step in 0..3 {
                    let outcome = world.step(&act(&world, step));
                    prop_assert!(outcome.reward.is_finite());
                }
                prop_assert!(world.qpos().iter().chain(world.qvel()).all(|x| x.is_finite()));
            }
            Err(_) => prop_assert_eq!(world.snapshot(), before),
        }
    }
}
