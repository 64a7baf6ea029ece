//! Golden digests of every scene: what changes them changed the physics, the task or the cooking, on this
//! machine or for everyone. Found by it so far: nothing.

use hyperdust_scene::Scene;
use hyperdust_tests::{Golden, SCENES, path, scenes};

/// As the module says.
#[test]
fn scenes_give_their_golden_digests() {
    let mut wrong = Vec::new();
    for (name, model) in scenes() {
        let difference = match Golden::read(&path(name)) {
            Ok(golden) => golden.difference(&Golden::compute(&model)),
            Err(error) => Some(error),
        };
        wrong.extend(difference.map(|why| format!("{name}: {why}")));
    }
    assert!(
        wrong.is_empty(),
        "{}\nIf the change is meant: cargo run -p hyperdust-tests --example goldens -- --write",
        wrong.join("\n")
    );
}

/// The sweep leaves out no published scene.
#[test]
fn every_published_scene_is_swept() {
    let mut published: Vec<String> = Scene::builtin_names().iter().map(ToString::to_string).collect();
    published.sort();
    assert_eq!(published, SCENES);
}
