//! A server that is paid ends anywhere, as `kill -9` would end it, and everything is paid once.
//!
//! The server is a process of its own; this one is its user, its companion and the chain. At one point after the other, before and after everything that its keeper,
//! its sender or its outbox waits for, the server ends, and another one finds its folder. Meanwhile sessions are opened, played and paid, left by their users or
//! not, claimed, asked about, attested, finalised, fetched and minted for. What is claimed is what the user knows to be paid, or the voucher that was on its way.
//! In the end nothing is left in the contracts, each act is on the chain once, and coin is where receipts say. It takes two minutes, most of them spent waiting for
//! servers that look at the chain once a second.

mod process;

use std::{path::Path, sync::Arc, time::Duration};

use alloy::{
    consensus::Transaction,
    primitives::{B256, U256},
    providers::Provider,
};
use hyperdust_gym::Seeds;
use hyperdust_settlement::{
    POINTS,
    bindings::Sessions,
    market::{NATIVE, Purse, Standing, Status, coin_sent, cost},
    outbox::{self, Failure, Ledger, Outbox, State},
    sender::{self, Sender},
};
use hyperdust_wire::client::{self, ClientError, SignedSession};

use super::{
    anvil, deeds,
    town::{self, EVERY, Town, coin, parameters},
};
use process::{Mortal, endpoint};

/// Seconds that a server waits where it must not get tired of it: for companions, or for users.
const LONG: u64 = 100_000;
/// Seconds that it waits for a user to come back, where one closes its session at the server: a server that ends just then may not have written that down.
const WHILE: u64 = 5;
/// How often a server ends in one part of a session, at most.
const ENDS: usize = 2;
/// Points that a server comes to at every look, whatever happens.
const LOOKS: [&str; 5] = ["keeper latest", "keeper session", "keeper owed", "keeper epoch", "keeper burnt"];
/// Points around questions.
const QUESTIONS: [&str; 2] = ["keeper games", "keeper questions"];
/// Points that it comes to where it does something.
const DEEDS: [&str; 4] = ["ledger", "rpc eth_sendRaw", "signer", "rpc"];
/// Sessions, at most, until every point was reached.
const SESSIONS: usize = 40;

/// Not a test by itself: what the tests below start.
#[test]
fn the_child() {
    process::child();
}

/// How a session goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Its user waits for the server however often it ends, and closes it; somebody asks about its inputs.
    Patient,
    /// Its user goes away where the server does, and wants the rest of the deposit back.
    Leaves,
    /// It mints. A companion commits to it and attests; its user is patient.
    Attested,
}

/// What a user knows to be paid, and the last voucher that it signed, in wei.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    acknowledged: u128,
    signed: u128,
}

/// A segment's steps, each paid for.
fn segment(remote: &mut SignedSession, known: &mut Known) -> Result<(), ClientError> {
    for _ in 0..EVERY {
        let settled = remote.settle();
        known.signed = remote.voucher().map_or(0, |signed| signed.message.amount);
        settled?;
        known.acknowledged = known.signed;
        town::steps(remote, 1)?;
    }
    Ok(())
}

fn options(seconds: u64) -> client::Options {
    client::Options { timeout: Duration::from_secs(seconds), ..Default::default() }
}

struct Stage {
    town: Town,
    server: Mortal,
    companion: tempfile::TempDir,
}

impl Stage {
    fn set(points: impl IntoIterator<Item = &'static str>) -> Self {
        let town = Town::new("cartpole");
        let companion = town.account("companion");
        town.runtime.block_on(companion.send(&companion.market.join())).unwrap();
        let server = Mortal::begin(town.folder.path(), &town.url, points);
        Self { town, server, companion: tempfile::tempdir().unwrap() }
    }

    fn endpoint(&self) -> String {
        endpoint(self.town.folder.path())
    }

    fn send(&self, who: &str, call: &hyperdust_settlement::market::Call) {
        let account = self.town.account(who);
        self.town.runtime.block_on(account.send(call)).unwrap();
    }

    fn status(&self, session: B256) -> Status {
        self.town.state(session).status
    }

