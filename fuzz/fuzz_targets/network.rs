//! Any bytes are a network and its observations or an error; a network that decodes encodes to the same bytes, and answers are
//! finite. The first two bytes (little-endian) are the network's length.
#![no_main]

use hyperdust_mlp::{Batch, Network, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (network, observations) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
    if let Ok(decoded) = Network::decode(network) {
        assert_eq!(decoded.encode().as_deref(), Ok(network), "bytes of a network are canonical");
    }
    if let Ok(answers) = run(network, observations) {
        let answers = Batch::decode(&answers).expect("answers are a batch");
        assert!(answers.numbers.iter().all(|x| x.is_finite() && x.to_bits() != 1 << 31));
    }
});
