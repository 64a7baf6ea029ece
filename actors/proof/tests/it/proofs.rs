//! One-step proofs: complete (every step has one), sound (nothing in one can be changed), and total.

use hyperdust_proof::{
    StepError,
    machine::{
        Machine, State, StepProof, commitment, plain,
        step::{self, LONGEST},
    },
};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{agreement::state, assembler::*, programs};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A random step of a random program verifies, also after a journey as bytes.
    #[test]
    fn every_step_has_a_proof(state in state(), at in 0..60u64) {
        let mut machine = Machine::new(state);
        machine.run(at);
        let mut before = machine.into_state();
        let (root, proof) = (before.root(), StepProof::of(&mut before));
        let mut after = before.clone();
        let (foreseen, touched) = (plain::access(&before), plain::step(&mut after));
        prop_assert_eq!(foreseen, touched);
        let proof = StepProof::decode(&proof.encode()).unwrap();
        prop_assert_eq!(step::verify(&root, &after.root(), &proof), Ok(()));
    }

    /// One changed byte anywhere, of the proof or of either root, and it no longer holds.
    #[test]
    fn no_byte_can_be_changed(state in state(), at in 0..20u64, place in any::<Index>(), flip in 1..=255u8) {
        let mut machine = Machine::new(state);
        machine.run(at);
        let mut before = machine.into_state();
        let (pre, bytes) = (before.root(), StepProof::of(&mut before).encode());
        plain::step(&mut before);
        let mut all = [&pre[..], &before.root(), &bytes].concat();
        let place = place.index(all.len());
        all[place] ^= flip;
        let (pre, post, bytes) = (all[..32].try_into().unwrap(), all[32..64].try_into().unwrap(), &all[64..]);
        prop_assert!(StepProof::decode(bytes).and_then(|proof| step::verify(&pre, &post, &proof)).is_err());
    }

    /// Any bytes decode to a proof or an error, and any proof executes to a root or an error.
    #[test]
    fn decoding_is_total(mut bytes in vec(any::<u8>(), 0..LONGEST + 10), status in 0..3u8, cut in any::<bool>()) {
        // Mostly a running machine and plausible options, or nothing would ever get past the status.
        if bytes.len() > 170 {
            bytes[36..44].fill(0);
            bytes[36] = status;
            bytes[168] &= 1;
        }
        if cut {
            bytes.truncate(170);
        }
        if let Ok(proof) = StepProof::decode(&bytes) {
            prop_assert_eq!(proof.encode(), bytes);
            let _ = proof.execute();
        }
    }
}

/// Every byte of the proofs of a load, a store and an addition; every prefix and a longer string.
#[test]
fn all_bytes_matter() {
    for word in [load("lhu", A0, 6, S0), store("sb", A1, 5, S0), op("add", A0, A1, S0)] {
        let mut before = State::initial(&image(&[FENCE, word]), &[]).unwrap();
        before.processor.pc = 4;
        before.processor.set(S0 as u8, 0x0300_0040);
        before.processor.set(A1 as u8, 0xabcd);
        before.memory_mut().place(0x0300_0040, b"HyperDust");
        let (pre, bytes) = (before.root(), StepProof::of(&mut before).encode());
        assert!(bytes.len() <= LONGEST);
        plain::step(&mut before);
        let post = before.root();
        let check = |bytes: &[u8]| StepProof::decode(bytes).and_then(|proof| step::verify(&pre, &post, &proof));
        check(&bytes).unwrap();
        for place in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[place] ^= 1 << (place % 8);
            assert!(check(&forged).is_err(), "byte {place}");
        }
        for length in 0..bytes.len() {
            assert!(matches!(StepProof::decode(&bytes[..length]), Err(StepError::Malformed { .. })));
        }
        assert!(matches!(check(&[&bytes[..], &[0]].concat()), Err(StepError::Malformed { .. })));
    }
}

/// Openings are shown exactly where they are needed, and errors tell a bad proof from a false claim.
#[test]
fn errors_say_who_is_wrong() {
    let mut before = State::initial(&image(&[load("lw", A0, 0, ZERO), op("add", A0, A0, A0)]), &[]).unwrap();
    let pre = before.root();
    let proof = StepProof::of(&mut before);
    plain::step(&mut before);
    let post = before.root();
    assert!(matches!(step::verify(&pre, &pre, &proof), Err(StepError::PostState { computed, .. }) if computed == post));
    assert!(matches!(step::verify(&post, &post, &proof), Err(StepError::PreState { .. })));
    let without = StepProof { data: None, ..proof.clone() };
    assert!(matches!(step::verify(&pre, &post, &without), Err(StepError::Missing { address: 0, .. })));
    let mut elsewhere = proof.clone();
    elsewhere.data.as_mut().unwrap().siblings[20][0] ^= 1;
    assert!(matches!(step::verify(&pre, &post, &elsewhere), Err(StepError::NotInMemory { .. })));
    let next = StepProof { data: proof.data.clone(), ..StepProof::of(&mut before) };
    assert!(matches!(step::verify(&post, &pre, &next), Err(StepError::Superfluous { .. })));
}

/// The bytes of a state's root, written out.
#[test]
fn the_commitment_is_the_documented_one() {
    let mut state = State::initial(&programs::sieve(30), &[]).unwrap();
    plain::run(&mut state, 20);
    let memory = state.memory_mut().root();
    let mut bytes = b"hyperdust machine state".to_vec();
    bytes.resize(32, 0);
    bytes.extend(memory);
    bytes.extend(state.processor.pc.to_be_bytes());
    bytes.extend([0; 8]);
    for register in &state.processor.registers()[1..] {
        bytes.extend(register.to_be_bytes());
    }
    assert_eq!(bytes.len(), commitment::BYTES);
    let expected: [u8; 32] = <sha3::Keccak256 as sha3::Digest>::digest(&bytes).into();
    assert_eq!(state.root(), expected);
}
