//! What a part of an expression is: a number, a vector, a body or a text.

use hyperdust_kernel::blueprint::{Op, Slice};

use super::node::{Number, TooLarge};

/// Longest vector that is computed element by element.
pub(super) const ELEMENTS: usize = 1024;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(Number),
    Vector(Vector),
    /// Index of a sensor body: only its fields are values.
    Body(usize),
    /// Only as an argument.
    Text(String),
}

/// Several numbers; at least one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Vector {
    /// Elements of a source.
    Slice(Slice),
    /// The same, each clamped.
    Clamped(Slice, f64, f64),
    /// Computed.
    Items(Vec<Number>),
}

impl Value {
    /// For error messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Number(_) => "a number".into(),
            Self::Vector(vector) => format!("a vector of {}", vector.len()),
            Self::Body(_) => "a body".into(),
            Self::Text(text) => format!("the text \"{text}\""),
        }
    }
}

impl Vector {
    pub fn len(&self) -> usize {
        match self {
            Self::Slice(slice) | Self::Clamped(slice, ..) => usize::from(slice.len),
            Self::Items(items) => items.len(),
        }
    }

    /// Element `index`; none if there is none.
    pub fn element(&self, index: usize) -> Option<Result<Number, TooLarge>> {
        let load = |slice: &Slice| {
            let start = slice.start.checked_add(u16::try_from(index).ok()?)?;
            (index < usize::from(slice.len)).then(|| Number::load(Slice { start, len: 1, ..*slice }))
        };
        match self {
            Self::Slice(slice) => Some(Ok(load(slice)?)),
            Self::Clamped(slice, low, high) => {
                let arguments = vec![load(slice)?, Number::constant(*low), Number::constant(*high)];
                Some(Number::operation(Op::Clamp, arguments))
            }
            Self::Items(items) => items.get(index).cloned().map(Ok),
        }
    }

    /// Elements from `start` up to, not including, `end`; none if there are none.
    pub fn range(&self, start: usize, end: usize) -> Option<Self> {
        if start >= end || end > self.len() {
            return None;
        }
        let part = |slice: &Slice| {
            let (offset, len) = (u16::try_from(start).ok()?, u16::try_from(end - start).ok()?);
            Some(Slice { start: slice.start.checked_add(offset)?, len, ..*slice })
        };
        Some(match self {
            Self::Slice(slice) => Self::Slice(part(slice)?),
            Self::Clamped(slice, low, high) => Self::Clamped(part(slice)?, *low, *high),
            Self::Items(items) => Self::Items(items[start..end].to_vec()),
        })
    }

    /// All elements, one by one.
    pub fn items(&self) -> Result<Vec<Number>, TooLarge> {
        if self.len() > ELEMENTS {
            let found = format!("a vector of {}, computed element by element", self.len());
            return Err((found, format!("at most {ELEMENTS}")));
        }
        (0..self.len()).filter_map(|index| self.element(index)).collect()
    }
}
