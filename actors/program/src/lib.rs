//! Programs of the proof machine as files.
//!
//! A compiler writes an ELF file. [`image::flat`] makes the image of it that the machine starts with, whose root is what a
//! node of the hypergraph names; [`SourceMap`] reads the same file's line tables, so that the instruction which a
//! dispute ends at can be shown with the line that it came from; [`List`] is the committed list of programs. All are
//! total over whatever bytes they are given.
#![forbid(unsafe_code)]

mod error;
pub mod image;
pub mod list;
pub mod source;

pub use error::Error;
pub use list::{Entry, List};
pub use source::{Frame, SourceMap};
