//! Players keep nothing: one whose process ends after each of its acts, and that computes its job anew before the next, plays the same game. And what was
//! sent twice because nobody remembered, is played once.

use alloy::providers::Provider as _;
use hyperdust_proof::Party::{Challenger, Provider};
use hyperdust_settlement::{Error, dispute::Outcome};

use crate::{
    anvil::Anvil,
    arena::job::Job,
    endings::LIE,
    table::{COMPANION, Done, Mind, PROVIDER, Seat, Stage},
};

fn truth() -> Mind {
    Mind::of(&Job::new().truth)
}

fn lie() -> Mind {
    Mind::of(&Job::new().lie(LIE.0, LIE.1))
}

fn names(done: Vec<Done>) -> Vec<String> {
    done.into_iter().map(|(_, what, _)| what).collect()
}

#[tokio::test]
async fn who_forgets_everything_plays_the_same() {
    let job = Job::new();
    let sides = [(lie as fn() -> Mind, truth as fn() -> Mind, Outcome::Provider), (truth, lie, Outcome::Challenger)];
    for (provider, challenger, outcome) in sides {
        let mut games = Vec::new();
        for dies in [[false, false], [true, false], [false, true], [true, true]] {
            let claimed = if outcome == Outcome::Provider { job.lie(LIE.0, LIE.1) } else { job.truth.clone() };
            let anvil = Anvil::start();
            let mut s = Stage::claimed(&anvil.http(), &job, &claimed).await;
            s.file(COMPANION).await;
            let mut seats = [Seat::new(Provider, PROVIDER, provider), Seat::new(Challenger, COMPANION, challenger)];
            for (seat, dies) in seats.iter_mut().zip(dies) {
                seat.dies = dies;
            }
            games.push(names(s.play(&mut seats).await));
            let ended = s.games().await;
            assert!(ended.iter().all(|game| game.state.outcome == Some(outcome) && game.collected), "{ended:?}");
        }
        assert!(games.iter().all(|game| *game == games[0] && game.len() == 7), "{games:?}");
    }
}

/// After a crash nobody may know whether an act was sent. The contract takes each once: a second is of a state that is gone.
#[tokio::test]
async fn what_is_sent_twice_is_played_once() {
    let job = Job::new();
    let anvil = Anvil::start();
    let mut s = Stage::claimed(&anvil.http(), &job, &job.lie(LIE.0, LIE.1)).await;
    s.file(COMPANION).await;
    let mut seats = [Seat::new(Provider, PROVIDER, lie), Seat::new(Challenger, COMPANION, truth)];
    for turn in 0.. {
        let seat = &mut seats[turn % 2];
        let games = s.games().await;
        let game = games.iter().next().unwrap();
        if game.collected {
            assert_eq!(game.state.outcome, Some(Outcome::Provider));
            break;
        }
        let now = s.now().await;
        let Some(act) = seat.next(&s.w, game, now) else { continue };
        let call = s.w.market.act(game, &act);
        s.w.send(seat.who, call.clone()).await.unwrap();
        // Asked and not sent: a refused transaction would leave a gap in its sender's numbers.
        let again = s.w.node().call(call.request((seat.who)(&s.w).address)).await.map_err(Error::from).unwrap_err();
        assert!(matches!(&again, Error::Reverted { why, .. } if why.name() == Some("NotTheState")), "{again}");
    }
}
