//! Expressions mean what the README says: values against an evaluation of our own in f64, errors with their column, and
//! nothing that is written makes the compiler panic or run away.

use hyperdust_kernel::blueprint::{Op, Program, Slice, Source};
use hyperdust_kernel::task::program::Code;
use proptest::prelude::*;

use super::{Compiler, Fuel, JointRange, Origin, Quantity, Sources, Value, Vector};
use crate::parameters::{Parameter, ParameterValue, Values};
use crate::{Error, Place};

/// Positions 1, 2, 3, 4, velocities −1, −2, −3; one step ago half of that. Bodies at (10, 11, 12) and (20, 21, 22).
fn value(source: Source, index: usize) -> f32 {
    let index = index as f32;
    match source {
        Source::Qpos => 1.0 + index,
        Source::Qvel => -1.0 - index,
        Source::Action | Source::Control => 0.25 * (1.0 + index),
        Source::BodyPosition => 10.0 * (index / 3.0).floor() + index % 3.0,
        Source::ContactForce => index - 6.0,
        Source::Time => 2.0,
        Source::Steps => 40.0,
        _ => 100.0,
    }
}

fn sources(quantities: &[(&str, &str)]) -> Sources {
    let place = Place::new("scene.toml", 7);
    let joint =
        |name: &str, index: usize| JointRange { name: name.into(), positions: (index, 1), velocities: (index, 1) };
    Sources {
        quantities: quantities
            .iter()
            .map(|(name, text)| ((*name).into(), Quantity { text: (*text).into(), place: place.clone() }))
            .collect(),
        bodies: ["world", "torso", "foot"].map(String::from).to_vec(),
        has_robot: true,
        robot_bodies: 2,
        joints: vec![joint("slider", 0), joint("hip", 1), joint("knee", 2)],
        actuators: vec!["left".into(), "right".into()],
        qpos0: vec![0.5, 1.25, 0.0, 0.0],
        velocities: 3,
        actions: 2,
        timestep: 0.01,
        dt: 0.05,
    }
}

fn values() -> Values {
    let parameter = |name: &str, default: ParameterValue| Parameter {
        name: name.into(),
        default,
        doc: String::new(),
        min: None,
        max: None,
        choices: Vec::new(),
    };
    let parameters = [
        parameter("scale", ParameterValue::Float(0.5)),
        parameter("on", ParameterValue::Bool(true)),
        parameter("range", ParameterValue::List(vec![0.7, f64::INFINITY])),
        parameter("which", ParameterValue::Text("torso".into())),
    ];
    Values::new(&parameters, &Default::default()).unwrap()
}

fn compile_with(text: &str, quantities: &[(&str, &str)]) -> Result<Value, Error> {
    let origin = Origin { place: Place::new("scene.toml", 3), key: "value".into(), text: text.into() };
    Compiler::new(&values(), Some(&sources(quantities)), &Fuel::default()).compile(&origin)
}

fn run(program: &Program) -> f32 {
    // One flat array: 64 numbers per source now, then 64 per source before.
    let order = [
        Source::Qpos,
        Source::Qvel,
        Source::Action,
        Source::Control,
        Source::BodyPosition,
        Source::ContactForce,
        Source::Time,
        Source::Steps,
        Source::BodyOrientation,
        Source::CenterOfMass,
        Source::ActuatorForce,
    ];
    let now = order.iter().flat_map(|source| (0..64).map(|index| value(*source, index)));
    let flat: Vec<f32> = now.clone().chain(now.map(|x| 0.5 * x)).collect();
    let locate = |slice: &Slice| {
        let source = order.iter().position(|source| *source == slice.source)?;
        Some(usize::from(slice.previous) * 64 * order.len() + source * 64 + usize::from(slice.start))
    };
    Code::compile(program, locate).unwrap().evaluate(&flat)
}

fn evaluate_with(text: &str, quantities: &[(&str, &str)]) -> f32 {
    match compile_with(text, quantities) {
        Ok(Value::Number(number)) => run(&number.program()),
        Ok(other) => panic!("{text}: {}", other.describe()),
        Err(error) => panic!("{error}"),
    }
}

fn evaluate(text: &str) -> f32 {
    evaluate_with(text, &[])
}

