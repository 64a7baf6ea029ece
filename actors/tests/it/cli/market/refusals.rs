//! What isn't accepted is refused with words that say what is, and nothing that is secret is in them.

use super::{PASSWORD, Town};

#[test]
fn wrong_inputs_are_told_what_is_accepted() {
    let town = Town::with(&["user"]);
    std::fs::write(town.path("nothing.safetensors"), b"nothing").unwrap();
    let id = format!("0x{}", "5".repeat(64));
    let mixed = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4f";
    let register = "provider register tcp://127.0.0.1:5555 --key";
    let dispute = "episode dispute --scene cartpole --guest .";
    let three = "--asset 9 --user user --provider user --companion user";
    let settle = format!("{dispute} {three} --chain {}", town.served.url());
    let cases = [
        ("scene publish cartpole --price 3", "a number and one of ETH, gwei, wei are accepted"),
        ("scene publish cartpole --price 3sat", "a number and one of ETH, gwei, wei are accepted"),
        ("scene publish cartpole --price 0.0000000001gwei", "more than 9 decimals"),
        ("scene publish nowhere --price 3gwei", "nothing is published"),
        ("provider register http://127.0.0.1:80 --key x", "accepted: tcp://HOST:PORT"),
        ("provider register tcp://127.0.0.1:* --key x", "accepted: tcp://HOST:PORT"),
        (&format!("{register} 0x12"), "accepted: 40 characters of Z85 or 64 hexadecimal digits"),
        (&format!("{register} 0x{}", "0".repeat(64)), "a key that is not zero are accepted"),
        ("provider bond 0wei", "BadAmount"),
        ("provider offer 9 --price 1gwei", "NoContact"),
        ("provider offer 9", "--price"),
        ("provider offer 9 --price 1gwei --end", "cannot be used with"),
        ("provider status 0x12", "accepted: 0x and 40 hexadecimal digits"),
        (&format!("provider status {mixed}"), "its checksum"),
        ("session open 9 --deposit 1gwei", "nobody who offers it"),
        ("session open --scene cartpole --deposit 1gwei", "found no asset on this chain"),
        ("session open --scene cartpole 9 --deposit 1gwei", "cannot be used with"),
        ("session open 9 --deposit 1gwei --lanes 5000", "1..=4096"),
        ("session status xyz", "accepted: a session's id (0x and 64 hexadecimal digits), or a beginning of it"),
        ("session status 0x", "accepted: a session's id"),
        ("session status 0x12", "found none of this deployment whose id begins with 0x12"),
        ("session list --wallet nobody", "there is no wallet nobody"),
        (&format!("session status {id}"), "accepted: the id of one that was opened in this deployment"),
        (&format!("session finalise {id}"), "accepted: the id of one that was opened in this deployment"),
        ("agent publish nothing.safetensors --name A --symbol A --price 1gwei", "accepted: a policy's file"),
        ("agent publish none.safetensors --name A --symbol A --price 1gwei", "none.safetensors: "),
        ("agent publish nothing.safetensors --name A --symbol A --price 1gwei --shares 0", "--shares"),
        ("agent revenue 9", "NoAsset"),
        (&settle, "NoAsset"),
        (&format!("{settle} --liar none"), "nobody disputes what is true"),
        (&format!("{settle} --inject step=1,bit=1,value=action"), "a question about inputs"),
        (&format!("{dispute} {three}"), "--chain"),
        (&format!("{dispute} --chain {}", town.served.url()), "--companion"),
        ("wallet new a/b", "1 to 64 of a–z, A–Z, 0–9, - and _ are"),
        ("wallet new user", "there is a wallet user already"),
        ("wallet show nobody", "there is no wallet nobody"),
    ];
    for (arguments, why) in cases {
        let said = town.refuses("user", arguments);
        assert!(said.contains(why), "{arguments}: {said}");
    }
    let said = town.refuses("nobody", "provider bond 1eth");
    assert!(said.contains("there is no wallet nobody"), "{said}");
    let zero = town.says("user", "scene publish cartpole --price 0wei --attested --json");
    let scene = town.refuses("user", &format!("agent revenue {}", zero["asset"]));
    assert!(scene.contains("found a scene; accepted: an agent"), "{scene}");
    let free = town.refuses("user", &format!("agent buy {}", zero["asset"]));
    assert!(free.contains("accepted: one that does"), "{free}");
}

/// Neither keys, nor passwords, nor what is behind a node's host in its URL: not where it succeeds, not where it fails, not in help.
#[test]
fn nothing_secret_is_shown() {
    let town = Town::with(&["user"]);
    let secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    std::fs::write(town.path("key"), secret).unwrap();
    let open = town.refuses("user", "wallet new imported --import-file key");
    assert!(open.contains("chmod 600"), "{open}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(town.path("key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let imported = town.says("user", "wallet new imported --import-file key --json");
    assert_eq!(imported["address"], "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23");

    let node = "/v3/0123456789abcdef?key=fedcba9876543210";
    let port = {
        // Nobody listens there any more.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let urls = [
        format!("http://someone:hunter2@127.0.0.1:{port}{node}"),
        format!("ws://127.0.0.1:{port}{node}"),
        format!("{}{node}", town.served.url()),
        format!("ftp://someone:hunter2@127.0.0.1:{port}{node}"),
    ];
    let mut said = vec![open, format!("{imported}")];
    for url in &urls {
        for arguments in [
            "provider bond 1eth",
            "provider bond 1eth --help",
            "session status 0x12",
            "provider bond",
            "wallet show user",
            "agent fund 1 1eth --json",
        ] {
            let output = town.command("user").env("HYPERDUST_CHAIN", url).args(arguments.split(' ')).output().unwrap();
            said.push(format!("{output:?}"));
        }
    }
    let wrong =
        town.command("user").env("HYPERDUST_PASSWORD", "wrong horse").args(["provider", "bond", "1eth"]).output();
    let wrong = format!("{:?}", wrong.unwrap());
    assert!(wrong.contains("wrong password for wallet user"), "{wrong}");
    said.push(wrong);
    let without = town.command("user").env_remove("HYPERDUST_PASSWORD").args(["provider", "bond", "1eth"]).output();
    let without = format!("{:?}", without.unwrap());
    assert!(without.contains("a file with it, or the variable HYPERDUST_PASSWORD"), "{without}");
    for words in said {
        for hidden in [secret, PASSWORD, "wrong horse", "hunter2", "0123456789abcdef", "fedcba9876543210"] {
            assert!(!words.contains(hidden), "{hidden} in {words}");
        }
    }
}
