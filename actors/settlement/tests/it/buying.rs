//! A user finds what it wants and who serves it, opens a session on those terms and no others, and gets the seed that the chain drew; on a
//! chain where no block comes it is told so in time. What it keeps on its disk is what it reads again.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, U256},
    providers::{Provider, ext::AnvilApi},
};
use hyperdust_devnet::{Devnet, Genesis};
use hyperdust_receipt::{ProviderLedger, Receipt, Signed, Terms, UserLedger, Voucher, claim};
use hyperdust_settlement::{
    Account, Call, Chain, Error, Wallet, bindings,
    deployment::{self, Parameters},
    market::{NATIVE, Opening, Scene},
    user::{self, Bought, Kept, Wanted},
};

use crate::{
    anvil::Anvil,
    world::{GWEI, World, coin, scene},
};

const MOMENT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(60);

/// The world's user, as settings would open it.
async fn account(world: &World) -> Account {
    let folder = tempfile::tempdir().unwrap();
    let wallet = Wallet::import(folder.path(), "user", "a password", &[4; 32]).unwrap();
    let account = Account::of(world.chain.clone(), world.market.deployment().clone(), wallet).await.unwrap();
    assert_eq!(account.address(), world.user.address);
    account
}

fn refused<T: std::fmt::Debug>(found: Result<T, Error>, said: &str) {
    match found {
        Err(error @ Error::Argument { .. }) => assert!(error.to_string().contains(said), "{error}"),
        other => panic!("{other:?} is not {said:?}"),
    }
}

#[tokio::test]
async fn an_asset_is_found_by_what_it_is() {
    let anvil = Anvil::start();
    let mut world = World::start(&anvil.http()).await;
    let account = account(&world).await;
    let content = scene(None).content;
    let find = |wanted| user::asset(&account, wanted, NATIVE);
    refused(find(Wanted::Content(content)).await, "nobody has published");
    let first = world.stocked().await;
    assert_eq!(find(Wanted::Content(content)).await.unwrap(), (first, content));
    assert_eq!(find(Wanted::Number(first)).await.unwrap(), (first, content));
    refused(find(Wanted::Content(B256::repeat_byte(0x34))).await, "nobody has published");

    // The same once more, by whoever pays for it; then as something that is not sold.
    let again = Scene { package: B256::repeat_byte(0x23), ..scene(None) };
    let call = world.market.publish_scene(&again).unwrap();
    let receipt = world.send(|w| &w.provider, call).await.unwrap();
    let second = world.market.published(&receipt).unwrap();
    refused(find(Wanted::Content(content)).await, &format!("[{first}, {second}]"));
    assert_eq!(find(Wanted::Number(second)).await.unwrap(), (second, content));
    let call = world.market.price(second, NATIVE, U256::ZERO, false).unwrap();
    world.send(|w| &w.provider, call).await.unwrap();
    assert_eq!(find(Wanted::Content(content)).await.unwrap(), (first, content));
    refused(find(Wanted::Number(second)).await, "not sold");
    let call = world.market.price(first, NATIVE, U256::ZERO, false).unwrap();
    world.send(|w| &w.author, call).await.unwrap();
    refused(find(Wanted::Content(content)).await, "not sold");
}

#[tokio::test]
async fn a_provider_is_found_by_price_account_or_socket() {
    let anvil = Anvil::start();
    let mut world = World::start(&anvil.http()).await;
    let asset = world.stocked().await;
    let account = account(&world).await;
    // The author serves it too, for less.
    let (socket, curve) = ("tcp://127.0.0.1:6666", B256::repeat_byte(0xc1));
    world.send(|w| &w.author, world.market.register(socket, curve).unwrap()).await.unwrap();
    world.send(|w| &w.author, world.market.bond(NATIVE, coin(10_000)).unwrap()).await.unwrap();
    let price = U256::from(2 * GWEI);
    world.send(|w| &w.author, world.market.offer(asset, NATIVE, price, true).unwrap()).await.unwrap();

    let (author, provider) = (world.author.address, world.provider.address);
    let find = |deposit, who: Option<Address>, at| user::offers(&account, asset, NATIVE, deposit, who, at);
    let who = |offers: Result<Vec<hyperdust_settlement::market::Offer>, Error>| -> Vec<Address> {
        offers.unwrap().iter().map(|offer| offer.provider).collect()
    };
    assert_eq!(who(find(coin(1), None, None).await), [author, provider]);
    assert_eq!(who(find(coin(1), Some(provider), None).await), [provider]);
    assert_eq!(who(find(coin(1), None, Some(socket)).await), [author]);
    // A socket that is reached by another name than the registered one.
    assert_eq!(who(find(coin(1), Some(author), Some("ipc:///tmp/socket")).await), [author]);
    refused(find(coin(1), None, Some("ipc:///tmp/socket")).await, "registered at ipc:///tmp/socket");
    // Whoever finds nobody is told why: nobody is there, it is not offered, the bond is too small, the address is none.
    refused(find(coin(1), Some(world.user.address), None).await, &format!("no offer of {}'s", world.user.address));
    let up_to = "deposits of up to 0.5 ETH (500000000 gwei), not of 10000 ETH";
    refused(find(coin(10_000_000), None, None).await, up_to);
    refused(find(coin(10_000_000), Some(provider), None).await, up_to);
    let free = U256::MAX;
    refused(user::offers(&account, asset + 1, NATIVE, free, None, None).await, "it is not sold for this currency");
    let receipt = world.send(|w| &w.author, world.market.publish_scene(&scene(None)).unwrap()).await.unwrap();
    let alone = world.market.published(&receipt).unwrap();
    let found = user::offers(&account, alone, NATIVE, coin(1), None, None).await;
    assert!(found.unwrap_err().to_string().ends_with("found nobody who offers it"));
    // Contracts take any text for an address.
    let odd = bindings::Providers::registerCall { endpoint: "http://odd".into(), curve };
    let providers = world.market.deployment().addresses.providers;
    world.send(|w| &w.author, Call::new(providers, odd, "register")).await.unwrap();
    let call = world.market.offer(alone, NATIVE, price, true).unwrap();
    world.send(|w| &w.author, call).await.unwrap();
    refused(user::offers(&account, alone, NATIVE, coin(1), None, None).await, "no address of a socket");
}

