//! A watchtower stands in for a provider that is away. Somebody disputes a true claim: with a tower that the provider entrusted the game is won, and what is won is
//! the provider's; a tower that it didn't entrust can make no move, and the game is lost by the clock.

use std::fs;

use alloy::{
    primitives::{B256, U256},
    providers::{Provider as _, ext::AnvilApi},
};
use hyperdust_proof::{
    Party::{self, Challenger},
    game::MoveKind,
};
use hyperdust_settlement::{
    Wallet,
    dispute::{Game, Lanes, Outcome, Player},
    keeper::Options,
    market::{NATIVE, Purse, Standing, Status},
};

use crate::{
    anvil::later,
    arena::job::Job,
    endings::LIE,
    keepers::{self, Case, PASSWORD, Stage, run},
    table::{COMPANION, Mind, PROVIDER, deposit},
};

const TOWER: &str = "tower";

async fn game(stage: &Stage, session: B256) -> Game {
    let market = &stage.w.market;
    let games = market.games(stage.w.node(), session, market.deployment().block).await.unwrap();
    let [game] = games.iter().collect::<Vec<_>>()[..] else { panic!("{games:?}") };
    game.clone()
}

/// A session that its provider has claimed before it went away.
async fn claimed(stage: &mut Stage) -> B256 {
    let open = stage.w.market.open(&stage.w.opening(stage.asset, deposit())).unwrap();
    let session = stage.w.opened(|w| &w.user, open).await;
    let case = Case { session, provider: true, lie: false };
    fs::write(stage.folder.path().join(format!("{session} ready")), "").unwrap();
    let mut provider =
        keepers::Party::open_as(stage.folder.path(), &stage.url, case, "provider", Options::default()).await;
    while stage.w.market.session(stage.w.node(), session).await.unwrap().status != Status::Claimed {
        provider.turn().await;
        stage.w.node().evm_mine(None).await.unwrap();
    }
    session
}

/// `serves`: whether the tower was told whose moves it makes.
async fn ends(entrusted: bool, serves: bool, outcome: Outcome) {
    let mut stage = Stage::set().await;
    // The author's account, with nothing else to do.
    let tower = Wallet::import(&stage.folder.path().join("wallets"), TOWER, PASSWORD, &[2; 32]).unwrap().address();
    assert_eq!(tower, stage.w.author.address);
    if entrusted {
        stage.w.send(PROVIDER, stage.w.market.entrust(Some(tower))).await.unwrap();
    }
    let session = claimed(&mut stage).await;
    let job = Job::new();
    let lane = Lanes::of(session, [&job.truth.graph; 2]).open(1).unwrap();
    stage.w.send(COMPANION, stage.w.market.dispute(session, &lane)).await.unwrap();

    let watching = Case { session, provider: false, lie: false };
    let serves = serves.then_some(stage.w.provider.address);
    let options = Options { defend: true, serves, ..Options::default() };
    let mut party = keepers::Party::open_as(stage.folder.path(), &stage.url, watching, TOWER, options).await;
    let mut liar = Player::new(Challenger, stage.w.companion.address, Mind::of(&job.lie(LIE.0, LIE.1)));
    let mut steps = 0;
    let over = loop {
        let played = game(&stage, session).await;
        if played.collected {
            break played;
        }
        let before = played.state;
        party.turn().await;
        stage.w.node().evm_mine(None).await.unwrap();
        let played = game(&stage, session).await;
        // The first half of the time for each move is the provider's own; the last step is anybody's.
        let moved = played.state != before && before.by() == Party::Provider && before.due() != MoveKind::Prove;
        assert!(!moved || played.state.since >= before.since + (before.until() - before.since) / 2, "{played:?}");
        let now = stage.w.node().get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap().header.timestamp;
        match liar.next(&played, now).ok().flatten() {
            Some(act) => drop(stage.w.send(COMPANION, stage.w.market.act(&played, &act)).await.unwrap()),
            // Whoever waits for the other side waits for half of its time, and then for the rest.
            None if played.state.outcome.is_none() => {
                later(stage.w.node(), played.state.until().saturating_sub(now) / 2 + 1).await;
            }
            None => {}
        }
        steps += 1;
        assert!(steps < 500, "{played:?}");
    };
    assert_eq!(over.state.outcome, Some(outcome));
    let p = stage.w.market.deployment().parameters.clone();
    let won = p.dispute_bond + over.state.pot;
    let winner = if outcome == Outcome::Challenger { stage.w.provider.address } else { stage.w.companion.address };
    let owed = |account| stage.w.market.owed(stage.w.node(), Purse::Disputes, NATIVE, account);
    assert_eq!((owed(winner).await.unwrap(), owed(tower).await.unwrap()), (won, U256::ZERO));
    let state = stage.w.market.session(stage.w.node(), session).await.unwrap();
    assert_eq!(state.status, if outcome == Outcome::Challenger { Status::Claimed } else { Status::Ended });
}

#[test]
fn who_is_entrusted_wins_for_a_provider_that_is_away() {
    run(ends(true, true, Outcome::Challenger));
}

#[test]
fn who_is_not_entrusted_moves_nothing() {
    run(ends(false, true, Outcome::Provider));
}

/// Whoever likes may entrust a tower, and play against itself for what the moves put up: a tower knows by itself whom it serves.
#[test]
fn who_is_entrusted_by_strangers_moves_nothing() {
    run(ends(true, false, Outcome::Provider));
}

/// Nothing of a claim was given to a companion, and its provider is silent: it asks once half of the window is over, and the claim falls.
#[test]
fn who_is_given_nothing_asks_on_the_chain() {
    run(async {
        let mut stage = Stage::set().await;
        let session = claimed(&mut stage).await;
        let case = Case { session, provider: false, lie: false };
        let options = Options { demands: true, ..Options::default() };
        let mut companion = keepers::Party::open_as(stage.folder.path(), &stage.url, case, "companion", options).await;
        let p = stage.w.market.deployment().parameters.clone();
        for _ in 0..10 {
            companion.turn().await;
            stage.w.node().evm_mine(None).await.unwrap();
        }
        let questions = || stage.w.market.questions(stage.w.node(), session);
        assert!(questions().await.unwrap().is_empty(), "a server has half of the window to be there again");
        later(stage.w.node(), p.window / 2).await;
        let mut turns = 0;
        while !companion.turn().await {
            stage.w.node().evm_mine(None).await.unwrap();
            let asked = questions().await.unwrap();
            assert!(asked.len() <= 1, "{asked:?}");
            if asked.iter().any(|question| question.standing == Standing::Pending) {
                later(stage.w.node(), p.answer + 1).await;
            }
            turns += 1;
            assert!(turns < 200, "{:?}", companion.outbox.all());
        }
        let [question] = &questions().await.unwrap()[..] else { panic!("one question") };
        assert_eq!(question.standing, Standing::Unanswered);
        let state = stage.w.market.session(stage.w.node(), session).await.unwrap();
        assert_eq!((state.status, state.games), (Status::Ended, 0));
        // All of the deposit is the user's.
        let owed = stage.w.market.owed(stage.w.node(), Purse::Sessions, NATIVE, stage.w.user.address);
        assert_eq!(owed.await.unwrap(), deposit());
    });
}