    /// Until this holds. Meanwhile the server ends at one of these points, or where there are none at another, and once more.
    fn until(&self, what: &str, points: &[&str], mut holds: impl FnMut() -> bool) {
        let first = self.server.ended();
        let mut armed = None;
        self.town.until(what, || {
            let ended = self.server.ended();
            if armed != Some(ended) && ended < first + ENDS {
                self.server.arm(points);
                armed = Some(ended);
            }
            holds()
        });
    }

    /// From the opening until nothing is left to do about it.
    fn visit(&self, manner: Manner) {
        let town = &self.town;
        match manner {
            Manner::Patient => self.server.kill(0, WHILE),
            Manner::Leaves => self.server.kill(0, LONG),
            Manner::Attested => self.server.kill(LONG, WHILE),
        }
        let session = town.opened(coin(7), manner == Manner::Attested);
        let known = self.play(session, manner);
        let market = town.account("user").market;
        match manner {
            Manner::Patient => assert_eq!(known.acknowledged, known.signed),
            Manner::Leaves => self.send("user", &market.close(session)),
            Manner::Attested => {
                self.server.arm(&DEEDS);
                self.accompany(&format!("commit/{session}/0"));
                self.send("user", &market.close(session));
            }
        }
        self.until("the claim", &DEEDS, || ![Status::Open, Status::Closing].contains(&self.status(session)));
        if self.status(session) == Status::Claimed {
            match manner {
                Manner::Patient => self.ask(session),
                Manner::Leaves => {}
                Manner::Attested => self.accompany(&format!("attest/{session}/0")),
            }
            town.later(parameters().window + 1);
        }
        self.until("the end", &DEEDS, || self.status(session) == Status::Ended);
        self.until("withdrawals", &DEEDS, || self.owed("provider").is_zero());
        if manner == Manner::Attested {
            self.mint();
        }
        self.check(session, manner, known);
    }

    /// Plays until the server has ended, or for a while.
    fn play(&self, session: B256, manner: Manner) -> Known {
        let patient = manner != Manner::Leaves;
        let mut known = Known::default();
        let options = options(if patient { 60 } else { 2 });
        let mut remote = match self.town.play(&self.endpoint(), &options, session) {
            Ok(remote) => remote,
            // Its deposit is sent back.
            Err(error) if !patient => {
                println!("{session} was not opened: {error}");
                return known;
            }
            Err(error) => panic!("{error}"),
        };
        let seeds = if manner == Manner::Attested { Seeds::Continue } else { Seeds::First(1) };
        let mut played = remote.reset(seeds, None).map(drop);
        for _ in 0..2 {
            played = played.and_then(|()| segment(&mut remote, &mut known));
        }
        let (ends, mut segments) = (self.server.ended() + if patient { ENDS } else { 1 }, 0);
        self.until("the server ends while it is played", &LOOKS, || {
            if played.is_ok() {
                played = segment(&mut remote, &mut known);
            }
            segments += 1;
            played.is_err() || segments > 30 || self.server.ended() >= ends
        });
        if patient {
            played.unwrap();
            let closed = remote.close();
            known.signed = remote.voucher().unwrap().message.amount;
            known.acknowledged = known.signed;
            // A server may end between closing it and saying so; then the next one knows of no such session.
            assert!(matches!(closed, Ok(_) | Err(ClientError::Lost { .. })), "{closed:?}");
        }
        known
    }

    /// A companion at work until it has done this.
    fn accompany(&self, key: &str) {
        self.town.accompany(&self.endpoint(), &options(10), self.companion.path(), |watcher, _| {
            watcher.outbox().get(key).is_some_and(|record| record.state.over())
        });
    }

    /// Somebody asks about inputs, and is answered.
    fn ask(&self, session: B256) {
        let market = self.town.account("companion").market;
        self.send("companion", &market.ask(session, 1, 0, 0));
        self.until("an answer", &QUESTIONS, || {
            let questions = self.town.runtime.block_on(market.questions(&self.town.node, session)).unwrap();
            questions.iter().all(|question| matches!(question.standing, Standing::Answered(_)))
        });
    }

