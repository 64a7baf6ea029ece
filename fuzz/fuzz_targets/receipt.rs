//! Any byte string is a signed message, a receipt or an address, or an error; what decodes encodes to the same bytes, and is
//! judged without a panic. The first byte says what the others are taken for.
#![no_main]

use hyperdust_receipt::{
    ActionRoot, Address, Attestation, Domain, Message, OutputRoot, Receipt, Side, Signed, Statement, Terms, Voucher,
    blame,
};
use libfuzzer_sys::fuzz_target;

const DOMAIN: Domain = Domain { chain_id: 31, contract: Address([0xc0; 20]) };

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    match kind % 6 {
        0 => signed::<ActionRoot>(bytes),
        1 => signed::<OutputRoot>(bytes),
        2 => signed::<Voucher>(bytes),
        5 => signed::<Attestation>(bytes),
        3 => {
            if let Ok(receipt) = Receipt::decode(bytes) {
                assert_eq!(receipt.encode(), bytes, "bytes of a receipt are canonical");
                judged(&receipt);
            }
        }
        _ => {
            if let Some(address) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Address>().ok()) {
                assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
});

fn signed<T: Message>(bytes: &[u8]) {
    if let Ok(signed) = Signed::<T>::decode(bytes) {
        assert_eq!(signed.encode(), bytes, "bytes of a signed message are canonical");
        if let Ok(signer) = signed.signer(&DOMAIN) {
            assert_eq!(signed.verify(&DOMAIN, &signer), Ok(()));
        }
    }
}

/// Nobody has the keys of these accounts, so no signature is theirs: only the claimant can be blamed.
fn judged(receipt: &Receipt) {
    let (user, provider) = (Address([1; 20]), Address([2; 20]));
    let job = receipt.actions.message.job;
    let terms = Terms { domain: DOMAIN, job, user, provider, credit: std::num::NonZeroU64::MIN };
    assert!(receipt.verify(&terms).is_err());
    let silent = Statement { says: None, shows: receipt.outputs };
    let segment = receipt.actions.message.segment;
    let verdict = blame(&terms, segment, Side::Provider, &silent, &receipt.provider());
    assert!(matches!(verdict, hyperdust_receipt::Blame::Provider(_)), "{verdict:?}");
}
