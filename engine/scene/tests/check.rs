//! A check says everything that can be told apart at once: each error with file, key and fix, and what is right but may not be meant.

mod fixture;

use std::collections::BTreeMap;
use std::path::Path;

use fixture::{ROBOT, SCENE};
use hyperdust_scene::{Finding, Package, Report, Scene, Severity, Template};

/// The report on a folder with these files.
fn report(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let report = Scene::check(folder.path());
    for finding in &report.findings {
        assert!(!finding.file.is_empty() && !finding.message.is_empty() && !finding.fix.is_empty(), "{finding:?}");
    }
    report
}

fn keys(report: &Report, severity: Severity) -> Vec<&str> {
    report.findings.iter().filter(|f| f.severity == severity).map(|f| f.key.as_str()).collect()
}

/// The fixture with some lines changed.
fn changed(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(SCENE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the fixture has no {from:?}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn published_scenes_and_templates_are_clean() {
    for name in Scene::builtin_names() {
        let report = Scene::check_builtin(name);
        assert_eq!(report.count(Severity::Error), 0, "{name}: {:?}", report.findings);
        assert_eq!((report.name.as_str(), report.provable()), (*name, Some(true)));
    }
    for template in Template::ALL {
        let folder = tempfile::tempdir().unwrap();
        let package = template.package("my-scene_1").unwrap();
        package.unpack(&folder.path().join("new")).unwrap();
        let report = Scene::check(&folder.path().join("new"));
        assert_eq!(report.findings, [], "{template:?}");
        assert_eq!(report.package, Some(package.id()));
        assert_eq!(report.name, "my-scene_1");
    }
    assert!(Template::Robot.package("no spaces").is_err());
}

#[test]
fn errors_in_many_parts_are_all_said() {
    let scene = changed(&[
        ("max_episode_steps = 200", "max_episode_steps = -1"),
        ("frame_skip = \"$frame_skip\"", "frame_skip = 0\nintegrator = \"rk5\""),
        ("radius = 0.1", "radius = -1"),
        ("body = \"$target\"", "body = \"foot\""),
        ("value = \"cos(lean)\"", "value = \"cos(lean\""),
        ("range = \"$range\"", "range = [1, 0]"),
        ("low = -0.1", "low = \"$nothing\""),
        ("value = \"lean\"\n", "value = \"lean + \"\n[camera]\ndistance = -1\n"),
    ]);
    let report = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    let expected = [
        "episode.max_episode_steps",
        "physics.frame_skip",
        "body[1].collider[0].radius",
        "observation[0].term[1].body",
        "reward[0].value",
        "termination[0].range",
        "reset[0].low",
        "info[0].value",
        "camera.distance",
    ];
    assert_eq!(keys(&report, Severity::Error), expected, "{:#?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.file == "scene.toml" && finding.line > 0));
    assert_eq!((report.blueprint, report.provable()), (None, None));
}

/// Keys that do not exist, and values of another kind: in terms and in sections, each with its line.
#[test]
fn errors_of_form_are_all_said() {
    let scene = changed(&[
        ("[episode]", "[episodes]\n[episode]"),
        ("frame_skip = \"$frame_skip\"", "frame_skp = 1\ntimestp = 2"),
        ("doc = \"Physics", "docs = \"Physics"),
        ("kind = \"joint_positions\"", "kind = \"joint_position\""),
        ("name = \"upright\"", "nam = \"upright\""),
        ("target = \"qpos\"", "target = \"qpos\"\nlow = 1"),
    ]);
    let duplicate = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    assert_eq!(duplicate.findings.len(), 1, "what is not TOML is not read further: {:#?}", duplicate.findings);
    let scene = scene.replacen("\nlow = 1", "", 1);
    let report = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    let text: Vec<String> = report.findings.iter().map(|f| format!("{}: {}", f.line, f.message)).collect();
    for (word, place) in [
        ("`episodes`", "[episodes]"),
        ("`frame_skp`", "frame_skp = 1"),
        ("`timestp`", "timestp = 2"),
        ("`docs`", "docs = \"Physics"),
        ("joint_position", "kind = \"joint_position\""),
        ("`nam`", "nam = "),
    ] {
        let line = 1 + scene[..scene.find(place).unwrap()].matches('\n').count();
        let found = text.iter().find(|message| message.contains(word));
        assert!(found.is_some_and(|message| message.starts_with(&format!("{line}: "))), "{word} {line}: {text:#?}");
    }
}

#[test]
fn errors_of_a_robot_are_all_said_and_nothing_that_follows() {
    let robot = ROBOT
        .replace("size=\"0.1\"", "size=\"-0.1\"")
        .replace("axis=\"0 1 0\"", "axis=\"0 0 0\"")
        .replace("size=\"0.02\"", "size=\"nan\"");
    let report = report(&[("scene.toml", SCENE), ("robot.xml", &robot)]);
    let keys = keys(&report, Severity::Error);
    assert_eq!(keys, ["geom cart: size", "joint hinge: axis", "geom: size"], "{:#?}", report.findings);
    assert!(report.findings.iter().all(|finding| finding.file == "robot.xml"));
}

#[test]
fn every_choice_is_cooked() {
    let scene = changed(&[
        ("choices = [\"pole\", \"cart\"]", "choices = [\"pole\", \"cart\", \"foot\"]"),
        ("enabled = \"not $simple\"", "enabled = \"$simple ? 1 / 0 - 1 / 0 : 1\""),
    ]);
    let report = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    let said: Vec<&str> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(said.iter().any(|message| message.starts_with("with simple = true: ")), "{said:#?}");
    assert!(said.iter().any(|message| message.starts_with("with target = \"foot\": found \"foot\"")), "{said:#?}");
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let scene = changed(&[
        ("max_episode_steps = 200", "max_episode_steps = 0"),
        ("[quantities]", "[quantities]\nleaning = \"lean > 1\""),
        ("[parameters.weight]", "[parameters.idle]\ndefault = 1\n[parameters.weight]"),
        ("[[termination]]\nkind = \"healthy_range\"\nquantity = \"lean\"\nrange = \"$range\"\n", ""),
    ]);
    let robot = ROBOT
        .replace(
            "<geom name=\"cart\" type=\"sphere\" size=\"0.1\"",
            "<geom name=\"cart\" type=\"box\" size=\"0.1 0.1 0.1\"",
        )
        .replace("<worldbody>", "<worldbody><geom type=\"plane\" size=\"1 1 1\" pos=\"0 0 -1\"/>");
    let files = [
        ("scene.toml", scene.as_str()),
        ("robot.xml", robot.as_str()),
        ("meshes/old.obj", "v 0 0 0"),
        ("README.md", "read me"),
        ("LICENSE", "Permission is granted"),
        (".git/config", "hidden"),
    ];
    let report = report(&files);
    assert_eq!(report.count(Severity::Error), 0, "{:#?}", report.findings);
    assert!(report.blueprint.is_some() && report.package.is_some());
    let keys = keys(&report, Severity::Warning);
    for key in [
        "geom cart",
        "episode.max_episode_steps",
        "scene.license",
        "parameters.idle",
        "parameters.range",
        "quantities.leaning",
        "",
    ] {
        assert!(keys.contains(&key), "{key}: {:#?}", report.findings);
    }
    let unread: Vec<_> = report.findings.iter().filter(|f| f.key.is_empty()).map(|f| f.file.as_str()).collect();
    assert_eq!(unread, ["meshes/old.obj"]);
}

#[test]
fn an_episode_that_cannot_begin_is_an_error() {
    let scene = changed(&[("value = \"lean\"\n", "value = \"1 / (time - time)\"\n")]);
    let report = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    let Some(Finding { message, .. }) = report.findings.iter().find(|f| f.severity == Severity::Error) else {
        panic!("{report:#?}")
    };
    assert!(message.contains("cannot begin"), "{message}");
}

/// A height field of a million cells is no longer what the proof machine takes.
#[test]
fn what_is_only_attested_is_said() {
    let scene = changed(&[(
        "shape = \"plane\"",
        "shape = \"heightfield\"\nrows = 1000\ncolumns = 1000\nsize = [10, 10]\nwaves = { height = 0.1, length = 1 }",
    )]);
    let report = report(&[("scene.toml", &scene), ("robot.xml", ROBOT)]);
    assert_eq!((report.count(Severity::Error), report.provable()), (0, Some(false)), "{:#?}", report.findings);
    assert!(report.findings.iter().any(|finding| finding.message.contains("attested")));
}

/// A scene that runs where it is, and cannot be packed, says so; so does an archive that is damaged.
#[test]
fn what_cannot_be_packed_is_said() {
    let report = report(&[("scene.toml", SCENE), ("robot.xml", ROBOT), ("mesh é.obj", "")]);
    assert_eq!((report.count(Severity::Error), report.package), (0, None));
    assert!(report.findings.iter().any(|f| f.file == "mesh é.obj" && f.message.contains("cannot be packed")));

    let files = [("scene.toml", SCENE), ("robot.xml", ROBOT)].map(|(name, text)| (name.to_owned(), text.into()));
    let archive = Package::from_files(BTreeMap::from(files)).unwrap().encode();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        Scene::check(&folder.path().join(name))
    };
    assert_eq!(at("good.hdscene", &archive).count(Severity::Error), 0);
    assert_eq!(at("cut.hdscene", &archive[..archive.len() / 2]).count(Severity::Error), 1);
    assert_eq!(Scene::check(Path::new("/no/such/scene")).count(Severity::Error), 1);
}
