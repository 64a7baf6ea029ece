//! A step in the field's words: actions become controls, quantities become observations and rewards, episodes end.

use hyperdust_kernel::World;
use hyperdust_kernel::blueprint::*;
use hyperdust_kernel::layout::Dtype;

use super::{fixture, future, model, push, wobble};

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn layouts_are_those_of_the_task() {
    let model = model(fixture::everything());
    let [push] = &model.actions().segments[..] else { panic!() };
    assert_eq!((push.dtype, &push.shape[..], push.choices, model.actions().size), (Dtype::F32, &[1][..], 0, 8));
    let segments = &model.observations().segments;
    let offsets: Vec<_> = segments.iter().map(|s| (s.name.as_str(), s.dtype, s.offset, s.bytes())).collect();
    assert_eq!(offsets, [("state", Dtype::F32, 0, 68), ("steps", Dtype::I32, 72, 4), ("ball", Dtype::F64, 80, 72)]);
    assert_eq!(model.observations().size, 152);
    assert_eq!(segments[0].low[0], f32::NEG_INFINITY);
    assert_eq!((segments[0].low[16], segments[0].high[16]), (-10.0, 10.0));
    assert_eq!(model.info_names(), ["reward_forward", "reward_control", "speed"]);
    assert_eq!(World::new(model, 0).observation().as_ptr() as usize % 8, 0);
}

