//! Expressions: a small total language over named quantities, compiled into the kernel's bounded postfix code.
//!
//! `lexer` → `parser` (a tree of bounded depth and size) → `compile` (numbers and vectors of numbers,
//! constants folded) → `node` (operations of bounded count and stack). Nothing can loop or recurse without bound; each
//! stage refuses what is too large with the column where it begins. The language is documented in the crate's README.

mod compile;
mod function;
mod lexer;
mod node;
mod parser;
mod sources;
mod value;

pub(crate) use compile::{Compiler, Fuel, Origin};
pub(crate) use node::{Number, to_f32};
#[cfg(test)]
pub(crate) use sources::JointRange;
pub(crate) use sources::{Quantity, Sources, list};
pub(crate) use value::{Value, Vector};

/// What is wrong at a column of an expression (characters, from 1).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    column: usize,
    found: String,
    accepted: String,
}

impl Problem {
    fn new(column: usize, found: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self { column, found: found.into(), accepted: accepted.into() }
    }
}

/// Compiles an expression against a made-up robot and two parameters, `$a` and `$list`; what it would compute is thrown
/// away. For the fuzzer, and to check a text apart from its scene.
pub fn check(text: &str) -> Result<(), crate::Error> {
    use crate::parameters::{Parameter, ParameterValue, Values};
    let parameter = |name: &str, default: ParameterValue| Parameter {
        name: name.into(),
        default,
        doc: String::new(),
        min: None,
        max: None,
        choices: Vec::new(),
    };
    let parameters = [
        parameter("a", ParameterValue::Float(0.5)),
        parameter("list", ParameterValue::List(vec![-1.0, 0.0, f64::INFINITY])),
    ];
    let values = Values::new(&parameters, &Default::default())?;
    let place = crate::Place::new("expression", 0);
    let quantity = |text: &str| Quantity { text: text.into(), place: place.clone() };
    let sources = Sources {
        quantities: [("speed".into(), quantity("norm(qvel[:2])")), ("loop".into(), quantity("loop + 1"))].into(),
        bodies: ["world", "torso", "foot"].map(String::from).to_vec(),
        has_robot: true,
        robot_bodies: 2,
        joints: Vec::new(),
        actuators: vec!["motor".into()],
        qpos0: vec![0.0, 1.25, 0.0, 0.0],
        velocities: 4,
        actions: 1,
        timestep: 0.002,
        dt: 0.008,
    };
    let origin = Origin { place, key: "value".into(), text: text.to_owned() };
    Compiler::new(&values, Some(&sources), &Fuel::default()).compile(&origin).map(|_| ())
}

#[cfg(test)]
mod tests;
