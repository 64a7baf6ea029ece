//! Where cooking stands: the scene, the values of its parameters, what its expressions may read, and the key that
//! is being lowered. Turns literals into numbers, names into indices, and failures into errors that name
//! file, line and key.

use hyperdust_kernel::blueprint::{Slice, Source, Value as KernelValue, limits};

use crate::Error;
use crate::error::{Errors, Place, Warning};
use crate::expression::{Compiler, Fuel, Number as Computed, Origin, Sources, Value, Vector, list, to_f32};
use crate::parameters::{ParameterValue, Values};
use crate::schema::Text as FileText;
use crate::schema::literal::{
    Count, Flag, Formula, Formulas, Literal, Name, Names, Number, NumberOrNumbers, Numbers, Raw, Text,
};

/// What all terms of a scene are lowered with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub text: FileText<'a>,
    pub values: &'a Values,
    pub sources: &'a Sources,
    /// Shared by all expressions of the scene.
    pub fuel: &'a Fuel,
    /// What becomes of errors.
    pub errors: &'a Errors,
}

/// A key of the scene, under which things are resolved.
#[derive(Clone)]
pub(crate) struct At<'a> {
    pub context: Context<'a>,
    /// Key path ("reward[1]").
    path: String,
    span: std::ops::Range<usize>,
}

impl<'a> Context<'a> {
    /// A key path; `span`: its bytes in the file.
    pub fn at(&self, path: impl Into<String>, span: std::ops::Range<usize>) -> At<'a> {
        At { context: *self, path: path.into(), span }
    }
}

