//! A scene that is wrong is refused with the file, the line or key, what was found and what is accepted.

mod fixture;

use std::collections::BTreeMap;

use fixture::{SCENE, cook, files};
use hyperdust_scene::{Error, Scene};

/// The message of the error that a replacement in the fixture's `scene.toml` gives.
fn message(from: &str, to: &str) -> String {
    match cook(from, to) {
        Ok(_) => panic!("{to:?} was accepted"),
        Err(error) => error.to_string(),
    }
}

/// Line of the fixture on which `text` is.
fn line(text: &str) -> usize {
    1 + SCENE[..SCENE.find(text).unwrap()].matches('\n').count()
}

#[test]
fn the_fixture_itself_is_right() {
    let cooked = cook("", "").unwrap();
    assert_eq!(cooked.warnings, []);
    assert_eq!(cooked.names.bodies, ["world", "cart", "pole", "floor", "ball"]);
}

#[test]
fn messages_name_line_found_and_accepted() {
    // What is replaced, by what, and what the message must say besides the line.
    let cases: &[(&str, &str, &[&str])] = &[
        ("format = 1", "format = 2", &["format", "found `2`", "`format = 1`"]),
        ("format = 1", "", &["format", "found nothing"]),
        ("name = \"cart\"", "name = \"a b\"", &["scene.name", "\"a b\"", "letters"]),
        ("[episode]", "[episodes]", &["unknown field `episodes`", "`episode`"]),
        ("max_episode_steps = 200", "max_episode_steps = -1", &["`-1`", "whole number"]),
        (
            "max_episode_steps = 200",
            "max_episode_steps = \"qpos[0]\"",
            &["episode.max_episode_steps", "column 1", "constant"],
        ),
        ("file = \"robot.xml\"", "file = \"robot.obj\"", &["robot.obj", "no such file"]),
        ("file = \"robot.xml\"", "file = \"../robot.xml\"", &["../robot.xml", "without `..`"]),
        ("file = \"robot.xml\"", "file = \"/etc/passwd\"", &["/etc/passwd", "relative path"]),
        (
            "file = \"robot.xml\"",
            "file = \"robot.xml\"\nkeyframe = \"home\"",
            &["robot.keyframe", "\"home\"", "leaning"],
        ),
        (
            "file = \"robot.xml\"",
            "file = \"robot.xml\"\n[robot.joints.knee]\nmax_speed = 1",
            &["robot.joints.knee", "rail, hinge"],
        ),
        ("frame_skip = \"$frame_skip\"", "frame_skip = \"$skip\"", &["physics.frame_skip", "$skip", "$frame_skip"]),
        ("frame_skip = \"$frame_skip\"", "frame_skip = 0", &["physics.frame_skip", "found 0", "from 1 to"]),
        ("frame_skip = \"$frame_skip\"", "timestep = \"0.1 / 0\"", &["physics.timestep", "inf"]),
        ("frame_skip = \"$frame_skip\"", "integrator = \"rk5\"", &["physics.integrator", "\"rk5\"", "\"rk4\""]),
        ("frame_skip = \"$frame_skip\"", "gravity = [0, 1]", &["physics.gravity", "3 finite numbers"]),
        ("default = 2\nmin = 1", "default = 2\nmin = 3", &["parameters.frame_skip.default", "found 2", "3 to 10"]),
        ("default = 1.0", "default = nan", &["parameters.weight.default", "not NaN"]),
        ("default = [-0.5, inf]", "default = [true]", &["parameters.range.default", "numbers only"]),
        ("lean = \"qpos[\\\"hinge\\\"]\"", "lean = \"lean\"", &["quantities.lean", "lean → lean"]),
        ("name = \"ball\"", "name = \"pole\"", &["body[1].name", "\"pole\"", "a name of its own"]),
        ("shape = \"sphere\"", "shape = \"ball\"", &["unknown variant `ball`", "`sphere`"]),
        ("shape = \"sphere\"", "shape = \"box\"", &["body[1].collider[0].radius", "half_size"]),
        ("shape = \"sphere\"", "shape = \"plane\"", &["body[1].collider[0].shape", "fixed = true"]),
        ("radius = 0.1", "radius = 0", &["body[1].collider[0].radius", "above 0"]),
        ("position = [1, 0, 0.5]", "orientation = [0, 0, 0, 0]", &["body[1].orientation", "not all 0"]),
        ("[[action]]", "[[action]]\nkind = \"discreet\"", &["action[0].kind", "\"discreet\"", "continuous, discrete"]),
        ("[[action]]", "[[action]]\nactuators = [\"pull\"]", &["action[0].actuators", "\"pull\"", "push"]),
        ("[[action]]", "[[action]]\nlow = 2.0", &["action[0].low", "low at most high"]),
        (
            "[[action]]",
            "[[action]]\nkind = \"discrete\"\nchoices = [[1, 2]]",
            &["action[0].choices", "1 finite numbers"],
        ),
        ("[[action]]", "", &["action", "nothing", "[[action]]"]),
        ("[[observation]]", "[[observation]]\ndtype = \"f16\"", &["unknown variant `f16`", "`f64`"]),
        ("[[observation]]", "[[observation]]\nshape = [7]", &["observation[0].shape", "[7]", "5 numbers"]),
        (
            "kind = \"joint_positions\"",
            "kind = \"joint_position\"",
            &["observation[0].term[0].kind", "joint_positions, joint_velocities"],
        ),
        (
            "kind = \"joint_positions\"",
            "kind = \"joint_positions\"\nbody = 1",
            &["unknown field `body`", "`skip`", "`enabled`"],
        ),
        ("kind = \"joint_positions\"", "", &["observation[0].term[0].kind", "nothing"]),
        (
            "kind = \"joint_positions\"",
            "kind = \"joint_positions\"\nskip = 3",
            &["observation[0].term[0].skip", "found 3", "from 0 to 2"],
        ),
        ("kind = \"joint_positions\"", "kind = \"joint_positions\"\njoints = [\"knee\"]", &["\"knee\"", "rail, hinge"]),
        ("kind = \"joint_positions\"", "kind = \"joint_positions\"\nskip = 1\nrange = [0, 1]", &["more than one"]),
        ("kind = \"joint_positions\"", "kind = \"joint_positions\"\nrange = [1, 3]", &["range", "end at most 2"]),
        ("body = \"$target\"", "body = \"$weight\"", &["$weight = 1.0", "a parameter that is a text"]),
        (
            "body = \"$target\"",
            "body = \"leg\"",
            &["observation[0].term[1].body", "\"leg\"", "world, cart, pole, floor, ball"],
        ),
        ("enabled = \"not $simple\"", "enabled = 1", &["`1`", "true, false"]),
        ("weight = \"$weight\"", "weight = [1]", &["a list of 1", "a number"]),
        ("weight = \"$weight\"", "wieght = 1", &["reward[0]", "unknown field `wieght`", "`weight`"]),
        ("value = \"cos(lean)\"", "value = \"cos(lein)\"", &["reward[0].value", "column 5", "unknown name `lein`"]),
        ("value = \"cos(lean)\"", "value = \"qpos\"", &["reward[0].value", "a vector of 2", "norm"]),
        ("value = \"cos(lean)\"", "", &["missing field `value`"]),
        ("range = \"$range\"", "range = [1, 0]", &["termination[0].range", "low at most high"]),
        ("target = \"qpos\"", "target = \"qacc\"", &["unknown variant `qacc`", "`qvel`"]),
        ("target = \"qpos\"", "target = \"qpos\"\nbodies = [\"ball\"]", &["reset[0].bodies", "`joints` or `range`"]),
        ("low = -0.1", "low = 0.5", &["reset[0].low", "low at most high"]),
        ("low = -0.1", "low = \"-inf\"", &["reset[0].low", "finite"]),
        ("name = \"lean\"\n", "name = \"reward_upright\"\n", &["task.infos[0].name", "a name of its own"]),
    ];
    for (from, to, words) in cases {
        let message = message(from, to);
        for word in *words {
            assert!(message.contains(word), "{to:?} gave\n  {message}\nwhich does not say {word:?}");
        }
        assert!(message.contains("scene.toml") || message.contains("robot") || message.contains('/'), "{message}");
    }
}

