//! Sessions that are paid on a chain, from the deposit to the last withdrawal: a real server and client, a companion that works for it, wallets, contracts on the
//! embedded chain. Nobody does by hand what the server and the companion are there for.

use std::{path::Path, thread, time::Duration};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};
use hyperdust_actors::{
    Program, SEGMENT,
    companion::watcher::{Settings, Watcher},
    serve::Options,
    trial,
};
use hyperdust_devnet::{Devnet, Genesis, Served};
use hyperdust_gym::{AutoresetMode, Seeds};
use hyperdust_receipt::{Agreement, claim};
use hyperdust_settlement::{
    Account, Chain, Deployment, Wallet,
    deployment::{Parameters, deploy},
    market::{NATIVE, Opening, Purse, Scene, SessionState, Standing, Status},
};
use hyperdust_wire::{
    Code, Hex,
    client::{Client, ClientError, SignedSession},
    message::{Open, SigningRequest},
};

use super::house::{Actions, House, recorded};

const PASSWORD: &str = "a password of a test";
const LANES: u32 = 3;
const EVERY: u32 = 8;
/// Wei of a unit: the author's part and the provider's.
const PRICES: [u64; 2] = [3_000_000_000, 7_000_000_000];
const PRICE: u128 = (PRICES[0] + PRICES[1]) as u128;

/// Times that the blocks of these tests don't use up: each is a second later than the last, however quickly they come.
fn parameters() -> Parameters {
    Parameters { window: 100_000, closing: 100_000, answer: 50_000, epoch: 200_000, ..Parameters::trial() }
}

fn coin(thousandths: u64) -> U256 {
    U256::from(thousandths) * U256::from(1_000_000_000_000_000_u64)
}

/// A chain with a market, people with wallets, and a scene that is published and offered.
struct Town {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    served: Served,
    node: DynProvider,
    deployment: Deployment,
    asset: u64,
    content: [u8; 32],
}

