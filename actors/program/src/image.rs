//! From an ELF file to the flat image: the bytes from address 0 on.
//!
//! What is loaded from the file lies at its *physical* address. For code and constants that is where they stay; the initial
//! contents of writable data are put behind them, and the program copies them to their place in memory, which starts as
//! zeros ([`hyperdust_proof::machine::layout`]). Debug information is not loaded, so it is no part of an image.

use hyperdust_proof::machine::layout::{FREE, MEMORY, Region};
use object::{
    Endianness,
    elf::{EM_RISCV, ET_EXEC, FileHeader32, PT_LOAD},
    read::elf::{FileHeader as _, ProgramHeader as _},
};

use crate::Error;

/// The flat image of `elf`. Errors where it is no RISC-V executable, does not start at 0, loads something outside of the
/// image region, or wants memory at a place that is neither image nor free.
pub fn flat(elf: &[u8]) -> Result<Vec<u8>, Error> {
    let malformed = |what| move |error: object::Error| Error::Malformed { what, reason: error.to_string() };
    let header = FileHeader32::<Endianness>::parse(elf).map_err(malformed("header"))?;
    let endian = header.endian().map_err(malformed("header"))?;
    let (machine, kind) = (header.e_machine(endian), header.e_type(endian));
    if endian != Endianness::Little || machine != EM_RISCV || kind != ET_EXEC {
        let reason = format!("found machine {machine:?}, type {kind:?}, {endian:?}-endian");
        return Err(Error::Malformed { what: "header", reason });
    }
    let entry = header.e_entry(endian);
    if entry != 0 {
        return Err(Error::Layout { what: "entry point", found: entry.into(), accepted: "0" });
    }
    let mut image = Vec::new();
    for segment in header.program_headers(endian, elf).map_err(malformed("program headers"))? {
        let memory = u64::from(segment.p_memsz(endian));
        if segment.p_type(endian) != PT_LOAD || memory == 0 {
            continue;
        }
        let address = u64::from(segment.p_vaddr(endian));
        let within = |start: u32, end: u32| u64::from(start) <= address && address + memory <= u64::from(end);
        if !within(0, Region::IMAGE.bytes) && !within(FREE, MEMORY) {
            let accepted = "a segment within the image, or within heap and stack";
            return Err(Error::Layout { what: "address of a segment", found: address, accepted });
        }
        let Ok(bytes) = segment.data(endian, elf) else {
            return Err(Error::Malformed { what: "segment", reason: "it lies outside of the file".into() });
        };
        if bytes.is_empty() {
            continue;
        }
        let start = u64::from(segment.p_paddr(endian));
        let end = start + bytes.len() as u64;
        if end > u64::from(Region::IMAGE.bytes) {
            let accepted = "bytes of a segment within the image";
            return Err(Error::Layout { what: "end of a segment", found: end, accepted });
        }
        let start = start as usize;
        if start < image.len() {
            let accepted = "segments in ascending order, without overlap";
            return Err(Error::Layout { what: "start of a segment", found: start as u64, accepted });
        }
        image.resize(start, 0);
        image.extend_from_slice(bytes);
    }
    Ok(image)
}
