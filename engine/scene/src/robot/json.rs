//! A compiled model as JSON, for tests and for people.
//!
//! Written by hand: the kernel's types stay free of serialisation frameworks, and every number is printed so that it
//! reads back to the same f32 (JSON has no infinities or NaN; compiled models have none).

use std::fmt::Write;

use hyperdust_kernel::blueprint::{GeomShape, Integrator, JointKind};

use super::RobotFile;

/// The model as one JSON object: `model`, `options`, `names`, `links`, `joints`, `bodies`, `geoms`, `pairs`,
/// `actuators`, `qpos0`, `keyframes`, `visuals` (their number), `warnings`. Fields are named as in the kernel.
pub fn to_json(file: &RobotFile) -> String {
    let robot = &file.robot;
    let mut out = String::from("{\n");
    let _ = writeln!(out, "\"model\": {},", text(&file.model));
    let integrator = match file.options.integrator {
        Integrator::Euler => "Euler",
        Integrator::ExplicitEuler => "ExplicitEuler",
        Integrator::RungeKutta4 => "RK4",
    };
    let options = &file.options;
    let _ = writeln!(
        out,
        "\"options\": {{\"timestep\": {}, \"integrator\": \"{integrator}\", \"gravity\": {}, \"iterations\": {}}},",
        number(options.timestep),
        numbers(&options.gravity),
        options.iterations
    );
    let names = &file.names;
    let _ = writeln!(
        out,
        "\"names\": {{\"bodies\": {}, \"joints\": {}, \"actuators\": {}, \"geoms\": {}}},",
        texts(&names.bodies),
        texts(&names.joints),
        texts(&names.actuators),
        texts(&names.geoms)
    );
    array(&mut out, "links", &robot.links, |l| {
        format!(
            "{{\"parent\": {}, \"joints\": {}, \"position\": {}, \"rotation\": {}, \"mass\": {}, \"center\": {}, \"inertia\": {}}}",
            l.parent,
            l.joints,
            numbers(&l.position),
            numbers(&l.rotation),
            number(l.mass),
            numbers(&l.center),
            numbers(&l.inertia)
        )
    });
    array(&mut out, "joints", &robot.joints, |j| {
        let kind = match j.kind {
            JointKind::Free => "free",
            JointKind::Slide => "slide",
            JointKind::Hinge => "hinge",
        };
        format!(
            "{{\"kind\": \"{kind}\", \"axis\": {}, \"anchor\": {}, \"limited\": {}, \"range\": {}, \"margin\": {}, \"stiffness\": {}, \
             \"spring_reference\": {}, \"damping\": {}, \"armature\": {}, \"max_speed\": {}, \"solref\": {}, \"solimp\": {}, \"inverse_weight\": {}}}",
            numbers(&j.axis),
            numbers(&j.anchor),
            j.limited,
            numbers(&j.range),
            number(j.margin),
            number(j.stiffness),
            number(j.spring_reference),
            number(j.damping),
            number(j.armature),
            number(j.max_speed),
            numbers(&j.solref),
            numbers(&j.solimp),
            number(j.inverse_weight)
        )
    });
    array(&mut out, "bodies", &robot.bodies, |b| {
        format!(
            "{{\"link\": {}, \"position\": {}, \"rotation\": {}, \"mass\": {}, \"center\": {}, \"inertia\": {}}}",
            b.link,
            numbers(&b.position),
            numbers(&b.rotation),
            number(b.mass),
            numbers(&b.center),
            numbers(&b.inertia)
        )
    });
    array(&mut out, "geoms", &robot.geoms, |g| {
        let (shape, size) = match g.shape {
            GeomShape::Plane => ("plane", vec![]),
            GeomShape::Sphere { radius } => ("sphere", vec![radius]),
            GeomShape::Capsule { radius, half_length } => ("capsule", vec![radius, half_length]),
        };
        format!(
            "{{\"link\": {}, \"body\": {}, \"shape\": \"{shape}\", \"size\": {}, \"position\": {}, \"rotation\": {}}}",
            g.link,
            g.body,
            numbers(&size),
            numbers(&g.position),
            numbers(&g.rotation)
        )
    });
    array(&mut out, "pairs", &robot.pairs, |p| {
        format!(
            "{{\"first\": {}, \"second\": {}, \"dimension\": {}, \"friction\": {}, \"margin\": {}, \"gap\": {}, \"solref\": {}, \
             \"solimp\": {}, \"inverse_weight\": {}}}",
            p.first,
            p.second,
            p.dimension,
            numbers(&p.friction),
            number(p.margin),
            number(p.gap),
            numbers(&p.solref),
            numbers(&p.solimp),
            number(p.inverse_weight)
        )
    });
    array(&mut out, "actuators", &robot.actuators, |a| {
        let range = |r: Option<[f32; 2]>| r.map_or("null".into(), |r| numbers(&r));
        format!(
            "{{\"joint\": {}, \"gear\": {}, \"gain\": {}, \"bias\": {}, \"control_range\": {}, \"force_range\": {}}}",
            a.joint,
            number(a.gear),
            number(a.gain),
            numbers(&a.bias),
            range(a.control_range),
            range(a.force_range)
        )
    });
    let _ = writeln!(out, "\"qpos0\": {},", numbers(&robot.qpos0));
    array(&mut out, "keyframes", &file.keyframes, |k| {
        format!(
            "{{\"name\": {}, \"qpos\": {}, \"qvel\": {}, \"controls\": {}}}",
            text(&k.name),
            numbers(&k.qpos),
            numbers(&k.qvel),
            numbers(&k.controls)
        )
    });
    let _ = writeln!(out, "\"visuals\": {},", file.visuals.len());
    array(&mut out, "warnings", &file.warnings, |w| text(&w.to_string()));
    // The last array left a comma.
    out.truncate(out.trim_end().len() - 1);
    out.push_str("\n}\n");
    out
}

fn array<T>(out: &mut String, name: &str, items: &[T], write: impl Fn(&T) -> String) {
    let lines: Vec<_> = items.iter().map(write).collect();
    let _ = writeln!(out, "\"{name}\": [\n  {}\n],", lines.join(",\n  "));
}

fn number(x: f32) -> String {
    // Rust prints the shortest digits that read back the same.
    format!("{x:?}")
}

fn numbers(xs: &[f32]) -> String {
    format!("[{}]", xs.iter().map(|x| number(*x)).collect::<Vec<_>>().join(", "))
}

fn texts(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|n| text(n)).collect::<Vec<_>>().join(", "))
}

fn text(s: &str) -> String {
    let mut out = String::from('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 32 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
