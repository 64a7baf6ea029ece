//! Robots: XML that grows, loops or leads out, and models that are too large, endless or impossible.

use super::{Case, beside, replaced, sound_file};

/// Another robot.
fn robot(name: &'static str, words: &'static str, xml: impl Into<Vec<u8>>) -> Case {
    beside(name, words, vec![("robot.xml", xml.into())])
}

/// The sound robot with one replacement.
fn changed(name: &'static str, words: &'static str, from: &str, to: &str) -> Case {
    robot(name, words, replaced("robot.xml", from, to))
}

/// The sound robot with this at the end of the world.
fn world(name: &'static str, words: &'static str, more: &str) -> Case {
    changed(name, words, "</worldbody>", &format!("{more}</worldbody>"))
}

/// A robot that includes files.
fn includes(name: &'static str, words: &'static str, include: &str, files: Vec<(&str, Vec<u8>)>) -> Case {
    let xml = sound_file("robot.xml").replacen("<worldbody>", &format!("<include file=\"{include}\"/><worldbody>"), 1);
    beside(name, words, files.into_iter().chain([("robot.xml", xml.into_bytes())]).collect())
}

fn include(file: &str) -> Vec<u8> {
    format!("<mujoco><include file=\"{file}\"/></mujoco>").into_bytes()
}

/// A URDF robot in its place.
fn urdf(name: &'static str, words: &'static str, xml: &str) -> Case {
    let scene = replaced("scene.toml", "robot.xml", "robot.urdf");
    beside(name, words, vec![("scene.toml", scene), ("robot.urdf", xml.as_bytes().to_vec())])
}

fn joint(name: &str, parent: &str, child: &str) -> String {
    format!(
        "<joint name=\"{name}\" type=\"revolute\"><parent link=\"{parent}\"/><child link=\"{child}\"/><limit effort=\"1\" lower=\"-1\" upper=\"1\" velocity=\"1\"/></joint>"
    )
}

const LAUGHS: &str = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">\
    <!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]><mujoco>&e;</mujoco>";
const OUTSIDE: &str = "<!DOCTYPE l [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><mujoco model=\"&a;\"/>";

