//! `hyperdust scene` from the command line: what it prints, writes and exits with.

mod hostile;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use hyperdust_scene::Scene;
use serde_json::Value;

fn hyperdust(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// What succeeds, as JSON.
fn good(folder: &Path, arguments: &[&str]) -> Value {
    let output = hyperdust(folder, arguments);
    assert_eq!(code(&output), 0, "{output:?}");
    json(&output)
}

/// From nothing to an archive, and back in another place: every id is the same all the way.
#[test]
fn a_new_scene_is_checked_packed_and_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for template in ["robot", "rigid"] {
        let made = hyperdust(at, &["scene", "new", template, "--template", template]);
        assert_eq!(code(&made), 0, "{made:?}");
        let report = good(at, &["scene", "check", template, "--strict", "--json"]);
        assert_eq!((report["errors"].as_u64(), report["warnings"].as_u64()), (Some(0), Some(0)), "{report}");
        assert_eq!(report["tier"], "provable");

        let blueprint = at.join("blueprint");
        let cooked = hyperdust(at, &["scene", "cook", template, "-o", "blueprint"]);
        let id = String::from_utf8(cooked.stdout).unwrap().trim().to_owned();
        assert_eq!(report["blueprint"], id.as_str());
        let decoded = hyperdust_kernel::blueprint::Blueprint::decode(&fs::read(&blueprint).unwrap()).unwrap();
        assert_eq!(decoded.id().unwrap().to_string(), id);

        let archive = format!("{template}.hdscene");
        let packed = good(at, &["scene", "pack", template, "--json"]);
        assert_eq!(packed["package"], report["package"]);
        let first = fs::read(at.join(&archive)).unwrap();
        // Elsewhere, from the archive alone; and again from there.
        let package = packed["package"].as_str().unwrap();
        let unpacked = good(at, &["scene", "unpack", &archive, "-o", "else/where", "--id", package, "--json"]);
        assert_eq!((&unpacked["package"], &unpacked["blueprint"]), (&packed["package"], &report["blueprint"]));
        let again = good(at, &["scene", "pack", "else/where", "-o", "else/where/again.hdscene", "--json"]);
        assert_eq!(again["package"], packed["package"]);
        assert_eq!(fs::read(at.join("else/where/again.hdscene")).unwrap(), first);
        for place in ["else/where", archive.as_str()] {
            let report = good(at, &["scene", "check", place, "--json"]);
            assert_eq!((&report["package"], report["blueprint"].as_str()), (&packed["package"], Some(id.as_str())));
        }
        // Neither is written over.
        assert_eq!(code(&hyperdust(at, &["scene", "new", template])), 1);
        assert_eq!(code(&hyperdust(at, &["scene", "unpack", &archive, "-o", "else/where"])), 1);
        fs::remove_dir_all(at.join("else")).unwrap();
    }
    let other = format!("0x{}", "1".repeat(64));
    let refused = hyperdust(at, &["scene", "unpack", "robot.hdscene", "-o", "new", "--id", &other]);
    assert_eq!(code(&refused), 1);
    assert!(!at.join("new").exists());
}

/// Every published scene is packed, and is the same scene from its archive.
#[test]
fn published_scenes_are_packed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in Scene::builtin_names() {
        let packed = good(at, &["scene", "pack", name, "--json"]);
        let cooked = good(at, &["scene", "cook", name, "--json"]);
        let archive = format!("{name}.hdscene");
        let opened = good(at, &["scene", "cook", &archive, "--json"]);
        assert_eq!(
            (&cooked["blueprint"], &opened["blueprint"]),
            (&packed["blueprint"], &packed["blueprint"]),
            "{name}"
        );
    }
    let rows = good(at, &["scene", "list", ".", "--json"]);
    assert_eq!(rows.as_array().unwrap().len(), 2 * Scene::builtin_names().len());
}

