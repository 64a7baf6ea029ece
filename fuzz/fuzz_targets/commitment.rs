//! Any byte string is a companion's commitment or an error; one that decodes encodes to the same bytes and opens. The hash at its end,
//! which no fuzzer guesses, is put there.
#![no_main]

use hyperdust_actors::companion::Committed;
use hyperdust_receipt::Address;
use libfuzzer_sys::fuzz_target;
use sha3::{Digest, Keccak256};

fuzz_target!(|bytes: &[u8]| {
    assert!(Committed::decode(bytes).is_err(), "bytes without their hash");
    let mut whole = bytes.to_vec();
    whole.extend_from_slice(&Keccak256::digest(bytes));
    let Ok(committed) = Committed::decode(&whole) else { return };
    assert_eq!(committed.encode(), whole, "bytes of a commitment are canonical");
    let (reveal, commitment, address) = (committed.reveal(), committed.commitment(), committed.address());
    reveal.check(&commitment, &address).expect("what it was made of");
    assert_eq!(reveal.root, committed.graph().root());
    let other = Address(address.0.map(|byte| !byte));
    assert!(reveal.check(&commitment, &other).is_err(), "somebody else's");
});