#[test]
fn values_are_the_documented_ones() {
    let quarter = core::f32::consts::FRAC_PI_4;
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2 - -3", 1.0),
        ("8 / 4 / 2", 1.0),
        ("10 - 4 - 3", 3.0),
        ("2.5e-1", 0.25),
        (".5 + 1e1", 10.5),
        ("qpos[0] + qpos[-1]", 5.0),
        ("qpos[\"hip\"] + qvel['knee']", -1.0),
        ("control[\"right\"]", 0.5),
        ("sum(qpos)", 10.0),
        ("sum(qpos[1:])", 9.0),
        ("sum(qpos[:2])", 3.0),
        ("sum(qpos[1:3])", 5.0),
        ("sum(qpos[-2:])", 7.0),
        ("sumsq(action)", 0.3125),
        ("sumabs(qvel)", 6.0),
        ("norm(qpos[2:])", 5.0),
        ("min(qvel)", -3.0),
        ("max(qpos[0], 7, 3)", 7.0),
        ("min(3, 2)", 2.0),
        ("clamp(qpos[3], 0, 1)", 1.0),
        ("sumsq(clamp(contact_forces, -1, 1))", 17.0),
        ("sum(clamp(qpos, 2, 3)[:2])", 4.0),
        ("clamp(qpos, 2, 3)[3]", 3.0),
        ("prev(qpos[1])", 1.0),
        ("(qpos[0] - prev(qpos[0])) / dt", 10.0),
        ("prev(sum(qpos * 2))", 10.0),
        ("norm(body(\"foot\").position - body(1).position)", (300.0f32).sqrt()),
        ("body($which).position.z", 12.0),
        ("body(1).position[1:].x", 11.0),
        ("dot(qpos[:3], qvel)", -14.0),
        ("center_of_mass.x", 100.0),
        ("qpos0[1]", 1.25),
        ("time * steps", 80.0),
        ("timestep", 0.01),
        ("1 < 2", 1.0),
        ("2 <= 1", 0.0),
        ("2 > 1 and 1 >= 1 and 1 == 1 and 1 != 2", 1.0),
        ("not 1 > 2 or false", 1.0),
        ("!true || 0", 0.0),
        ("1 <= qpos[1] < 2", 0.0),
        ("1 <= qpos[1] <= 2 < 3", 1.0),
        ("qpos[0] > 0 ? 5 : 6", 5.0),
        ("qpos[0] < 0 ? 5 : qpos[1] < 0 ? 6 : 7", 7.0),
        ("select(0, 1 / 0, 3)", 3.0),
        ("all(qpos > 0) and any(qpos > 3.5) and not all(qpos > 1)", 1.0),
        ("square(qvel[2])", 9.0),
        ("abs(-3) + floor(2.7) + sqrt(16)", 9.0),
        ("exp(ln(2))", 2.0),
        ("atan2(qpos[0], 1)", quarter),
        ("wrap_angle(3 * pi)", -core::f32::consts::PI),
        ("wrap_angle(qpos[3] - 2 * pi - 0.5)", 3.5 - core::f32::consts::TAU),
        ("tanh(0) + sin(0) + cos(0)", 1.0),
        ("$scale * 4", 2.0),
        ("$on ? 1 : 2", 1.0),
        ("$range[0] < qpos[0] < $range[1]", 1.0),
        ("[1, 2, 3][2]", 3.0),
        ("norm([3, 4])", 5.0),
        ("max(min(qpos[:2]), 0.5)", 1.0),
    ] {
        let found = evaluate(text);
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{text}: {found}, not {expected}");
    }
}

#[test]
fn quantities_are_inlined_and_keep_their_time() {
    let quantities = [("x", "qpos[0]"), ("speed", "(x - prev(x)) / dt"), ("all_of", "qpos[1:]")];
    assert_eq!(evaluate_with("speed * 2", &quantities), 20.0);
    assert_eq!(evaluate_with("sum(prev(all_of))", &quantities), 4.5);
    // A sum over a part of a source is one operation, not one per element.
    let Ok(Value::Number(number)) = compile_with("sum(all_of)", &quantities) else { panic!("a number") };
    assert!(matches!(number.program().ops.as_slice(), [Op::Reduce(..)]));
}

