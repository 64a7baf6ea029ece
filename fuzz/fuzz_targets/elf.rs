//! Any file is a program or an error; its tables are read without a panic, and both interpreters run its image to the same state.
#![no_main]

use hyperdust_program::{List, SourceMap, image, source};
use hyperdust_proof::machine::{Machine, State, plain};
use libfuzzer_sys::fuzz_target;

/// Instructions of an image that are run. Not a multiple of a block's.
const STEPS: u64 = 999;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(map) = SourceMap::new(bytes) {
        for pc in [0, 4, 0x1000, u32::MAX] {
            let _ = (map.symbol(pc), map.frames(pc));
        }
    }
    let _ = source::address(bytes, "HYPERDUST_MOVES");
    if let Ok(list) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| List::parse(text).map_err(drop)) {
        let text: String = list.0.iter().map(|entry| format!("{entry}\n")).collect();
        assert_eq!(List::parse(&text), Ok(list), "what is written is read");
    }
    let Ok(image) = image::flat(bytes) else { return };
    let start = || State::initial(&image, &[]).expect("an image that fits");
    let (mut slow, mut fast) = (start(), Machine::new(start()));
    assert_eq!(plain::run(&mut slow, STEPS), fast.run(STEPS));
    let mut fast = fast.into_state();
    assert_eq!((slow.processor.words(), slow.steps), (fast.processor.words(), fast.steps));
    // Hashing megabytes would cost more than it could find.
    if image.len() < 1 << 14 {
        assert_eq!(slow.root(), fast.root());
    }
});
