//! Encodings: what is decoded is what was encoded, nothing else decodes, nothing panics.

use std::fmt::Debug;

use hyperdust_receipt::{
    ActionRoot, Attestation, Beginning, Error, Message, OutputRoot, Receipt, Signature, Signed, Voucher,
};
use proptest::prelude::*;

use crate::{DOMAIN, action_roots, attestations, key, output_roots, vouchers};

fn round_trip<T: Message + Clone + PartialEq + Debug>(message: T) -> Result<(), TestCaseError> {
    let signed = Signed::new(message, &DOMAIN, &key(0));
    let bytes = signed.encode();
    prop_assert_eq!(bytes.len(), Signed::<T>::BYTES);
    prop_assert_eq!(Signed::<T>::decode(&bytes), Ok(signed.clone()));
    for length in 0..bytes.len() {
        prop_assert!(malformed(&Signed::<T>::decode(&bytes[..length])));
    }
    let longer = [&bytes[..], &[0]].concat();
    prop_assert!(malformed(&Signed::<T>::decode(&longer)));
    Ok(())
}

fn malformed<T>(decoded: &Result<T, Error>) -> bool {
    matches!(decoded, Err(Error::Malformed { .. }))
}

fn canonical<T: Message + Debug>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(signed) = Signed::<T>::decode(bytes) {
        prop_assert_eq!(signed.encode(), bytes);
        let _ = signed.signer(&DOMAIN);
    }
    Ok(())
}

proptest! {
    #[test]
    fn messages_come_back(
        actions in action_roots(), outputs in output_roots(), voucher in vouchers(), attestation in attestations(),
    ) {
        round_trip(actions)?;
        round_trip(outputs)?;
        round_trip(voucher)?;
        round_trip(attestation)?;
    }

    #[test]
    fn receipts_come_back(actions in action_roots(), outputs in proptest::option::of(output_roots())) {
        let actions = Signed::new(actions, &DOMAIN, &key(0));
        let outputs = outputs.map(|outputs| Signed::new(outputs, &DOMAIN, &key(1)));
        let receipt = Receipt { actions, outputs };
        let bytes = receipt.encode();
        prop_assert!(bytes.len() <= Receipt::LONGEST);
        prop_assert_eq!(Receipt::decode(&bytes), Ok(receipt));
        for length in 0..bytes.len() {
            prop_assert!(Receipt::decode(&bytes[..length]).is_err());
        }
        prop_assert!(Receipt::decode(&[&bytes[..], &[0]].concat()).is_err());
    }

    /// Random bytes with a plausible end, for otherwise hardly any would get past the signature.
    #[test]
    fn any_bytes_decode_or_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..400), good: bool) {
        if let Some(v) = bytes.last_mut().filter(|_| good) {
            *v = 27;
        }
        canonical::<ActionRoot>(&bytes)?;
        canonical::<OutputRoot>(&bytes)?;
        canonical::<Voucher>(&bytes)?;
        canonical::<Beginning>(&bytes)?;
        canonical::<Attestation>(&bytes)?;
        if let Ok(receipt) = Receipt::decode(&bytes) {
            prop_assert_eq!(receipt.encode(), bytes);
        }
    }
}

/// A signature is refused while decoding, with the reason and the place.
#[test]
fn errors_say_what_and_where() {
    let message = ActionRoot { job: [1; 32], segment: 2, steps: 3, root: [4; 32] };
    let mut bytes = Signed::new(message, &DOMAIN, &key(0)).encode();
    assert_eq!(ActionRoot::BYTES + Signature::BYTES, bytes.len());
    *bytes.last_mut().unwrap() = 0;
    let error = Signed::<ActionRoot>::decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "action root: byte 145: signature: v is 0; accepted: 27 or 28");
    bytes.push(0);
    let error = Signed::<ActionRoot>::decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "action root: byte 145: found 146 bytes; accepted: at most 145");
}

/// Vouchers only ever add.
#[test]
fn vouchers_do_not_take_back() {
    let first = Voucher { session: [1; 32], units: 10, amount: 100, actions: [2; 32], outputs: [3; 32] };
    let more = Voucher { units: 11, amount: 110, actions: [4; 32], ..first };
    assert_eq!(first.follows(&first), Ok(()));
    assert_eq!(more.follows(&first), Ok(()));
    let part = |voucher: Voucher| match voucher.follows(&more) {
        Err(Error::Voucher { part }) => part,
        other => panic!("{other:?}"),
    };
    assert_eq!(part(Voucher { session: [0; 32], ..more }), "session");
    assert_eq!(part(Voucher { units: 10, ..more }), "units");
    assert_eq!(part(Voucher { amount: 109, ..more }), "amount");
}
