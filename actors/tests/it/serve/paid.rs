//! Sessions that are paid on a chain, from the deposit to the last withdrawal: a real server and client, a companion that works for it, wallets, contracts on the
//! embedded chain, and on a real node. Nobody does by hand what the server and the companion are there for.

use std::{collections::BTreeMap, panic, path::Path, thread};

use alloy::primitives::U256;
use hyperdust_actors::{
    companion::watcher::Watcher,
    serve::{Config, Options, Server},
};
use hyperdust_gym::Seeds;
use hyperdust_receipt::claim;
use hyperdust_settlement::market::{NATIVE, Standing, Status};
use hyperdust_wire::{
    Code, Hex,
    client::{Client, ClientError, SignedSession},
    message::{Open, SigningRequest},
};

use super::{
    deeds::{self, Deed},
    house::House,
    town::{self, LANES, Node, PRICE, Town, coin, parameters},
};

fn steps(remote: &mut SignedSession, count: usize) {
    town::steps(remote, count).unwrap();
}

fn play(town: &Town, house: &House, session: alloy::primitives::B256) -> Result<SignedSession, ClientError> {
    town.play(&house.server().endpoints[0], &Default::default(), session)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ClientError>, code: Code, word: &str) {
    match answer {
        Err(ClientError::Refused(failure)) if failure.code == code => {
            assert!(failure.to_string().contains(word), "{failure}");
        }
        other => panic!("found {other:?}; accepted: {code}"),
    }
}

/// A companion at work until this holds; blocks come meanwhile.
fn accompany(town: &Town, house: &House, folder: &Path, mut done: impl FnMut(&mut Watcher<'_>) -> bool) {
    town.accompany(&house.server().endpoints[0], &Default::default(), folder, |watcher, turn| {
        assert!(turn.verdicts.iter().all(|(_, verdict)| verdict.is_ok()), "{turn:?}");
        done(watcher)
    });
}

/// What gas may differ by for a transaction: the bytes of a session's commitments, signatures and salts follow from its seed, which follows from the hash of a
/// block, and a byte of zero costs 12 gas less than another. Of 160 such bytes two claims have ten zeros more or less once in billions of times.
const BYTES: u64 = 10 * 12;

/// Everyone is paid on a real node, over HTTP and over WebSocket, and on the embedded chain; and everybody does the same on all three, for the same gas.
#[test]
fn everyone_is_paid_on_every_chain() {
    let chains = [("anvil, HTTP", Node::http as fn() -> Node), ("anvil, WS", Node::ws), ("devnet", Node::devnet)];
    // They wait for seconds of the server's more than they compute.
    let tables = thread::scope(|scope| {
        let running = chains.map(|(what, node)| (what, scope.spawn(move || everyone_is_paid(node()))));
        running.map(|(what, thread)| (what, thread.join().unwrap_or_else(|panic| panic::resume_unwind(panic))))
    });
    let (_, first) = &tables[0];
    for (who, deeds) in first {
        deeds.iter().for_each(|deed| println!("{who:>9} {deed}"));
    }
    for (what, table) in &tables[1..] {
        assert_eq!(table.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "{what}");
        for (who, deeds) in table {
            let kinds = |deeds: &[Deed]| deeds.iter().map(|deed| format!("{:?}", deed.kind())).collect::<Vec<_>>();
            assert_eq!(kinds(deeds), kinds(&first[who]), "{what}: {who}");
            for (here, there) in deeds.iter().zip(&first[who]) {
                let differs = here.receipt.gas_used.abs_diff(there.receipt.gas_used);
                assert!(differs <= BYTES, "{what}: {who}: {here}; {there}");
            }
        }
    }
}

/// What everybody did, in order; but a provider that is paid fetches its part and has the companion drawn in the same look, and which of the two comes first
/// depends on whether the block of the draw is there yet. The drawing is put first.
fn in_order(town: &Town) -> BTreeMap<&'static str, Vec<Deed>> {
    let mut all = deeds::all(town);
    let provider = all.get_mut("provider").unwrap();
    let at = |function| provider.iter().position(|deed| deed.function == function);
    let (fetched, drawn) = (at("withdraw").unwrap(), at("reward").unwrap());
    if drawn == fetched + 1 {
        provider.swap(fetched, drawn);
    }
    all
}

