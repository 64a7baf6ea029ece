//! Reading URDF: what our motors are, that mistakes have a line, and that no input is more than an error. (That
//! compiled numbers are MuJoCo's is shown by `python/tests/test_mjcf_oracle.py`.)

use hyperdust_kernel::blueprint::JointKind;
use proptest::prelude::*;

use super::load;
use crate::robot::RobotFile;

const NO_FILES: fn(&str) -> Option<Vec<u8>> = |_| None;
const INERTIAL: &str =
    "<inertial><mass value=\"1\"/><inertia ixx=\"1\" iyy=\"1\" izz=\"1\" ixy=\"0\" ixz=\"0\" iyz=\"0\"/></inertial>";

fn read(xml: &str) -> Result<RobotFile, String> {
    load(xml, "robot.urdf", &NO_FILES).map_err(|error| error.to_string())
}

/// Two links; `joint` is what is in the joint between them, `kind` its type.
fn two(kind: &str, joint: &str) -> String {
    format!(
        "<robot name=\"r\">\n<link name=\"a\">{INERTIAL}</link>\n<link name=\"b\">{INERTIAL}</link>\n\
         <joint name=\"j\" type=\"{kind}\"><parent link=\"a\"/><child link=\"b\"/>{joint}</joint>\n</robot>"
    )
}

#[track_caller]
fn refused(xml: &str, words: &[&str]) {
    let error = read(xml).expect_err(xml);
    for word in words {
        assert!(error.contains(word), "{error:?} does not say {word:?}");
    }
}

#[test]
fn a_joint_with_effort_gets_a_motor_of_its_name() {
    let file = read(&two("revolute", "<limit effort=\"7\" lower=\"-1\" upper=\"2\"/>")).unwrap();
    assert_eq!(
        (&file.names.actuators[..], file.robot.actuators[0].control_range),
        (&["j".to_owned()][..], Some([-7.0, 7.0]))
    );
    assert_eq!((file.robot.joints[0].limited, file.robot.joints[0].range), (true, [-1.0, 2.0]));
    assert!(read(&two("revolute", "")).unwrap().robot.actuators.is_empty());
}

#[test]
fn a_floating_joint_on_the_world_frees_the_robot() {
    let file = read(&format!(
        "<robot><link name=\"world\"/><link name=\"a\">{INERTIAL}</link>\
         <joint name=\"j\" type=\"floating\"><parent link=\"world\"/><child link=\"a\"/><origin xyz=\"0 0 1\"/></joint></robot>"
    ))
    .unwrap();
    assert_eq!(file.robot.joints[0].kind, JointKind::Free);
    assert_eq!(file.robot.qpos0, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(file.names.bodies, ["a"]);
}

#[test]
fn collision_shapes_are_drawn_only_where_nothing_else_is() {
    let shape = |tag: &str| format!("<{tag}><geometry><sphere radius=\"0.1\"/></geometry></{tag}>");
    let link = |inside: &str| read(&format!("<robot><link name=\"a\">{inside}</link></robot>")).unwrap().visuals.len();
    assert_eq!(link(&shape("collision")), 1);
    assert_eq!(link(&(shape("collision") + &shape("visual"))), 1);
}

#[test]
fn mistakes_name_the_line_and_what_is_accepted() {
    refused(&two("hinge", ""), &["robot.urdf:4", "type", "\"revolute\""]);
    refused(&two("revolute", "<axis xyz=\"0 0 0\"/>"), &["robot.urdf:4", "xyz", "not all zero"]);
    refused(&two("revolute", "<limit lower=\"1\" upper=\"0\"/>"), &["robot.urdf:4", "upper", "more than"]);
    refused(&two("revolute", "<parent link=\"b\"/>"), &["second <parent>"]);
    refused(
        &two("floating", "").replace("<link name=\"a\">", "<link name=\"c\"/><link name=\"a\">"),
        &["free joint", "world"],
    );
    refused(&two("revolute", "").replace("child link=\"b\"", "child link=\"x\""), &["link", "\"x\"", "\"a\", \"b\""]);
    refused(&two("revolute", "").replace("child link=\"b\"", "child link=\"a\""), &["ancestors"]);
    refused(&two("revolute", "").replace("ixy=\"0\"", "ixy=\"3\""), &["inertia", "positive"]);
    refused("<robot><link name=\"a\"/><link name=\"a\"/></robot>", &["name", "no other link"]);
    refused("<robot><link name=\"a\"><visual/></link></robot>", &["no <geometry>"]);
    refused("<mujoco/>", &["<mujoco>", "\"robot\""]);
    let file = read(&two("revolute", "<mimic joint=\"k\"/><dynamics friction=\"1\"/>")).unwrap();
    assert!(file.warnings.iter().any(|w| w.to_string().contains("<mimic>")), "{:?}", file.warnings);
    assert!(file.warnings.iter().any(|w| w.to_string().contains("friction")), "{:?}", file.warnings);
}

#[test]
fn a_chain_of_links_may_be_long() {
    let links: String = (0..3000).map(|i| format!("<link name=\"{i}\"/>")).collect();
    let joints: String = (1..3000)
        .map(|i| {
            format!("<joint name=\"{i}\" type=\"fixed\"><parent link=\"{}\"/><child link=\"{i}\"/></joint>", i - 1)
        })
        .collect();
    refused(&format!("<robot>{links}{joints}</robot>"), &["3000", "at most 1024"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Cutting and doubling at random places: an error or a robot, never a panic.
    #[test]
    fn mutated_robots_are_read_or_refused(edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, any::<bool>()), 1..5)) {
        let base = two("planar", "<origin xyz=\"1 2 3\" rpy=\"1 0 0\"/><axis xyz=\"0 1 1\"/><limit effort=\"3\" lower=\"0\" upper=\"1\"/><dynamics damping=\"2\"/>");
        let mut text: Vec<char> = base.chars().collect();
        for (at, length, double) in edits {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            let cut: Vec<char> = text[start..end].to_vec();
            if double { text.splice(start..start, cut); } else { text.drain(start..end); }
        }
        let _ = read(&text.into_iter().collect::<String>());
    }
}