impl Town {
    fn new(scene: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let devnet = Devnet::in_memory(Genesis::default()).unwrap();
        let (node, rich) = (devnet.provider(), devnet.accounts()[0].address());
        let served = devnet.serve("127.0.0.1:0".parse().unwrap()).unwrap();
        let model = trial::model(scene).unwrap();
        let content = model.id().0;
        let deployment = runtime.block_on(async {
            let chain = Chain::over(node.clone()).await.unwrap();
            let signing = chain.signing(devnet.accounts()[0].clone().into());
            deploy(&signing, rich, parameters()).await.unwrap()
        });
        deployment.write(&folder.path().join("deployment.json")).unwrap();
        let mut town = Self { runtime, folder, served, node, deployment, asset: 0, content };
        for name in ["author", "provider", "user", "companion"] {
            let wallet = Wallet::create(&town.folder.path().join("wallets"), name, PASSWORD).unwrap();
            town.give(rich, wallet.address(), coin(100_000));
        }
        std::fs::write(town.folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        let program = B256::from(Program::committed(SEGMENT).unwrap().root);
        let published = Scene {
            package: B256::repeat_byte(0x22),
            content: content.into(),
            program: Some(program),
            price: U256::from(PRICES[0]),
            pass: None,
            uri: "ipfs://scene".into(),
        };
        let (author, provider) = (town.account("author"), town.account("provider"));
        town.asset = town.runtime.block_on(async {
            let market = &author.market;
            author.send(&market.add_program(program)).await.unwrap();
            let receipt = author.send(&market.publish_scene(&published).unwrap()).await.unwrap();
            let asset = market.published(&receipt).unwrap();
            let register = market.register("tcp://127.0.0.1:5555", B256::repeat_byte(0xc0)).unwrap();
            provider.send(&register).await.unwrap();
            provider.send(&market.bond(NATIVE, coin(20_000)).unwrap()).await.unwrap();
            provider.send(&market.offer(asset, NATIVE, U256::from(PRICES[1]), true).unwrap()).await.unwrap();
            asset
        });
        town
    }

    fn give(&self, from: Address, to: Address, amount: U256) {
        let request = TransactionRequest::default().with_from(from).with_to(to).with_value(amount);
        self.runtime.block_on(async {
            assert!(self.node.send_transaction(request).await.unwrap().get_receipt().await.unwrap().status());
        });
    }

    fn account(&self, name: &str) -> Account {
        let wallet = Wallet::open(&self.folder.path().join("wallets"), name, PASSWORD).unwrap();
        self.runtime.block_on(async {
            let chain = Chain::over(self.node.clone()).await.unwrap();
            Account::of(chain, self.deployment.clone(), wallet).await.unwrap()
        })
    }

    /// A server that is paid here, with its data in the town's folder: another one goes on where the last has ended.
    fn house(&self, patience: u64) -> House {
        let change = |config: &mut hyperdust_actors::serve::Config| {
            self.settle(config);
            config.settlement.patience = patience;
            config.data = self.folder.path().join("data");
        };
        House::new(change, Options::default())
    }

    fn settle(&self, config: &mut hyperdust_actors::serve::Config) {
        let folder = self.folder.path();
        config.settlement.chain = Some(self.served.url());
        config.settlement.deployment = folder.join("deployment.json");
        config.settlement.wallet = "provider".into();
        config.settlement.wallets = Some(folder.join("wallets"));
        config.settlement.password_file = Some(folder.join("password"));
        (config.settlement.patience, config.settlement.look, config.settlement.confirmations) = (0, 1, 2);
        config.signing.every = EVERY;
    }

    /// A session of the user's on the chain, with its seed where it mints.
    fn opened(&self, deposit: U256, minting: bool) -> B256 {
        let user = self.account("user");
        let opening = Opening {
            provider: self.account("provider").address(),
            asset: self.asset,
            currency: NATIVE,
            deposit,
            signer: user.address(),
            lanes: LANES,
            max_price: U256::from(PRICE),
            minting,
        };
        self.runtime.block_on(async {
            let receipt = user.send(&user.market.open(&opening).unwrap()).await.unwrap();
            let session = user.market.opened(&receipt).unwrap();
            if minting {
                self.mine(2).await;
                user.send(&user.market.draw(session)).await.unwrap();
            }
            session
        })
    }

    async fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            let _: serde_json::Value = self.node.raw_request("evm_mine".into(), ()).await.unwrap();
        }
    }

    async fn later(&self, seconds: u64) {
        let _: serde_json::Value = self.node.raw_request("evm_increaseTime".into(), (seconds,)).await.unwrap();
        self.mine(1).await;
    }

    fn state(&self, session: B256) -> SessionState {
        let account = self.account("user");
        self.runtime.block_on(account.market.session(&self.node, session)).unwrap()
    }

    /// Blocks come until this holds.
    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..600 {
            if holds() {
                return;
            }
            self.runtime.block_on(self.mine(1));
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not come to this: {what}");
    }

    fn owed(&self, name: &str) -> U256 {
        let account = self.account(name);
        let owed = account.market.owed(&self.node, Purse::Sessions, NATIVE, account.address());
        self.runtime.block_on(owed).unwrap()
    }

    fn agreement(&self, session: B256) -> Agreement {
        let state = self.state(session);
        Agreement {
            domain: self.deployment.domain(),
            session: session.0,
            user: hyperdust_receipt::Address(state.signer.0.0),
            provider: hyperdust_receipt::Address(state.provider.0.0),
            content: self.content,
            lanes: state.lanes,
            price: state.price.to(),
            deposit: state.deposit.to(),
            seed: state.seed.map(|seed| seed.0),
        }
    }

    fn open(&self, session: B256) -> Open {
        let key = self.account("user").wallet.key().unwrap();
        let signing = SigningRequest::paying(session.0, 1000, &self.deployment.domain(), &key);
        Open { signing: Some(signing), ..recorded("cartpole", LANES as usize, AutoresetMode::NextStep) }
    }

    /// The user's end of it on a server.
    fn play(&self, house: &House, session: B256) -> Result<SignedSession, ClientError> {
        let client = Client::connect(&house.server().endpoints[0], &Default::default()).unwrap();
        let remote = client.open(self.open(session))?;
        let (key, agreement) = (self.account("user").wallet.key().unwrap(), self.agreement(session));
        SignedSession::paying(remote, key, Box::new(|_| Ok(())), agreement, agreement.deposit)
    }
}

