//! How games end on the chain, and who has what then: a lie is refuted, by whichever step or clock it comes to; a true claim stands against
//! whoever disputes it; and all money is where it belongs.

use alloy::primitives::{Address, U256};
use hyperdust_proof::Party::{Challenger, Provider};
use hyperdust_settlement::{
    dispute::{Concession, Outcome, Player, Stuck},
    market::{NATIVE, Purse, Status},
};

use crate::{
    anvil::{Anvil, later},
    arena::{
        job::{Job, View},
        players::LENGTHS,
    },
    table::{COMPANION, Mind, PROVIDER, Seat, Stage, Who, deposit},
    world::coin,
};

/// Where the liar's machine failed: the ninth step of node 2, which reads two others and is read by one.
pub const LIE: (u32, u64) = (2, 9);

/// A game between these two about a lane claimed as `claimed`, by its outcome; and that everybody has what it brings.
async fn ends(job: &Job, claimed: &View, provider: Seat<'_>, challenger: Seat<'_>, outcome: Outcome) -> Vec<String> {
    let anvil = Anvil::start();
    let mut s = Stage::claimed(&anvil.http(), job, claimed).await;
    s.file(COMPANION).await;
    let done = s.play(&mut [provider, challenger]).await;
    println!("{outcome:?}:");
    for (_, what, gas) in &done {
        println!("  {gas:>7}  {what}");
    }
    let games = s.games().await;
    let [game] = games.iter().collect::<Vec<_>>()[..] else { panic!("{games:?}") };
    assert_eq!((game.state.outcome, game.collected), (Some(outcome), true), "{done:?}");
    // Where both lanes are true they are the same.
    assert_eq!(s.lanes.find(game), Some(u32::from(outcome != Outcome::Challenger)));
    let moves = done.iter().filter(|(_, what, _)| ["cut", "choose", "open"].iter().any(|kind| what.starts_with(kind)));
    let p = s.w.market.deployment().parameters.clone();
    let pot = p.move_bond * U256::from(moves.count());
    assert_eq!(game.state.pot, pot);
    let winner = if outcome == Outcome::Challenger { PROVIDER } else { COMPANION };
    owed(&s, Purse::Disputes, winner, p.dispute_bond + pot).await;
    settled(&mut s, outcome).await;
    done.into_iter().map(|(_, what, _)| what).collect()
}

async fn owed(s: &Stage, purse: Purse, who: Who, amount: U256) {
    let account = who(&s.w).address;
    assert_eq!(s.w.market.owed(s.w.node(), purse, NATIVE, account).await.unwrap(), amount, "{purse:?}");
}

/// The session has ended as the outcome says, all money was fetched, and the books are right to the wei.
async fn settled(s: &mut Stage, outcome: Outcome) {
    let p = s.w.market.deployment().parameters.clone();
    let stake = deposit() * U256::from(p.ratio);
    let fee = s.w.market.session(s.w.node(), s.session).await.unwrap().claim.unwrap().amount;
    let slashed = match outcome {
        Outcome::Challenger => U256::ZERO,
        Outcome::Conceded => fee * U256::from(p.concession),
        Outcome::Provider => stake,
    };
    let share = slashed * U256::from(p.challenger_share) / U256::from(10_000);
    owed(s, Purse::Providers, COMPANION, share).await;
    if outcome == Outcome::Challenger {
        let early = s.w.market.session(s.w.node(), s.session).await.unwrap();
        assert_eq!((early.status, early.games), (Status::Claimed, 0));
        later(s.w.node(), p.window + 1).await;
        let receipt = s.w.send(PROVIDER, s.w.market.finalise(s.session)).await.unwrap();
        let paid = s.w.market.paid(&receipt).unwrap();
        assert!(paid.provider > U256::ZERO && paid.provider + paid.author < fee, "{paid:?}");
        owed(s, Purse::Sessions, PROVIDER, paid.provider).await;
    } else {
        // All of the deposit is the user's.
        owed(s, Purse::Sessions, |w| &w.user, deposit()).await;
    }
    assert_eq!(s.w.market.session(s.w.node(), s.session).await.unwrap().status, Status::Ended);
    let free = s.w.market.free_bond(s.w.node(), s.w.provider.address, NATIVE).await.unwrap();
    assert_eq!(free, coin(10_000) - slashed);
    let people: [Who; 4] = [PROVIDER, COMPANION, |w| &w.user, |w| &w.author];
    for who in people {
        for purse in Purse::ALL {
            let to: Address = who(&s.w).address;
            if s.w.market.owed(s.w.node(), purse, NATIVE, to).await.unwrap() > U256::ZERO {
                s.w.send(who, s.w.market.withdraw(purse, NATIVE, to)).await.unwrap();
            }
        }
    }
    s.w.books_are_right().await;
}

