//! Keepers find out by themselves what there is to do, and do it once, wherever their processes end.
//!
//! A provider and a companion each have a keeper, an outbox and a sender; nobody tells them anything but what they computed. Where the claim is true they commit,
//! claim, attest, finalise, draw and are paid; where it is a lie, they play its dispute to the end. One of the two is a child process that ends itself (as `kill -9`
//! would) at one point after the other: before and after everything that a keeper, a sender or an outbox waits for. Its successor finds the same folder and
//! chain. In the end the session is over, everybody has what is theirs, and nothing was done twice.

use std::{
    cell::RefCell,
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy::{
    primitives::{B256, U256},
    providers::ext::AnvilApi,
};
use hyperdust_receipt::{Signed, Voucher};
use hyperdust_settlement::{
    Account, Chain, Deployment, POINTS, Wallet,
    bindings::{Companions, Sessions},
    dispute::Lanes,
    keeper::{Evidence, Failed, Keeper, Options, Records, Watched, Work},
    market::{NATIVE, Purse, SessionState, Status},
    outbox::{self, Failure, Ledger, Outbox, State},
    sender::{self, Sender},
};

use crate::{
    anvil::{Anvil, later},
    arena::job::{Job, View},
    endings::LIE,
    programs,
    table::{Mind, deposit},
    world::{GWEI, World, coin},
};

const FOLDER: &str = "HYPERDUST_KEEPERS_FOLDER";
const CHAIN: &str = "HYPERDUST_KEEPERS_CHAIN";
const CASE: &str = "HYPERDUST_KEEPERS_CASE";
const POINT: &str = "HYPERDUST_KEEPERS_POINT";
pub const PASSWORD: &str = "a password of a test";
const UNITS: u64 = 500_000;

/// A session, and which of the two this process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Case {
    pub session: B256,
    pub provider: bool,
    pub lie: bool,
}

/// What one of the two computed: lane 0 truly, lane 1 as it sees it.
struct Toy {
    case: Case,
    views: [View; 2],
    claimed: Arc<Lanes>,
    voucher: Signed<Voucher>,
    /// There when the companion has committed: what a provider's patience is for.
    ready: PathBuf,
    /// Whether nothing is given to it.
    blind: bool,
    over: Rc<RefCell<bool>>,
}

impl Records for Toy {
    type Knowledge = Mind;

    fn sessions(&mut self) -> Result<Vec<B256>, Failed> {
        Ok(if *self.over.borrow() { Vec::new() } else { vec![self.case.session] })
    }

    fn knowledge(&mut self, _: B256, lane: u32) -> Result<Mind, Failed> {
        Ok(Mind::of(&self.views[lane as usize]))
    }

    fn evidence(&mut self, _: B256, _: u32, _: u32) -> Result<Option<Evidence>, Failed> {
        Ok(None)
    }

    fn over(&mut self, _: B256) -> Result<(), Failed> {
        *self.over.borrow_mut() = true;
        Ok(())
    }

    fn work(&mut self, _: B256, _: &SessionState, _: bool) -> Result<Work, Failed> {
        Ok(if self.ready.exists() { Work::Done(self.claimed.clone(), self.voucher.into()) } else { Work::Going })
    }

    fn watched(&mut self, session: B256, _: &SessionState) -> Result<Watched, Failed> {
        if self.blind {
            return Ok(Watched { missing: true, ..Watched::default() });
        }
        let own = Lanes::of(session, self.views.each_ref().map(|view| &view.graph));
        let own = Some((own.into(), B256::repeat_byte(0x5a)));
        Ok(Watched { own, claimed: Some(self.claimed.clone()), missing: false })
    }
}

/// One of the two, with all that it needs to act.
pub struct Party {
    case: Case,
    account: Account,
    keeper: Keeper<Toy>,
    sender: Sender,
    pub outbox: Outbox,
    over: Rc<RefCell<bool>>,
}

impl Party {
    async fn open(folder: &Path, url: &str, case: Case) -> Self {
        let name = if case.provider { "provider" } else { "companion" };
        Self::open_as(folder, url, case, name, Options::default()).await
    }