#[test]
fn constants_are_computed_while_compiling() {
    let Ok(Value::Number(number)) = compile_with("$on ? 2 * cos(0) * $scale : qpos[0]", &[]) else {
        panic!("a number")
    };
    assert_eq!(number.program().ops, [Op::Const(1.0)]);
    // Infinite constants are written as the largest number: blueprints hold finite ones.
    let Ok(Value::Number(number)) = compile_with("qpos[0] < inf", &[]) else { panic!("a number") };
    assert!(number.program().ops.contains(&Op::Const(f32::MAX)));
    assert!(matches!(compile_with("qpos[:2]", &[]), Ok(Value::Vector(Vector::Slice(Slice { len: 2, .. })))));
}

#[test]
fn errors_point_at_the_column_and_say_what_is_accepted() {
    let quantities = [("a", "b + 1"), ("b", "a + 1"), ("bad", "1 +\n  qpoz")];
    for (text, at, what) in [
        ("qpoz[0] * 2", 1, "unknown name `qpoz`"),
        ("1 + qpoz", 5, "qpos, qvel"),
        ("1 +", 4, "the end of the expression"),
        ("1 2", 3, "an operator"),
        ("(1", 3, "`)`"),
        ("1 ~ 2", 3, "`~`"),
        ("$", 1, "name of a parameter"),
        ("2 * $nope", 5, "$on, $range, $scale, $which"),
        ("frob(1)", 1, "unknown function `frob`"),
        ("clamp(1, 2)", 1, "low, high"),
        ("qpos", 1, "a vector of 4"),
        ("qpos[4]", 6, "0 to 3"),
        ("qpos[1.5]", 6, "whole number"),
        ("qpos[qpos[0]]", 6, "an index that changes"),
        ("qpos[2:2]", 1, "at least one element"),
        ("qpos[\"elbow\"]", 6, "slider, hip, knee"),
        ("body(\"hand\").position.x", 6, "world, torso, foot"),
        ("body(1)", 1, "a body"),
        ("body(1).colour", 1, "position, orientation"),
        ("qpos.x.y", 1, "before `.`"),
        ("qpos[:3] + qpos", 1, "vectors of 3 and of 4"),
        ("prev(prev(qpos[0]))", 6, "one step back"),
        ("\"text\" + 1", 1, "numbers or vectors"),
        ("a", 1, "a → b → a"),
        ("bad", 7, "unknown name `qpoz`"),
        ("'open", 1, "without an end"),
        ("1e999", 1, "a number such as"),
    ] {
        match compile_with(text, &quantities) {
            Err(ref error @ Error::Expression { column, .. }) => {
                assert_eq!(column, at, "{error}");
                assert!(error.to_string().contains(what), "{text}: {error} (should say {what})");
            }
            Err(error) => panic!("{text}: {error}"),
            // That it is no number is for who asked for one.
            Ok(value) => assert!(value.describe().contains(what), "{text}: {}", value.describe()),
        }
    }
}

/// Doubling quantities, deep nesting, chains that copy: all are refused, and soon.
#[test]
fn what_grows_without_bound_is_refused() {
    let nested = format!("{}1{}", "(".repeat(2000), ")".repeat(2000));
    let chains = format!("{}1{}", "1<(".repeat(100), "<1)<1".repeat(100));
    let signs = format!("{}1", "-".repeat(3000));
    let postfix = format!("qpos{}", "[0:1]".repeat(700));
    let sums = format!("qpos[0]{}", " + qpos[0]".repeat(400));
    let right = format!("{}1{}", "qpos[0] + (".repeat(60), ")".repeat(60));
    for text in [nested, chains, signs, postfix, sums, right, "1 + ".repeat(2000)] {
        assert!(matches!(compile_with(&text, &[]), Err(Error::Expression { .. })), "{}", &text[..20]);
    }
    let doubling: Vec<(String, String)> = (1..60).map(|i| (format!("q{i}"), format!("q{0} + q{0}", i - 1))).collect();
    for start in ["1", "qpos[0]", "contact_forces"] {
        let mut quantities: Vec<(&str, &str)> = doubling.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        quantities.push(("q0", start));
        assert!(matches!(compile_with("q59", &quantities), Err(Error::Expression { .. })));
    }
}

