//! Values as they are written in `scene.toml`, before parameters are known: a literal, or a string that holds a
//! constant expression over parameters. Each remembers its bytes in the file, so that a later error can name
//! the line.
//!
//! The newtypes ([`Number`], [`Flag`], …) say at reading time which literals make sense; what a string gives is
//! checked when the scene is cooked ([`crate::context::At`]).

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use toml::Spanned;

/// Most numbers in one list written in `scene.toml`.
pub(crate) const LIST: usize = 1 << 20;

/// A literal and its bytes in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Literal {
    pub raw: Raw,
    pub span: Range<usize>,
}

/// What TOML can say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Literal>),
}

impl Raw {
    /// For error messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Bool(value) => format!("`{value}`"),
            Self::Integer(value) => format!("`{value}`"),
            Self::Float(value) => format!("`{value:?}`"),
            Self::Text(value) => format!("\"{}\"", value.chars().take(60).collect::<String>()),
            Self::List(items) => format!("a list of {}", items.len()),
        }
    }
}

impl<'de> Deserialize<'de> for Literal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Raw>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(Self { raw: spanned.into_inner(), span })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number, true or false, a text or a list of these")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        i64::try_from(value).map(Raw::Integer).map_err(|_| E::custom("integer too large"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Literal>()? {
            if list.len() == LIST {
                return Err(de::Error::custom(format_args!("a list has at most {LIST} entries")));
            }
            list.push(item);
        }
        Ok(Raw::List(list))
    }
}

/// Declares a newtype of [`Literal`] with the literals that it accepts.
macro_rules! literal {
    ($(#[$doc:meta])* $name:ident, $accepted:literal, $raw:pat $(if $guard:expr)?, $schema:tt) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name(pub Literal);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let literal = Literal::deserialize(deserializer)?;
                #[allow(unreachable_patterns, reason = "one of them accepts every literal")]
                match &literal.raw {
                    $raw $(if $guard)? => Ok(Self(literal)),
                    other => Err(de::Error::custom(format_args!("found {}, accepted: {}", other.describe(), $accepted))),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

literal! {
    /// A number.
    Number, "a number, or a string with an expression such as \"2 * $scale\"",
    Raw::Integer(_) | Raw::Float(_) | Raw::Text(_),
    { "description": "A number, or a constant expression over parameters.", "type": ["number", "string"] }
}
literal! {
    /// A number that is not negative and has no fraction.
    Count, "a whole number of at least 0, or a string with an expression such as \"$frame_skip\"",
    Raw::Integer(0..) | Raw::Text(_),
    { "description": "A whole number, or a constant expression over parameters.", "type": ["integer", "string"], "minimum": 0 }
}
literal! {
    /// Yes or no.
    Flag, "true, false, or a string with an expression such as \"not $simple\"",
    Raw::Bool(_) | Raw::Text(_),
    { "description": "Yes or no, or a constant expression over parameters.", "type": ["boolean", "string"] }
}
literal! {
    /// A list of numbers.
    Numbers, "a list of numbers, or a string with an expression such as \"$range\"",
    Raw::List(_) | Raw::Text(_),
    {
        "description": "Numbers, or a constant expression over parameters.",
        "anyOf": [{ "type": "array", "items": { "type": ["number", "string"] } }, { "type": "string" }]
    }
}
literal! {
    /// One number for all elements, or one for each.
    NumberOrNumbers, "a number, a list of numbers, or a string with an expression",
    Raw::Integer(_) | Raw::Float(_) | Raw::List(_) | Raw::Text(_),
    {
        "description": "One number for all, or a list with one for each; or a constant expression.",
        "anyOf": [{ "type": ["number", "string"] }, { "type": "array", "items": { "type": ["number", "string"] } }]
    }
}
literal! {
    /// Rows of numbers.
    Rows, "a list of lists of numbers",
    Raw::List(_),
    { "description": "Rows of numbers.", "type": "array", "items": { "type": "array", "items": { "type": ["number", "string"] } } }
}
literal! {
    /// A name, or its number.
    Name, "a name, its number, or \"$parameter\"",
    Raw::Text(_) | Raw::Integer(0..),
    { "description": "A name, its number, or \"$parameter\".", "type": ["string", "integer"] }
}
literal! {
    /// `"all"`, or a list of names.
    Names, "\"all\" or a list of names",
    Raw::Text(_) | Raw::List(_),
    {
        "description": "\"all\" or a list of names.",
        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": ["string", "integer"] } }]
    }
}
literal! {
    /// An expression over quantities.
    Formula, "an expression in a string, a number, true or false",
    Raw::Text(_) | Raw::Integer(_) | Raw::Float(_) | Raw::Bool(_),
    { "description": "An expression; see the README of hyperdust-scene.", "type": ["string", "number", "boolean"] }
}
literal! {
    /// One expression or several.
    Formulas, "an expression in a string, or a list of them",
    Raw::Text(_) | Raw::Integer(_) | Raw::Float(_) | Raw::List(_),
    {
        "description": "An expression, or a list of them.",
        "anyOf": [{ "type": ["string", "number"] }, { "type": "array", "items": { "type": ["string", "number"] } }]
    }
}
literal! {
    /// A text, or a parameter that is one.
    Text, "a text or \"$parameter\"",
    Raw::Text(_),
    { "description": "A text or \"$parameter\".", "type": "string" }
}
literal! {
    /// The default of a parameter.
    Default, "a number, true, false, a text or a list of numbers",
    Raw::Bool(_) | Raw::Integer(_) | Raw::Float(_) | Raw::Text(_) | Raw::List(_),
    {
        "description": "A number, yes or no, a text or a list of numbers.",
        "anyOf": [{ "type": ["number", "boolean", "string"] }, { "type": "array", "items": { "type": "number" } }]
    }
}
