//! Any byte string is a step proof or an error; one that decodes encodes to the same bytes, and is judged without a panic.
#![no_main]

use hyperdust_proof::machine::step::{StepProof, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = StepProof::decode(bytes) {
        assert_eq!(proof.encode(), bytes, "bytes of a proof are canonical");
        // Roots that nobody has a preimage of: it must be refused.
        assert!(verify(&[0; 32], &[1; 32], &proof).is_err());
    }
});
