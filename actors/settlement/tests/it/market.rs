//! The whole market against a real node, over HTTP and over a web socket: from a deployment to minted tokens, with every wei accounted for
//! by receipts; the other ways out of a session; agents that own, call and pay; a currency that is a token.

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::TransactionReceipt,
};
use hyperdust_receipt::Signed;
use hyperdust_settlement::{
    Call, Error,
    bindings::{Assets, Sessions, Work},
    deployment::Parameters,
    market::{Agent, Event, NATIVE, Purse, Status, commitment},
};

use crate::{
    anvil::{Anvil, blocks, give, later},
    world::{GWEI, World, coin, lanes, scene},
};

/// Emission of an epoch, all of which goes to who burnt alone.
fn emission() -> U256 {
    Parameters::default().emission
}

/// Deploys, publishes, bonds, serves, claims, attests, pays, mints. Returns what each action used.
async fn from_deployment_to_tokens(url: &str) -> Vec<(String, u64)> {
    let mut w = World::start(url).await;
    let asset = w.stocked().await;
    w.send(|w| &w.companion, w.market.join()).await.unwrap();

    // The user finds the provider on the chain.
    let deposit = coin(100);
    let offers = w.market.discover(w.node(), asset, NATIVE, deposit, 10).await.unwrap();
    assert_eq!(offers.len(), 1);
    assert_eq!((offers[0].provider, offers[0].price), (w.provider.address, U256::from(10 * GWEI)));
    assert_eq!((offers[0].endpoint.as_str(), offers[0].largest), ("tcp://127.0.0.1:5555", coin(500)));
    assert!(w.market.discover(w.node(), asset, NATIVE, coin(501), 10).await.unwrap().is_empty());

    let mut opening = w.opening(asset, deposit);
    opening.minting = true;
    let receipt = w.send(|w| &w.user, w.market.open(&opening).unwrap()).await.unwrap();
    let session = w.market.opened(&receipt).unwrap();
    let state = w.market.session(w.node(), session).await.unwrap();
    assert_eq!((state.status, state.deposit, state.claim, state.seed), (Status::Open, deposit, None, None));
    assert_eq!((state.price, state.author_price, state.lanes), (U256::from(10 * GWEI), U256::from(3 * GWEI), 2));
    assert_eq!((state.user, state.signer, state.provider), (w.user.address, w.user.address, w.provider.address));

    blocks(w.node(), 2).await;
    let receipt = w.send(|w| &w.user, w.market.draw(session)).await.unwrap();
    let seed = w.market.seeded(&receipt).unwrap();
    assert_eq!(w.market.session(w.node(), session).await.unwrap().seed, Some(seed));

    // The companion commits to the same before the provider claims.
    let salt = B256::repeat_byte(0x5a);
    let fixed = commitment(lanes(session), w.companion.address, salt);
    w.send(|w| &w.companion, w.market.commit(session, fixed)).await.unwrap();
    let claim = w.claim(session, 5_000_000);
    w.send(|w| &w.provider, w.market.claim(&claim, w.user.address).unwrap()).await.unwrap();
    w.send(|w| &w.companion, w.market.open_commitment(session, salt)).await.unwrap();
    assert_eq!(w.market.attestations(w.node(), session).await.unwrap(), U256::from(1));
    let state = w.market.session(w.node(), session).await.unwrap();
    assert_eq!((state.status, state.claim.unwrap().commitment), (Status::Claimed, lanes(session)));

    let early = w.send(|w| &w.provider, w.market.finalise(session)).await.unwrap_err();
    assert!(matches!(&early, Error::Reverted { why, .. } if why.name() == Some("TooEarly")), "{early}");
    later(w.node(), w.market.deployment().parameters.window + 1).await;
    let finalised = w.send(|w| &w.provider, w.market.finalise(session)).await.unwrap();
    let paid = w.market.paid(&finalised).unwrap();
    // Of 0.05 coins: 5 % burnt, 10 % of the rest for the companion, 30 % of what is left then for the author.
    assert_eq!((paid.burnt, paid.companion), (coin(5) / U256::from(2), coin(19) / U256::from(4)));
    assert_eq!(paid.author, (coin(50) - paid.burnt - paid.companion) * U256::from(3) / U256::from(10));
    assert_eq!(paid.provider + paid.author + paid.companion + paid.burnt, coin(50));

    blocks(w.node(), 2).await;
    let receipt = w.send(|w| &w.provider, w.market.reward(session)).await.unwrap();
    assert_eq!(w.market.rewarded(&receipt), Some((w.companion.address, paid.companion)));
    assert_eq!(w.market.session(w.node(), session).await.unwrap().status, Status::Ended);

    // Everybody fetches what is theirs.
    type Who = fn(&World) -> &crate::world::Person;
    let due: [(Who, U256); 4] = [
        (|w| &w.provider, paid.provider),
        (|w| &w.author, paid.author),
        (|w| &w.companion, paid.companion),
        (|w| &w.user, coin(50)),
    ];
    let sessions = w.market.deployment().addresses.sessions;
    for (who, amount) in due {
        let to = who(&w).address;
        assert_eq!(w.market.owed(w.node(), Purse::Sessions, NATIVE, to).await.unwrap(), amount);
        let receipt = w.send(who, w.market.withdraw(Purse::Sessions, NATIVE, to)).await.unwrap();
        assert_eq!(w.market.withdrawn(&receipt, sessions).unwrap(), amount);
    }

    let epoch = w.market.epoch(w.node()).await.unwrap();
    let burnt = epoch_of_burning(&w, &finalised);
    if burnt == epoch {
        later(w.node(), w.market.deployment().parameters.epoch).await;
    }
    let receipt = w.send(|w| &w.author, w.market.mint(burnt, w.provider.address)).await.unwrap();
    assert_eq!(w.market.minted(&receipt).unwrap(), emission());
    assert_eq!(w.market.tokens(w.node(), w.provider.address).await.unwrap(), emission());

    w.books_are_right().await;
    w.gas
}

