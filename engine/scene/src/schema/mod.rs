//! The format of `scene.toml`: its sections as serde types, read with the place of every value.
//!
//! Terms (`[[reward]]`, `[[observation.term]]`, …) are told apart by `kind`. serde's tagged enums would lose
//! the places, so a term's table is split here by hand: the keys that all terms of its section take are read
//! into the section's common type, the others into the kind's own type. Unknown keys are errors in both.
//!
//! Invariant: a [`Document`] says nothing about parameters' values; it is read once and cooked many times.

mod json;
mod kinds;
pub(crate) mod literal;
mod partial;
mod sections;

pub(crate) use json::document_schema;
pub(crate) use kinds::{Entry, Kinds, kinds};
pub(crate) use sections::*;

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::Error;
use crate::error::{Errors, Place};
use crate::terms::action::Action;
use crate::terms::observation::Observation;
use crate::terms::reset::Reset;
use crate::terms::reward::Reward;
use crate::terms::termination::Termination;

/// The only version of the format so far.
pub(crate) const FORMAT: i64 = 1;

/// Most entries of one section: more than any blueprint may hold.
const ENTRIES: usize = 8192;

/// `scene.toml`, read.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub sections: Sections,
    pub actions: Vec<Entry<Action>>,
    pub observations: Vec<Group>,
    pub rewards: Vec<Entry<Reward>>,
    pub terminations: Vec<Entry<Termination>>,
    pub resets: Vec<Entry<Reset>>,
    /// What is missing here because it is wrong; something only where errors are collected.
    pub missing: Missing,
}

/// Parts of a file that could not be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Missing {
    pub something: bool,
    /// Something that other parts name.
    pub base: bool,
}

/// `[[observation]]`.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub section: GroupSection,
    pub terms: Vec<Entry<Observation>>,
    pub span: Range<usize>,
}

/// A file's text, to turn bytes into lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Text<'_> {
    /// The line on which `span` begins.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let line = 1 + self.text.as_bytes()[..start].iter().filter(|b| **b == b'\n').count();
        Place::new(self.file, line)
    }

    fn error(&self, error: &toml::de::Error) -> Error {
        let place = error.span().map_or_else(|| Place::new(self.file, 0), |span| self.place(&span));
        let mut error = error.clone();
        error.set_input(None); // the line is named already
        Error::Syntax { place, message: error.to_string().trim().replace('\n', "; ") }
    }
}

impl Document {
    /// Reads `scene.toml`; `file` is its name in messages.
    pub fn read(text: &str, file: &str, errors: &Errors) -> Result<Self, Error> {
        let text = Text { file, text };
        let table = DeTable::parse(text.text).map_err(|e| text.error(&e))?;
        let span = table.span();
        let mut table = table.into_inner();
        check_format(&table, &text)?;
        let actions = kinds::entries(&mut table, "action", "action", &text, errors)?;
        let rewards = kinds::entries(&mut table, "reward", "reward", &text, errors)?;
        let terminations = kinds::entries(&mut table, "termination", "termination", &text, errors)?;
        let resets = kinds::entries(&mut table, "reset", "reset", &text, errors)?;
        let mut observations = Vec::new();
        for (index, (mut group, span)) in
            tables(&mut table, "observation", "observation", &text)?.into_iter().enumerate()
        {
            let terms = kinds::entries(&mut group, "term", &format!("observation[{index}].term"), &text, errors)?;
            let section = errors.keep(read(group, span.clone(), &text))?;
            observations.extend(section.map(|section| Group { section, terms, span }));
        }
        let (sections, base) = partial::sections(table, span, &text, errors)?;
        let missing = Missing { something: !errors.is_empty(), base };
        Ok(Self { sections, actions, observations, rewards, terminations, resets, missing })
    }
}

/// The version is looked at before anything else: a later format may have keys that this reader does not know.
fn check_format(table: &DeTable<'_>, text: &Text<'_>) -> Result<(), Error> {
    let accepted = format!("`format = {FORMAT}`");
    let Some(value) = table.get("format") else {
        return Err(Error::value(Place::new(text.file, 1), "format", "nothing", accepted));
    };
    let version = value.get_ref().as_integer().and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
    if version == Some(FORMAT) {
        return Ok(());
    }
    let found = version.map_or_else(|| value.get_ref().type_str().to_owned(), |v| format!("`{v}`"));
    Err(Error::value(text.place(&value.span()), "format", found, accepted))
}

/// Reads a table into a serde type.
fn read<'de, T: Deserialize<'de>>(table: DeTable<'de>, span: Range<usize>, text: &Text<'_>) -> Result<T, Error> {
    let value = Spanned::new(span.clone(), DeValue::Table(table));
    T::deserialize(ValueDeserializer::from(value)).map_err(|mut error| {
        if error.span().is_none() {
            let place = text.place(&span);
            error.set_input(None);
            return Error::Syntax { place, message: error.to_string().trim().replace('\n', "; ") };
        }
        text.error(&error)
    })
}

/// Takes `[[key]]` out of a table.
fn tables<'de>(
    table: &mut DeTable<'de>,
    key: &str,
    path: &str,
    text: &Text<'_>,
) -> Result<Vec<(DeTable<'de>, Range<usize>)>, Error> {
    let Some(value) = table.remove(key) else {
        return Ok(Vec::new());
    };
    let span = value.span();
    let DeValue::Array(items) = value.into_inner() else {
        return Err(Error::value(
            text.place(&span),
            path,
            "something else",
            format!("tables that begin with [[{key}]]"),
        ));
    };
    if items.len() > ENTRIES {
        return Err(Error::value(
            text.place(&span),
            path,
            format!("{} tables", items.len()),
            format!("at most {ENTRIES}"),
        ));
    }
    let mut tables = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let span = item.span();
        match item.into_inner() {
            DeValue::Table(table) => tables.push((table, span)),
            other => {
                let key = format!("{path}[{index}]");
                return Err(Error::value(text.place(&span), key, other.type_str(), "a table"));
            }
        }
    }
    Ok(tables)
}
