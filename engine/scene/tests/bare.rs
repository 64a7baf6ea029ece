//! A robot file without a scene, and what a scene says about its robot.

mod fixture;

use std::collections::BTreeMap;

use fixture::{ROBOT, cook};
use hyperdust_kernel::blueprint::{Integrator, ResetTarget};
use hyperdust_scene::{ParameterValue, Scene};

#[test]
fn a_bare_robot_gets_a_task() {
    let folder = std::env::temp_dir().join(format!("hyperdust-scene-bare-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("my cart.xml");
    std::fs::write(&file, ROBOT).unwrap();
    let scene = Scene::open(&file).unwrap();
    assert_eq!(scene.name(), "mycart");
    let cooked = scene.cook(&BTreeMap::new()).unwrap();
    let blueprint = &cooked.blueprint;
    // 0.01 s a step: three of them are 33 Hz.
    assert_eq!((blueprint.options.timestep, blueprint.options.frame_skip), (0.01, 3));
    assert_eq!(blueprint.options.integrator, Integrator::Euler);
    let task = &blueprint.task;
    assert_eq!((task.actions.len(), task.observations[0].shape.as_slice()), (1, &[4u32][..]));
    assert_eq!((task.rewards.len(), task.terminations.len(), task.max_episode_steps), (1, 0, 1000));
    let faster = scene.cook(&BTreeMap::from([("frame_skip".into(), ParameterValue::Integer(1))])).unwrap();
    assert_eq!(faster.blueprint.options.frame_skip, 1);
    // What was written for it is a scene of its own.
    std::fs::write(folder.join("scene.toml"), scene.source()).unwrap();
    let own = Scene::open(&folder).unwrap();
    assert_eq!(own.package().unwrap(), scene.package().unwrap());
    assert_eq!(own.cook(&BTreeMap::new()).unwrap().blueprint, cooked.blueprint);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A licence is a file: a folder of that name, as the REUSE layout has it, is none of the package's.
#[test]
fn a_folder_of_licences_is_left_out() {
    let folder = std::env::temp_dir().join(format!("hyperdust-scene-licences-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("LICENSES")).unwrap();
    std::fs::write(folder.join("LICENSES/MIT.txt"), "Permission is granted").unwrap();
    std::fs::write(folder.join("cart.xml"), ROBOT).unwrap();
    let package = || Scene::open(&folder.join("cart.xml")).unwrap().package().unwrap().id();
    let without = package();
    std::fs::write(folder.join("LICENSE"), "Permission is granted").unwrap();
    assert_ne!(package(), without, "a licence file is part of it");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_keyframe_is_where_episodes_begin() {
    let cooked = cook("file = \"robot.xml\"", "file = \"robot.xml\"\nkeyframe = \"leaning\"").unwrap();
    let resets = &cooked.blueprint.task.resets;
    let spans: Vec<_> = resets.iter().map(|reset| (reset.target, reset.start, reset.len, reset.add)).collect();
    let (q, v) = (ResetTarget::Qpos, ResetTarget::Qvel);
    assert_eq!(spans, [(q, 0, 1, false), (q, 1, 1, false), (v, 0, 1, false), (v, 1, 1, false), (q, 0, 2, true)]);
}

#[test]
fn joints_are_changed_by_name() {
    let cooked =
        cook("file = \"robot.xml\"", "file = \"robot.xml\"\n[robot.joints.hinge]\nmax_speed = \"8 * $weight\"")
            .unwrap();
    let speeds: Vec<f32> = cooked.blueprint.robot.unwrap().joints.iter().map(|joint| joint.max_speed).collect();
    assert_eq!(speeds, [0.0, 8.0]);
}

/// `dt` is the product of what was written, not of what f32 left of it.
#[test]
fn the_time_step_of_the_robot_file_is_read_as_written() {
    let cooked = cook("value = \"cos(lean)\"", "value = \"dt\"").unwrap();
    assert_eq!(cooked.blueprint.task.rewards[0].value.ops, [hyperdust_kernel::blueprint::Op::Const(0.02)]);
}
