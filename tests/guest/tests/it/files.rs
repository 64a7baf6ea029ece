//! What `make guest` leaves behind: the committed images, and line tables that lead from an instruction to its source.

use std::{fs, path::Path};

use hyperdust_guest_tests::Guest;
use hyperdust_program::{Entry, List, image};

const PROGRAMS: [&str; 2] = ["segment", "policy-mlp"];

/// Name, root, size and hash of each image are those of `engine/guest/IMAGE_ROOT`, and the image is the ELF file's.
#[test]
fn images_are_the_committed_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../engine/guest/IMAGE_ROOT");
    let list = List::parse(&fs::read_to_string(path).expect("a committed file")).expect("a list");
    assert_eq!(list.0.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), PROGRAMS);
    for name in PROGRAMS {
        let guest = Guest::new(name);
        assert_eq!(image::flat(&guest.elf).expect("a program"), guest.image);
        assert_eq!(Entry::of(name, &guest.image).expect("an image that fits"), *list.get(name).expect("listed"));
    }
}

/// The first instruction is the start's, and a known function's lines are in its file. Paths are the repository's: none
/// says where it was built.
#[test]
fn instructions_lead_to_lines() {
    let guest = Guest::new("segment");
    let map = guest.source_map();
    assert_eq!(map.symbol(0), Some("_start"));
    let stepping = |pc: u32| {
        map.frames(pc).into_iter().find(|frame| frame.file.as_deref() == Some("engine/kernel/src/segment/mod.rs"))
    };
    let found = (0..guest.image.len() as u32).step_by(4).find_map(stepping).expect("the kernel's segment");
    assert!(found.line.is_some_and(|line| line > 1), "{found:?}");
    let here = env!("CARGO_MANIFEST_DIR").strip_suffix("/tests/guest").expect("this crate's place");
    for elf in PROGRAMS.map(|name| Guest::new(name).elf) {
        let places = elf.windows(here.len()).filter(|window| *window == here.as_bytes()).count();
        assert_eq!(places, 0, "the folder of this build is in the file");
    }
}