/// In which epoch a claim's share was burnt.
fn epoch_of_burning(w: &World, receipt: &TransactionReceipt) -> u64 {
    let work = w.market.deployment().addresses.work;
    w.market.events::<Work::Burnt>(receipt, work)[0].epoch.to()
}

#[tokio::test]
async fn the_whole_market_over_http_and_over_a_web_socket() {
    let (one, other) = (Anvil::start(), Anvil::start());
    let http = from_deployment_to_tokens(&one.http()).await;
    let ws = from_deployment_to_tokens(&other.ws()).await;
    assert_eq!(http, ws, "the same actions use the same gas");
}

/// A user closes and has all back, a provider declines, and the events say so.
#[tokio::test]
async fn either_side_alone_ends_a_session() {
    let anvil = Anvil::start();
    let mut w = World::start(&anvil.http()).await;
    let asset = w.stocked().await;
    let open = w.market.open(&w.opening(asset, coin(7))).unwrap();
    let closed = w.opened(|w| &w.user, open.clone()).await;
    let declined = w.opened(|w| &w.user, open).await;
    assert_eq!(w.market.free_bond(w.node(), w.provider.address, NATIVE).await.unwrap(), coin(10_000 - 2 * 20 * 7));

    w.send(|w| &w.user, w.market.close(closed)).await.unwrap();
    let state = w.market.session(w.node(), closed).await.unwrap();
    assert!(state.status == Status::Closing && state.ends > 0);
    later(w.node(), w.market.deployment().parameters.closing + 1).await;
    w.send(|w| &w.user, w.market.reclaim(closed)).await.unwrap();
    let receipt = w.send(|w| &w.provider, w.market.decline(declined)).await.unwrap();
    let events = w.market.decode_all(&receipt);
    assert!(events.iter().any(|event| matches!(event, Event::Sessions(_))), "{events:?}");
    for session in [closed, declined] {
        assert_eq!(w.market.session(w.node(), session).await.unwrap().status, Status::Ended);
    }
    let user = w.user.address;
    let receipt = w.send(|w| &w.user, w.market.withdraw(Purse::Sessions, NATIVE, user)).await.unwrap();
    assert_eq!(w.market.withdrawn(&receipt, w.market.deployment().addresses.sessions).unwrap(), coin(14));

    // The bond comes back as well.
    w.send(|w| &w.provider, w.market.unbond(NATIVE, coin(10_000)).unwrap()).await.unwrap();
    later(w.node(), w.market.deployment().parameters.unbonding).await;
    w.send(|w| &w.provider, w.market.take_bond(NATIVE)).await.unwrap();
    let provider = w.provider.address;
    w.send(|w| &w.provider, w.market.withdraw(Purse::Providers, NATIVE, provider)).await.unwrap();
    w.books_are_right().await;
}

