//! XML documents as bounded, owned trees whose elements know their file and line.
//!
//! Parsing is `roxmltree`'s; this module adds limits, line numbers and typed attributes. DTDs and entities are
//! refused. Everything an author wrote is data: a document can be wrong, never harmful.

use std::sync::Arc;

use hyperdust_kernel::blueprint::limits;

use crate::{Error, Place};

/// Bytes of all files of one model together.
pub(crate) const BYTES: usize = 4 << 20;
/// Elements of all files of one model together.
pub(crate) const ELEMENTS: usize = 100_000;
/// Elements inside each other.
pub(crate) const DEPTH: usize = 128;
/// Largest magnitude of a number: what the kernel accepts.
pub(crate) const LARGEST: f64 = limits::MAGNITUDE as f64;

/// An element.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub name: String,
    pub file: Arc<str>,
    pub line: usize,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
}

/// Parses a document. `budget` is how many elements it may have, and becomes how many are left.
pub(crate) fn parse(xml: &str, file: &str, budget: &mut usize) -> Result<Element, Error> {
    if xml.len() > BYTES {
        return Err(Error::File {
            file: file.into(),
            reason: format!("{} bytes; accepted: at most {BYTES} in one model", xml.len()),
        });
    }
    // The library counts text and comments too; the exact limit on elements is applied below.
    let options =
        roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: 8 * ELEMENTS as u32, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(xml, options).map_err(|error| Error::Syntax {
        place: Place::new(file, error.pos().row as usize),
        message: format!("not an XML document that can be read: {error}; accepted: well-formed XML without DTD"),
    })?;
    let newlines: Vec<usize> = xml.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect();
    let reader = Reader { file: file.into(), newlines };
    reader.element(document.root_element(), 0, budget)
}

struct Reader {
    file: Arc<str>,
    newlines: Vec<usize>,
}

impl Reader {
    fn element(&self, node: roxmltree::Node, depth: usize, budget: &mut usize) -> Result<Element, Error> {
        let line = self.newlines.partition_point(|at| *at < node.range().start) + 1;
        let refuse = |message| Err(Error::Syntax { place: Place::new(&*self.file, line), message });
        if depth >= DEPTH {
            return refuse(format!("elements nested deeper than {DEPTH}; accepted: less"));
        }
        let Some(left) = budget.checked_sub(1) else {
            return refuse(format!("more than {ELEMENTS} elements in one model; accepted: less"));
        };
        *budget = left;
        let mut children = Vec::new();
        for child in node.children().filter(roxmltree::Node::is_element) {
            children.push(self.element(child, depth + 1, budget)?);
        }
        let attributes = node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
        Ok(Element { name: node.tag_name().name().to_owned(), file: self.file.clone(), line, attributes, children })
    }
}

impl Element {
    pub(crate) fn place(&self) -> Place {
        Place::new(&*self.file, self.line)
    }

    /// The element as messages call it: `geom torso`, or `geom`.
    pub(crate) fn label(&self) -> String {
        self.text("name").map_or_else(|| self.name.clone(), |name| format!("{} {name}", self.name))
    }

    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == attribute).map(|(_, value)| value.as_str())
    }

    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The element itself is wrong.
    pub(crate) fn wrong(&self, found: impl Into<String>, accepted: impl Into<String>) -> Error {
        Error::value(self.place(), self.label(), found, accepted)
    }

    /// An attribute is wrong (or missing).
    pub(crate) fn refuse(&self, attribute: &str, accepted: impl Into<String>) -> Error {
        let found = self.text(attribute).map_or_else(|| "nothing".into(), |value| format!("\"{}\"", shorten(value)));
        Error::value(self.place(), format!("{}: {attribute}", self.label()), found, accepted)
    }

    /// All numbers of an attribute; none if it is absent.
    pub(crate) fn list(&self, attribute: &str) -> Result<Option<Vec<f64>>, Error> {
        let Some(value) = self.text(attribute) else { return Ok(None) };
        let mut numbers = Vec::new();
        for word in value.split_ascii_whitespace() {
            match word.parse::<f64>() {
                Ok(x) if x.abs() <= LARGEST => numbers.push(x),
                _ => return Err(self.refuse(attribute, format!("decimal numbers of magnitude at most {LARGEST:e}"))),
            }
        }
        Ok(Some(numbers))
    }

    /// Overwrites the first numbers of `into`; at least `least` must be given. Returns how many were.
    pub(crate) fn numbers(&self, attribute: &str, into: &mut [f64], least: usize) -> Result<usize, Error> {
        let Some(numbers) = self.list(attribute)? else { return Ok(0) };
        if numbers.len() < least || numbers.len() > into.len() {
            let accepted = if least == into.len() {
                format!("{least} numbers")
            } else {
                format!("{least} to {} numbers", into.len())
            };
            return Err(self.refuse(attribute, accepted));
        }
        into[..numbers.len()].copy_from_slice(&numbers);
        Ok(numbers.len())
    }

    /// Exactly `N` numbers.
    pub(crate) fn exactly<const N: usize>(&self, attribute: &str) -> Result<Option<[f64; N]>, Error> {
        let mut out = [0.0; N];
        Ok((self.numbers(attribute, &mut out, N)? > 0).then_some(out))
    }

    pub(crate) fn number(&self, attribute: &str, into: &mut f64) -> Result<bool, Error> {
        let found = self.exactly::<1>(attribute)?;
        if let Some([x]) = found {
            *into = x;
        }
        Ok(found.is_some())
    }

    pub(crate) fn integer(&self, attribute: &str, range: std::ops::RangeInclusive<i64>) -> Result<Option<i64>, Error> {
        let Some(value) = self.text(attribute) else { return Ok(None) };
        match value.trim().parse::<i64>() {
            Ok(x) if range.contains(&x) => Ok(Some(x)),
            _ => Err(self.refuse(attribute, format!("a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    pub(crate) fn keyword<T: Copy>(&self, attribute: &str, words: &[(&str, T)]) -> Result<Option<T>, Error> {
        let Some(value) = self.text(attribute) else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == value.trim()) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => Err(self.refuse(attribute, one_of(words.iter().map(|(word, _)| *word)))),
        }
    }

    pub(crate) fn boolean(&self, attribute: &str) -> Result<Option<bool>, Error> {
        self.keyword(attribute, &[("true", true), ("false", false)])
    }
}

/// `"a", "b" or "c"`.
pub(crate) fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = words.map(|w| format!("\"{w}\"")).collect();
    quoted.join(", ")
}

/// A value short enough for a message.
pub(crate) fn shorten(value: &str) -> String {
    const LONGEST: usize = 80;
    if value.chars().count() <= LONGEST { value.into() } else { value.chars().take(LONGEST).chain(['…']).collect() }
}