/// Steps of random actions.
fn steps(remote: &mut SignedSession, count: usize) {
    let mut actions = Actions::new(remote.opened(), 5);
    for _ in 0..count {
        let drawn = actions.draw();
        remote.step(&drawn.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    }
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
    let account = town.account("companion");
    let key = account.wallet.key().unwrap();
    let connect = Box::new(|| Ok(Client::connect(&house.server().endpoints[0], &Default::default())?));
    let provider = Some(town.account("provider").address());
    let settings = Settings { provider, defend: true, confirmations: 2, threads: std::num::NonZeroUsize::MIN };
    let mut watcher = Watcher::new(account, &key, connect, folder, None, settings).unwrap();
    let handle = town.runtime.handle().clone();
    town.until("the companion is done", || {
        let turn = watcher.turn(&handle, &|_, _| {}).unwrap();
        assert!(turn.verdicts.iter().all(|(_, verdict)| verdict.is_ok()), "{turn:?}");
        done(&mut watcher)
    });
}

/// A session that mints: seeds are the chain's, every step is paid, the claim is the server's own doing, a companion attests, everybody has what is theirs, and
/// tokens are minted. In between the server ends and begins again, and so does the companion.
#[test]
fn everyone_is_paid() {
    let (town, folder) = (Town::new("cartpole"), tempfile::tempdir().unwrap());
    let mut house = town.house(1_000);
    let session = town.opened(coin(7), true);
    let companion = town.account("companion");
    town.runtime.block_on(companion.send(&companion.market.join())).unwrap();

    let mut remote = town.play(&house, session).unwrap();
    let seeds = remote.opened().signing.clone().unwrap().payment.unwrap().seeds.unwrap();
    let seed = town.state(session).seed.unwrap();
    assert_eq!(seeds, (0..u64::from(LANES)).map(|lane| claim::lane_seed(&seed.0, lane)).collect::<Vec<_>>());
    remote.reset(Seeds::Continue, None).unwrap();
    steps(&mut remote, 50);
    remote.close().unwrap();
    let paid = remote.voucher().unwrap().message;
    assert!(paid.units >= 50 * u64::from(LANES) && paid.amount == PRICE * u128::from(paid.units));
    // Nobody is served twice for one deposit.
    refused(town.play(&house, session), Code::Forbidden, "served here before");

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

    town.runtime.block_on(town.later(parameters().window + 1));
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
    town.runtime.block_on(town.later(2 * parameters().epoch));
    town.until("tokens", || tokens(&town) == parameters().emission);
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

    let mut remote = town.play(&house, session).unwrap();
    assert!(remote.session().reset(Seeds::First(1), None).is_err(), "a seed of the user's own");
    remote.reset(Seeds::Continue, None).unwrap();
    steps(&mut remote, 10);
}

/// A user that wants its money back has the session ended and the rest returned; one that never paid has all of it.
#[test]
fn a_user_leaves_on_the_chain() {
    let town = Town::new("cartpole");
    let house = town.house(1_000);
    let (used, unused) = (town.opened(coin(7), false), town.opened(coin(5), false));
    let user = town.account("user");
    let mut remote = town.play(&house, used).unwrap();
    let _idle = town.play(&house, unused).unwrap();
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
    town.runtime.block_on(town.later(parameters().window + 1));
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
    let mut remote = town.play(&house, session).unwrap();
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
    town.runtime.block_on(town.later(parameters().window + 1));
    town.until("the end", || town.state(session).status == Status::Ended);
}

/// What nobody begins is given back, for it ties a part of the bond; from then on it can't be begun.
#[test]
fn what_nobody_begins_is_given_back() {
    let town = Town::new("cartpole");
    let begun = town.opened(coin(7), false);
    let idle = town.opened(coin(5), false);
    let house = town.house(0);
    let mut remote = town.play(&house, begun).unwrap();
    remote.reset(Seeds::First(1), None).unwrap();
    steps(&mut remote, 20);
    remote.settle().unwrap();
    drop(house);
    // The next one has no patience, and finds both.
    let change = |config: &mut hyperdust_actors::serve::Config| {
        town.settle(config);
        config.settlement.begin = 0;
        config.data = town.folder.path().join("data");
    };
    let house = House::new(change, Options::default());
    town.until("the refund", || town.state(idle).status == Status::Ended);
    assert_eq!(town.owed("user"), coin(5));
    refused(town.play(&house, idle), Code::Invalid, "not open");
    assert_eq!(town.state(begun).status, Status::Open, "what has begun goes on");
}