#[tokio::test]
async fn a_session_is_opened_on_the_terms_that_were_seen() {
    let anvil = Anvil::start();
    let mut world = World::start(&anvil.http()).await;
    let asset = world.stocked().await;
    let account = account(&world).await;
    let content = scene(None).content;
    let opening = world.opening(asset, coin(1));
    let books = tempfile::tempdir().unwrap();
    let (bought, kept) = user::buy(&account, &opening, content, MOMENT, books.path()).await.unwrap();
    assert_eq!(Kept::read(kept.path()).unwrap(), (bought.session, vec![], None), "before anything is signed");
    let a = bought.agreement(&account).unwrap();
    assert_eq!((a.session, a.content, a.lanes, a.seed), (bought.session.0, content.0, 2, None));
    assert_eq!((a.price, U256::from(a.deposit)), (u128::from(10 * GWEI), coin(1)));
    assert_eq!((a.user.0, a.provider.0), (world.user.address.into_array(), world.provider.address.into_array()));
    assert_eq!(a.domain, world.market.deployment().domain());

    // The price that was seen is the most that is paid, and nobody puts in what it has not.
    let dearer = Opening { max_price: U256::from(10 * GWEI - 1), ..opening.clone() };
    match user::buy(&account, &dearer, content, MOMENT, books.path()).await {
        Err(Error::Reverted { why, .. }) => assert_eq!(why.name(), Some("TooDear")),
        other => panic!("{other:?}"),
    }
    let rich = Opening { deposit: coin(10_000_000), ..opening.clone() };
    refused(user::buy(&account, &rich, content, MOMENT, books.path()).await, "the deposit is");
    let alone = Opening { provider: world.user.address, ..opening.clone() };
    refused(user::buy(&account, &alone, content, MOMENT, books.path()).await, "the provider itself");
    // Where there can be no books, nothing is paid.
    let file = books.path().join("file");
    std::fs::write(&file, "").unwrap();
    let before = account.balance().await.unwrap();
    let nowhere = user::buy(&account, &opening, content, MOMENT, &file.join("sessions")).await;
    assert!(matches!(nowhere, Err(Error::Disk { .. })), "{nowhere:?}");
    assert_eq!(account.balance().await.unwrap(), before);
    refused(user::seed(&account, bought.session, MOMENT).await, "none to be drawn");
}

/// Whoever has no coin is told how much there is and how much is needed, and on a devnet where it comes from.
#[tokio::test]
async fn an_account_without_coin_is_told_what_it_needs() {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let served = devnet.serve(([127, 0, 0, 1], 0).into()).unwrap();
    let anvil = Anvil::start();
    for url in [served.url(), anvil.http()] {
        let world = World::start(&url).await;
        let account = account(&world).await;
        for (has, value) in [(0, 0), (0, 2), (2, 2)] {
            account.node().anvil_set_balance(account.address(), coin(has)).await.unwrap();
            let call = Call { to: world.author.address, value: coin(value), what: "a gift".into(), ..Call::default() };
            let said = match account.send(&call).await {
                Err(error @ Error::Funds { .. }) => error.to_string(),
                other => panic!("{other:?}"),
            };
            let begins = format!("a gift: account {} has {}", account.address(), account.chain.coin().show(coin(has)));
            assert!(said.starts_with(&begins) && said.contains("; needed: 0.00"), "{said}");
            let hint = format!("`--fund {}=1ETH`", account.address());
            assert_eq!(said.contains(&hint), url == served.url(), "{said}");
        }
    }
}