    fn owed(&self, who: &str) -> U256 {
        let account = self.town.account(who);
        let owed = |purse| account.market.owed(&self.town.node, purse, NATIVE, account.address());
        Purse::ALL.map(|purse| self.town.runtime.block_on(owed(purse)).unwrap()).into_iter().sum()
    }

    /// Tokens for what was burnt come in the next epoch.
    fn mint(&self) {
        let provider = self.town.account("provider");
        let tokens =
            || self.town.runtime.block_on(provider.market.tokens(&self.town.node, provider.address())).unwrap();
        let before = tokens();
        self.town.later(2 * parameters().epoch);
        self.until("tokens", &DEEDS, || tokens() > before);
    }

    /// What the session came to.
    fn check(&self, session: B256, manner: Manner, known: Known) {
        let contract = Sessions::new(self.town.deployment.addresses.sessions, &self.town.node);
        let (claims, paid, rewards) = self.town.runtime.block_on(async {
            let claims = contract.Claimed_filter().topic1(session).from_block(0).query().await.unwrap();
            let paid = contract.Paid_filter().topic1(session).from_block(0).query().await.unwrap();
            let rewards = contract.Rewarded_filter().topic1(session).from_block(0).query().await.unwrap();
            (claims, paid, rewards)
        });
        println!("{manner:?}: {known:?}; the server has ended {} times", self.server.ended());
        if known.acknowledged == 0 && claims.is_empty() {
            // Nothing was earned: the deposit went back.
            return assert!(manner == Manner::Leaves && paid.is_empty());
        }
        assert_eq!((claims.len(), paid.len()), (1, 1), "{manner:?}");
        assert_eq!(rewards.len(), usize::from(manner == Manner::Attested));
        let claimed = claims[0].0.amount;
        assert!(
            claimed == U256::from(known.acknowledged) || claimed == U256::from(known.signed),
            "{manner:?}: claimed {claimed}, {known:?}"
        );
    }

    /// Nothing is left anywhere, and nothing was done twice.
    fn end(self) {
        let Self { town, server, companion } = self;
        server.stop();
        drop(companion);
        finish(&town, town.folder.path());
        for who in ["author", "user", "companion"] {
            let account = town.account(who);
            if !town.owed(who).is_zero() {
                let call = account.market.withdraw(Purse::Sessions, NATIVE, account.address());
                town.runtime.block_on(account.send(&call)).unwrap();
            }
        }
        let all = deeds::all(&town);
        let a = town.deployment.addresses;
        let purses = Purse::ALL.map(|purse| purse.at(&a));
        let left = town.runtime.block_on(town.node.get_balance(a.sessions).into_future()).unwrap();
        assert!(left.is_zero(), "every wei was fetched: {left}");

        let provider = town.account("provider");
        let mut balance = coin(100_000);
        let mut done = std::collections::BTreeSet::new();
        for deed in &all["provider"] {
            let receipt = &deed.receipt;
            balance -= cost(receipt);
            if !receipt.status() {
                // Somebody else was first.
                assert!(["finalise", "reward", "draw"].contains(&deed.function), "{deed}");
                continue;
            }
            balance -= deed.transaction.value();
            balance += coin_sent(receipt, &purses).iter().map(|(_, amount)| *amount).sum::<U256>();
            // To fetch is the same call each time, and is refused where nothing is owed.
            let once = deed.function == "withdraw" || done.insert((deed.contract, deed.transaction.input().clone()));
            assert!(once, "{deed} was done twice");
        }
        assert_eq!(town.runtime.block_on(provider.balance()).unwrap(), balance);
    }
}

/// Brings what the last server left behind to its end, and looks at what came of it.
fn finish(town: &Town, folder: &Path) {
    let account = town.account("provider");
    let ledger = Ledger::open(&town::outbox(folder)).unwrap();
    let of = outbox::Account { chain: account.chain.id(), address: account.address() };
    let outbox = Outbox::open(&ledger, of).unwrap();
    let options = sender::Options { confirmations: 2, ..Default::default() };
    let signer = Arc::new(account.wallet.signer());
    let mut sender = Sender::new(account.node().clone(), signer, outbox.clone(), options).unwrap();
    town.runtime.block_on(async {
        for _ in 0..30 {
            anvil::blocks(&town.node, 1).await;
            sender.pass().await.unwrap();
        }
    });
    for record in outbox.all() {
        let good = match &record.state {
            State::Final { .. } => true,
            // Anyone may do these; somebody did.
            State::Failed(Failure::Reverted { .. } | Failure::Foreseen { .. } | Failure::Overtaken { .. }) => {
                ["finalise/", "reward/", "draw/"].iter().any(|kind| record.intent.key.starts_with(kind))
            }
            _ => false,
        };
        assert!(good, "{record:#?}");
    }
}

