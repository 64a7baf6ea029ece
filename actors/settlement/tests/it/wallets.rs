//! Wallets open with their password and with nothing else, stay their owner's alone, and never tell their key.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use alloy::{primitives::B256, signers::SignerSync};
use hyperdust_settlement::{Error, Wallet};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_wallet_is_made_listed_and_opened() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/keys");
    assert_eq!(Wallet::list(&folder).unwrap(), []);
    let made = Wallet::create(&folder, "provider", "long enough").unwrap();
    Wallet::create(&folder, "author", "other").unwrap();
    assert_eq!((mode(&folder), mode(&folder.join("provider.json"))), (0o700, 0o600));

    let list = Wallet::list(&folder).unwrap();
    assert_eq!(list.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["author", "provider"]);
    assert_eq!(list[1].address, Some(made.address()));
    // Nothing else is left in the folder.
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

    let opened = Wallet::open(&folder, "provider", "long enough").unwrap();
    let hash = B256::repeat_byte(7);
    assert_eq!(opened.address(), made.address());
    assert_eq!(opened.signer().sign_hash_sync(&hash).unwrap(), made.signer().sign_hash_sync(&hash).unwrap());
    assert_eq!(
        opened.key().unwrap().address().0,
        made.address().into_array(),
        "vouchers are signed by the same account"
    );

    assert!(matches!(Wallet::open(&folder, "provider", "wrong"), Err(Error::Password { .. })));
    assert!(matches!(Wallet::open(&folder, "nobody", "wrong"), Err(Error::NoWallet { .. })));
    assert!(matches!(Wallet::create(&folder, "provider", "again"), Err(Error::WalletExists { .. })));
    assert!(matches!(Wallet::create(&folder, "third", ""), Err(Error::Argument { .. })));
    Wallet::open(&folder, "provider", "long enough").unwrap();
}

#[test]
fn names_do_not_lead_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let long = "a".repeat(65);
    for name in ["", ".", "..", "../other", "a/b", "a\\b", ".hidden", "a.json", "a b", "ä", "a\0", "C:", &long] {
        assert!(matches!(Wallet::create(folder.path(), name, "x"), Err(Error::WalletName { .. })), "{name:?}");
        assert!(matches!(Wallet::open(folder.path(), name, "x"), Err(Error::WalletName { .. })), "{name:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    Wallet::create(folder.path(), "w", "x").unwrap();
    let path = folder.path().join("w.json");
    for open in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        assert!(matches!(Wallet::open(folder.path(), "w", "x"), Err(Error::Exposed { mode, .. }) if mode == open));
        assert!(matches!(Wallet::list(folder.path()), Err(Error::Exposed { .. })));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    Wallet::open(folder.path(), "w", "x").unwrap();
}

#[test]
fn a_wallet_never_shows_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let secret = [0x5a; 32];
    let wallet = Wallet::import(folder.path(), "w", "pass word", &secret).unwrap();
    let shown = format!("{wallet:?} {wallet:#?} {:?} {:?}", wallet.signer(), wallet.key().unwrap());
    let file = fs::read_to_string(folder.path().join("w.json")).unwrap();
    let wrong = Wallet::open(folder.path(), "w", "other pass word").unwrap_err();
    for text in [shown, file, format!("{wrong} {wrong:?}")] {
        let text = text.to_lowercase();
        assert!(!text.contains("5a5a5a5a") && !text.contains("pass word") && !text.contains("90, 90, 90"), "{text}");
    }
}

#[test]
fn damaged_and_greedy_files_are_refused_and_not_computed() {
    let folder = tempfile::tempdir().unwrap();
    Wallet::create(folder.path(), "w", "x").unwrap();
    let path = folder.path().join("w.json");
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let try_with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = whole.clone();
        change(&mut json);
        fs::write(&path, json.to_string()).unwrap();
        Wallet::open(folder.path(), "w", "x")
    };
    assert!(try_with(&|_| {}).is_ok());
    type Change = Box<dyn Fn(&mut serde_json::Value)>;
    let changes: Vec<(&str, Change)> = vec![
        ("iv", Box::new(|j| j["crypto"]["cipherparams"]["iv"] = "00".into())),
        ("short", Box::new(|j| j["crypto"]["ciphertext"] = "00".into())),
        ("dklen", Box::new(|j| j["crypto"]["kdfparams"]["dklen"] = 8.into())),
        ("memory", Box::new(|j| j["crypto"]["kdfparams"]["n"] = (1u64 << 31).into())),
        ("no power", Box::new(|j| j["crypto"]["kdfparams"]["n"] = 8_191.into())),
        ("r", Box::new(|j| j["crypto"]["kdfparams"]["r"] = u64::MAX.into())),
        ("p", Box::new(|j| j["crypto"]["kdfparams"]["p"] = 0.into())),
        ("both", Box::new(|j| j["crypto"]["kdfparams"]["c"] = 4_000_000_000u64.into())),
        ("kdf", Box::new(|j| j["crypto"]["kdf"] = "none".into())),
        ("cipher", Box::new(|j| j["crypto"]["cipher"] = "none".into())),
        ("version", Box::new(|j| j["version"] = 1.into())),
        ("no crypto", Box::new(|j| j["crypto"] = serde_json::Value::Null)),
        ("address", Box::new(|j| j["address"] = "00".repeat(20).into())),
    ];
    for (name, change) in &changes {
        assert!(matches!(try_with(change), Err(Error::File { .. })), "{name}");
    }
    let mac = try_with(&|j| j["crypto"]["mac"] = "00".repeat(32).into());
    assert!(matches!(mac, Err(Error::Password { .. })));
    for text in ["", "{}", "null", "[1]", &"[".repeat(10_000), &" ".repeat(100_000)] {
        fs::write(&path, text).unwrap();
        assert!(matches!(Wallet::open(folder.path(), "w", "x"), Err(Error::File { .. })), "{:.20}", text);
    }
}

/// The example of the Web3 secret storage's own page, and one of geth's: files of others open.
#[test]
fn files_of_other_tools_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.json");
    let theirs = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
        "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
        "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
        "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
    fs::write(&path, theirs).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let opened = Wallet::open(folder.path(), "theirs", "testpassword").unwrap();
    assert_eq!(
        opened.address(),
        "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b".parse::<alloy::primitives::Address>().unwrap()
    );
}
