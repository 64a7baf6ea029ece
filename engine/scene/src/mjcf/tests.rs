//! Reading MJCF: units, defaults and frames; that every mistake has a line and says what is accepted; that nothing is
//! dropped silently; and that no input, however wrong, is more than an error. (That compiled numbers are MuJoCo's is
//! shown by `python/tests/test_mjcf_oracle.py`.)

use hyperdust_kernel::blueprint::{Blueprint, GeomShape, JointKind, Options, Task};
use proptest::prelude::*;

use super::load;
use crate::robot::{RobotFile, RobotOptions};

const NO_FILES: fn(&str) -> Option<Vec<u8>> = |_| None;

fn read(xml: &str) -> Result<RobotFile, String> {
    load(xml, "robot.xml", &NO_FILES).map_err(|error| error.to_string())
}

fn world(inside: &str) -> String {
    format!("<mujoco>\n<worldbody>\n{inside}\n</worldbody>\n</mujoco>")
}

/// A body that is heavy enough to move.
fn moving(inside: &str) -> String {
    world(&format!("<body name=\"b\"><geom name=\"g\" size=\"0.1\"/>\n{inside}\n</body>"))
}

#[track_caller]
fn refused(xml: &str, words: &[&str]) {
    let error = read(xml).expect_err(xml);
    for word in words {
        assert!(error.contains(word), "{error:?} does not say {word:?}");
    }
}

#[track_caller]
fn warned(xml: &str, words: &[&str]) {
    let file = read(xml).unwrap();
    let found = file.warnings.iter().any(|w| words.iter().all(|word| w.to_string().contains(word)));
    assert!(found, "{:?} does not say {words:?}", file.warnings);
}

#[test]
fn angles_are_degrees_unless_the_compiler_says_radian() {
    let joint = "<body><joint range=\"-90 45\"/><geom size=\"0.1\"/></body>";
    let degrees = read(&world(joint)).unwrap().robot.joints[0].range;
    assert!((degrees[0] + std::f32::consts::FRAC_PI_2).abs() < 1e-6, "{degrees:?}");
    let radians = read(&world(joint).replace("<mujoco>", "<mujoco><compiler angle=\"radian\"/>")).unwrap();
    assert_eq!(radians.robot.joints[0].range, [-90.0, 45.0]);
    // A slide's range is metres whatever the compiler says.
    let slide = read(&world(&joint.replace("<joint", "<joint type=\"slide\""))).unwrap();
    assert_eq!(slide.robot.joints[0].range, [-90.0, 45.0]);
}

#[test]
fn a_capsules_axis_points_from_its_second_end_to_its_first() {
    let file = read(&world("<geom type=\"capsule\" size=\"0.1\" fromto=\"0 0 0 2 0 0\"/>")).unwrap();
    let geom = &file.robot.geoms[0];
    assert_eq!(geom.shape, GeomShape::Capsule { radius: 0.1, half_length: 1.0 });
    assert_eq!(geom.position, [1.0, 0.0, 0.0]);
    let z = [geom.rotation[2], geom.rotation[5], geom.rotation[8]];
    assert!((z[0] + 1.0).abs() < 1e-6 && z[1].abs() < 1e-6 && z[2].abs() < 1e-6, "{z:?}");
}

#[test]
fn an_element_overwrites_only_the_numbers_it_gives() {
    let xml = "<mujoco><default><joint solimplimit=\"0.1 0.2 0.3 0.4 5\" armature=\"2\"/>\
        <default class=\"c\"><joint solimplimit=\"0.6\"/></default></default><worldbody><body childclass=\"c\">\
        <joint solimplimit=\"0.7 0.8\"/><joint class=\"main\" axis=\"1 0 0\"/><joint axis=\"0 1 0\"/><geom size=\"0.1\"/></body></worldbody></mujoco>";
    let joints = read(xml).unwrap().robot.joints;
    assert_eq!(joints[0].solimp, [0.7, 0.8, 0.3, 0.4, 5.0]);
    assert_eq!(joints[1].solimp, [0.1, 0.2, 0.3, 0.4, 5.0], "class=\"main\" is above childclass");
    assert_eq!(joints[2].solimp, [0.6, 0.2, 0.3, 0.4, 5.0]);
    assert!(joints.iter().all(|j| j.armature == 2.0));
}

