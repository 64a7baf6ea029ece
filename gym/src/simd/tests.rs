//! Every instruction set that this processor has, against one world at a time and one number at a time.

use hyperdust_kernel::{
    World,
    blueprint::{Blueprint, InfoTerm, Op, Program, RewardTerm, Slice, Source, TerminationTerm, Value},
    layout::Layout,
    math::Mask,
    merkle,
    rng::Rng,
    segment,
};
use hyperdust_scene::Scene;
use proptest::prelude::*;

use super::*;

fn levels(model: &Arc<Model>) -> Vec<Box<dyn Together>> {
    let mut levels = vec![packed(portable::Portable, model)];
    #[cfg(target_arch = "x86_64")]
    {
        levels.push(avx2::Avx2::detect().and_then(|level| packed(level, model)));
        levels.push(avx512::Avx512::detect().and_then(|level| packed(level, model)));
    }
    levels.into_iter().flatten().collect()
}

/// An action anywhere in the space, and a fifth beyond it where it is a box.
fn action(layout: &Layout, rng: &mut Rng) -> Vec<u8> {
    let mut bytes = vec![0; layout.size];
    for segment in &layout.segments {
        for word in bytes[segment.offset..segment.offset + segment.bytes()].as_chunks_mut::<4>().0 {
            *word = match segment.choices {
                0 => rng.uniform(-1.2, 1.2).to_le_bytes(),
                choices => ((rng.unit() * choices as f32) as i32).to_le_bytes(),
            };
        }
    }
    bytes
}

/// Digests and outcomes of worlds stepped in packs of every level equal those of worlds stepped alone: random actions over the
/// whole range and beyond it, some that are not actions, resets in between, and a number of worlds that fills no pack.
/// Returns how many were compared, and how many faults there were.
fn compare(name: &str, model: &Arc<Model>) -> (usize, usize) {
    let mut levels = levels(model);
    let mut alone: Vec<World> = (0..21).map(|seed| World::new(model.clone(), seed)).collect();
    let mut packs: Vec<Vec<World>> = levels.iter().map(|_| alone.clone()).collect();
    let (mut rng, mut compared, mut faults) = (Rng::new(5), 0, 0);
    for step in 0..60 {
        let mut actions: Vec<Vec<u8>> = alone.iter().map(|_| action(model.actions(), &mut rng)).collect();
        if step % 9 == 4 && !actions[0].is_empty() {
            actions[3].pop();
            actions[7].fill(0xff);
        }
        for (world, action) in alone.iter_mut().zip(&actions) {
            world.step(action);
        }
        for (pack, worlds) in levels.iter_mut().zip(&mut packs) {
            for (world, action) in worlds.iter_mut().zip(&actions) {
                world.act(action);
            }
            let mut worlds = worlds.iter_mut().peekable();
            while worlds.peek().is_some() {
                pack.step(&mut worlds);
            }
        }
        for (level, worlds) in levels.iter_mut().zip(&packs) {
            let stepped: Vec<(&World, &[u8])> = worlds.iter().zip(actions.iter().map(Vec::as_slice)).collect();
            let mut records = Vec::new();
            level.record(&stepped, &mut records);
            assert!(records.iter().copied().eq(alone.iter().map(World::record)), "{name} step {step} {level:?}");
        }
        for (i, world) in alone.iter_mut().enumerate() {
            faults += usize::from(world.fault().is_some());
            for (level, worlds) in levels.iter().zip(&mut packs) {
                assert_eq!(worlds[i].digest(), world.digest(), "{name} step {step} world {i} {level:?}");
                assert_eq!(worlds[i].outcome(), world.outcome());
                assert_eq!(worlds[i].cost(), world.cost());
                compared += 1;
            }
            if (step + i) % 17 == 0 {
                world.reset(None);
                packs.iter_mut().for_each(|worlds| worlds[i].reset(None));
            }
        }
    }
    (compared, faults)
}

fn blueprint(scene: &str) -> Blueprint {
    Scene::builtin(scene).unwrap().cook(&Default::default()).unwrap().blueprint
}

#[test]
fn levels_have_the_bits_of_single_worlds() {
    let mut compared = 0;
    for scene in Scene::builtin_names() {
        compared += compare(scene, &Model::new(blueprint(scene)).unwrap()).0;
    }
    assert!(compared > 5000, "{compared}");
}