/// A session that mints: seeds are the chain's, every step is paid, the claim is the server's own doing, a companion attests, everybody has what is theirs, and
/// tokens are minted. In between the server ends and begins again, and so does the companion. Returns what everybody did.
fn everyone_is_paid(node: Node) -> BTreeMap<&'static str, Vec<Deed>> {
    let (town, folder) = (Town::on(node, "cartpole"), tempfile::tempdir().unwrap());
    let mut house = town.house(1_000);
    let session = town.opened(coin(7), true);
    let companion = town.account("companion");
    town.runtime.block_on(companion.send(&companion.market.join())).unwrap();

    let mut remote = play(&town, &house, session).unwrap();
    let seeds = remote.opened().signing.clone().unwrap().payment.unwrap().seeds.unwrap();
    let seed = town.state(session).seed.unwrap();
    assert_eq!(seeds, (0..u64::from(LANES)).map(|lane| claim::lane_seed(&seed.0, lane)).collect::<Vec<_>>());
    remote.reset(Seeds::Continue, None).unwrap();
    steps(&mut remote, 50);
    remote.close().unwrap();
    let paid = remote.voucher().unwrap().message;
    assert!(paid.units >= 50 * u64::from(LANES) && paid.amount == PRICE * u128::from(paid.units));
    // Nobody is served twice for one deposit.
    refused(play(&town, &house, session), Code::Forbidden, "served here before");

    // The companion commits while the provider waits; then that claims, and the companion attests.
    accompany(&town, &house, folder.path(), |watcher| {
        watcher.outbox().get(&format!("commit/{session}/0")).is_some_and(|record| record.state.over())
    });
    assert_eq!(town.state(session).status, Status::Open);
    drop(house);
    house = town.house(0);
    town.until("the claim", || town.state(session).status == Status::Claimed);
    let attestations = || town.runtime.block_on(companion.market.attestations(&town.node, session)).unwrap();
    accompany(&town, &house, folder.path(), |_| attestations() == U256::ONE);

    town.later(parameters().window + 1);
    town.until("the end", || town.state(session).status == Status::Ended);
    let amount = U256::from(paid.amount);
    let burnt = (amount * U256::from(5)).div_ceil(U256::from(100));
    let pot = (amount - burnt) / U256::from(10);
    let author = (amount - burnt - pot) * U256::from(3) / U256::from(10);
    accompany(&town, &house, folder.path(), |watcher| {
        let fetched = watcher.outbox().get(&format!("withdraw/Sessions/{NATIVE}/0"));
        fetched.is_some_and(|record| record.state.over())
    });
    town.until("the provider's withdrawal", || town.owed("provider").is_zero());
    assert_eq!((town.owed("author"), town.owed("user")), (author, coin(7) - amount));
    let tokens = |town: &Town| {
        let provider = town.account("provider");
        town.runtime.block_on(provider.market.tokens(&town.node, provider.address())).unwrap()
    };
    assert!(tokens(&town).is_zero());
    town.later(2 * parameters().epoch);
    town.until("tokens", || tokens(&town) == parameters().emission);
    drop(house);
    in_order(&town)
}

/// What the chain says otherwise of is not served, and says why; a reset with a seed that wasn't drawn is none, and nothing goes on unpaid.
#[test]
fn what_the_chain_does_not_say_is_not_served() {
    let town = Town::new("cartpole");
    let house = town.house(0);
    let session = town.opened(coin(7), true);
    let ask = |change: &dyn Fn(&mut Open)| {
        let client = Client::connect(&house.server().endpoints[0], &Default::default()).unwrap();
        let mut open = town.open(session);
        change(&mut open);
        client.open(open).map(drop)
    };
    refused(ask(&|open| open.num_envs = 2), Code::Invalid, "num_envs");
    refused(ask(&|open| open.scene = "pendulum".into()), Code::Invalid, "asset");
    // All the world sees what was opened: whoever is not the user, or shows something else that the user signed, begins nothing in its name.
    let domain = town.deployment.domain();
    let [user, stranger] = ["user", "companion"].map(|name| town.account(name).wallet.key().unwrap());
    let proof = |proof: Option<Hex<65>>| move |open: &mut Open| open.signing.as_mut().unwrap().proof = proof;
    refused(ask(&proof(None)), Code::Invalid, "signing.proof");
    let other = SigningRequest::paying(session.0, 8, &domain, &stranger).proof;
    refused(ask(&proof(other)), Code::Forbidden, "signing.proof");
    let other = SigningRequest::paying([9; 32], 8, &domain, &user).proof;
    refused(ask(&proof(other)), Code::Forbidden, "signing.proof");
    refused(ask(&proof(Some(Hex([0; 65])))), Code::Forbidden, "signing.proof");
    let as_stranger = SigningRequest::paying(session.0, 8, &domain, &stranger);
    refused(ask(&|open: &mut Open| open.signing = Some(as_stranger.clone())), Code::Forbidden, "user");
    let nowhere = SigningRequest::paying([9; 32], 8, &domain, &user);
    refused(ask(&|open: &mut Open| open.signing = Some(nowhere.clone())), Code::NotFound, "no session");

    let mut remote = play(&town, &house, session).unwrap();
    assert!(remote.session().reset(Seeds::First(1), None).is_err(), "a seed of the user's own");
    remote.reset(Seeds::Continue, None).unwrap();
    steps(&mut remote, 10);
}