/// Points that every run ends at: all of a keeper's, of a put and of sending.
fn always(point: &str) -> bool {
    ["keeper", "ledger put", "rpc eth_sendRaw"].iter().any(|kind| point.starts_with(kind))
}

/// Of the other points, which the settlement crate's own tests go through, every eighth, or all with HYPERDUST_KILLED=all.
#[test]
fn a_server_may_end_at_every_point() {
    let everything = std::env::var("HYPERDUST_KILLED").is_ok_and(|all| all == "all");
    let step = if everything { 1 } else { 8 };
    let mut points: Vec<_> = POINTS.iter().copied().enumerate().collect();
    points.retain(|(number, point)| always(point) || number % step == 2 % step);
    // Neighbours at moments that are far from each other.
    points.sort_by_key(|(number, _)| (number * 29 % POINTS.len(), *number));
    let stage = Stage::set(points.into_iter().map(|(_, point)| point));
    let manners = [Manner::Patient, Manner::Leaves, Manner::Attested];
    let (mut sessions, mut fruitless) = (0, 0);
    for manner in manners.into_iter().cycle().take(SESSIONS) {
        let before = stage.server.ended();
        stage.visit(manner);
        sessions += 1;
        fruitless = if stage.server.ended() > before { 0 } else { fruitless + 1 };
        // Some are not reached at all: where nothing vanishes, nothing is replaced.
        let needed = stage.server.left().iter().any(|point| always(point));
        if sessions >= manners.len() && !needed && (!everything || fruitless >= manners.len()) {
            break;
        }
    }
    let (ended, left) = (stage.server.ended(), stage.server.left());
    println!("{sessions} sessions; ended at {} points, not at {left:?}", ended);
    assert!(!left.iter().any(|point| always(point)), "not reached: {left:?}");
    stage.end();
}

/// Killed in the middle of paying, after the first, the second and the fifth voucher that it has acknowledged: in a step, with a voucher on its way, and at rest.
#[test]
fn a_server_that_is_killed_claims_what_it_has_acknowledged() {
    let stage = Stage::set([]);
    let town = &stage.town;
    let market = town.account("user").market;
    let sessions = [1, 2, 5].map(|count| {
        let session = town.opened(coin(7), false);
        let mut known = Known::default();
        let mut remote = town.play(&stage.endpoint(), &options(60), session).unwrap();
        remote.reset(Seeds::First(1), None).unwrap();
        for _ in 0..=count {
            segment(&mut remote, &mut known).unwrap();
        }
        match count {
            1 => {
                let actions = super::house::Actions::new(remote.opened(), 7).draw();
                remote.step_async(&actions.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
                known.signed = remote.voucher().unwrap().message.amount;
                known.acknowledged = known.signed;
            }
            2 => {
                // The answer to what was countersigned is there, and a voucher has just been sent.
                while known.signed == known.acknowledged {
                    remote.settle_within(Duration::ZERO).unwrap();
                    known.signed = remote.voucher().unwrap().message.amount;
                }
            }
            _ => {}
        }
        // It doesn't wait for a user that closes the session on the chain.
        stage.server.kill(0, LONG);
        drop(remote);
        assert!(known.acknowledged > 0);
        town.runtime.block_on(town.account("user").send(&market.close(session))).unwrap();
        (session, known)
    });
    for (session, _) in sessions {
        town.until("the claim", || stage.status(session) == Status::Claimed);
    }
    town.later(parameters().window + 1);
    for (session, known) in sessions {
        town.until("the end", || stage.status(session) == Status::Ended);
        stage.check(session, Manner::Leaves, known);
    }
    town.until("withdrawals", || stage.owed("provider").is_zero());
    stage.end();
}
