//! `hyperdust session list`, and ids that are told by their beginnings.

use std::collections::BTreeMap;

use alloy::primitives::{B256, U256};
use hyperdust_receipt::{Signed, Voucher};
use hyperdust_settlement::{
    market::{NATIVE, Opening},
    user::Kept,
};
use serde_json::Value;

use super::{Town, text, wait, wei};

const GWEI: u64 = 1_000_000_000;

/// A town where a scene is sold for 10 gwei a unit.
fn sold() -> Town {
    let town = Town::with(&["author", "provider", "user"]);
    town.says("author", "scene publish cartpole --price 3gwei --attested --json");
    town.says("provider", &format!("provider register tcp://127.0.0.1:5555 --key {} --json", "07".repeat(32)));
    town.says("provider", "provider bond 20eth --json");
    town.says("provider", "provider offer 1 --price 7gwei --json");
    town
}

/// Each session with what can be done next, the newest first; what was used is the claim's, and before that the last voucher's on this disk, if it is this chain's.
#[test]
fn a_wallet_lists_its_sessions() {
    let town = sold();
    let own = town.refuses("provider", "session open 1 --deposit 1gwei");
    assert!(own.contains("found an offer of this very wallet's"), "{own}");
    let open = || text(&town.says("user", "session open 1 --deposit 0.00001eth --json")["session"]);
    let ids: Vec<String> = (0..4).map(|_| open()).collect();
    town.claims("provider", "user", &ids[0], 400);
    town.says("user", &format!("session close {} --json", ids[1]));
    let (domain, folder) = (town.market.deployment().domain(), town.path(".hyperdust/sessions"));
    let user = town.account("user");
    for (id, foreign) in [(&ids[2], false), (&ids[3], true)] {
        let session: B256 = id.parse().unwrap();
        let message =
            Voucher { session: session.0, units: 5, amount: u128::from(50 * GWEI), actions: [1; 32], outputs: [2; 32] };
        let mut domain = domain;
        domain.chain_id += u64::from(foreign);
        let voucher = Signed::new(message, &domain, &user.wallet.key().unwrap());
        Kept::create(&folder, domain, session).unwrap().write(&[None], Some(&voucher)).unwrap();
    }
    let listed = || town.says("nobody", "session list --wallet user --json");
    let all = listed();
    let rows = all["sessions"].as_array().unwrap();
    let of = |part: &str| rows.iter().rev().map(|row| row[part].clone()).collect::<Vec<Value>>();
    assert_eq!(of("session").iter().map(text).collect::<Vec<_>>(), ids);
    assert_eq!(of("status"), ["claimed", "closing", "open", "open"]);
    let used = of("used");
    assert_eq!((wei(&used[0]), wei(&used[2])), (U256::from(4000 * GWEI), U256::from(50 * GWEI)));
    assert!(used[1].is_null() && used[3].is_null(), "{used:?}");
    for (next, what) in of("next").iter().zip(["finalise", "reclaim", "close", "close"]) {
        assert!(text(next).contains(&format!("hyperdust session {what} 0x")), "{next}");
    }
    assert_eq!(town.says("user", "session list --limit 1 --json")["sessions"][0]["session"], ids[3]);

    town.sleep(86_400);
    let due = listed();
    for (place, id, act) in [(3, &ids[0], "finalise"), (2, &ids[1], "reclaim")] {
        assert_eq!(due["sessions"][place]["next"], format!("`hyperdust session {act} {id}`"), "the time has come");
        town.says("user", &format!("session {act} {id} --json"));
    }
    let ended = listed();
    assert_eq!(
        (ended["sessions"][3]["next"].as_str(), wei(&ended["sessions"][2]["used"])),
        (Some("nothing"), U256::ZERO)
    );
    let people = String::from_utf8(town.run("user", "session list").stdout).unwrap();
    assert!(people.contains("4 of 4 sessions of") && people.contains("session withdraw"), "{people}");
    assert!(wei(&ended["owed"]) > U256::ZERO);
}

/// As much of an id as no other has is enough, wherever one is told; where several have it, their number is said.
#[test]
fn a_beginning_is_enough() {
    let town = sold();
    let (user, provider) = (town.account("user"), town.address("provider"));
    // One more than there are digits: two begin alike.
    let ids: Vec<B256> = (0..17)
        .map(|_| {
            let opening = Opening {
                provider,
                asset: 1,
                currency: NATIVE,
                deposit: U256::from(GWEI),
                signer: user.address(),
                lanes: 1,
                max_price: U256::from(10 * GWEI),
                minting: false,
            };
            wait(async {
                let receipt = user.send(&town.market.open(&opening).unwrap()).await.unwrap();
                town.market.opened(&receipt).unwrap()
            })
        })
        .collect();
    let mut begin: BTreeMap<String, usize> = BTreeMap::new();
    for id in &ids {
        *begin.entry(id.to_string()[..3].into()).or_default() += 1;
    }
    let (digit, count) = begin.iter().max_by_key(|(_, count)| **count).unwrap();
    let said = town.refuses("user", &format!("session status {digit}"));
    assert!(said.contains(&format!("found {count} whose ids begin with {digit}; accepted: an id, or")), "{said}");
    let whole = ids[0].to_string();
    for called in [&whole[..20], &whole[2..20], &whole[2..20].to_uppercase()] {
        assert_eq!(town.says("user", &format!("session status {called} --json"))["session"], whole);
    }
    let closed = town.says("user", &format!("session close {} --json", &whole[..20]));
    assert_eq!((closed["session"].as_str(), closed["status"].as_str()), (Some(whole.as_str()), Some("closing")));
}