#[test]
fn lines_are_those_of_the_file() {
    let at = |from: &str, to: &str| match cook(from, to) {
        Err(Error::Value { place, .. } | Error::Syntax { place, .. } | Error::Expression { place, .. }) => place.line,
        other => panic!("{other:?}"),
    };
    assert_eq!(at("value = \"cos(lean)\"", "value = \"cos(\""), line("value = \"cos(lean)\""));
    assert_eq!(at("low = -0.1", "low = \"$nope\""), line("low = -0.1"));
    assert_eq!(at("low = -0.1", "low = true"), line("low = -0.1"));
    assert_eq!(at("weight = \"$weight\"", "wieght = 1"), line("weight = \"$weight\""));
    assert_eq!(at("radius = 0.1", "radius = \"-1\""), line("radius = 0.1"));
    assert_eq!(at("[physics]", "[physics"), line("[physics]"));
    // An error inside a quantity is where the quantity is written.
    assert_eq!(at("lean = \"qpos[\\\"hinge\\\"]\"", "lean = \"qpos[9]\""), line("lean = "));
}

#[test]
fn an_error_in_an_expression_shows_it_with_a_caret() {
    let shown = message("value = \"cos(lean)\"", "value = \"cos(lean) + oops\"");
    assert!(shown.contains("\n    cos(lean) + oops\n                ^"), "{shown}");
}