#[test]
fn a_freejoint_takes_no_defaults() {
    let xml = "<mujoco><default><joint armature=\"1\" damping=\"2\"/></default><worldbody><body>JOINT<geom size=\"0.1\"/></body></worldbody></mujoco>";
    let plain = read(&xml.replace("JOINT", "<freejoint/>")).unwrap().robot.joints.remove(0);
    assert_eq!((plain.kind, plain.armature, plain.damping), (JointKind::Free, 0.0, 0.0));
    let joint = read(&xml.replace("JOINT", "<joint type=\"free\"/>")).unwrap().robot.joints.remove(0);
    assert_eq!((joint.kind, joint.armature, joint.damping), (JointKind::Free, 1.0, 2.0));
}

#[test]
fn bodies_without_joints_are_fused_but_stay_bodies() {
    let file = read(&world("<body name=\"a\"><freejoint/><geom size=\"0.1\"/><body name=\"b\" pos=\"1 0 0\"><geom size=\"0.1\"/></body></body>")).unwrap();
    assert_eq!((file.robot.links.len(), file.robot.bodies.len()), (2, 2));
    assert_eq!(file.names.bodies, ["a", "b"]);
    assert_eq!(file.robot.links[1].center, [0.5, 0.0, 0.0]);
    assert_eq!(file.robot.bodies[1].center, [1.0, 0.0, 0.0]);
}

