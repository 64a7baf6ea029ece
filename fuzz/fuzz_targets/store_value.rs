//! Any byte string is a part of a stored value, a key or a record, or an error; what decodes encodes to the same bytes. The seal is made
//! here, so that what lies behind it is reached, too.
#![no_main]

use hyperdust_store::{
    EpisodeRecord, Verdict,
    key::Key,
    value::{Part, Secret},
};
use libfuzzer_sys::fuzz_target;

const SECRET: Secret = Secret([7; 32]);

fuzz_target!(|bytes: &[u8]| {
    decode(bytes);
    let mut sealed = bytes.to_vec();
    sealed.extend(&blake3::keyed_hash(&SECRET.0, bytes).as_bytes()[..16]);
    decode(&sealed);
    if let Some((key, part)) = Key::decode_part(bytes) {
        assert_eq!(key.part(part), bytes, "bytes of a key are canonical");
    }
    record::<EpisodeRecord>(bytes);
    record::<Verdict>(bytes);
});

fn decode(bytes: &[u8]) {
    if let Ok((part, length)) = Part::decode_front(&SECRET, bytes) {
        assert_eq!(part.encode(&SECRET), &bytes[..length], "bytes of a value are canonical");
        assert_eq!(Part::decode(&SECRET, &bytes[..length]), Ok(part));
    }
}

fn record<T: borsh::BorshDeserialize + borsh::BorshSerialize>(bytes: &[u8]) {
    if let Ok(record) = borsh::from_slice::<T>(bytes) {
        assert_eq!(borsh::to_vec(&record).unwrap(), bytes, "bytes of a record are canonical");
    }
}