/// Several sessions are claimed and paid in one transaction each. A voucher of another key, chain or session is refused before it costs gas.
#[tokio::test]
async fn batches_and_vouchers_that_do_not_count() {
    let anvil = Anvil::start();
    let mut w = World::start(&anvil.http()).await;
    let asset = w.stocked().await;
    let open = w.market.open(&w.opening(asset, coin(7))).unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(w.opened(|w| &w.user, open.clone()).await);
    }
    let good = w.claim(ids[0], 1_000);
    let domain = w.market.deployment().domain();
    let mut forged = good;
    forged.voucher = Signed::new(good.voucher.message, &domain, &w.provider.key);
    let mut elsewhere = good;
    let other = hyperdust_receipt::Domain { chain_id: 30, ..domain };
    elsewhere.voucher = Signed::new(good.voucher.message, &other, &w.user.key);
    let mut changed = good;
    changed.voucher.message.amount += 1;
    for wrong in [forged, elsewhere, changed] {
        assert!(matches!(w.market.claim(&wrong, w.user.address), Err(Error::Argument { .. })));
    }

    let claims: Vec<_> = ids.iter().map(|id| (w.claim(*id, 1_000), w.user.address)).collect();
    w.send(|w| &w.provider, w.market.claim_all(&claims).unwrap()).await.unwrap();
    later(w.node(), w.market.deployment().parameters.window + 1).await;
    let receipt = w.send(|w| &w.user, w.market.finalise_all(&ids)).await.unwrap();
    let sessions = w.market.deployment().addresses.sessions;
    assert_eq!(w.market.events::<Sessions::Paid>(&receipt, sessions).len(), 3);
    w.books_are_right().await;
}

/// An agent's account, which has coin of its own and is led by an operator, pays another agent; whose income goes to who holds its shares.
#[tokio::test]
async fn an_agent_pays_another_agent() {
    let anvil = Anvil::start();
    let mut w = World::start(&anvil.http()).await;
    w.stocked().await;
    let mut agents = Vec::new();
    for name in ["Walker", "Runner"] {
        let mut asset = scene(None);
        asset.pass = Some(coin(2));
        let agent = Agent { asset, shares: coin(1_000), name: name.into(), symbol: name[..3].to_uppercase() };
        let receipt = w.send(|w| &w.author, w.market.publish_agent(&agent).unwrap()).await.unwrap();
        agents.push(w.market.published(&receipt).unwrap());
        assert!(!w.market.events::<Assets::Published>(&receipt, w.market.deployment().addresses.assets).is_empty());
    }
    let [payer, paid] = [agents[0], agents[1]];
    let state = w.market.asset(w.node(), payer).await.unwrap();
    let (_, account) = state.agent.unwrap();
    assert_eq!(
        (state.program, state.pass, state.owner, state.uri.as_str()),
        (None, Some(coin(2)), w.author.address, "ipfs://scene")
    );
    let (shares, _) = w.market.asset(w.node(), paid).await.unwrap().agent.unwrap();
    w.send(|w| &w.author, w.market.succeed(payer, paid)).await.unwrap();
    assert_eq!(w.market.asset(w.node(), payer).await.unwrap().successor, Some(paid));

    let price = U256::from(7 * GWEI);
    w.send(|w| &w.provider, w.market.offer(paid, NATIVE, price, true).unwrap()).await.unwrap();
    give(w.node(), account, coin(1_000)).await;
    let operator = w.user.address;
    let open = w.market.through(account, &w.market.open(&w.opening(paid, coin(7))).unwrap());
    let stranger = w.send(|w| &w.user, open.clone()).await.unwrap_err();
    assert!(matches!(&stranger, Error::Reverted { why, .. } if why.name() == Some("NotAllowed")), "{stranger}");
    w.send(|w| &w.author, w.market.operator(account, operator, true)).await.unwrap();
    let gated = w.send(|w| &w.user, open.clone()).await.unwrap_err();
    assert!(matches!(&gated, Error::Reverted { why, .. } if why.name() == Some("NoPass")), "{gated}");
    // An account can't hold a pass; so the author of the other asks for none any more.
    let to = w.send(|w| &w.user, w.market.buy_pass(paid, account, coin(2))).await.unwrap_err();
    assert!(matches!(&to, Error::Reverted { why, .. } if why.name() == Some("ERC1155InvalidReceiver")), "{to}");
    w.send(|w| &w.user, w.market.buy_pass(paid, operator, coin(2))).await.unwrap();
    w.send(|w| &w.author, w.market.pass(paid, None).unwrap()).await.unwrap();
    let session = w.opened(|w| &w.user, open).await;
    assert_eq!(w.market.session(w.node(), session).await.unwrap().user, account);

    let claim = w.claim(session, 100_000);
    w.send(|w| &w.provider, w.market.claim(&claim, operator).unwrap()).await.unwrap();
    later(w.node(), w.market.deployment().parameters.window + 1).await;
    let receipt = w.send(|w| &w.provider, w.market.finalise(session)).await.unwrap();
    let paid = w.market.paid(&receipt).unwrap();
    w.send(|w| &w.author, w.market.collect(shares, Purse::Sessions, NATIVE)).await.unwrap();
    w.send(|w| &w.author, w.market.collect(shares, Purse::Passes, NATIVE)).await.unwrap();
    let author = w.author.address;
    // Less than a wei for each collection is lost to rounding.
    let (income, due) = (w.market.share_income(w.node(), shares, author).await.unwrap(), paid.author + coin(2));
    assert!(income <= due && due - income <= U256::from(2), "{income} of {due}");
    w.send(|w| &w.author, w.market.settle_shares(shares, author)).await.unwrap();
    let receipt = w.send(|w| &w.author, w.market.withdraw_shares(shares, NATIVE, author)).await.unwrap();
    assert_eq!(w.market.withdrawn(&receipt, shares).unwrap(), income);
}