fn provider(view: &View) -> Seat<'_> {
    Seat::new(Provider, PROVIDER, move || Mind::of(view))
}

fn challenger(view: &View) -> Seat<'_> {
    Seat::new(Challenger, COMPANION, move || Mind::of(view))
}

#[tokio::test]
async fn a_lie_is_refuted_by_one_instruction() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    let done = ends(&job, &lie, provider(&lie), challenger(&job.truth), Outcome::Provider).await;
    let accepted = [
        "cut a graph",
        "choose a piece of a graph",
        "open a node",
        "cut a trace",
        "choose a piece of a trace",
        "prove a step",
        "collect a game",
    ];
    assert_eq!(done, accepted);
}

/// The provider proves the step: nobody who disputes the truth does that for it.
#[tokio::test]
async fn the_truth_stands_against_a_liar() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    let done = ends(&job, &job.truth, provider(&job.truth), challenger(&lie), Outcome::Challenger).await;
    assert_eq!(done[5..], ["prove a step", "collect a game"]);
}

/// Whoever falls silent, at the beginning or in the middle, loses by the clock.
#[tokio::test]
async fn silence_loses() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    for (acts, played) in [(0, 0), (1, 2), (2, 3)] {
        let silent = provider(&lie).silent_after(acts);
        let done = ends(&job, &lie, silent, challenger(&job.truth), Outcome::Provider).await;
        assert_eq!(done[played], "call time in a game", "{done:?}");
    }
    // After the cut of the trace the challenger needs nobody any more.
    let done = ends(&job, &lie, provider(&lie).silent_after(3), challenger(&job.truth), Outcome::Provider).await;
    assert_eq!(done[5], "prove a step");
    for acts in 0..2 {
        let silent = challenger(&lie).silent_after(acts);
        let done = ends(&job, &job.truth, provider(&job.truth), silent, Outcome::Challenger).await;
        assert!(done.contains(&"call time in a game".into()), "{done:?}");
    }
}

/// A provider that finds its claim wrong gives up before it moves, and so does one that wants to; it costs fees, and not the bond.
#[tokio::test]
async fn a_mistake_is_conceded() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    let mistaken = provider(&job.truth);
    let done = ends(&job, &lie, mistaken, challenger(&job.truth), Outcome::Conceded).await;
    assert_eq!(done, ["concede a game", "collect a game"]);
    let tired = provider(&lie).conceding(Concession::Always);
    ends(&job, &lie, tired, challenger(&job.truth), Outcome::Conceded).await;
    // Who doesn't want to, and has no run that is as claimed, can't open the node.
    let stubborn = provider(&job.truth).conceding(Concession::Never);
    let done = ends(&job, &lie, stubborn, challenger(&job.truth), Outcome::Provider).await;
    assert!(!done.contains(&"concede a game".into()), "{done:?}");
}