impl<'a> At<'a> {
    /// Full path of a key.
    pub fn key(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (_, true) => self.path.clone(),
            _ => format!("{}.{key}", self.path),
        }
    }

    /// Where this key begins.
    pub fn place(&self) -> Place {
        self.context.text.place(&self.span)
    }

    /// An error about a key of this table.
    pub fn wrong(&self, key: &str, found: impl Into<String>, accepted: impl Into<String>) -> Error {
        Error::value(self.place(), self.key(key), found, accepted)
    }

    /// An error about a value of this table.
    pub fn wrong_at(
        &self,
        key: &str,
        literal: &Literal,
        found: impl Into<String>,
        accepted: impl Into<String>,
    ) -> Error {
        Error::value(self.context.text.place(&literal.span), self.key(key), found, accepted)
    }

    /// A warning about this table.
    pub fn warning(&self, message: impl Into<String>) -> Warning {
        Warning { place: self.place(), message: format!("{}: {}", self.path, message.into()) }
    }

    fn origin(&self, key: &str, literal: &Literal, text: &str) -> Origin {
        Origin { place: self.context.text.place(&literal.span), key: self.key(key), text: text.to_owned() }
    }

    fn compiler(&self, sources: Option<&'a Sources>) -> Compiler<'a> {
        Compiler::new(self.context.values, sources, self.context.fuel)
    }

    fn constant(&self, key: &str, literal: &Literal) -> Result<Value, Error> {
        match &literal.raw {
            Raw::Bool(value) => Ok(Value::Number(Computed::constant(f64::from(u8::from(*value))))),
            Raw::Integer(value) => Ok(Value::Number(Computed::constant(*value as f64))),
            Raw::Float(value) => Ok(Value::Number(Computed::constant(*value))),
            Raw::Text(text) => self.compiler(None).compile(&self.origin(key, literal, text)),
            Raw::List(items) => {
                let numbers = items.iter().map(|item| self.literal_number(key, item).map(Computed::constant));
                Ok(Value::Vector(Vector::Items(numbers.collect::<Result<_, _>>()?)))
            }
        }
    }

    fn literal_number(&self, key: &str, literal: &Literal) -> Result<f64, Error> {
        let accepted = "a number";
        match self.constant(key, literal)? {
            Value::Number(number) => match number.value() {
                Some(value) if !value.is_nan() => Ok(value),
                _ => Err(self.wrong_at(
                    key,
                    literal,
                    format!("{}, which is not a number", literal.raw.describe()),
                    accepted,
                )),
            },
            other => {
                Err(self.wrong_at(key, literal, format!("{} ({})", literal.raw.describe(), other.describe()), accepted))
            }
        }
    }

    fn literal_numbers(&self, key: &str, literal: &Literal) -> Result<Vec<f64>, Error> {
        let wrong = |found: String| Err(self.wrong_at(key, literal, found, "a list of numbers"));
        let vector = match self.constant(key, literal)? {
            Value::Vector(vector) => vector,
            other => return wrong(other.describe()),
        };
        match vector {
            Vector::Items(items) => match items.iter().map(Computed::value).collect::<Option<Vec<f64>>>() {
                Some(values) if values.iter().all(|value| !value.is_nan()) => Ok(values),
                _ => wrong(format!("{} with something that is not a number", literal.raw.describe())),
            },
            Vector::Slice(_) | Vector::Clamped(..) => wrong("a quantity".into()),
        }
    }

    /// A number; may be infinite.
    pub fn number(&self, key: &str, number: &Number) -> Result<f64, Error> {
        self.literal_number(key, &number.0)
    }

    /// A number, or its default.
    pub fn number_or(&self, key: &str, number: &Option<Number>, default: f64) -> Result<f64, Error> {
        number.as_ref().map_or(Ok(default), |number| self.number(key, number))
    }

    /// A finite number from `low` to `high`, as f32.
    pub fn bounded(&self, key: &str, number: &Option<Number>, default: f64, low: f64, high: f64) -> Result<f32, Error> {
        let value = self.number_or(key, number, default)?;
        if value >= low && value <= high {
            return Ok(to_f32(value));
        }
        let literal = number.as_ref().map(|number| &number.0);
        let accepted = format!("{low} to {high}");
        Err(literal.map_or_else(
            || self.wrong(key, shown(value), accepted.clone()),
            |literal| self.wrong_at(key, literal, shown(value), accepted.clone()),
        ))
    }

    /// A whole number from `low` to `high`.
    pub fn count(&self, key: &str, count: &Count, low: usize, high: usize) -> Result<usize, Error> {
        let value = self.literal_number(key, &count.0)?;
        if value >= low as f64 && value <= high as f64 && libm::floor(value) == value {
            return Ok(value as usize);
        }
        Err(self.wrong_at(key, &count.0, shown(value), format!("a whole number from {low} to {high}")))
    }

    /// Yes or no; a number is yes where it is not 0.
    pub fn flag(&self, key: &str, flag: &Option<Flag>, default: bool) -> Result<bool, Error> {
        flag.as_ref().map_or(Ok(default), |flag| self.literal_number(key, &flag.0).map(|value| value != 0.0))
    }

    /// A list of numbers.
    pub fn numbers(&self, key: &str, numbers: &Numbers) -> Result<Vec<f64>, Error> {
        self.literal_numbers(key, &numbers.0)
    }

    /// `N` finite numbers, or the default, as f32.
    pub fn array<const N: usize>(
        &self,
        key: &str,
        numbers: &Option<Numbers>,
        default: [f32; N],
    ) -> Result<[f32; N], Error> {
        let Some(numbers) = numbers else { return Ok(default) };
        let values = self.numbers(key, numbers)?;
        match <[f64; N]>::try_from(values.as_slice()) {
            Ok(values) if values.iter().all(|value| value.is_finite()) => Ok(values.map(to_f32)),
            _ => Err(self.wrong_at(key, &numbers.0, format!("{values:?}"), format!("{N} finite numbers"))),
        }
    }

    /// `[low, high]`, low at most high; may be infinite.
    pub fn pair(&self, key: &str, numbers: &Numbers) -> Result<(f64, f64), Error> {
        match self.numbers(key, numbers)?.as_slice() {
            [low, high] if low <= high => Ok((*low, *high)),
            other => Err(self.wrong_at(key, &numbers.0, format!("{other:?}"), "[low, high] with low at most high")),
        }
    }

    /// One number for each of `len`, from one for all or a list.
    pub fn spread(&self, key: &str, numbers: &NumberOrNumbers, len: usize) -> Result<Vec<f64>, Error> {
        let literal = &numbers.0;
        let values = match self.constant(key, literal)? {
            Value::Number(_) => vec![self.literal_number(key, literal)?; len],
            _ => self.literal_numbers(key, literal)?,
        };
        if values.len() == len {
            return Ok(values);
        }
        Err(self.wrong_at(key, literal, format!("{} numbers", values.len()), format!("one number, or {len}")))
    }

    /// A list of numbers written inside another list.
    pub fn row(&self, key: &str, literal: &Literal) -> Result<Vec<f64>, Error> {
        self.literal_numbers(key, literal)
    }

    fn literal_text(&self, key: &str, literal: &Literal) -> Result<String, Error> {
        let text = match &literal.raw {
            Raw::Text(text) => text,
            Raw::Integer(index) => return Ok(index.to_string()),
            other => return Err(self.wrong_at(key, literal, other.describe(), "a name or its number")),
        };
        let Some(parameter) = text.strip_prefix('$') else { return Ok(text.clone()) };
        match self.context.values.get(parameter) {
            Some(ParameterValue::Text(text)) => Ok(text.clone()),
            Some(ParameterValue::Integer(index)) => Ok(index.to_string()),
            Some(other) => Err(self.wrong_at(key, literal, format!("{text} = {other}"), "a parameter that is a text")),
            None => Err(self.wrong_at(key, literal, format!("unknown parameter {text}"), self.context.values.names())),
        }
    }

    /// A text.
    pub fn text(&self, key: &str, text: &Text) -> Result<String, Error> {
        self.literal_text(key, &text.0)
    }

    /// Index of a body.
    pub fn body(&self, key: &str, name: &Name) -> Result<usize, Error> {
        self.literal_body(key, &name.0)
    }

    fn literal_body(&self, key: &str, literal: &Literal) -> Result<usize, Error> {
        let name = self.literal_text(key, literal)?;
        let sources = self.context.sources;
        sources.body(&name).ok_or_else(|| self.wrong_at(key, literal, format!("\"{name}\""), sources.body_names()))
    }

    /// Indices of bodies: a list of names, or `"all"` of the first `count`.
    pub fn bodies(&self, key: &str, names: &Names, count: usize) -> Result<Vec<usize>, Error> {
        match &names.0.raw {
            Raw::Text(text) if text == "all" => Ok((0..count).collect()),
            Raw::List(items) => items
                .iter()
                .map(|item| {
                    let body = self.literal_body(key, item)?;
                    if body < count {
                        Ok(body)
                    } else {
                        let accepted = list(self.context.sources.bodies.iter().take(count).map(String::as_str));
                        Err(self.wrong_at(key, item, item.raw.describe(), accepted))
                    }
                })
                .collect(),
            other => Err(self.wrong_at(key, &names.0, other.describe(), "\"all\" or a list of names")),
        }
    }

    /// Index of an actuator.
    pub fn actuators(&self, key: &str, names: &Names) -> Result<Vec<u16>, Error> {
        let actuators = &self.context.sources.actuators;
        let index = |literal: &Literal| {
            let name = self.literal_text(key, literal)?;
            let named = actuators.iter().position(|actuator| *actuator == name);
            let index = named.or_else(|| name.parse().ok().filter(|index| *index < actuators.len()));
            index.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| {
                self.wrong_at(key, literal, format!("\"{name}\""), list(actuators.iter().map(String::as_str)))
            })
        };
        match &names.0.raw {
            Raw::Text(text) if text == "all" => {
                Ok((0..actuators.len()).filter_map(|i| u16::try_from(i).ok()).collect())
            }
            Raw::List(items) => items.iter().map(index).collect(),
            other => Err(self.wrong_at(key, &names.0, other.describe(), "\"all\" or a list of names")),
        }
    }

    /// First element and length of each named joint in an array of joints.
    pub fn joints(&self, key: &str, names: &Names, source: Source) -> Result<Vec<(usize, usize)>, Error> {
        let Raw::List(items) = &names.0.raw else {
            return Err(self.wrong_at(key, &names.0, names.0.raw.describe(), "a list of names"));
        };
        items.iter().map(|item| self.joint(key, item, source)).collect()
    }

    /// First element and length of a named joint in an array of joints.
    pub fn joint(&self, key: &str, literal: &Literal, source: Source) -> Result<(usize, usize), Error> {
        let name = self.literal_text(key, literal)?;
        let sources = self.context.sources;
        sources
            .named(source, &name)
            .ok_or_else(|| self.wrong_at(key, literal, format!("\"{name}\""), sources.names_in(source)))
    }

    /// Elements of a source that are known to be there.
    pub fn slice(&self, key: &str, source: Source, start: usize, len: usize, previous: bool) -> Result<Slice, Error> {
        Sources::slice(source, start, len, previous)
            .ok_or_else(|| self.wrong(key, format!("{len} numbers from {start}"), "1 or more, below 65535"))
    }

    fn compiled(&self, key: &str, literal: &Literal) -> Result<(Origin, Value), Error> {
        let text = match &literal.raw {
            Raw::Text(text) => text.clone(),
            Raw::Integer(value) => value.to_string(),
            Raw::Float(value) if value.is_nan() => return Err(self.wrong_at(key, literal, "nan", "a number")),
            Raw::Float(value) => format!("{value:?}"),
            Raw::Bool(value) => value.to_string(),
            Raw::List(_) => return Err(self.wrong_at(key, literal, "a list", "an expression")),
        };
        let origin = self.origin(key, literal, &text);
        let value = self.compiler(Some(self.context.sources)).compile(&origin)?;
        Ok((origin, value))
    }

    /// An expression that is one number.
    pub fn formula(&self, key: &str, formula: &Formula) -> Result<Computed, Error> {
        let (origin, value) = self.compiled(key, &formula.0)?;
        let accepted = "a number (for a vector: an element, or sum, norm, min, max, … of it)";
        match value {
            Value::Number(number) => Ok(number),
            other => Err(origin.wrong(other.describe(), accepted)),
        }
    }

    /// An expression that is a number or a vector.
    pub fn vector(&self, key: &str, formula: &Formula) -> Result<Vector, Error> {
        self.literal_vector(key, &formula.0)
    }

    fn literal_vector(&self, key: &str, literal: &Literal) -> Result<Vector, Error> {
        let (origin, value) = self.compiled(key, literal)?;
        match value {
            Value::Number(number) => Ok(Vector::Items(vec![number])),
            Value::Vector(vector) => Ok(vector),
            other => Err(origin.wrong(other.describe(), "a number or a vector")),
        }
    }

    /// Expressions one after the other, as the kernel's values.
    pub fn formulas(&self, key: &str, formulas: &Formulas) -> Result<Vec<KernelValue>, Error> {
        let literals = match &formulas.0.raw {
            Raw::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&formulas.0),
        };
        let (mut values, mut elements) = (Vec::new(), 0);
        for literal in literals {
            let vector = self.literal_vector(key, literal)?;
            elements += vector.len();
            if elements > limits::OBSERVATION_ELEMENTS {
                let accepted = format!("at most {}", limits::OBSERVATION_ELEMENTS);
                return Err(self.wrong_at(key, literal, format!("{elements} numbers or more"), accepted));
            }
            if let Vector::Slice(slice) = vector {
                values.push(KernelValue::Slice(slice));
                continue;
            }
            let too_large = |(found, accepted): (String, String)| self.wrong_at(key, literal, found, accepted);
            let items = vector.items().map_err(too_large)?;
            self.context.fuel.spend(items.iter().map(Computed::ops).sum()).map_err(too_large)?;
            values.extend(items.iter().map(|item| match item.element() {
                Some(slice) => KernelValue::Slice(slice),
                None => KernelValue::Program(item.program()),
            }));
        }
        Ok(values)
    }

    /// Builds a program from an expression that this crate wrote.
    pub fn built(&self, key: &str, text: &str) -> Result<Computed, Error> {
        let origin = Origin { place: self.place(), key: self.key(key), text: text.to_owned() };
        match self.compiler(Some(self.context.sources)).compile(&origin)? {
            Value::Number(number) => Ok(number),
            other => Err(origin.wrong(other.describe(), "a number")),
        }
    }
}

/// A number without hundreds of zeros.
fn shown(value: f64) -> String {
    let plain = value == 0.0 || !value.is_finite() || (1e-6..1e15).contains(&libm::fabs(value));
    if plain { value.to_string() } else { format!("{value:e}") }
}
