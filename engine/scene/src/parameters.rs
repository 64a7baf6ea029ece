//! Parameters: what a user of a scene may change without editing it. Each set of values is a blueprint of its own.

use std::collections::BTreeMap;
use std::fmt;

use crate::Error;
use crate::error::{Errors, Place};
use crate::schema::literal::{Literal, Raw};
use crate::schema::{ParameterSection, Text};

/// Longest list that a parameter may hold.
const LIST: usize = 4096;
/// Longest name or text, bytes.
const TEXT: usize = 256;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number; infinite ones are allowed, NaN is not.
    Float(f64),
    /// A name.
    Text(String),
    /// Numbers.
    List(Vec<f64>),
}

impl ParameterValue {
    fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list of numbers",
        }
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "\"{}\"", value.chars().take(60).collect::<String>()),
            Self::List(values) if values.len() > 8 => write!(f, "a list of {}", values.len()),
            Self::List(values) => write!(f, "{values:?}"),
        }
    }
}

/// A parameter as its author declared it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name: also the keyword argument in Python.
    pub name: String,
    /// Value where the user says nothing; its kind is the parameter's.
    pub default: ParameterValue,
    /// What it does, and its unit.
    pub doc: String,
    /// Smallest accepted number.
    pub min: Option<f64>,
    /// Largest accepted number.
    pub max: Option<f64>,
    /// Accepted texts; empty: any.
    pub choices: Vec<String>,
}

impl Parameter {
    /// Reads a `[parameters.NAME]`.
    pub(crate) fn read(name: &str, section: &ParameterSection, text: &Text<'_>) -> Result<Self, Error> {
        let literal = &section.default.0;
        let wrong = |found: String, accepted: &str| {
            Err(Error::value(text.place(&literal.span), format!("parameters.{name}.default"), found, accepted))
        };
        if !is_identifier(name) {
            let accepted = "letters, digits and _, not a digit first, at most 64";
            let place = text.place(&literal.span);
            return Err(Error::value(place, format!("parameters.{name}"), "this name", accepted));
        }
        let default = match &literal.raw {
            Raw::Bool(value) => ParameterValue::Bool(*value),
            Raw::Integer(value) => ParameterValue::Integer(*value),
            Raw::Float(value) => ParameterValue::Float(*value),
            Raw::Text(value) => ParameterValue::Text(value.clone()),
            Raw::List(items) => match items.iter().map(number).collect::<Option<Vec<f64>>>() {
                Some(values) => ParameterValue::List(values),
                None => return wrong(literal.raw.describe(), "a list of numbers only"),
            },
        };
        let parameter = Self {
            name: name.to_owned(),
            default: default.clone(),
            doc: section.doc.clone(),
            min: section.min,
            max: section.max,
            choices: section.choices.clone().unwrap_or_default(),
        };
        match parameter.accept(&default) {
            Ok(_) => Ok(parameter),
            Err(Error::Parameter { found, accepted, .. }) => wrong(found, &accepted),
            Err(other) => Err(other),
        }
    }

    /// The value as this parameter's kind, or why not.
    pub fn accept(&self, value: &ParameterValue) -> Result<ParameterValue, Error> {
        let wrong =
            |accepted: String| Err(Error::Parameter { name: self.name.clone(), found: value.to_string(), accepted });
        let converted = match (&self.default, value) {
            (ParameterValue::Float(_), ParameterValue::Integer(value)) => ParameterValue::Float(*value as f64),
            (ParameterValue::Integer(_), ParameterValue::Float(number))
                if libm::floor(*number) == *number && libm::fabs(*number) < 9e15 =>
            {
                ParameterValue::Integer(*number as i64)
            }
            (ParameterValue::Text(_), ParameterValue::Integer(value)) => ParameterValue::Text(value.to_string()),
            (default, value) if std::mem::discriminant(default) == std::mem::discriminant(value) => value.clone(),
            (default, _) => return wrong(default.kind().to_owned()),
        };
        let in_range = |number: f64| {
            !number.is_nan() && self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        };
        let bounds = || match (self.min, self.max) {
            (Some(min), Some(max)) => format!("numbers from {min} to {max}"),
            (Some(min), None) => format!("numbers from {min}"),
            (None, Some(max)) => format!("numbers up to {max}"),
            (None, None) => "numbers, not NaN".to_owned(),
        };
        match &converted {
            ParameterValue::Bool(_) => {}
            ParameterValue::Integer(number) if !in_range(*number as f64) => return wrong(bounds()),
            ParameterValue::Float(number) if !in_range(*number) => return wrong(bounds()),
            ParameterValue::Integer(_) | ParameterValue::Float(_) => {}
            ParameterValue::Text(text) => {
                if text.len() > TEXT {
                    return wrong(format!("at most {TEXT} bytes"));
                }
                if !self.choices.is_empty() && !self.choices.contains(text) {
                    return wrong(self.choices.join(", "));
                }
            }
            ParameterValue::List(values) => {
                if let ParameterValue::List(default) = &self.default
                    && default.len() != values.len()
                {
                    return wrong(format!("{} numbers", default.len()));
                }
                if values.len() > LIST {
                    return wrong(format!("at most {LIST} numbers"));
                }
                if !values.iter().copied().all(in_range) {
                    return wrong(bounds());
                }
            }
        }
        Ok(converted)
    }
}

fn number(literal: &Literal) -> Option<f64> {
    match literal.raw {
        Raw::Integer(value) => Some(value as f64),
        Raw::Float(value) => Some(value),
        _ => None,
    }
}

/// Whether `name` can stand in an expression.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.len() <= hyperdust_kernel::blueprint::limits::NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// All parameters of a scene with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Values(BTreeMap<String, ParameterValue>);

impl Values {
    /// Defaults, and what the user gave instead.
    pub fn new(parameters: &[Parameter], overrides: &BTreeMap<String, ParameterValue>) -> Result<Self, Error> {
        let mut values = BTreeMap::new();
        for parameter in parameters {
            let value = overrides.get(&parameter.name).unwrap_or(&parameter.default);
            values.insert(parameter.name.clone(), parameter.accept(value)?);
        }
        if let Some((name, value)) = overrides.iter().find(|(name, _)| !values.contains_key(*name)) {
            let names = parameters.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            let accepted = if names.is_empty() { "nothing: this scene has no parameters".into() } else { names };
            return Err(Error::Parameter { name: name.clone(), found: value.to_string(), accepted });
        }
        Ok(Self(values))
    }

    /// By name.
    pub fn get(&self, name: &str) -> Option<&ParameterValue> {
        self.0.get(name)
    }

    /// All names, for error messages.
    pub fn names(&self) -> String {
        if self.0.is_empty() {
            return "none: the scene has no [parameters]".into();
        }
        self.0.keys().map(|name| format!("${name}")).collect::<Vec<_>>().join(", ")
    }
}

impl Parameter {
    /// Reads all `[parameters]`.
    pub(crate) fn read_all(
        sections: &BTreeMap<String, ParameterSection>,
        file: &str,
        text: &str,
        errors: &Errors,
    ) -> Result<Vec<Self>, Error> {
        if sections.len() > 256 {
            let found = format!("{} parameters", sections.len());
            return Err(Error::value(Place::new(file, 0), "parameters", found, "at most 256"));
        }
        let mut parameters = Vec::new();
        for (name, section) in sections {
            parameters.extend(errors.keep(Self::read(name, section, &Text { file, text }))?);
        }
        Ok(parameters)
    }
}
