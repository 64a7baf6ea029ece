//! From a scene to income, and what happens where a provider vanishes.

use alloy::primitives::U256;

use super::{COIN, Town, text, wei};

const GWEI: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// A server's key. Any will do: it is only told to others.
fn key() -> String {
    hyperdust_wire::curve::PublicKey([7; 32]).to_string()
}

/// Author, provider and user: every coin that moves is what a command said.
#[test]
fn from_a_scene_to_income() {
    let town = Town::with(&["author", "provider", "user"]);
    let [author, provider, user] = ["author", "provider", "user"].map(|who| town.address(who));
    let start = [author, provider, user].map(|account| town.balance(account));
    let mut spent = [U256::ZERO; 3];

    let published = town.says("author", "scene publish cartpole --price 3gwei --json");
    spent[0] += wei(&published["cost"]);
    assert_eq!((published["asset"].as_u64(), published["tier"].as_str()), (Some(1), Some("provable")));
    assert_eq!(published["transactions"].as_array().unwrap().len(), 2, "the program was not in the list");
    let again = town.says("author", "scene publish cartpole --price 4gwei --json");
    assert_eq!((again["asset"].as_u64(), again["was_there"].as_bool()), (Some(1), Some(true)));
    assert_eq!((wei(&again["price"]), wei(&again["cost"])), (U256::from(3 * GWEI), U256::ZERO));
    let cooked = town.says("author", "scene cook cartpole --json");
    assert_eq!(published["blueprint"], cooked["blueprint"]);

    let registered = town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key {} --json", key()));
    let bonded = town.says("provider", "provider bond 1eth --json");
    let offered = town.says("provider", "provider offer 1 --price 7gwei --json");
    for done in [&registered, &bonded, &offered] {
        spent[1] += wei(&done["cost"]);
    }
    assert_eq!(wei(&bonded["largest_deposit"]), U256::from(COIN / 20));
    let status = town.says("provider", &format!("provider status {provider} --json"));
    assert_eq!((status["endpoint"].as_str(), wei(&status["free"])), (Some("tcp://127.0.0.1:5555"), U256::from(COIN)));
    assert_eq!(
        (status["offers"][0]["asset"].as_u64(), wei(&status["offers"][0]["unit"])),
        (Some(1), U256::from(10 * GWEI))
    );

    let opened = town.says("user", "session open --scene cartpole --deposit 0.00001eth --lanes 4 --json");
    spent[2] += wei(&opened["cost"]);
    let session = text(&opened["session"]);
    assert_eq!((opened["units"].as_str(), opened["key"].as_str()), (Some("1000"), Some(key().as_str())));
    let status = || town.says("user", &format!("session status {session} --json"));
    assert_eq!((status()["status"].as_str(), status()["claim"].is_null()), (Some("open"), true));

    spent[1] += town.claims("provider", "user", &session, 400);
    let claimed = status();
    assert_eq!(
        (claimed["status"].as_str(), wei(&claimed["claim"]["amount"])),
        (Some("claimed"), U256::from(4_000 * GWEI))
    );
    let early = town.refuses("author", &format!("session finalise {session}"));
    assert!(early.contains("TooEarly"), "{early}");
    town.sleep(DAY);
    let finalised = town.says("author", &format!("session finalise {session} --json"));
    spent[0] += wei(&finalised["cost"]);
    let ended = status();
    // Expected before, told by the receipt, owed after: one and the same.
    let shares = &claimed["claim"]["shares"];
    for part in ["provider", "author", "companion", "burnt"] {
        assert_eq!(finalised["paid"][part], shares[part], "{part}");
    }
    assert_eq!(
        [&ended["owed"]["provider"], &ended["owed"]["user"], &ended["owed"]["payee"]],
        [&shares["provider"], &shares["user"], &shares["author"]]
    );
    let [of_author, of_provider] = [1_080, 2_520].map(|gwei| U256::from(gwei * GWEI));
    assert_eq!((wei(&shares["author"]), wei(&shares["provider"])), (of_author, of_provider));

    let mut income = [U256::ZERO; 3];
    for (number, who) in ["author", "provider", "user"].into_iter().enumerate() {
        let fetched = town.says(who, "session withdraw --json");
        spent[number] += wei(&fetched["cost"]);
        income[number] = wei(&fetched["amount"]);
        let nothing = town.says(who, "session withdraw --json");
        assert_eq!((wei(&nothing["amount"]), wei(&nothing["cost"])), (U256::ZERO, U256::ZERO));
    }
    // No companion came: its tenth is the user's.
    assert_eq!(income, [1_080, 2_520, 10_000 - 4_000 + 400].map(|gwei| U256::from(gwei * GWEI)));
    let put_in = [U256::ZERO, U256::from(COIN), U256::from(10_000 * GWEI)];
    for (number, account) in [author, provider, user].into_iter().enumerate() {
        let expected = start[number] + income[number] - spent[number] - put_in[number];
        assert_eq!(town.balance(account), expected, "{number}");
    }
}

