//! Terms and canaries in files: what is written is read again, and any other bytes are refused without a panic.

use hyperdust_actors::companion::{
    Session,
    canary::{Canaries, Canary, Fixed, Opened, Posted},
};
use proptest::prelude::*;

use super::{JOB, terms};

fn canaries(count: u8) -> Canaries {
    let canary = |label: u8| Canary { job: [label; 32], claim: [label ^ 0x80; 32], salt: [label ^ 0x40; 32] };
    Canaries::new((0..count).map(canary).collect()).unwrap()
}

fn all() -> [Vec<u8>; 5] {
    let canaries = canaries(5);
    let by = terms(&JOB).user;
    let posted = format!("[{{\"by\": \"{by}\", \"claim\": \"{}\"}}]", "7".repeat(64)).into_bytes();
    [
        Session::of(&terms(&JOB)).encode(),
        canaries.encode(),
        canaries.fix(3).encode(),
        canaries.open(&[3; 32]).unwrap().encode(),
        posted,
    ]
}

/// Whether each kind of file can be made of these bytes.
fn read(bytes: &[u8]) -> [bool; 5] {
    [
        Session::decode(bytes).is_ok(),
        Canaries::decode(bytes).is_ok(),
        Fixed::decode(bytes).is_ok(),
        Opened::decode(bytes).is_ok(),
        Posted::decode(bytes).is_ok(),
    ]
}

/// Each file is of one kind, and survives being written down.
#[test]
fn what_is_written_is_read() {
    for (kind, bytes) in all().iter().enumerate() {
        let found = read(bytes);
        assert!(found.iter().enumerate().all(|(other, &is)| is == (other == kind)), "{kind}: {found:?}");
    }
    let canaries = canaries(5);
    assert_eq!(Canaries::decode(&canaries.encode()).unwrap().fix(7), canaries.fix(7));
    assert_eq!(Fixed::decode(&canaries.fix(7).encode()).unwrap(), canaries.fix(7));
    let opened = canaries.open(&[3; 32]).unwrap();
    assert_eq!(Opened::decode(&opened.encode()).unwrap(), opened);
    let session = Session::of(&terms(&JOB));
    assert_eq!(Session::decode(&session.encode()).unwrap(), session);
    assert_eq!(session.terms(&JOB).unwrap(), terms(&JOB));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[\\[{\"a-z0-9:,}\\]]{0,60}") {
        read(&bytes);
        read(text.as_bytes());
    }

    /// A changed byte is another file, or none; a cut is none.
    #[test]
    fn damage_is_no_panic(kind in 0usize..5, at: prop::sample::Index, byte: u8) {
        let mut bytes = all()[kind].clone();
        let at = at.index(bytes.len() - 2);
        bytes[at] = byte;
        read(&bytes);
        prop_assert_eq!(read(&all()[kind][..at]), [false; 5]);
    }
}
