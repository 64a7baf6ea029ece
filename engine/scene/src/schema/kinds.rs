//! Terms that are told apart by `kind`.

use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{Text, read, tables};
use crate::Error;
use crate::error::Errors;

/// A term as written.
#[derive(Clone, Debug)]
pub(crate) struct Entry<K: Kinds> {
    /// Keys that every term of the section takes.
    pub common: K::Common,
    /// `kind` and the keys of that kind.
    pub kind: K,
    /// `kind` as written.
    pub name: &'static str,
    /// Bytes of the table in the file.
    pub span: Range<usize>,
}

/// The kinds of terms of one section.
pub(crate) trait Kinds: Sized {
    /// Keys that every term of the section takes.
    type Common: DeserializeOwned + JsonSchema;
    /// Their names.
    const COMMON: &'static [&'static str];
    /// Names of the kinds.
    const KINDS: &'static [&'static str];
    /// The kind of a term that does not say.
    const DEFAULT: Option<&'static str>;
    /// Reads the keys of one kind; none: no such kind.
    fn read(kind: &str, keys: ValueDeserializer<'_>) -> Option<Result<Self, toml::de::Error>>;
    /// The keys of each kind.
    fn schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)>;
}

/// Declares an enum with one variant per kind, and [`Kinds`] for it.
macro_rules! kinds {
    (
        $(#[$doc:meta])*
        $name:ident, $common:ty, [$($key:literal),*], $default:expr,
        { $($kind:literal => $variant:ident($fields:ty),)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) enum $name {
            $(
                #[doc = concat!("`", $kind, "`")]
                $variant($fields),
            )*
        }

        impl $crate::schema::Kinds for $name {
            type Common = $common;
            const COMMON: &'static [&'static str] = &[$($key),*];
            const KINDS: &'static [&'static str] = &[$($kind),*];
            const DEFAULT: Option<&'static str> = $default;

            fn read(kind: &str, keys: toml::de::ValueDeserializer<'_>) -> Option<Result<Self, toml::de::Error>> {
                use serde::Deserialize;
                match kind {
                    $($kind => Some(<$fields>::deserialize(keys).map(Self::$variant)),)*
                    _ => None,
                }
            }

            fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
                use schemars::JsonSchema;
                vec![$(($kind, <$fields>::json_schema(generator)),)*]
            }
        }
    };
}
pub(crate) use kinds;

/// Takes the terms of `[[key]]` out of a table.
pub(super) fn entries<K: Kinds>(
    table: &mut DeTable<'_>,
    key: &str,
    path: &str,
    text: &Text<'_>,
    errors: &Errors,
) -> Result<Vec<Entry<K>>, Error> {
    let mut entries = Vec::new();
    for (index, (table, span)) in tables(table, key, path, text)?.into_iter().enumerate() {
        entries.extend(errors.keep(entry(table, span, &format!("{path}[{index}]"), text))?);
    }
    Ok(entries)
}

fn entry<K: Kinds>(mut table: DeTable<'_>, span: Range<usize>, path: &str, text: &Text<'_>) -> Result<Entry<K>, Error> {
    let key = format!("{path}.kind");
    let accepted = || K::KINDS.join(", ");
    let kind = match table.remove("kind") {
        None => match K::DEFAULT {
            Some(kind) => Spanned::new(span.clone(), kind.to_owned()),
            None => return Err(Error::value(text.place(&span), key, "nothing", accepted())),
        },
        Some(value) => match value.get_ref().as_str() {
            Some(kind) => Spanned::new(value.span(), kind.to_owned()),
            None => return Err(Error::value(text.place(&value.span()), key, value.get_ref().type_str(), accepted())),
        },
    };
    let mut common = DeTable::new();
    for name in K::COMMON {
        if let Some((name, value)) = table.remove_entry(*name) {
            common.insert(name, value);
        }
    }
    let common = read(common, span.clone(), text)?;
    let Some(name) = K::KINDS.iter().find(|name| *name == kind.get_ref()).copied() else {
        let found = format!("\"{}\"", kind.get_ref());
        return Err(Error::value(text.place(&kind.span()), key, found, accepted()));
    };
    let keys = Spanned::new(span.clone(), DeValue::Table(table));
    let kind = K::read(name, ValueDeserializer::from(keys))
        .unwrap_or_else(|| Err(serde::de::Error::custom("unknown kind")))
        .map_err(|mut error| {
            let place = text.place(&error.span().unwrap_or_else(|| span.clone()));
            error.set_input(None);
            let common = K::COMMON.join("`, `");
            let message = error.to_string().trim().replace('\n', "; ");
            Error::Syntax { place, message: format!("{path} (kind `{name}`): {message} (besides `kind`, `{common}`)") }
        })?;
    Ok(Entry { common, kind, name, span })
}
