//! Images are made of what an ELF file loads, at the addresses where it loads it; everything else is refused, and no bytes
//! make a reader panic.

use hyperdust_program::{Entry, Error, List, SourceMap, image};
use proptest::prelude::*;

/// A segment that is loaded: virtual address, physical address, bytes in the file, bytes in memory.
#[derive(Clone)]
struct Load(u32, u32, Vec<u8>, u32);

/// A little-endian 32-bit ELF executable for `machine` that starts at `entry`.
fn elf(machine: u16, entry: u32, loads: &[Load]) -> Vec<u8> {
    let (header, entry_size) = (52u32, 32u32);
    let mut bytes = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2u16, machine].iter().flat_map(|half| half.to_le_bytes()));
    bytes.extend([1, entry, header, 0, 0].iter().flat_map(|word: &u32| word.to_le_bytes()));
    let halves = [header as u16, entry_size as u16, loads.len() as u16, 40, 0, 0];
    bytes.extend(halves.iter().flat_map(|half| half.to_le_bytes()));
    let mut offset = header + entry_size * loads.len() as u32;
    for Load(virtual_address, physical, data, memory) in loads {
        let words = [1, offset, *virtual_address, *physical, data.len() as u32, *memory, 7, 4];
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        offset += data.len() as u32;
    }
    bytes.extend(loads.iter().flat_map(|load| load.2.clone()));
    bytes
}

const RISCV: u16 = 243;
const X86: u16 = 3;

fn code() -> Load {
    Load(0, 0, vec![1, 2, 3, 4], 4)
}

/// Constants keep their distance from the code; initial data lies behind, at its physical address; memory that starts as zero is
/// no part of the image.
#[test]
fn an_image_is_what_is_loaded() {
    let loads =
        [code(), Load(8, 8, vec![5; 3], 3), Load(0x0240_0000, 12, vec![9, 9], 2), Load(0x0240_0010, 14, vec![], 100)];
    let expected = [1, 2, 3, 4, 0, 0, 0, 0, 5, 5, 5, 0, 9, 9];
    assert_eq!(image::flat(&elf(RISCV, 0, &loads)).expect("a program"), expected);
}

#[test]
fn what_the_machine_cannot_hold_is_refused() {
    let refused = |machine, entry, loads: &[Load]| image::flat(&elf(machine, entry, loads)).expect_err("no program");
    assert!(matches!(refused(X86, 0, &[code()]), Error::Malformed { what: "header", .. }));
    assert!(matches!(refused(RISCV, 4, &[code()]), Error::Layout { what: "entry point", found: 4, .. }));
    let layout = |what, loads: &[Load]| {
        let error = refused(RISCV, 0, loads);
        assert!(matches!(error, Error::Layout { what: found, .. } if found == what), "{error}");
    };
    // Into an input region; over the end of the image, of memory.
    layout("address of a segment", &[code(), Load(0x0100_0000, 4, vec![1], 1)]);
    layout("address of a segment", &[Load(0x00ff_ffff, 0, vec![1, 2], 2)]);
    layout("address of a segment", &[code(), Load(0x03ff_fff0, 4, vec![], 17)]);
    layout("end of a segment", &[code(), Load(0x0240_0000, 0x00ff_ffff, vec![1, 2], 2)]);
    layout("start of a segment", &[code(), Load(0x0240_0000, 2, vec![1, 2], 2)]);
}

/// What is written is read; anything else names its line.
#[test]
fn lists_are_read_as_they_are_written() {
    let entries = [Entry::of("one", &[1, 2, 3]).expect("small"), Entry::of("two", &[]).expect("small")];
    let text = format!("# a comment\n{}\n\n{}\n", entries[0], entries[1]);
    let list = List::parse(&text).expect("a list");
    assert_eq!(list.0, entries);
    assert_eq!(list.get("two"), Some(&entries[1]));
    assert_eq!(list.get("three"), None);
    assert_eq!(
        entries[1].to_string().split(' ').nth(3),
        Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    let broken = text.replace("two 0x", "two ");
    assert!(matches!(List::parse(&broken), Err(Error::List { line: 4, .. })));
}

proptest! {
    /// Neither arbitrary bytes nor a program with one changed byte make a reader panic.
    #[test]
    fn reading_is_total(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut changed = elf(RISCV, 0, &[code(), Load(8, 8, vec![5; 3], 3)]);
        let at = at.index(changed.len());
        changed[at] = value;
        for bytes in [&bytes, &changed] {
            let _ = image::flat(bytes);
            if let Ok(map) = SourceMap::new(bytes) {
                let _ = (map.frames(0), map.symbol(0));
            }
            let _ = List::parse(&String::from_utf8_lossy(bytes));
        }
    }

    /// However large the addresses in a header are, an image is never larger than its region.
    #[test]
    fn images_are_bounded(address in any::<u32>(), physical in any::<u32>(), memory in any::<u32>()) {
        if let Ok(image) = image::flat(&elf(RISCV, 0, &[code(), Load(address, physical, vec![7], memory)])) {
            prop_assert!(image.len() <= 1 << 24);
        }
    }
}
