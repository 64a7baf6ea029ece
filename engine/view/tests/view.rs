//! What this proves: a scene inside a Bevy world gives the digests of the direct path, authors' systems
//! run where they say, and orders that would not be deterministic are refused.

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::{prelude::*, schedule::ScheduleCleanupPolicy};
use bevy_transform::components::Transform;
use hyperdust_kernel::{
    FaultKind, Model, World as KernelWorld,
    blueprint::{Op, Program},
    layout::Layout,
    rng::Rng,
};
use hyperdust_scene::Scene;
use hyperdust_view::{
    Body, EnvStep, Error, HyperdustPlugin, Provability, Simulation, StepSet, phases, provability, reset, step,
};

fn model(scene: &str) -> Arc<Model> {
    let cooked = Scene::builtin(scene).unwrap().cook(&Default::default()).unwrap();
    Model::new(cooked.blueprint).unwrap()
}

fn app(model: &Arc<Model>) -> App {
    let mut app = App::new();
    app.add_plugins(HyperdustPlugin { model: model.clone(), seed: 1 });
    app
}

fn random(layout: &Layout, rng: &mut Rng) -> Vec<u8> {
    let mut arena = vec![0; layout.size];
    for segment in &layout.segments {
        for cell in arena[segment.offset..segment.offset + segment.bytes()].chunks_exact_mut(4) {
            cell.copy_from_slice(&match segment.choices {
                0 => rng.uniform(-1.0, 1.0).to_le_bytes(),
                choices => ((rng.unit() * choices as f32) as i32).to_le_bytes(),
            });
        }
    }
    arena
}

/// Both paths agree in outcome, digest, record and info at every step, across resets, in every scene.
#[test]
fn digests_equal_the_direct_path() {
    for name in Scene::builtin_names() {
        let model = model(name);
        let mut app = app(&model);
        let mut direct = KernelWorld::new(model.clone(), 1);
        let mut rng = Rng::new(2);
        for index in 0..60 {
            let action = random(model.actions(), &mut rng);
            let outcome = step(app.world_mut(), &action).unwrap();
            assert_eq!(outcome, direct.step(&action), "{name}, step {index}");
            let simulation = app.world().resource::<Simulation>();
            assert_eq!(simulation.world().record(), direct.record(), "{name}, step {index}");
            assert_eq!(simulation.world().info(), direct.info(), "{name}, step {index}");
            if outcome.terminated || outcome.truncated {
                reset(app.world_mut(), None).unwrap();
                direct.reset(None);
            }
        }
        assert_eq!(provability(app.world_mut()), Ok(Provability::Provable));
    }
}

/// A faulting action ends both paths alike.
#[test]
fn faults_are_the_same() {
    let model = model("half_cheetah");
    let mut app = app(&model);
    let mut direct = KernelWorld::new(model.clone(), 1);
    let action = f32::NAN.to_le_bytes().repeat(model.actions().size / 4);
    let fine = vec![0; action.len()];
    for action in [&fine, &action, &fine] {
        let outcome = step(app.world_mut(), action).unwrap();
        assert_eq!(outcome, direct.step(action));
        assert_eq!(app.world().resource::<Simulation>().world().record(), direct.record());
    }
    assert!(direct.fault().is_some());
}

fn assert_followed(app: &mut App) {
    let poses = app.world().resource::<Simulation>().world().bodies();
    let mut bodies = app.world_mut().query::<(&Body, &Transform)>();
    let found: Vec<_> = bodies.iter(app.world()).collect();
    assert_eq!(found.len(), poses.len());
    for (body, transform) in found {
        let pose = &poses[usize::from(body.0)];
        let [w, x, y, z] = pose.orientation;
        assert_eq!(transform.translation.to_array(), pose.position);
        assert_eq!(transform.rotation.to_array(), [x, y, z, w]);
    }
}

/// Entities stand where the bodies are, after a reset and after each step.
#[test]
fn entities_follow_bodies() {
    let model = model("ant");
    let mut app = app(&model);
    let mut rng = Rng::new(3);
    for index in 0..20 {
        assert_followed(&mut app);
        if index == 10 {
            reset(app.world_mut(), Some(5)).unwrap();
        } else {
            step(app.world_mut(), &random(model.actions(), &mut rng)).unwrap();
        }
    }
}

