//! A key's file is read where its owner alone can, and what it holds is never said.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt};

use hyperdust_actors::{Error, key};

const SECRET: &str = "46464646464646464646464646464646464646464646464646464646464646";

fn read(text: &str, mode: u32) -> Result<hyperdust_receipt::Address, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    key::read(&path).map(|key| key.address())
}

#[test]
fn keys_are_read() {
    let secret = format!("{SECRET}46");
    // EIP-155's example.
    let address = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F".parse().unwrap();
    for text in [secret.clone(), format!("0x{secret}"), format!("{secret}\n"), format!(" 0x{secret} \r\n")] {
        for mode in [0o600, 0o400] {
            assert_eq!(read(&text, mode).unwrap(), address);
        }
    }
}

/// By anybody's right to it, by its form, by its number; and the message has none of it.
#[test]
fn others_are_refused_and_nothing_is_said_of_them() {
    let secret = format!("{SECRET}46");
    let refused = |text: &str, mode: u32| {
        let said = read(text, mode).unwrap_err().to_string();
        assert!(!said.contains("4646"), "{said}");
        said
    };
    for mode in [0o640, 0o604, 0o620, 0o602, 0o644, 0o660, 0o666, 0o601] {
        assert!(refused(&secret, mode).contains(&format!("{mode:03o}")));
    }
    for text in [
        "",
        SECRET,
        &format!("{secret}4"),
        &format!("{secret} {secret}"),
        &format!("{SECRET}4g"),
        &format!("{SECRET}+6"),
    ] {
        assert!(refused(text, 0o600).contains("64 hexadecimal digits"));
    }
    assert!(refused(&"0".repeat(64), 0o600).contains("found 0"));
    assert!(refused(&"f".repeat(64), 0o600).contains("order of secp256k1"));
    assert!(refused(&"4".repeat(1 << 20), 0o600).contains("64 hexadecimal digits"));
}
