//! Any byte string is canaries, what was published of them, one that was opened, or posted claims, or an error; what decodes comes back
//! from its own bytes, and excuses are judged without a panic. The first byte says what the others are taken for.
#![no_main]

use hyperdust_actors::companion::canary::{Canaries, Fixed, Opened, Posted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => {
            let Ok(canaries) = Canaries::decode(bytes) else { return };
            let again = Canaries::decode(&canaries.encode()).expect("its own bytes");
            let fixed = canaries.fix(1);
            assert_eq!(again.fix(1), fixed);
            // The job that the seeds are about.
            let Some(opened) = canaries.open(&[1; 32]) else { return };
            let claim = opened.canary.claim;
            fixed.excuse(&opened, &claim, 2, &Posted::default()).expect("fixed before it was assigned");
            let mut posted = Posted::default();
            posted.post(hyperdust_receipt::Address([1; 20]), claim);
            assert!(fixed.excuse(&opened, &claim, 2, &posted).is_err(), "somebody posted it");
        }
        1 => {
            let Ok(fixed) = Fixed::decode(bytes) else { return };
            assert_eq!(Fixed::decode(&fixed.encode()).expect("its own bytes"), fixed);
        }
        2 => {
            let Ok(opened) = Opened::decode(bytes) else { return };
            assert_eq!(Opened::decode(&opened.encode()).expect("its own bytes"), opened);
            let fixed = Fixed { root: [1; 32], count: 1 << 40, time: 1 };
            let claim = opened.canary.claim;
            assert!(fixed.excuse(&opened, &claim, 2, &Posted::default()).is_err(), "not in that list");
        }
        _ => {
            let _ = Posted::decode(bytes);
        }
    }
});
