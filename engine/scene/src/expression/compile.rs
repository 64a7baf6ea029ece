//! Trees to values: names are resolved, constants folded, named quantities inlined.

use std::cell::Cell;

use hyperdust_kernel::blueprint::{Op, Source};

use super::function;
use super::node::{Number, TooLarge};
use super::parser::{self, Binary, Node, Tree, Unary};
use super::sources::{ARRAYS, BODY_FIELDS, Sources};
use super::value::{Value, Vector};
use super::{Problem, list};
use crate::Error;
use crate::error::Place;
use crate::parameters::{ParameterValue, Values};

/// Parts visited or copied while all expressions of a scene are compiled.
const FUEL: usize = 1_000_000;
/// Bytes of text read for one part.
const PART_BYTES: usize = 8;
/// Deepest nesting, inlined quantities included.
const DEPTH: usize = 256;

/// What is left for the expressions of one scene; inlined quantities count each time.
#[derive(Debug)]
pub(crate) struct Fuel(Cell<usize>);

impl Default for Fuel {
    fn default() -> Self {
        Self(Cell::new(FUEL))
    }
}

impl Fuel {
    /// Spends fuel; what was found and what is accepted where there is too little.
    pub fn spend(&self, parts: usize) -> Result<(), TooLarge> {
        let (found, accepted) =
            ("expressions that together grow too large", "fewer or smaller expressions and [quantities]");
        let rest = self.0.get().checked_sub(parts).ok_or_else(|| (found.to_owned(), accepted.to_owned()))?;
        self.0.set(rest);
        Ok(())
    }
}

/// An expression and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub place: Place,
    /// Key path ("reward[1].value").
    pub key: String,
    pub text: String,
}

impl Origin {
    fn error(&self, problem: Problem) -> Error {
        let Problem { column, found, accepted } = problem;
        Error::Expression {
            place: self.place.clone(),
            key: self.key.clone(),
            text: self.text.as_str().into(),
            column,
            found,
            accepted: accepted.into(),
        }
    }

    /// An error about the expression as a whole.
    pub fn wrong(&self, found: impl Into<String>, accepted: impl Into<String>) -> Error {
        self.error(Problem::new(1, found, accepted))
    }
}

/// A problem in this expression, or an error in a quantity that it names.
pub(super) enum Failure {
    Here(Problem),
    There(Box<Error>),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

pub(super) type Compiled<T> = Result<T, Failure>;

/// Compiles one expression.
pub(crate) struct Compiler<'a> {
    values: &'a Values,
    /// None: only constants.
    sources: Option<&'a Sources>,
    fuel: &'a Fuel,
    depth: usize,
    /// Inside `prev(…)`.
    previous: bool,
    /// Quantities being inlined.
    inlining: Vec<String>,
}

impl<'a> Compiler<'a> {
    /// `sources` none: the expression must be constant.
    pub fn new(values: &'a Values, sources: Option<&'a Sources>, fuel: &'a Fuel) -> Self {
        Self { values, sources, fuel, depth: 0, previous: false, inlining: Vec::new() }
    }

    /// What the expression is.
    pub fn compile(mut self, origin: &Origin) -> Result<Value, Error> {
        self.expression(origin)
    }

    fn expression(&mut self, origin: &Origin) -> Result<Value, Error> {
        let tree = parser::parse(&origin.text).map_err(|problem| origin.error(problem))?;
        self.walk(&tree).map_err(|failure| match failure {
            Failure::Here(problem) => origin.error(problem),
            Failure::There(error) => *error,
        })
    }

    /// Spends fuel; `column` is where the expression that ran out begins.
    pub(super) fn spend(&mut self, parts: usize, column: usize) -> Compiled<()> {
        self.fuel.spend(parts).map_err(|e| too_large(e, column))
    }

    /// `op` of numbers.
    pub(super) fn operation(&mut self, op: Op, arguments: Vec<Number>, column: usize) -> Compiled<Number> {
        let number = Number::operation(op, arguments).map_err(|e| too_large(e, column))?;
        self.spend(number.ops(), column)?;
        Ok(number)
    }

    /// The elements of a vector.
    pub(super) fn items(&mut self, vector: &Vector, column: usize) -> Compiled<Vec<Number>> {
        let items = vector.items().map_err(|e| too_large(e, column))?;
        self.spend(items.iter().map(Number::ops).sum(), column)?;
        Ok(items)
    }

    /// A tree that must be a number.
    pub(super) fn number(&mut self, tree: &Tree) -> Compiled<Number> {
        match self.walk(tree)? {
            Value::Number(number) => Ok(number),
            other => Err(Problem::new(
                tree.column,
                other.describe(),
                "a number (for a vector: an element, or sum, norm, min, max, … of it)",
            )
            .into()),
        }
    }

