//! Parameters: what a user may give, and what becomes of it.

mod fixture;

use std::collections::BTreeMap;

use fixture::files;
use hyperdust_kernel::blueprint::{Blueprint, Op, Value};
use hyperdust_scene::{Error, ParameterValue, Scene};

fn scene() -> Scene {
    Scene::from_files(files("", "")).unwrap()
}

fn cook(name: &str, value: ParameterValue) -> Result<Blueprint, Error> {
    scene().cook(&BTreeMap::from([(name.to_owned(), value)])).map(|cooked| cooked.blueprint)
}

#[test]
fn they_are_listed_with_their_defaults() {
    let scene = scene();
    let names: Vec<&str> = scene.parameters().iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["frame_skip", "range", "simple", "target", "weight"]);
    let range = &scene.parameters()[1];
    assert_eq!(range.default, ParameterValue::List(vec![-0.5, f64::INFINITY]));
    assert_eq!(scene.parameters()[0].doc, "Physics steps per environment step.");
    assert_eq!(scene.metadata().max_episode_steps, 200);
}

#[test]
fn they_reach_numbers_flags_lists_names_and_expressions() {
    assert_eq!(cook("frame_skip", ParameterValue::Integer(5)).unwrap().options.frame_skip, 5);
    assert_eq!(cook("weight", ParameterValue::Integer(3)).unwrap().task.rewards[0].weight, 3.0);
    assert_eq!(cook("simple", ParameterValue::Bool(true)).unwrap().task.observations[0].terms.len(), 1);
    let target = |value: &str| {
        let blueprint = cook("target", ParameterValue::Text(value.into())).unwrap();
        match blueprint.task.observations[0].terms[1].value {
            Value::Slice(slice) => slice.start,
            Value::Program(_) => panic!("a slice"),
        }
    };
    assert_eq!((target("cart"), target("pole")), (3, 6));
    // An infinite bound is none: one comparison is left.
    let ops =
        |value: Vec<f64>| cook("range", ParameterValue::List(value)).unwrap().task.terminations[0].value.ops.clone();
    assert_eq!(ops(vec![-0.5, f64::INFINITY]).len(), 3);
    assert!(ops(vec![-0.25, 0.75]).contains(&Op::Const(-0.25)));
}

#[test]
fn equal_values_give_equal_ids() {
    let id = |overrides: BTreeMap<String, ParameterValue>| scene().cook(&overrides).unwrap().blueprint.id().unwrap();
    let default = id(BTreeMap::new());
    assert_eq!(default, id(BTreeMap::from([("frame_skip".into(), ParameterValue::Float(2.0))])));
    assert_ne!(default, id(BTreeMap::from([("frame_skip".into(), ParameterValue::Integer(3))])));
    // The package is what lies there, whatever the parameters.
    let package = |scene: &Scene| scene.package().unwrap().id();
    let other = Scene::from_files(files("[scene]", "# a comment\n[scene]")).unwrap();
    assert_eq!(package(&scene()), package(&scene()));
    assert_ne!(package(&scene()), package(&other));
    let other = other.cook(&BTreeMap::new()).unwrap();
    assert_eq!(default, other.blueprint.id().unwrap(), "a comment is not simulated");
}

#[test]
fn what_is_not_accepted_is_said() {
    for (name, value, words) in [
        ("weigth", ParameterValue::Float(1.0), "frame_skip, range, simple, target, weight"),
        ("frame_skip", ParameterValue::Integer(11), "1 to 10"),
        ("frame_skip", ParameterValue::Float(1.5), "a whole number"),
        ("frame_skip", ParameterValue::Bool(true), "a whole number"),
        ("weight", ParameterValue::Float(f64::NAN), "not NaN"),
        ("weight", ParameterValue::Text("1".into()), "a number"),
        ("simple", ParameterValue::Integer(1), "true or false"),
        ("range", ParameterValue::List(vec![0.0]), "2 numbers"),
        ("range", ParameterValue::Float(1.0), "a list of numbers"),
        ("target", ParameterValue::Text("leg".into()), "pole, cart"),
    ] {
        match cook(name, value.clone()) {
            Err(error @ Error::Parameter { .. }) => assert!(error.to_string().contains(words), "{error}"),
            other => panic!("{name} = {value}: {other:?}"),
        }
    }
}
