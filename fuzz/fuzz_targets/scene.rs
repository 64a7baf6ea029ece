//! Any `scene.toml` beside a good robot is a scene or an error; what cooks is a blueprint that the kernel accepts.
#![no_main]

use std::{collections::BTreeMap, fs, path::PathBuf, sync::LazyLock};

use hyperdust_kernel::Model;
use hyperdust_scene::Scene;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("hyperdust-fuzz-scene-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    let robot = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenes/hopper/robot.xml");
    fs::copy(robot, folder.join("robot.xml")).expect("the hopper");
    folder
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fs::write(FOLDER.join("scene.toml"), bytes).expect("a temporary file");
    let Ok(scene) = Scene::open(&FOLDER) else { return };
    if let Ok(cooked) = scene.cook(&BTreeMap::new()) {
        Model::new(cooked.blueprint).expect("what was cooked is valid");
    }
});