#[test]
fn packages_are_read_from_inside_only() {
    let folder = std::env::temp_dir().join(format!("hyperdust-scene-errors-{}", std::process::id()));
    let outside = folder.join("outside");
    let inside = folder.join("inside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(outside.join("robot.xml"), fixture::ROBOT).unwrap();
    std::fs::write(inside.join("scene.toml"), SCENE).unwrap();
    let cook = || Scene::open(&inside).unwrap().cook(&BTreeMap::new());
    assert!(matches!(cook(), Err(Error::File { .. })), "missing");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.join("robot.xml"), inside.join("robot.xml")).unwrap();
        let error = cook().unwrap_err();
        assert!(error.to_string().contains("a link out of the package"), "{error}");
        std::fs::remove_file(inside.join("robot.xml")).unwrap();
    }
    std::fs::create_dir(inside.join("robot.xml")).unwrap();
    assert!(cook().unwrap_err().to_string().contains("regular file"));
    std::fs::remove_dir(inside.join("robot.xml")).unwrap();
    std::fs::write(inside.join("robot.xml"), fixture::ROBOT).unwrap();
    assert!(cook().is_ok());
    std::fs::File::create(inside.join("robot.xml")).unwrap().set_len(1 << 40).unwrap();
    let error = cook().unwrap_err();
    assert!(error.to_string().contains("at most") && error.is_retryable(), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A quantity of 4000 bytes that 4000 elements name is 16 MB to read, though each alone is small.
#[test]
fn expressions_are_limited_together() {
    let formulas = |element: &str, count: usize| {
        let list = vec![element; count].join(", ");
        let scene = SCENE
            .replace("[quantities]", &format!("[quantities]\nlong = \"1{}\"", " ".repeat(4000)))
            .replace("kind = \"joint_positions\"", &format!("kind = \"expression\"\nvalue = [{list}]"));
        let files = BTreeMap::from([("scene.toml".into(), scene.into()), ("robot.xml".into(), fixture::ROBOT.into())]);
        Scene::from_files(files).unwrap().cook(&BTreeMap::new()).map(|cooked| cooked.blueprint.task)
    };
    assert_eq!(formulas("\"long\"", 100).unwrap().observations[0].shape, [103]);
    let error = formulas("\"long\"", 4000).unwrap_err().to_string();
    assert!(error.contains("expressions that together grow too large"), "{error}");
    let error = formulas("1", (1 << 16) + 1).unwrap_err().to_string();
    assert!(error.contains("observation[0].term[0].value") && error.contains("at most 65536"), "{error}");
}

#[test]
fn missing_scenes_say_what_there_is() {
    let error = Scene::builtin("anttt").unwrap_err().to_string();
    assert!(error.contains("anttt") && error.contains("half_cheetah"), "{error}");
    assert!(Scene::builtin("../ant").is_err() && Scene::builtin("").is_err());
    assert!(Scene::open(std::path::Path::new("/nonexistent/scene")).unwrap_err().is_retryable());
    assert!(Scene::from_files(files("format = 1", "\u{0}")).is_err());
}
