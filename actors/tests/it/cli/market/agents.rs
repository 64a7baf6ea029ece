//! Agents: published, funded, paid by another agent's account, and their income shared.

use alloy::primitives::{Address, U256};
use hyperdust_policy::{Activation, Dense, Design};

use super::{COIN, Town, text, wei};

const GWEI: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// A small policy, in a file.
pub fn policy(town: &Town, name: &str, weight: f32) {
    let layer = |inputs: usize, units: usize| Dense { weight: vec![weight; inputs * units], bias: vec![0.0; units] };
    let design = Design::new(vec![layer(4, 8), layer(8, 1)], Activation::Tanh);
    std::fs::write(town.path(name), design.encode().unwrap()).unwrap();
}

/// One agent opens a session with another and pays it; the other's holder fetches the income, and the first one's owner the rest of the deposit.
#[test]
fn an_agent_pays_an_agent() {
    let town = Town::with(&["worker", "boss", "provider"]);
    policy(&town, "worker.safetensors", 0.25);
    policy(&town, "boss.safetensors", -0.5);
    let publish = "--symbol W --shares 100 --price 3gwei --json";
    let worker = town.says("worker", &format!("agent publish worker.safetensors --name Worker {publish}"));
    let again = town.says("worker", &format!("agent publish worker.safetensors --name Other {publish}"));
    assert_eq!((&again["asset"], again["was_there"].as_bool()), (&worker["asset"], Some(true)));
    let boss = town.says("boss", &format!("agent publish boss.safetensors --name Boss {publish}"));
    assert_eq!((worker["asset"].as_u64(), boss["asset"].as_u64()), (Some(1), Some(2)));
    assert_eq!(
        (worker["tier"].as_str(), wei(&worker["shares"])),
        (Some("attested"), U256::from(100 * u128::from(COIN)))
    );

    town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key 0x{} --json", "07".repeat(32)));
    town.says("provider", "provider bond 1eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    let poor = town.refuses("boss", "session open 1 --deposit 0.01eth --as 2");
    assert!(poor.contains("accepted: 0.01 ETH") && poor.contains("agent fund"), "{poor}");
    let funded = town.says("boss", "agent fund 2 0.02eth --json");
    assert_eq!(wei(&funded["balance"]), U256::from(COIN / 50));
    let account: Address = text(&funded["account"]).parse().unwrap();
    let stranger = town.refuses("worker", "session open 1 --deposit 0.01eth --as 2");
    assert!(stranger.contains("NotAllowed"), "{stranger}");

    let opened = town.says("boss", "session open 1 --deposit 0.01eth --as 2 --json");
    let session = text(&opened["session"]);
    assert_eq!(
        (text(&opened["user"]), text(&opened["signer"])),
        (account.to_string(), town.address("boss").to_string())
    );
    assert_eq!(town.balance(account), U256::from(COIN / 100));
    town.claims("provider", "boss", &session, 100);
    town.sleep(DAY);
    town.says("provider", &format!("session finalise {session} --json"));

    let income = town.says("worker", "agent revenue 1 --json");
    let due = U256::from(270 * GWEI);
    assert_eq!((wei(&income["uncollected"]), wei(&income["earned"])), (due, U256::ZERO));
    // The last wei stays behind: income is shared out in parts of each share.
    let due = due - U256::from(1);
    let before = town.balance(town.address("worker"));
    let fetched = town.says("worker", "agent revenue 1 --withdraw --json");
    assert_eq!((wei(&fetched["withdrawn"]), wei(&fetched["uncollected"])), (due, U256::ZERO));
    assert_eq!(town.balance(town.address("worker")), before + due - wei(&fetched["cost"]));
    let nothing = town.says("worker", "agent revenue 1 --withdraw --json");
    assert_eq!((wei(&nothing["withdrawn"]), wei(&nothing["cost"])), (U256::ZERO, U256::ZERO));

    let rest = town.says("boss", "session withdraw --as 2 --json");
    // 1,000 gwei of fee, of which a tenth is back since no companion came.
    assert_eq!(wei(&rest["amount"]), U256::from(COIN / 100) - U256::from(900 * GWEI));
    assert_eq!(town.balance(account), U256::from(COIN / 50) - U256::from(900 * GWEI));
}

/// Without a pass nobody opens a session with an agent that asks for one; what it costs is income like any other.
#[test]
fn a_pass_is_bought_once() {
    let town = Town::with(&["author", "provider", "user"]);
    policy(&town, "model.safetensors", 0.5);
    town.says("author", "agent publish model.safetensors --name A --symbol A --price 3gwei --pass 0.5eth --json");
    town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key 0x{} --json", "07".repeat(32)));
    town.says("provider", "provider bond 1eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    let without = town.refuses("user", "session open 1 --deposit 0.01eth");
    assert!(without.contains("NoPass"), "{without}");
    let bought = town.says("user", "agent buy 1 --json");
    assert_eq!((wei(&bought["price"]), bought["was_there"].as_bool()), (U256::from(COIN / 2), Some(false)));
    let twice = town.says("user", "agent buy 1 --json");
    assert_eq!((twice["was_there"].as_bool(), wei(&twice["cost"])), (Some(true), U256::ZERO));
    town.says("user", "session open 1 --deposit 0.01eth --json");
    let fetched = town.says("author", "agent revenue 1 --withdraw --json");
    // But for the last wei, as above.
    assert_eq!(wei(&fetched["withdrawn"]), U256::from(COIN / 2 - 1));
}