/// On somebody else's chain nothing is sent to make a block: the user is told what was waited for, and may wait again.
#[tokio::test]
async fn a_seed_waits_for_blocks() {
    let anvil = Anvil::start();
    let mut world = World::start(&anvil.http()).await;
    let asset = world.stocked().await;
    let account = account(&world).await;
    let opening = Opening { minting: true, ..world.opening(asset, coin(1)) };
    // What was paid for is known by its file, though nothing more came of it.
    let books = tempfile::tempdir().unwrap();
    let late = user::buy(&account, &opening, scene(None).content, MOMENT, books.path()).await;
    let file = std::fs::read_dir(books.path()).unwrap().next().unwrap().unwrap();
    let session = Kept::read(&file.path()).unwrap().0;
    assert!(matches!(late, Err(Error::Late { .. })), "{late:?}");
    let before = world.node().get_block_number().await.unwrap();
    match user::seed(&account, session, MOMENT).await {
        Err(error @ Error::Late { .. }) => {
            assert!(error.is_retryable() && error.to_string().contains(&session.to_string()), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.node().get_block_number().await.unwrap(), before);
    world.node().anvil_mine(Some(2), None).await.unwrap();
    let seed = user::seed(&account, session, MOMENT).await.unwrap();
    assert_eq!(world.market.session(world.node(), session).await.unwrap().seed, Some(seed));
    // Drawn already, by whomever.
    assert_eq!(user::seed(&account, session, MOMENT).await.unwrap(), seed);
}

/// The embedded devnet, where blocks come with transactions, is asked for them.
#[tokio::test]
async fn the_devnet_gives_the_blocks_that_a_seed_needs() {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let node = devnet.provider();
    let [author, provider, person] = [0, 1, 2].map(|index| devnet.accounts()[index].address());
    let made = deployment::deploy(&node, author, Parameters::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secret: [u8; 32] = hyperdust_devnet::account(2).to_bytes().0;
    let wallet = Wallet::import(folder.path(), "user", "a password", &secret).unwrap();
    let user = Account::of(Chain::over(node.clone()).await.unwrap(), made, wallet).await.unwrap();
    let market = &user.market;
    let send = async |from: Address, call: hyperdust_settlement::Call| {
        node.send_transaction(call.request(from)).await.unwrap().get_receipt().await.unwrap()
    };
    let program = B256::repeat_byte(0x11);
    send(author, market.add_program(program)).await;
    let asset = market.published(&send(author, market.publish_scene(&scene(Some(program))).unwrap()).await).unwrap();
    send(provider, market.register("tcp://127.0.0.1:5555", B256::repeat_byte(1)).unwrap()).await;
    send(provider, market.bond(NATIVE, coin(10_000)).unwrap()).await;
    send(provider, market.offer(asset, NATIVE, U256::from(7 * GWEI), true).unwrap()).await;
    let opening = Opening {
        provider,
        asset,
        currency: NATIVE,
        deposit: coin(1),
        signer: person,
        lanes: 3,
        max_price: U256::from(10 * GWEI),
        minting: true,
    };
    let (bought, _): (Bought, _) = user::buy(&user, &opening, scene(None).content, LONG, folder.path()).await.unwrap();
    let a = bought.agreement(&user).unwrap();
    assert_eq!(a.seed, bought.state.seed.map(|seed| seed.0));
    assert_eq!(a.lane_seed(2), Some(claim::lane_seed(&bought.state.seed.unwrap().0, 2)));
}

#[test]
fn books_are_read_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new");
    let domain = hyperdust_receipt::Domain { chain_id: 31, contract: hyperdust_receipt::Address([0xc0; 20]) };
    let session = B256::repeat_byte(9);
    let [user, provider] = [1, 2].map(|number| hyperdust_receipt::Key::from_secret(&[number; 32]).unwrap());
    let terms = Terms {
        domain,
        job: [7; 32],
        user: user.address(),
        provider: provider.address(),
        credit: 8.try_into().unwrap(),
    };
    let (mut ours, mut theirs) = (UserLedger::new(terms), ProviderLedger::new(terms));
    theirs.close(&[1; 32]).unwrap();
    let half = ours.sign(&user, &[1; 32]).unwrap();
    theirs.accept(&half).unwrap();
    let whole = theirs.countersign(&provider, &[2; 32]).unwrap();
    let half = Receipt { actions: half, outputs: None };
    let voucher = Voucher { session: session.0, units: 3, amount: 9, actions: [1; 32], outputs: [2; 32] };
    let voucher = Signed::new(voucher, &domain, &user);

    let kept = Kept::create(&folder, domain, session).unwrap();
    kept.write(&[Some(half), None], None).unwrap();
    assert_eq!(Kept::read(kept.path()).unwrap(), (session, vec![Some(half), None], None));
    kept.write(&[Some(whole), None], Some(&voucher)).unwrap();
    assert_eq!(Kept::read(kept.path()).unwrap(), (session, vec![Some(whole), None], Some(voucher)));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    // A chain that begins anew has the same sessions.
    let again = Kept::create(&folder, domain, session).unwrap();
    again.write(&[None], None).unwrap();
    assert_eq!(Kept::read(again.path()).unwrap(), (session, vec![None], None));
    let aside = folder.join(format!("{session}.1.json"));
    assert_eq!(Kept::read(&aside).unwrap(), (session, vec![Some(whole), None], Some(voucher)));
    std::fs::write(&aside, "{}").unwrap();
    assert!(matches!(Kept::read(&aside), Err(Error::File { .. })));
}