    /// The same with a wallet and options of its own. To one that demands inputs nothing is given.
    pub async fn open_as(folder: &Path, url: &str, case: Case, name: &str, options: Options) -> Self {
        let wallet = Wallet::open(&folder.join("wallets"), name, PASSWORD).unwrap();
        let deployment = Deployment::read(&folder.join("deployment.json")).unwrap();
        let account = Account::of(Chain::connect(url).await.unwrap(), deployment, wallet).await.unwrap();
        let job = Job::new();
        let (truth, lie) = (job.truth.clone(), job.lie(LIE.0, LIE.1));
        let claimed = if case.lie { lie } else { truth.clone() };
        let lanes = Lanes::of(case.session, [&truth.graph, &claimed.graph]);
        let amount = u128::from(UNITS) * u128::from(10 * GWEI);
        let message =
            Voucher { session: case.session.0, units: UNITS, amount, actions: [0xaa; 32], outputs: [0x0b; 32] };
        let user = hyperdust_receipt::Key::from_secret(&[4; 32]).unwrap();
        let voucher = Signed::new(message, &account.market.deployment().domain(), &user);
        let over = Rc::<RefCell<bool>>::default();
        let own = if case.provider { claimed } else { truth.clone() };
        let toy = Toy {
            case,
            views: [truth, own],
            claimed: lanes.into(),
            voucher,
            ready: folder.join(format!("{} ready", case.session)),
            blind: options.demands,
            over: over.clone(),
        };
        let ledger = Ledger::open(&folder.join(format!("{} {name}", case.session))).unwrap();
        let of = outbox::Account { chain: account.chain.id(), address: account.address() };
        let outbox = Outbox::open(&ledger, of).unwrap();
        let sending = sender::Options { confirmations: 2, patience: 4, ..Default::default() };
        let signer = Arc::new(account.wallet.signer());
        let sender = Sender::new(account.node().clone(), signer, outbox.clone(), sending).unwrap();
        let keeper = Keeper::new(account.clone(), outbox.clone(), toy, options);
        Self { case, account, keeper, sender, outbox, over }
    }

    /// Looks once, and sends what there is to send; whether nothing is left to do.
    pub async fn turn(&mut self) -> bool {
        let failed = if self.case.provider { self.keeper.provide().await } else { self.keeper.accompany().await };
        // A block may come between two questions.
        let passes = |failed: &Failed| matches!(failed, Failed::Chain(error) if error.is_retryable());
        let failed = failed.unwrap();
        assert!(failed.iter().all(|(_, failed)| passes(failed)), "{failed:?}");
        self.keeper.fetch(NATIVE).await.unwrap();
        self.keeper.mint().await.unwrap();
        self.sender.pass().await.unwrap();
        *self.over.borrow() && self.outbox.pending() == 0 && self.owed().await.is_zero()
    }

    async fn owed(&self) -> U256 {
        let mut owed = U256::ZERO;
        for purse in Purse::ALL {
            let account = &self.account;
            owed += account.market.owed(account.node(), purse, NATIVE, account.address()).await.unwrap();
        }
        owed
    }
}

/// Not a test by itself: what the tests below start.
#[test]
fn the_child() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let scenario = fail::FailScenario::setup();
    if let Ok(point) = env::var(POINT) {
        let (point, hit) = point.rsplit_once('#').unwrap();
        let (hits, hit) = (AtomicU64::new(0), hit.parse::<u64>().unwrap());
        let end = move || {
            if hits.fetch_add(1, Ordering::SeqCst) + 1 == hit {
                std::process::abort();
            }
        };
        fail::cfg_callback(point, end).unwrap();
    }
    let case = serde_json::from_str(&env::var(CASE).unwrap()).unwrap();
    let url = env::var(CHAIN).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let mut party = Party::open(&folder, &url, case).await;
        while !party.turn().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    scenario.teardown();
}

fn child(folder: &Path, url: &str, case: Case, point: Option<&str>) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "keepers::the_child", "--nocapture"]).stdin(Stdio::null()).stdout(Stdio::null());
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("child.log")).unwrap();
    command.stderr(log).env(FOLDER, folder).env(CHAIN, url).env(CASE, serde_json::to_string(&case).unwrap());
    match point {
        Some(point) => command.env(POINT, point),
        None => command.env_remove(POINT),
    };
    command.spawn().unwrap()
}

const SIGABRT: i32 = 6;

/// A chain with a market, and the wallets of the two in a folder.
pub struct Stage {
    pub w: World,
    pub asset: u64,
    pub folder: tempfile::TempDir,
    pub url: String,
    _anvil: Anvil,
}