#[test]
fn a_list_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(code(&hyperdust(at, &["scene", "new", "arm"])), 0);
    fs::create_dir(at.join("broken")).unwrap();
    fs::write(at.join("broken/scene.toml"), "format = 3").unwrap();
    fs::create_dir(at.join("no-scene")).unwrap();
    let rows = good(at, &["scene", "list", ".", "--json"]);
    let rows = rows.as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {rows:?}"));
    assert!(row("ant")["path"].is_null() && row("ant")["max_episode_steps"] == 1000);
    assert_eq!(row("arm")["parameters"], serde_json::json!(["control_cost_weight", "target"]));
    assert!(row("broken")["error"].as_str().unwrap().contains("format = 1"));
    assert!(!rows.iter().any(|row| row["name"] == "no-scene"));
    let table = String::from_utf8(hyperdust(at, &["scene", "list"]).stdout).unwrap();
    assert_eq!(table.lines().count(), 1 + Scene::builtin_names().len());
    assert!(table.lines().nth(1).unwrap().starts_with("ant "), "{table}");
}

/// Each finding has a file, a key and a fix; errors are exit code 1, warnings are with `--strict`. What is wrong is not packed.
#[test]
fn findings_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(code(&hyperdust(at, &["scene", "new", "arm"])), 0);
    let path = at.join("arm/scene.toml");
    let scene = fs::read_to_string(&path).unwrap();
    fs::write(&path, scene.replace("license = \"CC0-1.0\"", "")).unwrap();
    let report = good(at, &["scene", "check", "arm", "--json"]);
    assert_eq!((report["ok"].as_bool(), report["warnings"].as_u64()), (Some(true), Some(1)));
    assert_eq!(report["findings"][0]["key"], "scene.license");
    assert_eq!(code(&hyperdust(at, &["scene", "check", "arm", "--strict"])), 1);

    let wrong = scene.replace("frame_skip = 2", "frame_skip = 0").replace("exp(-4", "exp(4 -");
    fs::write(&path, wrong.replace("kind = \"joint_velocities\"", "kind = \"joint_speeds\"")).unwrap();
    let checked = hyperdust(at, &["scene", "check", "arm"]);
    assert_eq!(code(&checked), 1);
    let text = String::from_utf8(checked.stdout).unwrap();
    for part in [
        "error: scene.toml:20: `physics.frame_skip`: found 0\n  fix: a whole number from 1 to 1000",
        "`observation[0].term[1].kind`",
        "`reward[0].value`",
        "arm: 3 errors, 0 warnings",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let refused = hyperdust(at, &["scene", "pack", "arm"]);
    assert_eq!(code(&refused), 1);
    assert!(!at.join("arm.hdscene").exists());
    // A bare robot is a scene too.
    let packed = good(at, &["scene", "pack", "arm/robot.xml", "-o", "bare.hdscene", "--json"]);
    assert_eq!(packed["files"], 2);
}

#[test]
fn parameters_are_set() {
    let folder = tempfile::tempdir().unwrap();
    let cook = |set: &[&str]| {
        let mut arguments = vec!["scene", "cook", "ant", "--json"];
        set.iter().for_each(|value| arguments.extend(["--set", value]));
        hyperdust(folder.path(), &arguments)
    };
    let id = |output: &Output| json(output)["blueprint"].clone();
    let default = id(&cook(&[]));
    assert_eq!(id(&cook(&["healthy_reward=1"])), default);
    assert_ne!(id(&cook(&["healthy_reward=2.5", "healthy_z_range=[0.1, \"inf\"]"])), default);
    assert_eq!(code(&cook(&["healthy=2.5"])), 1);
    assert_eq!(code(&cook(&["healthy_reward=much"])), 1);
    assert_eq!(code(&cook(&["healthy_reward"])), 2);
}

/// What is said to be provable is what the proof machine's input takes.
#[test]
fn the_limit_of_proofs_is_the_machines() {
    assert_eq!(hyperdust_scene::PROVABLE_BYTES, hyperdust_proof::machine::layout::HEADER as usize);
}