/// Tokens that were minted pay for a session: deposits and bonds in an ERC-20.
#[tokio::test]
async fn a_session_is_paid_in_tokens() {
    let anvil = Anvil::start();
    let mut w = World::start(&anvil.http()).await;
    let asset = w.stocked().await;
    let mut opening = w.opening(asset, coin(7));
    opening.minting = true;
    let session = w.opened(|w| &w.user, w.market.open(&opening).unwrap()).await;
    blocks(w.node(), 2).await;
    w.send(|w| &w.user, w.market.draw(session)).await.unwrap();
    let claim = w.claim(session, 1_000);
    w.send(|w| &w.provider, w.market.claim(&claim, w.user.address).unwrap()).await.unwrap();
    later(w.node(), w.market.deployment().parameters.window + 1).await;
    let receipt = w.send(|w| &w.provider, w.market.finalise(session)).await.unwrap();
    let epoch = epoch_of_burning(&w, &receipt);
    later(w.node(), w.market.deployment().parameters.epoch).await;
    w.send(|w| &w.provider, w.market.mint(epoch, w.provider.address)).await.unwrap();

    // The provider is its own user here; it has all the tokens there are.
    let a = w.market.deployment().addresses;
    let dust = a.token;
    w.send(|w| &w.author, w.market.price(asset, dust, U256::from(3 * GWEI), true).unwrap()).await.unwrap();
    w.send(|w| &w.provider, w.market.approve(dust, a.providers, emission())).await.unwrap();
    w.send(|w| &w.provider, w.market.bond(dust, coin(1_000)).unwrap()).await.unwrap();
    let price = U256::from(7 * GWEI);
    w.send(|w| &w.provider, w.market.offer(asset, dust, price, true).unwrap()).await.unwrap();
    w.send(|w| &w.provider, w.market.approve(dust, a.sessions, emission())).await.unwrap();
    let mut opening = w.opening(asset, coin(50));
    opening.currency = dust;
    let call = w.market.open(&opening).unwrap();
    assert_eq!(call.value, U256::ZERO);
    let session = w.opened(|w| &w.provider, call).await;
    assert_eq!(w.market.session(w.node(), session).await.unwrap().currency, dust);
    assert_eq!(w.market.tokens(w.node(), w.provider.address).await.unwrap(), emission() - coin(1_050));
    w.books_are_right().await;
}

/// What the contracts would refuse for what it is, is refused before it is sent; and a kept call is the same after it was read back.
#[tokio::test]
async fn wrong_arguments_are_refused_here() {
    let anvil = Anvil::start();
    let w = World::start(&anvil.http()).await;
    let m = &w.market;
    let wide = U256::from(1) << 96;
    let mut o = w.opening(1, coin(1));
    assert!(m.open(&o).is_ok());
    o.lanes = 4_097;
    assert!(m.open(&o).is_err());
    o.lanes = 0;
    assert!(m.open(&o).is_err());
    (o.lanes, o.deposit) = (1, wide);
    assert!(m.open(&o).is_err());
    (o.deposit, o.signer) = (coin(1), Address::ZERO);
    assert!(m.open(&o).is_err());
    (o.signer, o.minting, o.currency) = (w.user.address, true, w.user.address);
    assert!(m.open(&o).is_err());
    assert!(m.bond(NATIVE, wide).is_err() && m.offer(1, NATIVE, wide, true).is_err());
    assert!(m.register("", B256::repeat_byte(1)).is_err() && m.register("tcp://x", B256::ZERO).is_err());
    assert!(m.register(&"x".repeat(257), B256::repeat_byte(1)).is_err());
    let mut s = scene(None);
    s.uri = "u".repeat(513);
    assert!(m.publish_scene(&s).is_err());
    s = scene(Some(B256::ZERO));
    assert!(m.publish_scene(&s).is_err());

    let call = m.open(&w.opening(1, coin(1))).unwrap();
    let kept = serde_json::to_string(&call).unwrap();
    assert_eq!(serde_json::from_str::<Call>(&kept).unwrap(), call);
}
