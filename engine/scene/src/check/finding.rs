//! One thing that was found: where it is, what it is, and what would be right.

use serde::Serialize;

use crate::{Error, Place, Warning};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The scene cannot be used.
    Error,
    /// It can, but may not be what its author means.
    Warning,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Name relative to the package, or the path that could not be opened.
    pub file: String,
    /// Counted from 1; 0: not known.
    pub line: usize,
    /// Key path ("reward[1].weight"), or element and attribute ("geom torso: size"); "": the file as a whole.
    pub key: String,
    /// What is there.
    pub message: String,
    /// What would be right.
    pub fix: String,
}

impl Finding {
    pub(super) fn error(error: &Error) -> Self {
        let at = |place: &Place, key: &str, message: String, fix: &str| Self {
            severity: Severity::Error,
            file: place.file.clone(),
            line: place.line,
            key: key.to_owned(),
            message,
            fix: fix.to_owned(),
        };
        // Where an error is one sentence, it ends with what is accepted.
        let whole = |place: &Place, sentence: &str, otherwise: &str| {
            let (message, fix) = ["; accepted: ", ", accepted: ", ", expected "]
                .iter()
                .find_map(|word| sentence.rsplit_once(word))
                .unwrap_or((sentence, otherwise));
            at(place, "", message.to_owned(), fix)
        };
        // The reader of TOML says at the end which key it is about.
        let keyed = |place: &Place, sentence: &str| {
            let (sentence, key) = sentence.rsplit_once("; in `").unwrap_or((sentence, ""));
            Self {
                key: key.trim_end_matches('`').to_owned(),
                ..whole(place, sentence, "what engine/scene/README.md describes")
            }
        };
        match error {
            Error::File { file, reason } => {
                whole(&Place::new(file.clone(), 0), reason, "a whole file of the kind that its place wants")
            }
            Error::Syntax { place, message } => keyed(place, message),
            Error::Value { place, key, found, accepted } => at(place, key, format!("found {found}"), accepted),
            Error::Expression { place, key, text, column, found, accepted } => {
                at(place, key, format!("found {found} at column {column} of {}", around(text, *column)), accepted)
            }
            Error::Parameter { name, found, accepted } => at(
                &Place::new(crate::package::SCENE, 0),
                &format!("parameters.{name}"),
                format!("found {found}"),
                accepted,
            ),
            Error::UnknownScene { name, accepted } => {
                at(&Place::new(name.clone(), 0), "", "no built-in scene is called so".into(), accepted)
            }
            Error::Archive { entry, reason } => {
                whole(&Place::new(entry.clone(), 0), reason, "an archive that `hyperdust scene pack` wrote, whole")
            }
            Error::Blueprint { place, message } => whole(place, message, "less of what is named"),
        }
    }

    pub(super) fn warning(place: Place, key: &str, message: String, fix: String) -> Self {
        let Place { file, line } = place;
        Self { severity: Severity::Warning, file, line, key: key.to_owned(), message, fix }
    }

    pub(super) fn of(warning: &Warning) -> Self {
        // Warnings begin with what they are about.
        let (key, message) = warning.message.split_once(": ").unwrap_or(("", &warning.message));
        let fix = "leave it out, or accept that it has no effect".to_owned();
        Self::warning(warning.place.clone(), key, message.to_owned(), fix)
    }
}

/// The part of an expression in which a column is, in quotes.
fn around(text: &str, column: usize) -> String {
    const SIDE: usize = 60;
    let skipped = column.saturating_sub(SIDE + 1);
    let part: String = text.chars().skip(skipped).take(2 * SIDE).collect();
    let before = if skipped > 0 { "…" } else { "" };
    let after = if text.chars().count() > skipped + 2 * SIDE { "…" } else { "" };
    format!("{before}{part:?}{after}")
}
