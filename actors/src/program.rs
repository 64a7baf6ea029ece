//! The program that a segment is a run of: its image, checked against the committed root, and its source lines.
//!
//! `make guest` builds it. A root that is not the committed one belongs to another program, whose runs nobody agreed on.

use std::{fs, path::Path};

use hyperdust_kernel::merkle::Hash;
use hyperdust_program::{Entry, List, SourceMap, image};

use crate::Error;

/// Name of the program that runs a segment of a scene.
pub const SEGMENT: &str = "segment";
/// Roots of all programs.
const ROOTS: &str = include_str!("../../engine/guest/IMAGE_ROOT");

/// A program of the proof machine.
pub struct Program {
    /// Bytes from address 0 on.
    pub image: Vec<u8>,
    /// Root of the image region.
    pub root: Hash,
    /// Where instructions came from.
    pub source: SourceMap,
    elf: Vec<u8>,
}

impl Program {
    /// The committed root of a program.
    pub fn committed(name: &str) -> Result<Entry, Error> {
        let refused = |why: String| Error::Program { name: name.into(), why };
        let list = List::parse(ROOTS).map_err(|error| refused(error.to_string()))?;
        list.get(name).cloned().ok_or_else(|| refused("it has no committed root".into()))
    }

    /// The program `name` as `make guest` left it in `folder`. An error where it is not there or has another root than the committed
    /// one.
    pub fn load(folder: &Path, name: &str) -> Result<Self, Error> {
        let refused = |why: String| Error::Program { name: name.into(), why };
        let path = folder.join(format!("{name}.elf"));
        let elf = fs::read(&path).map_err(|error| refused(format!("{}: {error}", path.display())))?;
        let image = image::flat(&elf).map_err(|error| refused(error.to_string()))?;
        let entry = Entry::of(name, &image)?;
        let committed = Self::committed(name)?;
        if entry.root != committed.root {
            return Err(refused(format!("{} is \"{entry}\"; committed is \"{committed}\"", path.display())));
        }
        let source = SourceMap::new(&elf).map_err(|error| refused(error.to_string()))?;
        Ok(Self { image, root: entry.root, source, elf })
    }

    /// Address of a variable of the program.
    pub fn symbol(&self, name: &str) -> Option<u32> {
        hyperdust_program::source::address(&self.elf, name)
    }
}