/// A lane that fails, in any way there is, fails as a world alone does, and its neighbours go on.
#[test]
fn lanes_fail_as_single_worlds_do() {
    // Not a number once the torso is lower than it mostly is.
    let height = Slice { source: Source::Qpos, start: 2, len: 1, previous: false };
    let low = || Program { ops: vec![Op::Load(height), Op::Const(0.6), Op::Sub, Op::Sqrt] };
    let name = || String::from("low");
    type Change = fn(&mut Blueprint, Program, String);
    let ways: [(&str, Change); 5] = [
        ("budget", |b, _, _| b.task.budget.rows = 150),
        ("reward", |b, value, name| b.task.rewards.push(RewardTerm { name, weight: 1.0, value })),
        ("info", |b, value, name| b.task.infos.push(InfoTerm { name, unit: String::new(), value })),
        ("ending", |b, value, name| b.task.terminations.push(TerminationTerm { name, value, truncates: false })),
        ("observation", |b, value, _| b.task.observations[0].terms[0].value = Value::Program(value)),
    ];
    for (way, change) in ways {
        let mut changed = blueprint("ant");
        if way == "observation" {
            let group = &mut changed.task.observations[0];
            group.terms.truncate(1);
            group.shape = vec![1];
        }
        change(&mut changed, low(), name());
        let (_, faults) = compare(way, &Model::new(changed).unwrap());
        assert!((100..1000).contains(&faults), "{way}: {faults} faults");
    }
}

/// The bits of one number, all NaNs alike: only whether a number is one is ever looked at.
fn bits(x: f32) -> u32 {
    if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }
}

/// All operations of a level's numbers, lane by lane, against those of `f32`.
fn check<T: Real>(a: &[f32], b: &[f32], byte: u8) {
    let (mut x, mut y) = (T::zero(), T::zero());
    for lane in 0..T::LANES {
        x.set_lane(lane, a[lane]);
        y.set_lane(lane, b[lane]);
    }
    let same = |what: &str, found: T, expected: fn(f32, f32) -> f32| {
        for lane in 0..T::LANES {
            let wanted = expected(a[lane], b[lane]);
            assert_eq!(bits(found.lane(lane)), bits(wanted), "{what} of {} and {}", a[lane], b[lane]);
        }
    };
    same("add", x + y, |a, b| a + b);
    same("sub", x - y, |a, b| a - b);
    same("mul", x * y, |a, b| a * b);
    same("div", x / y, |a, b| a / b);
    same("neg", -x, |a, _| -a);
    same("abs", x.abs(), |a, _| Real::abs(a));
    same("sqrt", x.sqrt(), |a, _| Real::sqrt(a));
    same("min", x.min(y), Real::min);
    same("max", x.max(y), Real::max);
    same("clamp", x.clamp(-y, y), |a, b| Real::clamp(a, -b, b));
    same("sine", x.sin_cos().0, |a, _| Real::sin_cos(a).0);
    same("cosine", x.sin_cos().1, |a, _| Real::sin_cos(a).1);
    same("map", x.map(|x| x + 1.0), |a, _| a + 1.0);
    let mask = |what: &str, found: T::Mask, expected: fn(f32, f32) -> bool| {
        let mut any = false;
        for lane in 0..T::LANES {
            assert_eq!(found.lane(lane), expected(a[lane], b[lane]), "{what} of {} and {}", a[lane], b[lane]);
            any |= found.lane(lane);
        }
        assert_eq!(found.any(), any, "any {what}");
        let mut bits = T::splat_byte(byte);
        for i in 0..8 {
            bits = T::set_bit(bits, i, if byte >> i & 1 == 1 { found } else { found.not() });
        }
        for lane in 0..T::LANES {
            assert_eq!(T::byte(&bits, lane), if found.lane(lane) { byte } else { !byte }, "byte by {what}");
            assert_eq!(T::bit(bits, 3).lane(lane), T::byte(&bits, lane) >> 3 & 1 == 1);
            let chosen = T::select_byte(found, T::splat_byte(byte), T::splat_byte(7));
            assert_eq!(T::byte(&chosen, lane), if found.lane(lane) { byte } else { 7 });
        }
    };
    mask("less", x.lt(y), |a, b| a < b);
    mask("finite", x.is_finite(), |a, _| a.is_finite());
    mask("NaN", x.is_nan(), |a, _| a.is_nan());
    mask("zero", x.is_zero(), |a, _| a == 0.0);
    mask("bit 0", x.low_bits()[0], |a, _| a.to_bits() & 1 == 1);
    mask("bit 1", x.low_bits()[1], |a, _| a.to_bits() & 2 == 2);
    mask("and", x.lt(y).and(x.is_zero()), |a, b| a < b && a == 0.0);
    mask("or", x.lt(y).or(x.is_zero()), |a, b| a < b || a == 0.0);
    mask("xor", x.lt(y).xor(y.lt(x)), |a, b| a < b || b < a);
    mask("not", x.is_zero().not(), |a, _| a != 0.0);
    mask("all", T::Mask::splat(true), |_, _| true);
}