/// A fault in the reward, after the sensors, puts the bodies back, and the entities with them.
#[test]
fn entities_follow_bodies_back() {
    let mut blueprint = Scene::builtin("ant").unwrap().cook(&Default::default()).unwrap().blueprint;
    blueprint.task.rewards[0].value = Program { ops: vec![Op::Const(1.0), Op::Const(0.0), Op::Div] };
    let model = Model::new(blueprint).unwrap();
    let mut app = app(&model);
    let before = app.world().resource::<Simulation>().world().bodies();
    let outcome = step(app.world_mut(), &vec![0; model.actions().size]).unwrap();
    assert_eq!(outcome.fault.unwrap().kind, FaultKind::RewardNotFinite);
    assert_eq!(app.world().resource::<Simulation>().world().bodies(), before);
    assert_followed(&mut app);
}

#[derive(Resource, Default)]
struct Log(Vec<&'static str>);

fn log(name: &'static str) -> impl FnMut(ResMut<Log>) {
    move |mut log| log.0.push(name)
}

/// Systems of an author run between the phases, in the order of the sets; the scene is then attested.
#[test]
fn authors_hook_the_sets() {
    let mut app = app(&model("cartpole"));
    app.init_resource::<Log>();
    app.add_systems(EnvStep, log("end").in_set(StepSet::End));
    app.add_systems(EnvStep, log("reward").in_set(StepSet::Reward));
    app.add_systems(EnvStep, log("sense").in_set(StepSet::Sense));
    app.add_systems(EnvStep, log("physics").in_set(StepSet::Physics));
    app.add_systems(EnvStep, log("act").in_set(StepSet::Act));
    let action = vec![0; app.world().resource::<Simulation>().action().len()];
    for _ in 0..2 {
        step(app.world_mut(), &action).unwrap();
    }
    assert_eq!(app.world().resource::<Log>().0, ["act", "physics", "sense", "reward", "end"].repeat(2));
    assert_eq!(provability(app.world_mut()), Ok(Provability::Attested));
}

/// A condition that skips a phase adds no system and is noticed all the same: whoever builds the schedule
/// first, and for good.
#[test]
fn conditions_attest() {
    for elsewhere in [false, true] {
        let mut app = app(&model("cartpole"));
        app.configure_sets(EnvStep, StepSet::Reward.run_if(|| false));
        if elsewhere {
            app.world_mut().run_schedule(EnvStep);
        }
        for _ in 0..2 {
            assert_eq!(provability(app.world_mut()), Ok(Provability::Attested));
        }
    }
}

/// A system in the place of a built-in one is noticed, though there are as many as before.
#[test]
fn replacements_attest() {
    let mut app = app(&model("cartpole"));
    assert_eq!(provability(app.world_mut()), Ok(Provability::Provable));
    let policy = ScheduleCleanupPolicy::RemoveSystemsOnly;
    let removed = app.world_mut().schedule_scope(EnvStep, |world, schedule| {
        schedule.remove_systems_in_set(phases::reward, world, policy).map_err(|error| error.to_string())
    });
    assert_eq!(removed, Ok(1));
    app.add_systems(EnvStep, (|| {}).in_set(StepSet::Reward));
    assert_eq!(provability(app.world_mut()), Ok(Provability::Attested));
}

/// A system before [`phases::act`] may change the action, and the kernel simulates what it made of it.
#[test]
fn an_author_may_change_the_action() {
    let model = model("pendulum");
    let mut app = app(&model);
    app.add_systems(
        EnvStep,
        (|mut simulation: ResMut<Simulation>| simulation.action_mut()[..4].copy_from_slice(&1.0_f32.to_le_bytes()))
            .in_set(StepSet::Act)
            .before(phases::act),
    );
    let mut direct = KernelWorld::new(model.clone(), 1);
    let zero = vec![0; model.actions().size];
    let mut one = zero.clone();
    one[..4].copy_from_slice(&1.0_f32.to_le_bytes());
    assert_eq!(step(app.world_mut(), &zero), Ok(direct.step(&one)));
    assert_eq!(app.world().resource::<Simulation>().world().digest(), direct.digest());
}

/// Two systems that conflict without an order, wrong actions and a missing plugin are errors, not luck.
#[test]
fn mistakes_are_refused() {
    let mut app = app(&model("cartpole"));
    let size = app.world().resource::<Simulation>().action().len();
    let wrong = step(app.world_mut(), &vec![0; size + 1]);
    assert_eq!(wrong, Err(Error::ActionLength { found: size + 1, expected: size }));
    app.add_systems(EnvStep, (|_: ResMut<Simulation>| {}).in_set(StepSet::Physics));
    match step(app.world_mut(), &vec![0; size]) {
        Err(Error::Schedule(why)) => assert!(why.contains("physics (in set Physics)"), "{why}"),
        other => panic!("an ambiguous order was accepted: {other:?}"),
    }
    assert_eq!(step(App::new().world_mut(), &[]), Err(Error::NoPlugin));
}