/// The observation is the state; bodies of both solvers meet in one array.
#[test]
fn observations_are_fresh() {
    let mut world = World::new(model(fixture::everything()), 1);
    for step in 0..5 {
        let bytes = world.observation().to_vec();
        let state = floats(&bytes[..68]);
        assert_eq!(&state[..9], world.qpos());
        let clamped: Vec<f32> = world.qvel().iter().map(|v| v.clamp(-10.0, 10.0)).collect();
        assert_eq!(&state[9..], clamped);
        assert_eq!(i32::from_le_bytes(bytes[72..76].try_into().unwrap()), step);
        let ball: Vec<f64> = bytes[80..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        let rigid = &world.bodies()[4..];
        assert_eq!(ball[3..6], rigid[0].position.map(f64::from));
        assert_eq!(ball[6..9], rigid[1].position.map(f64::from));
        if step == 0 {
            // Fresh after a reset: the robot's free ball is where `qpos` says.
            assert_eq!(ball[..3], [2, 3, 4].map(|i| f64::from(world.qpos()[i])));
        }
        world.step(&wobble(step as u32));
    }
}

/// `previous` is what the same slice read at the end of the step before, or at the reset.
#[test]
fn rewards_compare_with_the_step_before() {
    let mut world = World::new(model(fixture::cart_pole(Integrator::Euler)), 1);
    assert_eq!(world.info(), [0.0, 0.0, 0.0], "at a reset nothing has moved");
    for step in 0..5 {
        let before = world.qpos()[0];
        let outcome = world.step(&push(0.7));
        let speed = (world.qpos()[0] - before) / 0.02;
        let control = -0.1 * (0.7f32 * 0.7);
        assert_eq!(world.info(), [2.0 * speed, control, speed], "step {step}");
        assert_eq!(outcome.reward, 2.0 * speed + control);
    }
}

#[test]
fn choices_become_controls() {
    let mut world = World::new(model(fixture::discrete()), 1);
    let choices = world.model().actions().segments[0].choices;
    assert_eq!((choices, world.model().actions().segments[0].dtype), (3, Dtype::I32));
    // The last row asks for 4 and gets the actuator's 1; indices outside are clamped.
    for (index, control) in [(0i32, -0.5f32), (1, 0.0), (2, 1.0), (3, 1.0), (-1, -0.5), (i32::MAX, 1.0)] {
        let mut action = [0xffu8; 8];
        action[..4].copy_from_slice(&index.to_le_bytes());
        assert_eq!(world.step(&action).fault, None);
        assert_eq!(world.info().last(), Some(&control), "choice {index}");
    }
}

#[test]
fn time_runs_out() {
    let mut world = World::new(model(fixture::everything()), 1);
    let (qpos, qvel) = (world.qpos().to_vec(), vec![0.0; 8]);
    for step in 1..=50 {
        // Hold the pole up: only the clock ends this episode.
        world.set_state(&qpos, &qvel).unwrap();
        let outcome = world.step(&push(0.0));
        assert_eq!((outcome.terminated, outcome.truncated), (false, step == 50), "step {step}");
        assert_eq!(world.steps(), step);
    }
    // Nobody has to stop.
    assert!(world.step(&push(0.0)).truncated);
    world.reset(None);
    assert_eq!(world.steps(), 0);
    assert!(!world.step(&push(0.0)).truncated);
}

#[test]
fn a_fallen_pole_terminates() {
    let mut world = World::new(model(fixture::cart_pole(Integrator::Euler)), 1);
    let mut qpos = world.qpos().to_vec();
    qpos[1] = 1.6;
    world.set_state(&qpos, &[0.0; 8]).unwrap();
    let outcome = world.step(&push(0.0));
    assert!(outcome.terminated && !outcome.truncated && outcome.fault.is_none());
}

/// Values are cast as documented: saturating, towards zero, ≠ 0.
#[test]
fn casts_saturate() {
    let mut blueprint = fixture::cart_pole(Integrator::Euler);
    let constant = |x: f32| ObservationTerm {
        name: "x".into(),
        unit: "m".into(),
        value: Value::Program(fixture::program(&[Op::Const(x)])),
        scale: 2.0,
        low: f32::MIN,
        high: f32::MAX,
    };
    let values = [-3.7, 0.25, 200.0, 3e9, 0.0];
    blueprint.task.observations = [Dtype::I32, Dtype::U8, Dtype::Bool, Dtype::F32, Dtype::F64]
        .into_iter()
        .enumerate()
        .map(|(i, dtype)| ObservationGroup {
            name: format!("group {i}"),
            dtype,
            terms: values.map(constant).to_vec(),
            shape: vec![1, 5],
        })
        .collect();
    let world = World::new(model(blueprint), 0);
    let segment = |i: usize| {
        let s = &world.model().observations().segments[i];
        assert_eq!((s.unit.as_str(), &s.shape[..], s.offset % 8), ("m", &[1, 5][..], 0));
        &world.observation()[s.offset..s.offset + s.bytes()]
    };
    let ints: Vec<i32> = segment(0).chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(ints, [-7, 0, 400, i32::MAX, 0]);
    assert_eq!(segment(1), [0, 0, 255, 255, 0]);
    assert_eq!(segment(2), [1, 1, 1, 1, 0]);
    assert_eq!(floats(segment(3)), [-7.4, 0.5, 400.0, 6e9, 0.0]);
}

/// `set_state` starts afresh: the past of the solver does not show, and lengths and numbers are checked.
#[test]
fn a_state_can_be_set() {
    let model = model(fixture::cart_pole(Integrator::Euler));
    let mut world = World::new(model.clone(), 1);
    future(&mut world, 9);
    let (qpos, qvel) = (world.qpos().to_vec(), world.qvel().to_vec());
    world.set_state(&qpos, &qvel).unwrap();
    assert_eq!((world.qpos(), world.qvel()), (&qpos[..], &qvel[..]));
    let mut other = World::new(model, 2);
    future(&mut other, 9);
    other.set_state(&qpos, &qvel).unwrap();
    assert_eq!(floats(&world.observation()[..68]), floats(&other.observation()[..68]));
    for step in 0..9 {
        world.step(&wobble(step));
        other.step(&wobble(step));
        assert_eq!((world.qpos(), world.qvel(), world.info()), (other.qpos(), other.qvel(), other.info()));
    }
    let before = world.digest();
    for (qpos, qvel) in
        [(&qpos[1..], &qvel[..]), (&qpos[..], &qvel[1..]), (&[f32::NAN; 9][..], &qvel[..]), (&qpos[..], &[1e30; 8][..])]
    {
        assert!(world.set_state(qpos, qvel).is_err());
    }
    assert_eq!(world.digest(), before);
    assert!(World::new(super::model(fixture::ball()), 0).set_state(&[], &[]).is_err());
}

/// A quaternion is made unit, and −0 is stored as +0.
#[test]
fn a_set_state_is_canonical() {
    let mut world = World::new(model(fixture::cart_pole(Integrator::Euler)), 1);
    world.set_state(&[-0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 0.0, -0.0, 0.0], &[-0.0; 8]).unwrap();
    assert_eq!(world.qpos()[5..], [1.0, 0.0, 0.0, 0.0]);
    assert!(world.qpos().iter().chain(world.qvel()).all(|x| x.to_bits() != 0x8000_0000));
}

/// Free fall in the rigid solver, through the world: both the phases and the units are right.
#[test]
fn a_ball_falls() {
    let mut world = World::new(model(fixture::ball()), 1);
    let height = |world: &World| f32::from_le_bytes(world.observation()[..4].try_into().unwrap());
    assert_eq!(height(&world), 0.3);
    for _ in 0..5 {
        assert_eq!(world.step(&[]).fault, None);
    }
    assert!((height(&world) - (0.3 - 0.5 * 9.81 * 0.1 * 0.1)).abs() < 6e-3, "{}", height(&world));
    for _ in 0..100 {
        world.step(&[]);
    }
    assert!((height(&world) - 0.1).abs() < 0.01, "{}", height(&world));
    assert!(world.cost().contacts > 0);
}