pub(super) fn cases() -> Vec<Case> {
    let deep = |count: usize| format!("{}{}", "<body>".repeat(count), "</body>".repeat(count));
    let spheres = "<geom type=\"sphere\" size=\"1\" contype=\"1\"/>";
    let bodies = |count: usize, inside: &str| format!("<body>{inside}<geom size=\"1\"/></body>").repeat(count);
    let links: String = (0..9000).map(|n| format!("<link name=\"l{n}\"/>")).collect();
    let chain: String = (1..9000).map(|n| joint(&format!("j{n}"), &format!("l{}", n - 1), &format!("l{n}"))).collect();
    let nested: Vec<(String, Vec<u8>)> =
        (0..40).map(|n| (format!("i{n}.xml"), include(&format!("i{}.xml", n + 1)))).collect();
    let nested = nested.iter().map(|(name, xml)| (name.as_str(), xml.clone())).collect();
    let long = format!("<mujoco><!--{}--></mujoco>", "x".repeat(1 << 20)).into_bytes();
    let wide: Vec<(String, Vec<u8>)> = (0..20).map(|n| (format!("i{n}.xml"), long.clone())).collect();
    let all = wide.iter().fold("<mujoco>".to_owned(), |all, (name, _)| format!("{all}<include file=\"{name}\"/>"));
    let wide: Vec<(&str, Vec<u8>)> = wide.iter().map(|(name, xml)| (name.as_str(), xml.clone())).collect();
    let all = format!("{all}</mujoco>").into_bytes();
    let numbers = "1 ".repeat(1_000_000);
    vec![
        robot("an empty robot", "root node", ""),
        robot("not UTF-8", "not UTF-8", b"<mujoco model=\"\xff\"/>".as_slice()),
        robot("not XML", "well-formed XML", "worldbody:"),
        robot("an open element", "well-formed XML", "<mujoco><worldbody>"),
        robot("another root", "<mujoco>", "<html/>"),
        robot("a billion laughs", "DTD", LAUGHS),
        robot("an entity of the system", "DTD", OUTSIDE),
        robot("five megabytes", "at most 4194304", format!("<mujoco>{}</mujoco>", " ".repeat(5 << 20))),
        robot(
            "a hundred thousand deep",
            "deeper than 128",
            format!("<mujoco>{}{}</mujoco>", "<a>".repeat(100_000), "</a>".repeat(100_000)),
        ),
        robot("two hundred thousand elements", "elements", format!("<mujoco>{}</mujoco>", "<a/>".repeat(200_000))),
        robot("a million nodes", "robot.xml", format!("<mujoco>{}</mujoco>", "x<a/>".repeat(600_000))),
        world("a thousand bodies deep", "deeper than 128", &deep(1000)),
        world("two thousand bodies", "at most 1024", &bodies(2000, "")),
        world("three hundred links", "links", &bodies(300, "<joint/>")),
        world(
            "six hundred joints",
            "at most 512 degrees",
            &bodies(200, "<joint/><joint axis=\"1 0 0\"/><joint axis=\"0 0 1\"/>"),
        ),
        world("twenty thousand shapes", "at most 1024", &format!("<body>{}</body>", spheres.repeat(20_000))),
        world("all touch all", "more than 16384 pairs", &format!("<body><joint/>{spheres}</body>").repeat(200)),
        world("two bodies of one name", "one name for each", "<body name=\"twin\"/><body name=\"twin\"/>"),
        world("an unknown element", "<planet>", "<planet/>"),
        world("a plane that flies", "never move", "<body><freejoint/><geom type=\"plane\" size=\"1 1 1\"/></body>"),
        world("a body without mass", "mass", "<body><joint/></body>"),
        world(
            "a mass of NaN",
            "decimal numbers",
            "<body><inertial pos=\"0 0 0\" mass=\"nan\" diaginertia=\"1 1 1\"/></body>",
        ),
        world(
            "a mass beyond floats",
            "decimal numbers",
            "<body><inertial pos=\"0 0 0\" mass=\"1e999\" diaginertia=\"1 1 1\"/></body>",
        ),
        world(
            "an inertia of less than nothing",
            "not negative",
            "<body><inertial pos=\"0 0 0\" mass=\"1\" diaginertia=\"1 -1 1\"/></body>",
        ),
        world("no axis", "axis", "<body><joint axis=\"0 0 0\"/><geom size=\"1\"/></body>"),
        world("a million coordinates", "numbers", &format!("<geom size=\"1\" pos=\"{numbers}\"/>")),
        world("an unknown class", "default class", "<geom class=\"none\" size=\"1\"/>"),
        world("a mesh of nobody", "the name of a mesh", "<geom type=\"mesh\" mesh=\"none\"/>"),
        world(
            "a copy machine",
            "written out one by one",
            "<replicate count=\"1000000000\"><geom size=\"1\"/></replicate>",
        ),
        changed(
            "an attribute twice",
            "well-formed XML",
            "<joint name=\"shoulder\"/>",
            "<joint name=\"shoulder\" name=\"elbow\"/>",
        ),
        changed("an actuator of nothing", "the name of a joint", "joint=\"elbow\"", "joint=\"knee\""),
        changed("a muscle", "<motor>", "<motor name=\"elbow\"", "<muscle name=\"elbow\""),
        changed("no time", "timestep", "timestep=\"0.01\"", "timestep=\"0\""),
        changed(
            "two thousand classes",
            "at most 1024",
            "<default>",
            &format!("<default>{}", (0..2000).map(|n| format!("<default class=\"c{n}\"/>")).collect::<String>()),
        ),
        changed(
            "a state of another robot",
            "qpos",
            "</mujoco>",
            "<keyframe><key qpos=\"1 2 3 4 5\"/></keyframe></mujoco>",
        ),
        changed(
            "a mesh that leads out",
            "inside the scene's folder",
            "</mujoco>",
            "<asset><mesh name=\"m\" file=\"../../etc/passwd.obj\"/></asset></mujoco>",
        ),
        includes("a robot of itself", "not included already", "robot.xml", vec![]),
        includes(
            "robots in a circle",
            "not included already",
            "a.xml",
            vec![("a.xml", include("b.xml")), ("b.xml", include("a.xml"))],
        ),
        includes("a robot of nothing", "a file of the scene", "none.xml", vec![]),
        includes("a robot from outside", "inside the scene's folder", "../other.xml", vec![]),
        includes("a robot from the system", "inside the scene's folder", "/etc/passwd", vec![]),
        includes("forty robots deep", "at most 16", "i0.xml", nested),
        beside("twenty megabytes in parts", "bytes together", wide.into_iter().chain([("robot.xml", all)]).collect()),
        urdf("an entity of the system", "DTD", OUTSIDE),
        urdf(
            "links in a circle",
            "a tree",
            &format!(
                "<robot><link name=\"a\"/><link name=\"b\"/>{}{}</robot>",
                joint("i", "a", "b"),
                joint("j", "b", "a")
            ),
        ),
        urdf(
            "a link of itself",
            "a tree",
            &format!("<robot><link name=\"r\"/><link name=\"a\"/>{}</robot>", joint("i", "a", "a")),
        ),
        urdf(
            "two parents",
            "one parent",
            &format!(
                "<robot><link name=\"a\"/><link name=\"b\"/><link name=\"c\"/>{}{}</robot>",
                joint("i", "a", "c"),
                joint("j", "b", "c")
            ),
        ),
        urdf(
            "a link that is not there",
            "the name of a link",
            &format!("<robot><link name=\"a\"/>{}</robot>", joint("i", "a", "b")),
        ),
        urdf("nine thousand links deep", "at most 1024", &format!("<robot>{links}{chain}</robot>")),
    ]
}
