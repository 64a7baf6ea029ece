//! Keys lead to the accounts that Ethereum gives them, text is EIP-55's, and secrets do not show.

use hyperdust_receipt::{Address, Error, Key};
use proptest::prelude::*;

use crate::keccak;

/// The accounts that EIP-155 and EIP-712 name for the keys of their examples.
#[test]
fn published_keys_have_their_published_accounts() {
    let example = Key::from_secret(&[0x46; 32]).unwrap();
    assert_eq!(example.address().to_string(), "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
    let cow = Key::from_secret(&keccak("cow")).unwrap();
    assert_eq!(cow.address().to_string(), "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
}

/// 0 and numbers from the order on are no keys; the largest below it is.
#[test]
fn only_numbers_below_the_order_are_keys() {
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae,
        0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    ];
    let mut below = order;
    below[31] -= 1;
    assert!(Key::from_secret(&below).is_ok());
    for secret in [[0; 32], order, [0xff; 32]] {
        assert_eq!(Key::from_secret(&secret).unwrap_err(), Error::Secret);
    }
}

/// What is printed for a key holds its account and no digit of its secret.
#[test]
fn a_key_does_not_show_its_secret() {
    let key = Key::from_secret(&[0xa7; 32]).unwrap();
    let shown = format!("{key:?} {key:#?}").to_lowercase();
    assert!(shown.contains(&key.address().to_string().to_lowercase()));
    for secret in ["a7a7", "167, 167", "xa7, "] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// The library's key, the only place of a secret, wipes its memory when dropped.
#[test]
fn secrets_are_wiped() {
    fn wiped<T: k256::elliptic_curve::zeroize::ZeroizeOnDrop>() {}
    wiped::<k256::ecdsa::SigningKey>();
    assert!(std::mem::needs_drop::<Key>());
}

/// The examples of EIP-55, and what it refuses.
#[test]
fn capitals_are_a_checksum() {
    for text in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ] {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
        let digits = &text[2..];
        assert_eq!(format!("0x{}", digits.to_lowercase()).parse(), Ok(address));
        assert_eq!(format!("0x{}", digits.to_uppercase()).parse(), Ok(address));
    }
    for (text, says) in [
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "without 0x"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", "38 bytes"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAg0", "0x67 at digit 38"),
        ("0xß5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", "at digit 0"),
    ] {
        let error = text.parse::<Address>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

proptest! {
    /// Another implementation writes the same text, and it is read back.
    #[test]
    fn text_is_as_another_implementation_has_it(bytes: [u8; 20]) {
        let text = Address(bytes).to_string();
        prop_assert_eq!(&text, &alloy_primitives::Address::from(bytes).to_checksum(None));
        prop_assert_eq!(text.parse(), Ok(Address(bytes)));
    }

    /// The account follows from the public key alone; what is no point is refused.
    #[test]
    fn the_account_follows_from_the_public_key(secret in any::<[u8; 32]>(), bit in 0usize..512) {
        let signer = k256::ecdsa::SigningKey::from_slice(&secret);
        prop_assume!(signer.is_ok());
        let point = signer.unwrap().verifying_key().to_sec1_point(false);
        let mut coordinates: [u8; 64] = point.as_bytes()[1..].try_into().unwrap();
        let address = Address::from_public_key(&coordinates);
        prop_assert_eq!(&address, &Ok(Key::from_secret(&secret).unwrap().address()));
        prop_assert!(address.unwrap().0 == keccak(coordinates)[12..]);
        coordinates[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Address::from_public_key(&coordinates).is_err());
    }

    /// No text panics, and what is accepted is an address's text but for its capitals.
    #[test]
    fn any_text_is_an_address_or_an_error(text in "(0x)?\\PC{0,44}|0x[0-9a-fA-F]{38,42}") {
        if let Ok(address) = text.parse::<Address>() {
            prop_assert_eq!(address.to_string().to_lowercase(), text.to_lowercase());
        }
    }
}
