//! A commitment binds its maker to one graph, hides it, is of use to nobody else, and survives being written down.

use hyperdust_actors::{
    Error,
    companion::{Committed, commitment::Reveal},
};
use hyperdust_receipt::Address;
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

use super::{JOB, committed, key};

/// With the hash of everything at the end.
fn hashed(bytes: Vec<u8>) -> Vec<u8> {
    let sum = Keccak256::digest(&bytes);
    [&bytes[..], &sum].concat()
}

/// Four words, written out by hand.
#[test]
fn it_is_the_documented_hash() {
    let mut words = [0; 128];
    words[..20].copy_from_slice(b"hyperdust commitment");
    words[32..64].fill(1);
    words[76..96].fill(2);
    words[96..].fill(3);
    let reveal = Reveal { root: [1; 32], salt: [3; 32] };
    assert_eq!(reveal.commitment(&Address([2; 20])), <[u8; 32]>::from(Keccak256::digest(words)));
}

/// Whoever publishes another's commitment cannot open it, not even with the other's reveal.
#[test]
fn a_copied_commitment_does_not_open() {
    let committed = committed(&JOB);
    let (commitment, reveal) = (committed.commitment(), committed.reveal());
    assert!(reveal.check(&commitment, &key().address()).is_ok());
    let thief = hyperdust_actors::trial::key("thief").unwrap().address();
    let refused = reveal.check(&commitment, &thief).unwrap_err().to_string();
    assert!(refused.contains(&thief.to_string()), "{refused}");
}

/// The same job twice: the salt is new, so nobody sees that two commitments are to one root.
#[test]
fn salts_are_fresh() {
    let (first, second) = (committed(&JOB), committed(&JOB));
    assert_eq!(first.reveal().root, second.reveal().root);
    assert_ne!(first.reveal().salt, second.reveal().salt);
    assert_ne!(first.commitment(), second.commitment());
}

#[test]
fn it_survives_being_written_down() {
    let committed = committed(&JOB);
    let read = Committed::decode(&committed.encode()).unwrap();
    assert_eq!(read.encode(), committed.encode());
    assert_eq!(read.outputs(), committed.outputs());
    assert_eq!(
        (read.commitment(), read.address(), read.reveal()),
        (committed.commitment(), committed.address(), committed.reveal())
    );
}

/// Its file is its owner's alone, and is never replaced: who forgot what it published could not open it.
#[test]
fn its_file_is_private_and_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("job.hdcommit");
    committed(&JOB).save(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(committed(&JOB).save(&path), Err(Error::Io { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

proptest! {
    /// Root, address and salt are all bound.
    #[test]
    fn nothing_else_opens_it(root: [u8; 32], address: [u8; 20], salt: [u8; 32], bit in 0usize..84 * 8) {
        let reveal = Reveal { root, salt };
        let commitment = reveal.commitment(&Address(address));
        prop_assert!(reveal.check(&commitment, &Address(address)).is_ok());
        let mut all = [&root[..], &salt, &address].concat();
        all[bit / 8] ^= 1 << (bit % 8);
        let other = Reveal { root: all[..32].try_into().unwrap(), salt: all[32..64].try_into().unwrap() };
        prop_assert!(other.check(&commitment, &Address(all[64..].try_into().unwrap())).is_err());
    }

    /// Any bytes, also behind a good head and under a good hash: a commitment that encodes to the same, or an error.
    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), good: bool) {
        let bytes = if good { hashed([b"HDCM\x01\0", &bytes[..]].concat()) } else { bytes };
        if let Ok(committed) = Committed::decode(&bytes) {
            prop_assert_eq!(committed.encode(), bytes);
        }
    }

    /// A flipped bit anywhere, a cut, or a byte too many is noticed.
    #[test]
    fn damage_is_noticed(at: prop::sample::Index, bit in 0u32..8) {
        let good = committed(&JOB).encode();
        let mut bytes = good.clone();
        bytes[at.index(good.len())] ^= 1 << bit;
        prop_assert!(Committed::decode(&bytes).is_err());
        prop_assert!(Committed::decode(&good[..at.index(good.len())]).is_err());
        prop_assert!(Committed::decode(&[&good[..], &[0]].concat()).is_err());
    }

    /// Under a good hash: other outputs or inputs are another commitment, other terms or signatures are not what the user
    /// signed, and what is no commitment is refused without a panic.
    #[test]
    fn changes_are_other_commitments(at: prop::sample::Index, bit in 0u32..8) {
        let committed = committed(&JOB);
        let mut bytes = committed.encode();
        bytes.truncate(bytes.len() - 32);
        let at = 6 + at.index(bytes.len() - 6);
        bytes[at] ^= 1 << bit;
        let bytes = hashed(bytes);
        if let Ok(read) = Committed::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
            let unsigned = read.job().terms() != JOB.terms() || read.job().check_signatures().is_err();
            prop_assert!(unsigned || read.commitment() != committed.commitment());
        }
    }
}
