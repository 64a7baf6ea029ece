//! `scene.toml`: what is no text, too much, too deep, endless, infinite, or not there.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use super::{Case, beside, files, replaced, sound_file};

/// The sound scene with one replacement in `scene.toml`.
fn scene(name: &'static str, words: &'static str, from: &str, to: &str) -> Case {
    beside(name, words, vec![("scene.toml", replaced("scene.toml", from, to))])
}

/// With these lines after all others.
fn more(name: &'static str, words: &'static str, lines: &str) -> Case {
    beside(name, words, vec![("scene.toml", format!("{}\n{lines}\n", sound_file("scene.toml")).into_bytes())])
}

/// Nothing but these lines.
fn text(name: &'static str, words: &'static str, lines: impl Into<Vec<u8>>) -> Case {
    files(name, words, vec![("scene.toml".into(), lines.into())])
}

/// With an info whose value is this expression.
fn expression(name: &'static str, words: &'static str, formula: &str) -> Case {
    more(name, words, &format!("[[info]]\nname = \"x\"\nvalue = \"{formula}\""))
}

/// With quantities, and an info that uses the last of them.
fn quantities(name: &'static str, words: &'static str, lines: &[String], last: &str) -> Case {
    let from = "[quantities]";
    let mut case = replaced("scene.toml", from, &format!("[quantities]\n{}", lines.join("\n")));
    case.extend_from_slice(format!("\n[[info]]\nname = \"x\"\nvalue = \"{last}\"\n").as_bytes());
    beside(name, words, vec![("scene.toml", case)])
}

/// With a further fixed body.
fn body(name: &'static str, words: &'static str, lines: &str) -> Case {
    more(name, words, &format!("[[body]]\nname = \"b\"\nfixed = true\n{lines}"))
}

fn collider(name: &'static str, words: &'static str, lines: &str) -> Case {
    body(name, words, &format!("[[body.collider]]\n{lines}"))
}

/// Something that is no plain file.
fn special(name: &'static str, words: &'static str, make: impl Fn(&Path) + 'static) -> Case {
    let sound = beside("", "", Vec::new());
    let make = move |folder: &Path| {
        (sound.make)(folder);
        make(folder);
        folder.to_owned()
    };
    Case { name, make: Box::new(make), words }
}

fn instead(folder: &Path, file: &str, make: impl Fn(&Path)) {
    let path = folder.join(file);
    fs::remove_file(&path).unwrap();
    make(&path);
}

