//! A signature has one form and one meaning: its other half is refused, and it holds for one message, chain and contract.

use hyperdust_receipt::{Address, Domain, Error, Hash, Key, Message, Signature, Signed};
use k256::elliptic_curve::PrimeField;
use proptest::prelude::*;

use crate::{DOMAIN, action_roots, domains, key};

/// EIP-155's example: deterministic nonces make its very bytes.
#[test]
fn the_signature_is_the_published_one() {
    let digest = hex("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    let r: Hash = hex("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276");
    let s: Hash = hex("67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    let key = Key::from_secret(&[0x46; 32]).unwrap();
    let signature = key.sign(&digest);
    assert_eq!(signature.to_bytes(), *[&r[..], &s[..], &[27]].concat());
    assert_eq!(signature.recover(&digest), Ok(key.address()));
}

/// 0 and the order are refused as `r` and as `s`, and every `v` but two.
#[test]
fn ranges_are_checked() {
    let good = key(0).sign(&[1; 32]).to_bytes();
    let order: Hash = hex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    for scalar in [[0; 32], order, [0xff; 32]] {
        for (part, at) in [('r', 0), ('s', 32)] {
            let mut bytes = good;
            bytes[at..at + 32].copy_from_slice(&scalar);
            assert_eq!(Signature::from_bytes(bytes), Err(Error::Scalar { part }));
        }
    }
    for v in 0..=255 {
        let mut bytes = good;
        bytes[64] = v;
        match Signature::from_bytes(bytes) {
            Ok(_) => assert!(matches!(v, 27 | 28)),
            Err(error) => assert_eq!(error, Error::Recovery { found: v }),
        }
    }
    // Half the order is the largest s; one more is the other half's.
    let mut bytes = good;
    bytes[32..64].copy_from_slice(&hex::<32>("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"));
    assert!(Signature::from_bytes(bytes).is_ok());
    bytes[63] += 1;
    assert_eq!(Signature::from_bytes(bytes), Err(Error::HighS));
}

/// A well-formed signature whose `r` is no point's x is nobody's.
#[test]
fn some_signatures_are_nobodys() {
    let nobody = (1u8..)
        .map(|r| {
            let mut bytes = [0; 65];
            (bytes[31], bytes[63], bytes[64]) = (r, 1, 27);
            Signature::from_bytes(bytes).unwrap()
        })
        .find_map(|signature| signature.recover(&[9; 32]).err());
    assert_eq!(nobody, Some(Error::Unrecoverable));
}

proptest! {
    /// It verifies for its signer, and changing anything refuses it: chain, contract, message, signature, signer.
    #[test]
    fn a_signature_holds_for_one_message_chain_and_contract(
        message in action_roots(), domain in domains(), chain in 1u64.., contract in 0usize..20, bit in 0usize..80 * 8,
    ) {
        let key = key(2);
        let signed = Signed::new(message, &domain, &key);
        let signer = key.address();
        prop_assert_eq!(signed.verify(&domain, &signer), Ok(()));
        prop_assert_eq!(Signed::new(message, &domain, &key), signed, "the same bytes every time");

        let refused = |signed: &Signed<_>, domain: &Domain| {
            matches!(signed.verify(domain, &signer), Err(Error::Signer { accepted, .. }) if accepted == signer)
                || signed.verify(domain, &signer) == Err(Error::Unrecoverable)
        };
        let other = Domain { chain_id: domain.chain_id ^ chain, ..domain };
        prop_assert!(refused(&signed, &other));
        let mut elsewhere = domain;
        elsewhere.contract.0[contract] ^= 1;
        prop_assert!(refused(&signed, &elsewhere));
        let mut bytes = signed.encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(refused(&Signed::decode(&bytes).unwrap(), &domain));
        prop_assert!(signed.verify(&domain, &Address([0; 20])).is_err());
    }

    /// The form with n − s and the other v recovers the same signer by ECDSA's rules; it is refused before.
    #[test]
    fn the_other_form_is_refused(digest: Hash, number in 0u32..4) {
        let signature = key(number).sign(&digest);
        let bytes = signature.to_bytes();
        let s = k256::Scalar::from_repr(<[u8; 32]>::try_from(&bytes[32..64]).unwrap().into()).unwrap();
        let mut other = bytes;
        other[32..64].copy_from_slice(&(-s).to_repr());
        other[64] ^= 27 ^ 28;
        let raw = k256::ecdsa::Signature::from_slice(&other[..64]).unwrap();
        let recovery = k256::ecdsa::RecoveryId::new(other[64] == 28, false);
        let recovered = k256::ecdsa::VerifyingKey::recover_from_prehash(&digest, &raw, recovery).unwrap();
        let mut coordinates = [0; 64];
        coordinates.copy_from_slice(&recovered.to_sec1_point(false).as_bytes()[1..]);
        prop_assert_eq!(Address::from_public_key(&coordinates), Ok(key(number).address()), "the same signer");
        prop_assert_eq!(Signature::from_bytes(other), Err(Error::HighS));
    }

    /// Any change of a signature's bytes is refused, or is not the signer's any more.
    #[test]
    fn no_other_bytes_are_the_signers(digest: Hash, bit in 0usize..65 * 8) {
        let mut bytes = key(0).sign(&digest).to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(signature) = Signature::from_bytes(bytes) {
            prop_assert_ne!(signature.recover(&digest), Ok(key(0).address()));
        }
    }

    /// Any 65 bytes are a signature or an error, and recovering does not panic.
    #[test]
    fn any_bytes_are_a_signature_or_an_error(bytes in any::<[u8; 64]>(), v in 26u8..30, digest: Hash) {
        let bytes: [u8; 65] = [&bytes[..], &[v]].concat().try_into().unwrap();
        if let Ok(signature) = Signature::from_bytes(bytes) {
            prop_assert_eq!(signature.to_bytes(), bytes);
            let _ = signature.recover(&digest);
        }
    }
}

/// What two types have in common does not carry a signature over: the type is in the hash.
#[test]
fn types_are_kept_apart() {
    let message = hyperdust_receipt::ActionRoot { job: [1; 32], segment: 0, steps: 0, root: [2; 32] };
    let voucher =
        hyperdust_receipt::Voucher { session: [1; 32], units: 0, amount: 0, actions: [2; 32], outputs: [0; 32] };
    assert_ne!(message.digest(&DOMAIN), voucher.digest(&DOMAIN));
    let signature = key(0).sign(&message.digest(&DOMAIN));
    assert!(Signed { message: voucher, signature }.verify(&DOMAIN, &key(0).address()).is_err());
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}