/// The user has everything back, and the provider its bond, each after its time.
#[test]
fn who_wants_out_gets_out() {
    let town = Town::with(&["author", "provider", "user"]);
    town.says("author", "scene publish pendulum --price 3gwei --attested --json");
    town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key 0x{} --json", "07".repeat(32)));
    town.says("provider", "provider bond 2eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    let session = text(&town.says("user", "session open 1 --deposit 0.05eth --json")["session"]);
    let status = || text(&town.says("user", &format!("session status {session} --json"))["status"]);

    let not_theirs = town.refuses("provider", &format!("session close {session}"));
    assert!(not_theirs.contains("NotYours"), "{not_theirs}");
    let open = town.refuses("user", &format!("session reclaim {session}"));
    assert!(open.contains("found one that is open; accepted: closing"), "{open}");
    let closed = town.says("user", &format!("session close {session} --json"));
    assert!(closed["ends"].as_u64().is_some() && status() == "closing");
    let early = town.refuses("user", &format!("session reclaim {session}"));
    assert!(early.contains("TooEarly"), "{early}");
    town.sleep(DAY / 4);
    town.says("user", &format!("session reclaim {session} --json"));
    assert_eq!(status(), "ended");
    assert_eq!(wei(&town.says("user", "session withdraw --json")["amount"]), U256::from(COIN / 20));

    let much = town.refuses("provider", "provider unbond 3eth");
    assert!(much.contains("TooLittleBond"), "{much}");
    let leaving = town.says("provider", "provider unbond 2eth --json");
    assert_eq!((wei(&leaving["leaving"]), wei(&leaving["free"])), (U256::from(2 * COIN), U256::ZERO));
    let nobody = town.refuses("user", "session open 1 --deposit 0.05eth");
    assert!(nobody.contains("nobody who offers it and is bonded for this deposit"), "{nobody}");
    assert!(town.refuses("provider", "provider take").contains("TooEarly"));
    town.sleep(7 * DAY);
    let before = town.balance(town.address("provider"));
    let taken = town.says("provider", "provider take --json");
    assert_eq!(town.balance(town.address("provider")), before + U256::from(2 * COIN) - wei(&taken["cost"]));
    town.says("provider", "provider offer 1 --end --json");
    let status = town.says("provider", &format!("provider status {} --json", town.address("provider")));
    assert_eq!(status["offers"].as_array().map(Vec::len), Some(0));
}

/// A minting session has its seed after two blocks, and not before; `--watch` sees it end.
#[test]
fn a_minting_session_has_a_seed() {
    let town = Town::with(&["author", "provider", "user"]);
    town.says("author", "scene publish cartpole --price 3gwei --json");
    town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key {} --json", key()));
    town.says("provider", "provider bond 1eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    let session = text(&town.says("user", "session open 1 --deposit 0.001eth --mint --json")["session"]);
    let early = town.refuses("user", &format!("session draw {session}"));
    assert!(early.contains("TooEarly"), "{early}");
    town.sleep(12);
    town.sleep(12);
    let drawn = town.says("author", &format!("session draw {session} --json"));
    let status = town.says("user", &format!("session status {session} --json"));
    assert_eq!((&status["seed"], status["minting"].as_bool()), (&drawn["seed"], Some(true)));
    let twice = town.refuses("user", &format!("session draw {session}"));
    assert!(twice.contains("found one that has its seed"), "{twice}");

    town.claims("provider", "user", &session, 10);
    town.sleep(DAY);
    let finalised = town.says("user", &format!("session finalise {session} --json"));
    assert_eq!(wei(&finalised["paid"]["burnt"]), U256::from(5 * GWEI));
    let watched = town.run("user", &format!("session status {session} --watch --every 1 --json"));
    let lines = String::from_utf8(watched.stdout).unwrap();
    assert!(watched.status.success() && lines.lines().count() == 1 && lines.contains("\"ended\""), "{lines}");
}
