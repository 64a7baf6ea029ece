//! A model's document with its `<include>`s resolved.
//!
//! As in MuJoCo an `<include file="…"/>` is replaced by the children of the included file's root element, and no
//! file may be included twice. All files together keep the limits of one.

use std::collections::BTreeSet;

use super::Files;
use crate::Error;
use crate::robot::xml::{BYTES, ELEMENTS, Element, parse};

/// Files that include each other's files.
const NESTING: usize = 16;

/// Parses a model and everything it includes.
pub(super) fn open(xml: &str, file: &str, files: &Files) -> Result<Element, Error> {
    let mut state = State {
        files,
        elements: ELEMENTS,
        bytes: BYTES.saturating_sub(xml.len()),
        seen: BTreeSet::from([file.to_owned()]),
    };
    let mut root = parse(xml, file, &mut state.elements)?;
    state.resolve(&mut root, 0)?;
    Ok(root)
}

struct State<'a> {
    files: &'a Files<'a>,
    elements: usize,
    bytes: usize,
    seen: BTreeSet<String>,
}

impl State<'_> {
    fn resolve(&mut self, element: &mut Element, nesting: usize) -> Result<(), Error> {
        let mut children = Vec::with_capacity(element.children.len());
        for mut child in std::mem::take(&mut element.children) {
            if child.name == "include" {
                children.extend(self.include(&child, nesting)?);
            } else {
                self.resolve(&mut child, nesting)?;
                children.push(child);
            }
        }
        element.children = children;
        Ok(())
    }

    fn include(&mut self, include: &Element, nesting: usize) -> Result<Vec<Element>, Error> {
        let Some(file) = include.text("file") else { return Err(include.refuse("file", "the path of a model file")) };
        let path = relative(file)
            .ok_or_else(|| include.refuse("file", "a path inside the scene's folder, with forward slashes"))?;
        if nesting >= NESTING {
            return Err(include.refuse("file", format!("at most {NESTING} files that include each other")));
        }
        if !self.seen.insert(path.clone()) {
            return Err(include.refuse("file", "a file that is not included already"));
        }
        let bytes = (self.files)(&path).ok_or_else(|| include.refuse("file", "a file of the scene"))?;
        self.bytes = self
            .bytes
            .checked_sub(bytes.len())
            .ok_or_else(|| include.refuse("file", format!("files of at most {BYTES} bytes together")))?;
        let text = std::str::from_utf8(&bytes).map_err(|_| include.refuse("file", "a text file in UTF-8"))?;
        let mut root = parse(text, &path, &mut self.elements)?;
        self.resolve(&mut root, nesting + 1)?;
        Ok(root.children)
    }
}

/// A path that stays inside the folder it starts in; none if it does not.
pub(crate) fn relative(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.trim().split('/') {
        match part {
            "" if parts.is_empty() => return None,
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.contains(['\\', ':', '\0']) => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
