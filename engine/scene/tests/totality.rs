//! Whatever stands in `scene.toml` or in a mesh, opening and cooking give a scene or an error: no panic, bounded work, and what is
//! cooked is a blueprint that survives its own encoding.

mod fixture;

use std::collections::BTreeMap;

use fixture::{ROBOT, SCENE};
use hyperdust_kernel::blueprint::Blueprint;
use hyperdust_scene::Scene;
use proptest::prelude::*;

/// Opens and cooks; true if that gave a blueprint.
fn survives(scene: &[u8], mesh: Option<&[u8]>) -> bool {
    let mut files = BTreeMap::from([("scene.toml".to_owned(), scene.to_vec()), ("robot.xml".to_owned(), ROBOT.into())]);
    if let Some(mesh) = mesh {
        files.insert("mesh.glb".into(), mesh.to_vec());
    }
    let Ok(scene) = Scene::from_files(files) else { return false };
    let Ok(cooked) = scene.cook(&BTreeMap::new()) else { return false };
    let bytes = cooked.blueprint.encode().expect("a validated blueprint has bytes");
    assert_eq!(Blueprint::decode(&bytes).expect("and is decoded from them"), cooked.blueprint);
    true
}

/// A line of the fixture, or of a section that it lacks.
fn lines() -> Vec<&'static str> {
    let more = [
        "[[observation.term]]",
        "kind = \"contact_forces\"",
        "kind = \"expression\"",
        "kind = \"projected_gravity\"",
        "kind = \"normal\"",
        "deviation = 1e300",
        "low = \"-inf\"",
        "high = \"$range\"",
        "body = \"pole\"",
        "bodies = \"all\"",
        "joints = [\"hinge\", \"rail\"]",
        "range = [0, 1]",
        "skip = \"$simple ? 1 : 0\"",
        "value = [\"qpos\", \"prev(qvel)\", \"lean\"]",
        "value = \"1 / 0\"",
        "value = 1e308",
        "scale = 1e-300",
        "weight = inf",
        "[camera]",
        "body = 2",
        "distance = 0",
        "[budget]",
        "rows = 99999999999",
        "kind = \"tilt\"",
        "max_angle = 1",
        "kind = \"height\"",
        "min = 0",
        "shape = \"hull\"",
        "points = [[0,0,0],[1,0,0],[0,1,0],[0,0,1]]",
        "shape = \"heightfield\"",
        "rows = 3",
        "columns = 1000000",
        "size = [1, 1]",
        "waves = { height = 1, length = 1 }",
        "scale = -1",
        "shape = [5]",
        "shape = []",
        "dtype = \"u8\"",
        "timestep = 1e-9",
        "gravity = [0, 0, 1e30]",
        "integrator = \"$target\"",
        "target = \"orientation\"",
        "target = \"qvel\"",
        "mode = \"set\"",
        "enabled = \"$simple\"",
        "truncates = true",
        "kind = \"discrete\"",
        "choices = [[0], [1]]",
        "choices = [[]]",
        "actuators = []",
        "name = \"\"",
        "name = \"$target\"",
    ];
    SCENE.lines().chain(more).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mutated_scenes(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0u8..3), 1..6)) {
        let pool = lines();
        let mut text: Vec<&str> = SCENE.lines().collect();
        for (place, line, how) in &edits {
            let at = place.index(text.len());
            match how {
                0 => text[at] = pool[line.index(pool.len())],
                1 => text.insert(at, pool[line.index(pool.len())]),
                _ => drop(text.remove(at)),
            }
        }
        survives(text.join("\n").as_bytes(), None);
    }

    #[test]
    fn mutated_bytes(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = SCENE.as_bytes().to_vec();
        for (place, byte) in &edits {
            let at = place.index(bytes.len());
            bytes[at] = *byte;
        }
        survives(&bytes, None);
    }

    #[test]
    fn any_text(text in "(\\PC|\n){0,200}") {
        survives(text.as_bytes(), None);
        survives(format!("format = 1\n{text}").as_bytes(), None);
    }

    #[test]
    fn mutated_meshes(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut in any::<prop::sample::Index>(), whole in any::<bool>()) {
        let scene = SCENE.replace("shape = \"sphere\"\nradius = 0.1", "shape = \"hull\"\nfile = \"mesh.glb\"");
        let mut bytes = fixture::tetrahedron(r#""translation":[0,0,2]"#);
        for (place, byte) in &edits {
            let at = place.index(bytes.len());
            bytes[at] = *byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let cooked = survives(scene.as_bytes(), Some(&bytes));
        prop_assert!(cooked || !edits.is_empty() || !whole);
    }
}

#[test]
fn deep_and_wide_files_are_refused() {
    let deep = format!("format = 1\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let keys = format!("format = 1\n{} = 1", vec!["a"; 50_000].join("."));
    let wide = format!("format = 1\n{}", "[[reward]]\nkind = \"alive\"\n".repeat(30_000));
    let long = format!("format = 1\n[scene]\nname = \"a\"\ndescription = \"{}\"", "x".repeat(2 << 20));
    for text in [deep, keys, wide, long] {
        assert!(!survives(text.as_bytes(), None));
    }
}