fn check_hashes<L: Level>(level: &L, messages: &[&[u8]]) {
    let messages = &messages[..messages.len().min(L::Number::LANES)];
    let mut hashes = [[0; 32]; WIDEST];
    level.hash(messages, &mut hashes);
    for (hash, message) in hashes.iter().zip(messages) {
        assert_eq!(*hash, *::blake3::hash(message).as_bytes(), "{} bytes", message.len());
    }
}

/// Around every border of blocks and chunks, and every depth of tree up to five chunks.
#[test]
fn hashes_are_those_of_the_blake3_crate() {
    let bytes: Vec<u8> = (0..40_000_u32).map(|i| (i * 31 % 251) as u8).collect();
    let borders = [0, 64, 128, 960, 1024, 2048, 3072, 4096, 5120];
    for length in borders.into_iter().flat_map(|b: usize| b.saturating_sub(2)..b + 3).chain([300, 840, 2784]) {
        for count in [1, 3, 8, 16] {
            let messages: Vec<&[u8]> = (0..count).map(|i| &bytes[i * 1999..i * 1999 + length]).collect();
            check_hashes(&portable::Portable, &messages);
            #[cfg(target_arch = "x86_64")]
            {
                avx2::Avx2::detect().iter().for_each(|level| check_hashes(level, &messages));
                avx512::Avx512::detect().iter().for_each(|level| check_hashes(level, &messages));
            }
        }
    }
}

fn check_roots<L: Level>(level: &L, strings: [(Kind, &[u8]); 3]) {
    let expected = strings.map(|(kind, bytes)| merkle::root(kind, bytes));
    assert_eq!(keccak::roots(level, strings), expected, "{:?} bytes, {level:?}", strings.map(|(_, bytes)| bytes.len()));
}

proptest! {
    /// Strings of all lengths side by side, some of them short and some of zeros at the end, have the roots that the one tree gives each alone.
    #[test]
    fn roots_are_those_of_the_merkle_crate(
        strings in prop::array::uniform3((prop_oneof![0_usize..200, 0_usize..9000], 0_usize..400, any::<u8>())),
    ) {
        let kinds = [segment::STATE, segment::ACTIONS, Kind::SNAPSHOT];
        let strings = strings.map(|(length, zeros, salt)| {
            let mut bytes: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8 ^ salt).collect();
            bytes.resize(length + zeros, 0);
            bytes
        });
        let strings = std::array::from_fn(|i| (kinds[i], strings[i].as_slice()));
        check_roots(&portable::Portable, strings);
        #[cfg(target_arch = "x86_64")]
        {
            avx2::Avx2::detect().iter().for_each(|level| check_roots(level, strings));
            avx512::Avx512::detect().iter().for_each(|level| check_roots(level, strings));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn numbers_have_the_bits_of_f32(
        a in prop::collection::vec(prop_oneof![any::<f32>(), -100.0_f32..100.0, prop::num::f32::ANY, Just(0.0), Just(-0.0), Just(f32::INFINITY)], 16),
        b in prop::collection::vec(prop_oneof![any::<f32>(), -100.0_f32..100.0, prop::num::f32::ANY, Just(-0.0)], 16),
        byte: u8,
    ) {
        check::<portable::Number>(&a, &b, byte);
        #[cfg(target_arch = "x86_64")]
        {
            if avx2::Avx2::detect().is_some() {
                check::<avx2::Number>(&a, &b, byte);
            }
            if avx512::Avx512::detect().is_some() {
                check::<avx512::Number>(&a, &b, byte);
            }
        }
    }
}