#[test]
fn looks_come_from_the_geom_or_its_material() {
    let xml = "<mujoco><asset><texture name=\"t\" builtin=\"checker\"/><material name=\"m\" texture=\"t\" rgba=\"0 1 0 1\"/></asset>\
        <worldbody><geom type=\"plane\" size=\"1 1 1\"/><geom size=\"0.1\" material=\"m\"/><geom size=\"0.1\" material=\"m\" rgba=\"1 0 0 1\"/>\
        <geom size=\"0.1\" group=\"3\"/><geom size=\"0.1\" rgba=\"1 1 1 0\"/></worldbody></mujoco>";
    let visuals = read(xml).unwrap().visuals;
    assert_eq!(visuals.len(), 3, "group 3 and the transparent one are not drawn");
    assert!(visuals[0].checker);
    assert_eq!((visuals[1].rgba, visuals[1].checker), ([0.0, 1.0, 0.0, 1.0], true));
    assert_eq!(visuals[2].rgba, [1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn meshes_are_read_scaled_and_moved() {
    let xml = "<mujoco><compiler meshdir=\"m\"/><asset><mesh file=\"t.obj\" scale=\"2 2 2\" refpos=\"1 0 0\"/></asset><worldbody>\
        <geom type=\"mesh\" mesh=\"t\" contype=\"0\" conaffinity=\"0\"/></worldbody></mujoco>";
    let files = |name: &str| (name == "m/t.obj").then(|| b"v 1 0 0\nv 2 0 0\nv 1 1 0\nv 1 0 1\nf 1 2 3 -1\n".to_vec());
    let visuals = load(xml, "robot.xml", &files).unwrap().visuals;
    let hyperdust_kernel::blueprint::RigidShape::Mesh { vertices, triangles } = &visuals[0].shape else {
        panic!("{visuals:?}")
    };
    assert_eq!(vertices[1], [2.0, 0.0, 0.0]);
    assert_eq!(triangles, &[[0, 1, 2], [0, 2, 3]]);
    warned(xml, &["t.obj", "not drawn"]);
    let stripped = xml.replace("<compiler ", "<compiler strippath=\"true\" ").replace("t.obj", "other/place/t.obj");
    assert_eq!(load(&stripped, "robot.xml", &files).unwrap().visuals, visuals);
}

#[test]
fn mistakes_name_the_line_the_element_and_what_is_accepted() {
    refused(&moving("<joint typ=\"hinge\"/>"), &["robot.xml:4", "joint: typ", "does not have", "\"type\""]);
    refused(&moving("<joint name=\"j\" type=\"hing\"/>"), &["robot.xml:4", "joint j: type", "\"hing\"", "\"hinge\""]);
    refused(&moving("<joint axis=\"0 0\"/>"), &["robot.xml:4", "axis", "\"0 0\"", "3 numbers"]);
    refused(&moving("<joint axis=\"0 0 0\"/>"), &["robot.xml:4", "axis", "not all zero"]);
    refused(&moving("<joint axis=\"0 nan 1\"/>"), &["axis", "decimal numbers"]);
    refused(&moving("<joint axis=\"0 1e300 1\"/>"), &["axis", "magnitude"]);
    refused(&moving("<joint range=\"2 1\"/>"), &["robot.xml:4", "range", "lower"]);
    refused(&moving("<joint type=\"ball\"/>"), &["robot.xml:4", "type", "\"ball\"", "not simulated"]);
    refused(&moving("<joint class=\"leg\"/>"), &["class", "\"leg\"", "\"main\""]);
    refused(&moving("<joint><site/></joint>"), &["robot.xml:4", "<site>", "in <joint>", "none"]);
    refused(&moving("<jiont/>"), &["robot.xml:4", "<jiont>", "\"joint\""]);
    refused(&moving("<joint/><freejoint/>"), &["free", "by itself"]);
    refused(&moving("<body><freejoint/><geom size=\"1\"/></body>"), &["free joint", "children of the world"]);
    refused(&moving("<geom type=\"capsule\" size=\"0.1\"/>"), &["robot.xml:4", "size", "half a length"]);
    refused(&moving("<geom type=\"capsule\" size=\"0.1\" fromto=\"1 1 1 1 1 1\"/>"), &["fromto", "not the same"]);
    refused(&moving("<geom size=\"0\"/>"), &["size", "positive"]);
    refused(&moving("<geom size=\"1\" quat=\"0 0 0 0\"/>"), &["quat", "not all zero"]);
    refused(&moving("<geom size=\"1\" quat=\"1 0 0 0\" euler=\"1 2 3\"/>"), &["quat", "euler", "one orientation"]);
    refused(&moving("<geom size=\"1\" material=\"m\"/>"), &["material", "\"m\"", "there are none"]);
    refused(&moving("<geom name=\"g\" size=\"1\"/>"), &["robot.xml:4", "geom g", "twice"]);
    refused(&moving("<joint/><geom type=\"plane\" size=\"1 1 1\"/>"), &["plane", "never move"]);
    refused(&moving("<inertial pos=\"0 0 0\" mass=\"1\" diaginertia=\"1 1 9\"/>"), &["moments", "balanceinertia"]);
    refused(&moving("<inertial pos=\"0 0 0\" mass=\"1\" fullinertia=\"1 1 1 2 0 0\"/>"), &["fullinertia", "positive"]);
    refused(&world("<body><joint/></body>"), &["robot.xml:3", "0 kg", "<inertial>"]);
    refused(
        &world("<body><joint/><inertial pos=\"0 0 0\" mass=\"1\"/></body>"),
        &["robot.xml:3", "moves no mass", "armature"],
    );
    refused(&world("<joint/>"), &["robot.xml:3", "world never moves"]);
    refused(
        "<mujoco>\n<actuator><motor joint=\"a\"/></actuator></mujoco>",
        &["robot.xml:2", "joint", "there are none"],
    );
    refused("<mujoco><option timestep=\"0\"/></mujoco>", &["timestep", "\"0\""]);
    refused("<mujoco><option timestep=\"1e-9\"/></mujoco>", &["timestep", "1e-6"]);
    refused("<mujoco><compiler coordinate=\"global\"/></mujoco>", &["coordinate", "\"local\""]);
    refused("<mujoco><keyframe><key qpos=\"1 2\"/></keyframe></mujoco>", &["qpos", "2 numbers", "0 numbers"]);
    refused("<robot/>", &["robot.xml:1", "<robot>", "<mujoco>"]);
    refused("<mujoco>\n<worldbody>", &["robot.xml:", "well-formed"]);
}

#[test]
fn what_is_not_simulated_is_said_once_for_each_kind() {
    warned(&moving("<joint frictionloss=\"0.1\"/>"), &["robot.xml:4", "frictionloss", "not simulated"]);
    warned(
        &moving("<joint frictionloss=\"0.1\"/><joint axis=\"1 0 0\" frictionloss=\"0.2\"/>"),
        &["frictionloss", "1 more"],
    );
    warned(&moving("<joint damping=\"1 2\"/>"), &["damping", "linear"]);
    warned(
        &moving("<freejoint/><geom type=\"box\" size=\"1 1 1\"/>")
            .replace("<worldbody>", "<worldbody><geom size=\"1\"/>"),
        &["box", "not simulated yet"],
    );
    warned(&moving("<geom size=\"1\" condim=\"6\"/>"), &["condim", "3 is used"]);
    warned(&moving("<light/>"), &["robot.xml:4", "<light>"]);
    warned("<mujoco><option cone=\"elliptic\"/></mujoco>", &["cone", "pyramids"]);
    warned("<mujoco><option integrator=\"implicitfast\"/></mujoco>", &["implicitfast", "Euler"]);
    warned("<mujoco><option viscosity=\"0.1\"/></mujoco>", &["viscosity", "not simulated"]);
    warned("<mujoco><equality><weld body1=\"a\"/></equality></mujoco>", &["<weld>", "not simulated"]);
    assert!(read(&moving("<joint frictionloss=\"0\"/>")).unwrap().warnings.is_empty(), "zero friction is no loss");
}

#[test]
fn documents_are_bounded() {
    refused(&"<a>".repeat(1_000_000), &["well-formed"]);
    let deep = format!("<mujoco>{}{}</mujoco>", "<default class=\"main\">".repeat(200), "</default>".repeat(200));
    refused(&deep, &["nested deeper", "128"]);
    refused(&format!("<mujoco>{}</mujoco>", "<size/>".repeat(100_001)), &["100000 elements"]);
    refused(&format!("<mujoco>{}</mujoco>", " ".repeat(5 << 20)), &["bytes"]);
    refused("<!DOCTYPE a [<!ENTITY b \"c\">]><mujoco/>", &["DTD"]);
    let many = world(&"<body><geom size=\"1\"/></body>".repeat(1025));
    refused(&many, &["1025", "at most 1024"]);
}

#[test]
fn includes_are_resolved_inside_the_folder_and_only_once() {
    let files = |name: &str| match name {
        "parts/leg.xml" => {
            Some(b"<mujocoinclude><body name=\"leg\"><geom size=\"1\"/></body></mujocoinclude>".to_vec())
        }
        "loop.xml" => Some(b"<a><include file=\"loop.xml\"/></a>".to_vec()),
        _ => None,
    };
    let read = |include: &str| load(&world(include), "robot.xml", &files).map_err(|error| error.to_string());
    assert_eq!(read("<include file=\"parts/../parts/leg.xml\"/>").unwrap().names.bodies, ["leg"]);
    for (include, words) in [
        ("<include file=\"parts/leg.xml\"/><include file=\"parts/leg.xml\"/>", "included already"),
        ("<include file=\"loop.xml\"/>", "included already"),
        ("<include file=\"../leg.xml\"/>", "inside the scene's folder"),
        ("<include file=\"/etc/passwd\"/>", "inside the scene's folder"),
        ("<include file=\"leg.xml\"/>", "a file of the scene"),
        ("<include/>", "path of a model file"),
    ] {
        let error = read(include).unwrap_err();
        assert!(error.contains(words) && error.contains("robot.xml:3") || error.contains("loop.xml:1"), "{error}");
    }
}

/// A model with every element that is read.
const EVERYTHING: &str = r#"<mujoco model="m"><compiler angle="radian" eulerseq="XYZ" settotalmass="9" boundmass="0.1"/>
<option timestep="0.01" integrator="RK4" gravity="0 0 -9"><flag contact="enable"/></option>
<default><joint armature="1"/><geom friction="1 2 3"/><default class="c"><geom type="capsule" size="0.1 0.2"/><position kp="3"/></default></default>
<asset><texture name="t" builtin="checker"/><material name="m" texture="t"/><mesh name="v" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset>
<worldbody><geom name="floor" type="plane" size="1 1 1" material="m"/><body name="a" pos="0 0 1" euler="1 2 3"><freejoint name="f"/><geom name="x" class="c"/>
<frame pos="1 0 0" zaxis="1 1 1"><body name="b" childclass="c"><joint name="j" range="-1 1" ref="0.1" stiffness="2" springref="0.3" damping="4"/><geom name="y"/>
<geom type="mesh" mesh="v" mass="0" contype="0" conaffinity="0"/><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/></body></frame></body></worldbody>
<contact><pair geom1="x" geom2="floor" condim="1"/><exclude body1="a" body2="b"/></contact>
<actuator><motor joint="j" ctrlrange="-1 1"/><position class="c" joint="j"/><general joint="j" biastype="affine" biasprm="1 2 3"/></actuator>
<keyframe><key name="k" qpos="0 0 1 1 0 0 0 0"/></keyframe></mujoco>"#;

/// Pieces that mutations put in.
const PIECES: &[&str] = &[
    "\"",
    "<",
    ">",
    "/",
    "0",
    "-1",
    "1e9",
    "1e-300",
    "nan",
    "  ",
    "<body>",
    "</body>",
    "<joint type=\"free\"/>",
    "<geom size=\"1\"/>",
    "<geom type=\"plane\" size=\"1 1 1\"/>",
    "<inertial pos=\"0 0 0\" mass=\"0\"/>",
    "<default class=\"d\"/>",
    "type=\"ball\"",
    "<include file=\"a\"/>",
    "&lt;",
    "é",
    "<motor joint=\"j\"/>",
    "quat=\"0 0 0 0\"",
    "fromto=\"0 0 0 0 0 0\"",
    "<key qpos=\"1\"/>",
];

/// The kernel takes it as it is, and lists that belong together are as long as each other.
fn sound(file: &RobotFile) {
    let robot = &file.robot;
    let RobotOptions { timestep, integrator, gravity, iterations } = file.options;
    let options = Options { timestep, frame_skip: 1, integrator, iterations, rigid_iterations: 4, gravity };
    let blueprint = Blueprint { options, robot: Some(robot.clone()), rigid: None, task: Task::default() };
    let valid = blueprint.clone().validated();
    assert_eq!(valid.as_ref().ok(), Some(&blueprint), "{valid:?}");
    let names = [&file.names.bodies, &file.names.joints, &file.names.actuators, &file.names.geoms].map(Vec::len);
    assert_eq!(names, [robot.bodies.len(), robot.joints.len(), robot.actuators.len(), robot.geoms.len()]);
    assert!(!crate::robot::to_json(file).contains("NaN"));
}

#[test]
fn the_model_with_everything_is_read() {
    sound(&read(EVERYTHING).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Cutting, doubling and inserting at random places: an error or a sound robot, never a panic.
    #[test]
    fn mutated_models_are_refused_or_sound(edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..30, 0..PIECES.len(), 0..4u8), 1..6)) {
        let mut text: Vec<char> = EVERYTHING.chars().collect();
        for (at, length, piece, how) in edits {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            let cut: Vec<char> = text[start..end].to_vec();
            match how {
                0 => { text.drain(start..end); }
                1 => { text.splice(start..start, cut); }
                2 => { text.splice(start..start, PIECES[piece].chars()); }
                _ => { text.splice(start..end, PIECES[piece].chars()); }
            }
        }
        if let Ok(file) = read(&text.into_iter().collect::<String>()) {
            sound(&file);
        }
    }

    /// Attribute values replaced by numbers at the edges of what is accepted.
    #[test]
    fn extreme_numbers_are_refused_or_sound(which in any::<prop::sample::Index>(), value in prop::sample::select(vec![
        "0", "-0", "1e-9", "1e-30", "1e-300", "1e9", "-1e9", "0 0 0", "1e9 1e9 1e9", "1e-20 1e-20 1e-20", "-1 -1", "1 2 3 4", "1 2 3 4 5 6", "", "x",
    ])) {
        let quotes: Vec<usize> = EVERYTHING.match_indices('"').map(|(i, _)| i).collect();
        let at = which.index(quotes.len() / 2) * 2;
        let text = format!("{}{value}{}", &EVERYTHING[..=quotes[at]], &EVERYTHING[quotes[at + 1]..]);
        if let Ok(file) = read(&text) {
            sound(&file);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = read(&text);
    }
}