    pub(super) fn walk(&mut self, tree: &Tree) -> Compiled<Value> {
        self.spend(1, tree.column)?;
        if self.depth == DEPTH {
            return Err(
                Problem::new(tree.column, "an expression nested too deep", format!("at most {DEPTH} levels")).into()
            );
        }
        self.depth += 1;
        let value = self.node(tree);
        self.depth -= 1;
        value
    }

    fn node(&mut self, tree: &Tree) -> Compiled<Value> {
        let column = tree.column;
        match &tree.node {
            Node::Number(value) => Ok(Value::Number(Number::constant(*value))),
            Node::Text(text) => Ok(Value::Text(text.clone())),
            Node::Parameter(name) => self.parameter(name, column),
            Node::Name(name) => self.name(name, column),
            Node::List(items) => self.list(items, column),
            Node::Call(name, arguments) => self.call(name, arguments, column),
            Node::Index(operand, index) => self.index(operand, index),
            Node::Range(operand, start, end) => self.range(operand, start.as_deref(), end.as_deref()),
            Node::Field(operand, name) => self.field(operand, name),
            Node::Unary(operator, operand) => {
                let op = match operator {
                    Unary::Negate => Op::Neg,
                    Unary::Not => Op::Not,
                };
                let operand = self.walk(operand)?;
                function::each(self, op, vec![operand], column)
            }
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.walk(left)?, self.walk(right)?);
                self.binary(*operator, left, right, column)
            }
            Node::Select(condition, yes, no) => {
                let arguments = vec![self.walk(condition)?, self.walk(yes)?, self.walk(no)?];
                function::each(self, Op::Select, arguments, column)
            }
        }
    }

    fn binary(&mut self, operator: Binary, left: Value, right: Value, column: usize) -> Compiled<Value> {
        let (op, swapped) = match operator {
            Binary::Add => (Op::Add, false),
            Binary::Subtract => (Op::Sub, false),
            Binary::Multiply => (Op::Mul, false),
            Binary::Divide => (Op::Div, false),
            Binary::Less => (Op::Less, false),
            Binary::LessEqual => (Op::LessEqual, false),
            Binary::Greater => (Op::Less, true),
            Binary::GreaterEqual => (Op::LessEqual, true),
            Binary::Equal | Binary::NotEqual => (Op::Equal, false),
            Binary::And => (Op::And, false),
            Binary::Or => (Op::Or, false),
        };
        let arguments = if swapped { vec![right, left] } else { vec![left, right] };
        let value = function::each(self, op, arguments, column)?;
        if operator == Binary::NotEqual { function::each(self, Op::Not, vec![value], column) } else { Ok(value) }
    }

    fn parameter(&mut self, name: &str, column: usize) -> Compiled<Value> {
        let constant = |value: f64| Number::constant(value);
        match self.values.get(name) {
            Some(ParameterValue::Bool(value)) => Ok(Value::Number(constant(f64::from(u8::from(*value))))),
            Some(ParameterValue::Integer(value)) => Ok(Value::Number(constant(*value as f64))),
            Some(ParameterValue::Float(value)) => Ok(Value::Number(constant(*value))),
            Some(ParameterValue::Text(text)) => Ok(Value::Text(text.clone())),
            Some(ParameterValue::List(values)) if values.is_empty() => {
                Err(Problem::new(column, format!("`${name}`, an empty list"), "a list with numbers").into())
            }
            Some(ParameterValue::List(values)) => {
                let items: Vec<Number> = values.iter().map(|value| constant(*value)).collect();
                self.spend(items.len(), column)?;
                Ok(Value::Vector(Vector::Items(items)))
            }
            None => Err(Problem::new(column, format!("unknown parameter `${name}`"), self.values.names()).into()),
        }
    }

    fn list(&mut self, items: &[Tree], column: usize) -> Compiled<Value> {
        let items = items.iter().map(|item| self.number(item)).collect::<Compiled<Vec<Number>>>()?;
        if items.is_empty() {
            return Err(Problem::new(column, "an empty list", "at least one number").into());
        }
        Ok(Value::Vector(Vector::Items(items)))
    }

    fn name(&mut self, name: &str, column: usize) -> Compiled<Value> {
        let constant = |value: f64| Ok(Value::Number(Number::constant(value)));
        match name {
            "pi" => return constant(core::f64::consts::PI),
            "inf" => return constant(f64::INFINITY),
            "true" => return constant(1.0),
            "false" => return constant(0.0),
            _ => {}
        }
        let Some(sources) = self.sources else {
            let accepted = format!("a constant: numbers, functions and parameters ({})", self.values.names());
            return Err(Problem::new(column, format!("`{name}`"), accepted).into());
        };
        if let Some(quantity) = sources.quantities.get(name) {
            return self.inline(
                name,
                Origin {
                    place: quantity.place.clone(),
                    key: format!("quantities.{name}"),
                    text: quantity.text.clone(),
                },
                column,
            );
        }
        if let Some(source) = Sources::scalar(name) {
            return self.source(source, 0, 1, column).map(first);
        }
        let array = sources.array(name);
        let len = if name == "qpos0" { Some(sources.qpos0.len()) } else { array.map(|(_, len)| len) };
        match (name, array, len) {
            ("dt", ..) => constant(sources.dt),
            ("timestep", ..) => constant(sources.timestep),
            (_, _, Some(0)) => {
                let accepted = "quantities that this scene has: its bodies, joints and actions";
                Err(Problem::new(column, format!("`{name}`, which is empty here"), accepted).into())
            }
            (_, Some((source, len)), _) => self.source(source, 0, len, column),
            (_, None, Some(len)) => {
                self.spend(len, column)?;
                let items = sources.qpos0.iter().map(|value| Number::constant(f64::from(*value))).collect();
                Ok(Value::Vector(Vector::Items(items)))
            }
            (_, None, None) => Err(self.unknown(name, column)),
        }
    }

    fn unknown(&self, name: &str, column: usize) -> Failure {
        let quantities = self.sources.map_or(String::new(), |s| list(s.quantities.keys().map(String::as_str)));
        let accepted = format!("{ARRAYS}; quantities: {quantities}; functions: {}", function::NAMES.join(", "));
        Problem::new(column, format!("unknown name `{name}`"), accepted).into()
    }

    fn inline(&mut self, name: &str, origin: Origin, column: usize) -> Compiled<Value> {
        if self.inlining.iter().any(|outer| outer == name) {
            let chain = format!("{} → {name}", self.inlining.join(" → "));
            return Err(Problem::new(column, format!("a quantity that needs itself ({chain})"), "no cycles").into());
        }
        // It is read again each time.
        self.spend(1 + origin.text.len() / PART_BYTES, column)?;
        self.inlining.push(name.to_owned());
        let value = self.expression(&origin).map_err(|error| Failure::There(Box::new(error)));
        self.inlining.pop();
        value
    }

    fn source(&mut self, source: Source, start: usize, len: usize, column: usize) -> Compiled<Value> {
        match Sources::slice(source, start, len, self.previous) {
            Some(slice) => Ok(Value::Vector(Vector::Slice(slice))),
            None => Err(Problem::new(column, format!("{len} numbers from {start}"), "elements below 65535").into()),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Tree], column: usize) -> Compiled<Value> {
        match (name, arguments) {
            ("prev", [argument]) => {
                if self.previous {
                    return Err(Problem::new(column, "`prev` inside `prev`", "one step back only").into());
                }
                self.previous = true;
                let value = self.walk(argument);
                self.previous = false;
                value
            }
            ("body", [argument]) => self.body(argument),
            _ => function::call(self, name, arguments, column),
        }
    }

    fn body(&mut self, argument: &Tree) -> Compiled<Value> {
        let name = match self.walk(argument)? {
            Value::Text(name) => name,
            Value::Number(number) => match number.value() {
                Some(value) => format!("{value}"),
                None => {
                    return Err(
                        Problem::new(argument.column, "a number that changes", "a constant index, or a name").into()
                    );
                }
            },
            other => return Err(Problem::new(argument.column, other.describe(), "a name or an index").into()),
        };
        match self.sources.map(|sources| (sources.body(&name), sources)) {
            Some((Some(index), _)) => Ok(Value::Body(index)),
            Some((None, sources)) => {
                Err(Problem::new(argument.column, format!("body \"{name}\""), sources.body_names()).into())
            }
            None => {
                Err(Problem::new(argument.column, "a body", "a constant: numbers, functions and parameters").into())
            }
        }
    }

    fn field(&mut self, operand: &Tree, name: &str) -> Compiled<Value> {
        let column = operand.column;
        match self.walk(operand)? {
            Value::Body(index) => match BODY_FIELDS.iter().find(|(field, ..)| *field == name) {
                Some((_, source, _)) if self.sources.is_none_or(|s| index >= s.bodies_of(*source)) => {
                    let accepted =
                        "position, orientation, linear_velocity, angular_velocity: it is no body of the robot";
                    Err(Problem::new(column, format!("body field `{name}`"), accepted).into())
                }
                Some((_, source, len)) => self.source(*source, index * len, *len, column),
                None => {
                    let accepted = BODY_FIELDS.map(|(field, ..)| field).join(", ");
                    Err(Problem::new(column, format!("body field `{name}`"), accepted).into())
                }
            },
            Value::Vector(vector) => {
                let fields: &[&str] = match vector.len() {
                    2 => &["x", "y"],
                    3 => &["x", "y", "z"],
                    4 => &["w", "x", "y", "z"],
                    _ => &[],
                };
                match fields.iter().position(|field| *field == name) {
                    Some(index) => self.element(&vector, index, column),
                    None => {
                        let accepted = if fields.is_empty() { "[index]".into() } else { fields.join(", ") };
                        Err(Problem::new(column, format!("`.{name}` of a vector of {}", vector.len()), accepted).into())
                    }
                }
            }
            other => {
                Err(Problem::new(column, format!("`.{name}` of {}", other.describe()), "a body or a vector before `.`")
                    .into())
            }
        }
    }

    fn element(&mut self, vector: &Vector, index: usize, column: usize) -> Compiled<Value> {
        match vector.element(index) {
            Some(Ok(number)) => Ok(Value::Number(number)),
            Some(Err(error)) => Err(too_large(error, column)),
            None => Err(Problem::new(
                column,
                format!("index {index} of {}", vector.len()),
                format!("0 to {}", vector.len() - 1),
            )
            .into()),
        }
    }

    fn vector(&mut self, tree: &Tree) -> Compiled<Vector> {
        match self.walk(tree)? {
            Value::Vector(vector) => Ok(vector),
            other => {
                Err(Problem::new(tree.column, format!("`[…]` behind {}", other.describe()), "a vector before `[`")
                    .into())
            }
        }
    }

    /// An index or bound: a constant whole number, negative from the end.
    fn position(&mut self, tree: &Tree, len: usize) -> Compiled<usize> {
        let number = self.number(tree)?;
        let accepted = || format!("a constant whole number from -{len} to {len}");
        let Some(value) = number.value() else {
            return Err(Problem::new(tree.column, "an index that changes", accepted()).into());
        };
        let length = len as f64;
        if libm::floor(value) != value || value > length || value < -length {
            return Err(Problem::new(tree.column, format!("index {value}"), accepted()).into());
        }
        Ok(if value < 0.0 { (length + value) as usize } else { value as usize })
    }

    fn index(&mut self, operand: &Tree, index: &Tree) -> Compiled<Value> {
        let vector = self.vector(operand)?;
        if let Value::Text(name) = self.walk(index)? {
            return self.named(&vector, &name, index.column);
        }
        let position = self.position(index, vector.len())?;
        self.element(&vector, position, index.column)
    }

    /// `qpos["hinge"]`: only behind a whole array.
    fn named(&mut self, vector: &Vector, name: &str, column: usize) -> Compiled<Value> {
        let (Vector::Slice(slice), Some(sources)) = (vector, self.sources) else {
            return Err(Problem::new(
                column,
                format!("the name \"{name}\""),
                "an index: only qpos, qvel, control and actuator_forces have names",
            )
            .into());
        };
        match sources.named(slice.source, name) {
            Some((start, len)) if slice.start == 0 && start + len <= vector.len() => {
                match vector.range(start, start + len) {
                    Some(part) if len == 1 => self.element(&part, 0, column),
                    Some(part) => Ok(Value::Vector(part)),
                    None => Err(Problem::new(column, format!("\"{name}\""), sources.names_in(slice.source)).into()),
                }
            }
            _ => Err(Problem::new(column, format!("\"{name}\""), sources.names_in(slice.source)).into()),
        }
    }

    fn range(&mut self, operand: &Tree, start: Option<&Tree>, end: Option<&Tree>) -> Compiled<Value> {
        let vector = self.vector(operand)?;
        let start = start.map_or(Ok(0), |tree| self.position(tree, vector.len()))?;
        let end = end.map_or(Ok(vector.len()), |tree| self.position(tree, vector.len()))?;
        match vector.range(start, end) {
            Some(part) => Ok(Value::Vector(part)),
            None => Err(Problem::new(
                operand.column,
                format!("elements {start} to {end} of {}", vector.len()),
                "at least one element",
            )
            .into()),
        }
    }
}

fn first(value: Value) -> Value {
    match &value {
        Value::Vector(vector) if vector.len() == 1 => match vector.element(0) {
            Some(Ok(number)) => Value::Number(number),
            _ => value,
        },
        _ => value,
    }
}

pub(super) fn too_large((found, accepted): TooLarge, column: usize) -> Failure {
    Problem::new(column, found, accepted).into()
}
