//! Sections of which some are wrong: what is right of them, and every error.
//!
//! serde ends at the first error. So where errors are collected, each part is read on its own beside what every file has, and what is wrong
//! is left out.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::{Sections, Text, read};
use crate::Error;
use crate::error::Errors;

/// Without these no other part can be read.
const NEEDED: [&str; 2] = ["format", "scene"];
/// Sections whose keys stand for themselves.
const LOOSE: [&str; 7] = ["episode", "physics", "parameters", "quantities", "budget", "camera", "body"];

/// Sections that others name.
const BASE: [&str; 4] = ["parameters", "quantities", "robot", "body"];

/// Reads all sections but the terms; and whether something is missing that others name.
pub(super) fn sections(
    table: DeTable<'_>,
    span: Range<usize>,
    text: &Text<'_>,
    errors: &Errors,
) -> Result<(Sections, bool), Error> {
    let whole = read(table.clone(), span.clone(), text);
    if whole.is_ok() || !errors.collect() {
        return whole.map(|sections| (sections, false));
    }
    let mut good = DeTable::new();
    let mut rest = Vec::new();
    for (key, value) in table {
        if NEEDED.contains(&key.get_ref().as_ref()) {
            good.insert(key, value);
        } else {
            rest.push((key, value));
        }
    }
    let base = good.clone();
    read::<Sections>(base.clone(), span.clone(), text)?;
    let mut missing = false;
    for (key, value) in rest {
        let (known, base_of_others) = (errors.count(), BASE.contains(&key.get_ref().as_ref()));
        let place = value.span();
        let alone = |value: DeValue<'_>| {
            let mut table = base.clone();
            table.insert(key.clone(), Spanned::new(place.clone(), value.clone()));
            errors.keep(read::<Sections>(table, span.clone(), text)).map(|read| read.is_some())
        };
        let loose = LOOSE.contains(&key.get_ref().as_ref());
        let kept = match value.into_inner() {
            DeValue::Array(items) if loose => {
                let mut kept = DeArray::new();
                for item in items {
                    let one: DeArray<'_> = [item.clone()].into_iter().collect();
                    if alone(DeValue::Array(one))? {
                        kept.push(item);
                    }
                }
                DeValue::Array(kept)
            }
            DeValue::Table(entries) if loose => {
                let mut kept = DeTable::new();
                for (name, entry) in entries {
                    let one: DeTable<'_> = [(name.clone(), entry.clone())].into_iter().collect();
                    if alone(DeValue::Table(one))? {
                        kept.insert(name, entry);
                    }
                }
                DeValue::Table(kept)
            }
            other => match alone(other.clone())? {
                true => other,
                false => {
                    missing |= base_of_others;
                    continue;
                }
            },
        };
        missing |= base_of_others && errors.count() > known;
        good.insert(key, Spanned::new(place, kept));
    }
    Ok((read(good, span, text)?, missing))
}