/// A run that is said to be longer or shorter than it is does not help a liar.
#[tokio::test]
async fn no_length_saves_a_lie() {
    let job = Job::new();
    let lie = &job.lie(LIE.0, LIE.1);
    for (name, length) in LENGTHS {
        println!("{name}");
        let liar = Seat::new(Provider, PROVIDER, move || Mind::stretched(lie, length));
        ends(&job, lie, liar, challenger(&job.truth), Outcome::Provider).await;
    }
}

/// Five games at once about one true lane, by challengers who lie in different places or fall silent: all are lost, and the claim is paid.
#[tokio::test]
async fn five_games_at_once_about_the_truth() {
    let job = Job::new();
    let lies = [job.lie(0, 1), job.lie(4, 16), job.lie(3, 8)];
    let anvil = Anvil::start();
    let mut s = Stage::claimed(&anvil.http(), &job, &job.truth).await;
    let author: Who = |w| &w.author;
    let user: Who = |w| &w.user;
    for who in [COMPANION, author, user, COMPANION, user] {
        s.file(who).await;
    }
    let mut seats = [
        provider(&job.truth),
        challenger(&lies[0]),
        Seat::new(Challenger, author, || Mind::of(&lies[1])),
        Seat::new(Challenger, user, || Mind::of(&lies[2])).silent_after(3),
    ];
    let done = s.play(&mut seats).await;
    let games = s.games().await;
    assert_eq!(games.iter().count(), 5);
    for game in games.iter() {
        assert_eq!((game.state.outcome, game.collected), (Some(Outcome::Challenger), true), "{game:?}");
    }
    // One of the two games of whoever falls silent after its third act had come down to a step.
    assert_eq!(done.iter().filter(|(_, what, _)| what == "prove a step").count(), 4);
    settled(&mut s, Outcome::Challenger).await;
}

/// Of five games about a lie three are lost on purpose, which upholds nothing; one honest challenger is enough.
#[tokio::test]
async fn five_games_at_once_about_a_lie() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    let other = job.lie(1, 3);
    let anvil = Anvil::start();
    let mut s = Stage::claimed(&anvil.http(), &job, &lie).await;
    let user: Who = |w| &w.user;
    for who in [user, user, COMPANION, user, COMPANION] {
        s.file(who).await;
    }
    let mut seats = [
        provider(&lie),
        // It disputes where the provider is right.
        Seat::new(Challenger, user, || Mind::of(&other)),
        challenger(&job.truth),
    ];
    s.play(&mut seats).await;
    let games = s.games().await;
    for game in games.iter() {
        let honest = game.state.challenger == s.w.companion.address;
        let outcome = if honest { Outcome::Provider } else { Outcome::Challenger };
        assert_eq!((game.state.outcome, game.collected), (Some(outcome), true), "{game:?}");
    }
    settled(&mut s, Outcome::Provider).await;
}

/// Whoever is not in a game does nothing about it, and a challenger that has not seen the roots says so instead of guessing.
#[tokio::test]
async fn what_is_not_known_is_not_played() {
    let job = Job::new();
    let lie = job.lie(LIE.0, LIE.1);
    let anvil = Anvil::start();
    let mut s = Stage::claimed(&anvil.http(), &job, &lie).await;
    s.file(COMPANION).await;
    assert_eq!(s.round(&mut [provider(&lie)]).await.len(), 1);
    assert!(s.round(&mut [Seat::new(Challenger, |w| &w.user, || Mind::of(&job.truth))]).await.is_empty());
    let mut game = s.games().await.iter().next().cloned().unwrap();
    let mut player = Player::new(Challenger, s.w.companion.address, Mind::of(&job.truth));
    assert_eq!([0, 1].map(|lane| player.doubts(&s.lanes.open(lane).unwrap())), [false, true]);
    assert_eq!(s.lanes.open(2), None);
    let now = s.now().await;
    assert!(player.next(&game, now).unwrap().is_some());
    game.roots.pop();
    assert_eq!(player.next(&game, now), Err(Stuck::Roots));
}