/// A server whose settings are wrong says which, and begins nothing.
#[test]
fn wrong_settings_are_told() {
    let town = Town::new("cartpole");
    let wrong = [
        ((|config| config.settlement.wallet = "nobody".into()) as fn(&mut Config), "nobody"),
        (|config| config.settlement.wallet = "author".into(), "password"),
        (|config| config.settlement.deployment = "nowhere.json".into(), "nowhere.json"),
        (|config| config.settlement.chain = Some("http://127.0.0.1:1".into()), "node"),
        (|config| config.settlement.programs = Some("nowhere".into()), "nowhere"),
    ];
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("password"), "another one\n").unwrap();
    for (change, word) in wrong {
        let mut config = House::config(town.folder.path());
        town::settle(&mut config, town.folder.path(), &town.url);
        change(&mut config);
        if word == "password" {
            config.settlement.password_file = Some(other.path().join("password"));
        }
        let said = Server::start(config, Options::default()).map(drop).unwrap_err().to_string();
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// A user that wants its money back has the session ended and the rest returned; one that never paid has all of it.
#[test]
fn a_user_leaves_on_the_chain() {
    let town = Town::new("cartpole");
    let house = town.house(1_000);
    let (used, unused) = (town.opened(coin(7), false), town.opened(coin(5), false));
    let user = town.account("user");
    let mut remote = play(&town, &house, used).unwrap();
    let _idle = play(&town, &house, unused).unwrap();
    remote.reset(Seeds::First(1), None).unwrap();
    steps(&mut remote, 40);
    remote.settle().unwrap();
    let paid = U256::from(remote.voucher().unwrap().message.amount);
    for session in [used, unused] {
        town.runtime.block_on(user.send(&user.market.close(session))).unwrap();
    }
    town.until("the claim", || town.state(used).status == Status::Claimed);
    town.until("the refund", || town.state(unused).status == Status::Ended);
    assert_eq!(town.owed("user"), coin(5));
    town.later(parameters().window + 1);
    town.until("the end", || town.state(used).status == Status::Ended);
    // Where nobody attested, the companions' tenth is the user's.
    assert_eq!(town.owed("user"), coin(5) + coin(7) - paid + paid / U256::from(10));
    assert!(remote.session().reset(Seeds::Continue, None).is_err());
}

/// Whoever asks for what a claim was computed from is answered by the server itself: for the first segment, one in the middle, the last, and past the end.
#[test]
fn questions_about_inputs_are_answered() {
    let town = Town::new("cartpole");
    let house = town.house(0);
    let session = town.opened(coin(7), false);
    let mut remote = play(&town, &house, session).unwrap();
    remote.reset(Seeds::First(3), None).unwrap();
    steps(&mut remote, 60);
    remote.close().unwrap();
    town.until("the claim", || town.state(session).status == Status::Claimed);
    let stranger = town.account("companion");
    let asked = [(0, 0, 0), (1, 3, 0), (2, 7, 0), (0, 60, 0), (1, 2, 9)];
    for (lane, segment, chunk) in asked {
        let call = stranger.market.ask(session, lane, segment, chunk);
        town.runtime.block_on(stranger.send(&call)).unwrap();
    }
    town.until("answers", || {
        let questions = town.runtime.block_on(stranger.market.questions(&town.node, session)).unwrap();
        assert_eq!(questions.len(), asked.len());
        questions.iter().all(|question| matches!(question.standing, Standing::Answered(_)))
    });
    town.later(parameters().window + 1);
    town.until("the end", || town.state(session).status == Status::Ended);
}

/// What nobody begins is given back, for it ties a part of the bond; from then on it can't be begun.
#[test]
fn what_nobody_begins_is_given_back() {
    let town = Town::new("cartpole");
    let begun = town.opened(coin(7), false);
    let idle = town.opened(coin(5), false);
    let house = town.house(0);
    let mut remote = play(&town, &house, begun).unwrap();
    remote.reset(Seeds::First(1), None).unwrap();
    steps(&mut remote, 20);
    remote.settle().unwrap();
    drop(house);
    // The next one has no patience, and finds both.
    let house = town.house_with(|config| config.settlement.begin = 0);
    town.until("the refund", || town.state(idle).status == Status::Ended);
    assert_eq!(town.owed("user"), coin(5));
    refused(play(&town, &house, idle), Code::Invalid, "not open");
    assert_eq!(town.state(begun).status, Status::Open, "what has begun goes on");
}
