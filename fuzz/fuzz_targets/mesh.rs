//! Any `mesh.glb` in a scene is a mesh or an error; what cooks is a blueprint that the kernel accepts.
#![no_main]

use std::collections::BTreeMap;

use hyperdust_kernel::Model;
use hyperdust_scene::Scene;

const SCENE: &str = r#"
format = 1

[scene]
name = "mesh"

[episode]
max_episode_steps = 10

[[body]]
name = "ground"
fixed = true

[[body.collider]]
shape = "mesh"
file = "mesh.glb"

[[body]]
name = "stone"

[[body.collider]]
shape = "hull"
file = "mesh.glb"

[[action]]
kind = "discrete"
actuators = []
choices = [[]]

[[observation]]

[[observation.term]]
kind = "body_position"
body = "stone"
"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let files =
        [("scene.toml", SCENE.as_bytes()), ("mesh.glb", bytes)].map(|(name, bytes)| (name.into(), bytes.into()));
    let Ok(scene) = Scene::from_files(BTreeMap::from(files)) else { return };
    if let Ok(cooked) = scene.cook(&BTreeMap::new()) {
        Model::new(cooked.blueprint).expect("what was cooked is valid");
    }
});
