//! Every published scene cooks, into the same bytes every time, and is what Gymnasium says it is: the numbers of its
//! observation, action and info, for default and other keyword arguments.

use std::collections::BTreeMap;

use hyperdust_kernel::Model;
use hyperdust_kernel::blueprint::{ActionTerm, Blueprint, ObservationGroup, Value};
use hyperdust_scene::{Cooked, ParameterValue, Scene};

fn cook(name: &str, overrides: &[(&str, ParameterValue)]) -> Cooked {
    let overrides = overrides.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let scene = Scene::builtin(name).unwrap_or_else(|error| panic!("{error}"));
    scene.cook(&overrides).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn elements(group: &ObservationGroup) -> usize {
    let len = |value: &Value| match value {
        Value::Slice(slice) => usize::from(slice.len),
        Value::Program(_) => 1,
    };
    group.terms.iter().map(|term| len(&term.value)).sum()
}

/// Elements of the first observation, and of the first action (discrete: choices).
fn spaces(blueprint: &Blueprint) -> (usize, usize) {
    let action = match &blueprint.task.actions[0] {
        ActionTerm::Continuous { low, .. } => low.len(),
        ActionTerm::Discrete { actuators, choices, .. } => choices.len() / actuators.len().max(1),
    };
    (elements(&blueprint.task.observations[0]), action)
}

#[test]
fn every_scene_cooks_to_the_same_bytes() {
    let names = Scene::builtin_names();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let (first, second) = (cook(name, &[]), cook(name, &[]));
        assert_eq!(first.blueprint.encode().unwrap(), second.blueprint.encode().unwrap(), "{name}");
        assert_eq!(Scene::builtin(name).unwrap().name(), *name);
        assert_eq!(first.names.bodies.len(), first.blueprint.body_count(), "{name}");
        let decoded = Blueprint::decode(&first.blueprint.encode().unwrap()).unwrap();
        assert_eq!(decoded, first.blueprint, "{name}");
        Model::new(first.blueprint).unwrap();
    }
}

#[test]
fn opening_the_folder_equals_the_embedded_scene() {
    for name in Scene::builtin_names() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenes").join(name);
        let on_disk = Scene::open(&folder).unwrap();
        assert_eq!(on_disk.cook(&BTreeMap::new()).unwrap().blueprint, cook(name, &[]).blueprint, "{name}");
        let embedded = Scene::builtin(name).unwrap();
        assert_eq!(on_disk.package().unwrap(), embedded.package().unwrap(), "{name}");
    }
}

#[test]
fn sizes_are_those_of_gymnasium() {
    let of = |name: &str, overrides: &[(&str, ParameterValue)]| spaces(&cook(name, overrides).blueprint);
    let (no, yes) = (ParameterValue::Bool(false), ParameterValue::Bool(true));
    assert_eq!(of("ant", &[]), (105, 8));
    assert_eq!(of("ant", &[("include_cfrc_ext_in_observation", no.clone())]), (27, 8));
    assert_eq!(of("ant", &[("exclude_current_positions_from_observation", no.clone())]), (107, 8));
    assert_eq!(of("half_cheetah", &[]), (17, 6));
    assert_eq!(of("half_cheetah", &[("exclude_current_positions_from_observation", no.clone())]), (18, 6));
    assert_eq!(of("hopper", &[]), (11, 3));
    assert_eq!(of("walker2d", &[]), (17, 6));
    assert_eq!(of("humanoid", &[]), (348, 17));
    assert_eq!(of("humanoid", &[("include_cinert_in_observation", no.clone())]), (348 - 130, 17));
    assert_eq!(of("humanoid", &[("include_qfrc_actuator_in_observation", no)]), (348 - 17, 17));
    assert_eq!(of("cartpole", &[("sutton_barto_reward", yes)]), (4, 2));
    assert_eq!(of("pendulum", &[]), (3, 1));
}

#[test]
fn info_keys_are_those_of_gymnasium() {
    let keys = |name: &str| {
        let task = cook(name, &[]).blueprint.task;
        let rewards = task.rewards.iter().map(|term| format!("reward_{}", term.name));
        let mut keys: Vec<String> = rewards.chain(task.infos.iter().map(|term| term.name.clone())).collect();
        keys.sort();
        keys
    };
    let ant = [
        "distance_from_origin",
        "reward_contact",
        "reward_ctrl",
        "reward_forward",
        "reward_survive",
        "x_position",
        "x_velocity",
        "y_position",
        "y_velocity",
    ];
    assert_eq!(keys("ant"), ant);
    assert_eq!(keys("half_cheetah"), ["reward_ctrl", "reward_forward", "x_position", "x_velocity"]);
    let hopper =
        ["reward_ctrl", "reward_forward", "reward_survive", "x_position", "x_velocity", "z_distance_from_origin"];
    assert_eq!(keys("hopper"), hopper);
    assert_eq!(keys("walker2d"), hopper);
    assert_eq!(keys("humanoid"), ant);
}

#[test]
fn parameters_change_the_blueprint_and_only_where_they_should() {
    let default = cook("ant", &[]).blueprint;
    let id = |overrides: &[(&str, ParameterValue)]| cook("ant", overrides).blueprint.id().unwrap();
    assert_ne!(id(&[]), id(&[("ctrl_cost_weight", ParameterValue::Float(0.1))]));
    assert_eq!(id(&[]), id(&[("ctrl_cost_weight", ParameterValue::Float(0.5))]), "the default, said aloud");
    assert_eq!(id(&[]), id(&[("main_body", ParameterValue::Integer(1))]), "a body by its number");
    let changed = cook("ant", &[("frame_skip", ParameterValue::Integer(2))]).blueprint;
    assert_eq!(changed.options.frame_skip, 2);
    assert_eq!(changed.robot, default.robot);
    let unhealthy = cook("ant", &[("terminate_when_unhealthy", ParameterValue::Bool(false))]).blueprint;
    assert!(unhealthy.task.terminations.is_empty() && !default.task.terminations.is_empty());
}