/// What one expression spends, the next ones lack; a long quantity costs its length each time.
#[test]
fn fuel_is_shared() {
    let long = format!("1{}", " ".repeat(4000));
    let (values, sources, fuel) = (values(), sources(&[("long", &long), ("short", "1")]), Fuel::default());
    let compiled = |text: &str| {
        let origin = Origin { place: Place::new("scene.toml", 3), key: "value".into(), text: text.into() };
        Compiler::new(&values, Some(&sources), &fuel).compile(&origin).is_ok()
    };
    assert!((0..1000).all(|_| compiled("short")));
    let times = (0..4000).take_while(|_| compiled("long")).count();
    assert!((1000..2000).contains(&times), "{times}");
}

/// A random expression with its value: an evaluation that shares nothing with the compiler.
fn tree() -> impl Strategy<Value = (String, f64)> {
    let leaf = prop_oneof![
        (-5i32..5).prop_map(|n| (format!("({n})"), f64::from(n))),
        (0usize..4).prop_map(|i| (format!("qpos[{i}]"), i as f64 + 1.0)),
        (0usize..3).prop_map(|i| (format!("prev(qvel[{i}])"), -0.5 * (i as f64 + 1.0))),
        Just(("$scale".to_owned(), 0.5)),
        Just(("sum(qpos)".to_owned(), 10.0)),
        Just(("norm(qpos[2:])".to_owned(), 5.0)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|((a, x), (b, y))| (format!("({a} + {b})"), x + y)),
            pair.clone().prop_map(|((a, x), (b, y))| (format!("({a} - {b})"), x - y)),
            pair.clone()
                .prop_map(|((a, x), (b, y))| (format!("{a} * {b}"), x * y))
                .prop_map(|(t, v)| (format!("({t})"), v)),
            pair.clone().prop_map(|((a, x), (b, y))| (format!("min({a}, {b})"), x.min(y))),
            pair.clone().prop_map(|((a, x), (b, y))| (format!("max({a}, {b})"), x.max(y))),
            pair.prop_map(|((a, x), (b, y))| (
                format!("(floor({a}) < {b} ? {b} : -{a})"),
                if x.floor() < y { y } else { -x }
            )),
            inner.clone().prop_map(|(a, x)| (format!("abs({a})"), x.abs())),
            inner.clone().prop_map(|(a, x)| (format!("clamp({a}, -3, 4)"), x.clamp(-3.0, 4.0))),
            inner.prop_map(|(a, x)| (format!("(not {a})"), f64::from(u8::from(x == 0.0)))),
        ]
    })
}

proptest! {
    /// Values are small multiples of a half, so f32 and f64 agree exactly.
    #[test]
    fn random_expressions_have_the_value_of_the_reference((text, expected) in tree()) {
        match compile_with(&text, &[]) {
            Ok(Value::Number(number)) => {
                let found = f64::from(run(&number.program()));
                prop_assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{text}: {found}, not {expected}");
            }
            Ok(other) => prop_assert!(false, "{text}: {}", other.describe()),
            // Refused for its size only.
            Err(error) => prop_assert!(error.to_string().contains("at most"), "{error}"),
        }
    }

    /// Any text, and any mixture of the language's own words, is a value or an error.
    #[test]
    fn nothing_that_is_written_panics(
        text in prop_oneof![
            ".{0,60}",
            proptest::collection::vec(
                proptest::sample::select(vec![
                    "qpos", "qvel", "[", "]", "(", ")", "1", "-1", "0.5", ":", ".", "x", "+", "-", "*", "/", "<", "==", "and", "not",
                    "?", ",", "sum", "norm", "min", "clamp", "prev", "body", "\"torso\"", "$scale", "$range", "$which", "position",
                    "square", "wrap_angle", "inf", "contact_forces", "loop", "speed", "$list", "$a", "all", "qpos0",
                ]),
                0..24,
            )
            .prop_map(|words| words.join(" ")),
        ],
    ) {
        let _ = compile_with(&text, &[("loop", "loop"), ("speed", "norm(qvel)")]);
        let _ = crate::parse_expression(&text);
    }
}