pub(super) fn cases() -> Vec<Case> {
    let waves = "size = [9, 9]\nwaves = { height = 0.1, length = 1 }";
    let field =
        |rows: &str, columns: &str| format!("shape = \"heightfield\"\nrows = {rows}\ncolumns = {columns}\n{waves}");
    let doubled: Vec<String> = std::iter::once("q0 = \"qpos[0] + qpos[1]\"".to_owned())
        .chain((1..60).map(|n| format!("q{n} = \"q{0} * q{0} + q{0}\"", n - 1)))
        .collect();
    let chained: Vec<String> = std::iter::once("q0 = \"qpos[0]\"".to_owned())
        .chain((1..5000).map(|n| format!("q{n} = \"q{} + 1\"", n - 1)))
        .collect();
    let bodies = |count: usize, colliders: usize| {
        let collider = "[[body.collider]]\nshape = \"sphere\"\nradius = 1\n".repeat(colliders);
        (0..count).map(|n| format!("[[body]]\nname = \"b{n}\"\n{collider}")).collect::<String>()
    };
    vec![
        text("empty", "format = 1", ""),
        text("not UTF-8", "not UTF-8", b"format = 1\n\xff\xfe".as_slice()),
        text("zero bytes", "scene.toml", [0; 4096]),
        text("not TOML", "scene.toml", "<scene/>"),
        text("two megabytes", "at most 1048576", format!("format = 1\nx = \"{}\"", "x".repeat(2 << 20))),
        text("deep lists", "recursion", format!("format = 1\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        text("deep keys", "recursion", format!("format = 1\n{} = 1", vec!["a"; 50_000].join("."))),
        text("another format", "`format = 1`", "format = 2"),
        text("no format", "`format = 1`", "[scene]\nname = \"x\""),
        text("a format beyond integers", "`format = 1`", format!("format = {}", "9".repeat(400))),
        text("no name", "missing field `name`", "format = 1\n[scene]"),
        scene("an unknown section", "`episodes`", "[episode]", "[episodes]"),
        scene("a name that leads out", "letters, digits", "name = \"hostile\"", "name = \"../../out\""),
        scene(
            "an endless name",
            "letters, digits",
            "name = \"hostile\"",
            &format!("name = \"{}\"", "x".repeat(100_000)),
        ),
        scene("a key twice", "duplicate key", "frame_skip = 2", "frame_skip = 2\nframe_skip = 3"),
        more("thirty thousand rewards", "at most 8192", &"[[reward]]\nkind = \"alive\"\n".repeat(30_000)),
        more("more rewards than a blueprint holds", "rewards", &"[[reward]]\nkind = \"alive\"\n".repeat(300)),
        scene("an endless episode", "whole number", "max_episode_steps = 200", "max_episode_steps = 1e308"),
        scene("an episode of NaN", "whole number", "max_episode_steps = 200", "max_episode_steps = nan"),
        scene("a billion physics steps", "from 1 to 1000", "frame_skip = 2", "frame_skip = 1000000000"),
        scene("no time", "physics.timestep", "frame_skip = 2", "timestep = 0"),
        scene("time backwards", "physics.timestep", "frame_skip = 2", "timestep = -0.1"),
        scene("time of NaN", "physics.timestep", "frame_skip = 2", "timestep = nan"),
        scene("time below floats", "physics.timestep", "frame_skip = 2", "timestep = 1e-300"),
        scene("infinite gravity", "3 finite numbers", "frame_skip = 2", "gravity = [0, 0, -inf]"),
        scene("gravity beyond floats", "gravity", "frame_skip = 2", "gravity = [0, 0, -1e300]"),
        scene("endless iterations", "physics.iterations", "frame_skip = 2", "iterations = 1000000000000"),
        scene("an unknown integrator", "\"rk4\"", "frame_skip = 2", "integrator = \"rk5\""),
        scene("an unknown parameter", "$target", "frame_skip = 2", "frame_skip = \"$skip\""),
        more(
            "three hundred parameters",
            "at most 256",
            &(0..300).map(|n| format!("[parameters.p{n}]\ndefault = 1\n")).collect::<String>(),
        ),
        more("a parameter of NaN", "not NaN", "[parameters.x]\ndefault = nan"),
        more("an endless parameter", "at most 4096", &format!("[parameters.x]\ndefault = [{}]", "1,".repeat(100_000))),
        more("a parameter outside its bounds", "numbers from 1", "[parameters.x]\ndefault = 0\nmin = 1"),
        more("a parameter that is no name", "letters, digits", "[parameters.\"a b\"]\ndefault = 0"),
        quantities("a quantity of itself", "needs itself", &["a = \"a + 1\"".into()], "a"),
        quantities(
            "quantities in a circle",
            "a → b → c → a",
            &["a = \"b\"".into(), "b = \"c\"".into(), "c = \"a\"".into()],
            "a",
        ),
        quantities("an expression bomb", "at most 512 operations", &doubled, "q59"),
        quantities("five thousand quantities deep", "nested too deep", &chained, "q4999"),
        expression("deep parentheses", "info[1].value", &format!("{}1{}", "(".repeat(2000), ")".repeat(2000))),
        expression("two thousand signs", "info[1].value", &format!("{}1", "-".repeat(2000))),
        expression(
            "deep lists in an expression",
            "info[1].value",
            &format!("{}1{}", "[".repeat(2000), "]".repeat(2000)),
        ),
        expression("deep choices", "info[1].value", &format!("{}1", "1 ? 1 : ".repeat(500))),
        expression("a long expression", "4096", &"1 + ".repeat(5000)),
        expression("a number beyond floats", "info[1].value", "1e999"),
        expression("an index beyond the state", "info[1].value", "qpos[1000000000]"),
        expression("an index beyond integers", "info[1].value", "qpos[99999999999999999999]"),
        expression("a slice backwards", "info[1].value", "sum(qpos[2:1])"),
        expression("a body beyond the robot", "info[1].value", "body(1000000).position.x"),
        expression("not an expression", "info[1].value", "__import__('os')"),
        expression("an unknown function", "info[1].value", "system(1)"),
        expression("division by zero at once", "cannot begin", "1 / (time - time)"),
        scene("a root of minus one", "not a number", "low = -0.3", "low = \"sqrt(-1)\""),
        scene("a bound of a state", "constant", "low = -0.3", "low = \"qpos[0]\""),
        scene("noise of infinity", "reset", "high = 0.3", "high = inf"),
        scene("an unknown kind", "joint_positions", "kind = \"joint_positions\"", "kind = \"everything\""),
        scene("a kind that is a list", "kind", "kind = \"joint_positions\"", "kind = [1]"),
        scene("an unknown body", "hand", "kind = \"joint_positions\"", "kind = \"body_position\"\nbody = \"foot\""),
        scene(
            "an observation of another shape",
            "a shape of the 6 numbers",
            "[[observation]]\n",
            "[[observation]]\nshape = [4294967295, 4294967295]\n",
        ),
        more(
            "three hundred groups",
            "observation",
            &"[[observation]]\n[[observation.term]]\nkind = \"time\"\n".repeat(300),
        ),
        scene("no action", "at least one [[action]]", "[[action]]\nactuators = \"all\"", ""),
        scene("an unknown actuator", "shoulder, elbow", "actuators = \"all\"", "actuators = [\"knee\"]"),
        scene(
            "ten thousand choices",
            "choices",
            "[[action]]\nactuators = \"all\"",
            &format!("[[action]]\nkind = \"discrete\"\nchoices = [{}]", "[0, 0],".repeat(10_000)),
        ),
        scene(
            "choices of NaN",
            "which is not a number",
            "[[action]]\nactuators = \"all\"",
            "[[action]]\nkind = \"discrete\"\nchoices = [[nan, 0]]",
        ),
        more("five thousand bodies", "at most 4096", &bodies(5000, 1)),
        more("nine thousand shapes", "at most 8192", &bodies(1, 9000)),
        more("bodies that all touch", "moving bodies x colliders", &bodies(4000, 2)),
        more("two bodies of one name", "a name of its own", &format!("{0}{0}", bodies(1, 1))),
        body("a body without a shape", "at least one [[body.collider]]", ""),
        body("a body beyond floats", "overflowed", "position = [1e999, 0, 0]\n[[body.collider]]\nshape = \"plane\""),
        body("no direction", "not all 0", "orientation = [0, 0, 0, 0]\n[[body.collider]]\nshape = \"plane\""),
        collider("a ball of NaN", "which is not a number", "shape = \"sphere\"\nradius = nan"),
        collider("a ball of infinity", "a number above 0", "shape = \"sphere\"\nradius = inf"),
        collider("a box inside out", "three numbers above 0", "shape = \"box\"\nhalf_size = [1, -1, 1]"),
        collider("a density of less than nothing", "density", "shape = \"sphere\"\nradius = 1\ndensity = -1"),
        collider("a hull of NaN", "the point", "shape = \"hull\"\npoints = [[nan,0,0],[1,0,0],[0,1,0],[0,0,1]]"),
        collider("a hull of one point", "hull", "shape = \"hull\"\npoints = [[0,0,0]]"),
        collider("a billion cells", "at most 1048576 heights", &field("31623", "31623")),
        collider("a billion rows", "from 2 to 1048576", &field("1000000000", "2")),
        collider("rows beyond integers", "body.collider.rows", &field("1e300", "2")),
        collider(
            "heights that are not there",
            "finite heights",
            "shape = \"heightfield\"\nrows = 1000\ncolumns = 1000\nsize = [1, 1]\nheights = [0]",
        ),
        collider(
            "heights of NaN",
            "which is not a number",
            "shape = \"heightfield\"\nrows = 2\ncolumns = 2\nsize = [1, 1]\nheights = [0, 0, 0, nan]",
        ),
        body(
            "two hundred million cells",
            "in all colliders together",
            &format!("[[body.collider]]\n{}\n", field("1000", "1000")).repeat(200),
        ),
        scene("a robot that is not there", "no such file", "robot.xml", "other.xml"),
        scene("a robot above the folder", "without `..`", "robot.xml", "../robot.xml"),
        scene("a robot far above", "without `..`", "robot.xml", "a/../../../../etc/passwd"),
        scene("a robot of the system", "a relative path", "robot.xml", "/etc/passwd"),
        scene("a robot of Windows", "a relative path", "robot.xml", "C:\\\\robot.xml"),
        scene("a robot of the net", "a relative path", "robot.xml", "https://example.com/robot.xml"),
        scene("a robot with a zero byte", "a relative path", "robot.xml", "robot.xml\\u0000"),
        scene("a robot of an endless name", "at most 255", "robot.xml", &"x/".repeat(5000)),
        scene("a robot that is no robot", "MJCF", "file = \"robot.xml\"", "file = \"README.md\""),
        special("a robot that is a folder", "not a regular file", |at| {
            instead(at, "robot.xml", |path| fs::create_dir(path).unwrap())
        }),
        special("a scene that is a folder", "not a regular file", |at| {
            instead(at, "scene.toml", |path| fs::create_dir(path).unwrap())
        }),
        special("a scene that never ends", "scene.toml", |at| {
            instead(at, "scene.toml", |path| symlink("/dev/zero", path).unwrap())
        }),
        special("a scene that never comes", "not a regular file", |at| {
            instead(at, "scene.toml", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()));
        }),
        special("a robot behind a link", "a link out of the package", |at| {
            instead(at, "robot.xml", |path| symlink("/etc/passwd", path).unwrap())
        }),
        special("a link to itself", "robot.xml", |at| {
            instead(at, "robot.xml", |path| symlink("robot.xml", path).unwrap())
        }),
        special("a robot of a terabyte", "at most 67108864", |at| {
            instead(at, "robot.xml", |path| fs::File::create(path).unwrap().set_len(1 << 40).unwrap());
        }),
        special("no scene", "no such file", |at| fs::remove_file(at.join("scene.toml")).unwrap()),
    ]
}
