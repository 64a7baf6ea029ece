//! From an address in an image to where it came from: symbol, functions (inlined ones too), file and line.
//!
//! The tables are those of the ELF file that the image was made of. Nothing here has a say in a dispute: it is for people.

use std::sync::Arc;

use addr2line::Context;
use gimli::{EndianArcSlice, LittleEndian};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

use crate::Error;

type Reader = EndianArcSlice<LittleEndian>;

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Demangled name.
    pub function: Option<String>,
    /// Path, as the build wrote it: relative to the repository, or under `/rust` or `/cargo`.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
}

/// Line tables and symbols of a program.
pub struct SourceMap {
    context: Context<Reader>,
    /// Start and demangled name of each function, ascending.
    symbols: Vec<(u32, String)>,
}

impl SourceMap {
    /// The tables of an ELF file.
    pub fn new(elf: &[u8]) -> Result<Self, Error> {
        let malformed = |what| move |error: object::Error| Error::Malformed { what, reason: error.to_string() };
        let file = object::read::elf::ElfFile32::<object::Endianness>::parse(elf).map_err(malformed("header"))?;
        let load = |id: gimli::SectionId| -> Result<Reader, object::Error> {
            let bytes = match file.section_by_name(id.name()) {
                Some(section) => section.data()?,
                None => &[],
            };
            Ok(EndianArcSlice::new(Arc::from(bytes), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load).map_err(malformed("debug sections"))?;
        let context = Context::from_dwarf(dwarf)
            .map_err(|error| Error::Malformed { what: "debug sections", reason: error.to_string() })?;
        // Labels within functions are symbols, too, but no functions.
        let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
        let mut symbols: Vec<(u32, String)> = functions
            .filter_map(|symbol| {
                let name = symbol.name().ok().filter(|name| !name.starts_with(".L"))?;
                let name = addr2line::demangle_auto(name.into(), None);
                Some((u32::try_from(symbol.address()).ok()?, name.into_owned()))
            })
            .collect();
        symbols.sort();
        Ok(Self { context, symbols })
    }

    /// The function that `pc` lies in, as the linker placed it.
    pub fn symbol(&self, pc: u32) -> Option<&str> {
        let after = self.symbols.partition_point(|&(start, _)| start <= pc);
        Some(self.symbols.get(after.checked_sub(1)?)?.1.as_str())
    }

    /// Where the instruction at `pc` came from: the line itself, then the lines into which it was inlined. Empty where the
    /// tables say nothing.
    pub fn frames(&self, pc: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        let Ok(mut found) = self.context.find_frames(pc.into()).skip_all_loads() else { return frames };
        while let Ok(Some(frame)) = found.next() {
            let function = frame.function.and_then(|name| Some(name.demangle().ok()?.into_owned()));
            let (file, line) = frame.location.map_or((None, None), |at| (at.file.map(str::to_owned), at.line));
            frames.push(Frame { function, file, line });
        }
        frames
    }
}

/// Address of the symbol `name` of an ELF file, such as a variable that it shows the host its progress in.
pub fn address(elf: &[u8], name: &str) -> Option<u32> {
    let file = object::read::elf::ElfFile32::<object::Endianness>::parse(elf).ok()?;
    let symbol = file.symbols().find(|symbol| symbol.is_definition() && symbol.name() == Ok(name))?;
    u32::try_from(symbol.address()).ok()
}