impl Stage {
    pub async fn set() -> Self {
        let anvil = Anvil::start();
        let url = anvil.http();
        let mut w = World::start(&url).await;
        w.program = hyperdust_proof::machine::layout::image_root(&programs::adder()).unwrap().into();
        let asset = w.stocked().await;
        w.send(|w| &w.provider, w.market.bond(NATIVE, coin(80_000)).unwrap()).await.unwrap();
        w.send(|w| &w.companion, w.market.join()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        w.market.deployment().write(&folder.path().join("deployment.json")).unwrap();
        let wallets = folder.path().join("wallets");
        Wallet::import(&wallets, "provider", PASSWORD, &[3; 32]).unwrap();
        Wallet::import(&wallets, "companion", PASSWORD, &[5; 32]).unwrap();
        Self { w, asset, folder, url, _anvil: anvil }
    }

    /// A session from its opening until nothing is left to do. `child` is the provider or the companion, and ends at `point`. Whether it did.
    async fn play(&mut self, lie: bool, provider: bool, point: Option<&str>) -> bool {
        let mut opening = self.w.opening(self.asset, deposit());
        opening.minting = true;
        let open = self.w.market.open(&opening).unwrap();
        let session = self.w.opened(|w| &w.user, open).await;
        let case = Case { session, provider, lie };
        let folder = self.folder.path().to_owned();
        let mut process = child(&folder, &self.url, case, point);
        let mut other = Party::open(&folder, &self.url, Case { provider: !provider, ..case }).await;
        let (mut ended, mut done) = (false, false);
        for _ in 0..3_000 {
            let here = other.turn().await;
            self.w.node().evm_mine(None).await.unwrap();
            if !done && let Some(status) = process.try_wait().unwrap() {
                match status.signal() {
                    Some(SIGABRT) => {
                        assert!(!ended, "it ended twice");
                        ended = true;
                        process = child(&folder, &self.url, case, None);
                    }
                    _ => {
                        let log = fs::read_to_string(folder.join("child.log")).unwrap();
                        assert!(status.success(), "{point:?}: {log}");
                        done = true;
                    }
                }
            }
            if done && here {
                self.check(&other, case).await;
                return ended;
            }
            self.go_on(case).await;
        }
        panic!("{point:?}: not over: {:#?}", other.outbox.all());
    }

    /// Lets time pass where everybody waits for it: patience until the companion has committed, then the window.
    async fn go_on(&self, case: Case) {
        let (market, node) = (&self.w.market, self.w.node());
        let a = market.deployment().addresses;
        let state = market.session(node, case.session).await.unwrap();
        let ready = self.folder.path().join(format!("{} ready", case.session));
        if !ready.exists() {
            let contract = Companions::new(a.companions, node);
            let fixed = contract.commitmentOf(case.session, self.w.companion.address).call().await.unwrap();
            if !fixed.is_zero() {
                fs::write(&ready, "").unwrap();
            }
        }
        let attested = !market.attestations(node, case.session).await.unwrap().is_zero();
        if state.status == Status::Claimed && attested && !case.lie {
            later(node, market.deployment().parameters.window + 1).await;
        }
    }

    /// Each act is on the chain once, and what it led to is what the session has to come to.
    async fn check(&self, other: &Party, case: Case) {
        let (market, node) = (&self.w.market, self.w.node());
        let state = market.session(node, case.session).await.unwrap();
        assert_eq!((state.status, state.games), (Status::Ended, 0));
        let sessions = Sessions::new(market.deployment().addresses.sessions, node);
        let claims = sessions.Claimed_filter().topic1(case.session).from_block(0).query().await.unwrap();
        let rewards = sessions.Rewarded_filter().topic1(case.session).from_block(0).query().await.unwrap();
        let paid = sessions.Paid_filter().topic1(case.session).from_block(0).query().await.unwrap();
        assert_eq!((claims.len(), rewards.len(), paid.len()), (1, usize::from(!case.lie), usize::from(!case.lie)));
        let games = market.games(node, case.session, market.deployment().block).await.unwrap();
        assert_eq!(games.iter().filter(|game| game.collected).count(), usize::from(case.lie));
        // What came of nothing was done by somebody else first: anyone may finalise, draw, or prove the last step.
        for record in other.outbox.all() {
            let good = match &record.state {
                State::Final { .. } => true,
                State::Failed(
                    Failure::Reverted { .. } | Failure::Foreseen { .. } | Failure::Overtaken { .. } | Failure::Unwanted,
                ) => ["finalise/", "reward/", "draw/", "game/"].iter().any(|kind| record.intent.key.starts_with(kind)),
                _ => false,
            };
            assert!(good, "{record:#?}");
        }
    }
}

pub fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// At every point of a keeper, of a put and of sending; of the others, which `sending` goes through, every twelfth, or all with HYPERDUST_KEEPERS=all.
fn every_point(provider: bool, lie: bool, first: usize) {
    run(async {
        let step = if env::var("HYPERDUST_KEEPERS").is_ok_and(|all| all == "all") { 1 } else { 12 };
        let mut stage = Stage::set().await;
        let (mut ended, mut reached) = (0, 0);
        for (number, point) in POINTS.iter().enumerate() {
            let always = ["keeper", "ledger put", "rpc eth_sendRaw"].iter().any(|kind| point.starts_with(kind));
            let mine = always || number % step == first % step;
            if !mine {
                continue;
            }
            let died = stage.play(lie, provider, Some(&format!("{point}#1"))).await;
            ended += usize::from(died);
            let needed = point.starts_with("keeper")
                && !point.contains("questions")
                && !point.contains("burnt")
                && (lie || !point.contains("games"));
            reached += usize::from(needed);
            assert!(died || !needed, "{point} was not reached");
            // Later, in the middle of something.
            if step == 1 || point.contains("session") || point.contains("eth_sendRaw") {
                ended += usize::from(stage.play(lie, provider, Some(&format!("{point}#7"))).await);
            }
        }
        println!("ended {ended} times, at {reached} of a keeper's points at least");
        assert!(ended >= reached);
    });
}

#[test]
fn a_lying_provider_may_end_at_every_point() {
    every_point(true, true, 0);
}

#[test]
fn a_companion_that_disputes_may_end_at_every_point() {
    every_point(false, true, 1);
}

#[test]
fn a_provider_that_is_paid_may_end_at_every_point() {
    every_point(true, false, 2);
}

#[test]
fn a_companion_that_attests_may_end_at_every_point() {
    every_point(false, false, 3);
}
