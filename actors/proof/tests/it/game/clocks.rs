//! Time: late moves are refused, timeouts are exact, and no game goes on for ever.

use hyperdust_proof::{
    Game, MoveError, Party,
    game::{Challenge, Clock, Due, Move, Reason},
};
use proptest::{collection::vec, prelude::*};

use super::due;
use crate::arena::{
    self, CLOCK, FILED,
    job::{Job, View},
    matrix::CLOCKS,
    players::{self, LATENCY, Player},
};

/// A move is in time until the last moment of its turn, and a timeout after that alone.
#[test]
fn the_last_moment_is_in_time() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let game = Game::new(arena::terms(&job.truth, Challenge::Outputs, 16)).unwrap();
    let turn = game.turn().unwrap();
    assert_eq!((turn.by, turn.until), (Party::Provider, FILED + CLOCK.budget));
    let cut = due(Party::Provider, &game, FILED, &mut job.truth.clone());
    let play = |by, at, action: Move| {
        let mut game = game.clone();
        game.play(by, at, action, &judge).map(|()| game)
    };
    let late = play(Party::Provider, turn.until + 1, cut.clone()).unwrap_err();
    assert_eq!(late, MoveError::Late { found: turn.until + 1, accepted: turn.until });
    let early = play(Party::Challenger, turn.until, Move::Timeout).unwrap_err();
    assert_eq!(early, MoveError::Early { found: turn.until, accepted: turn.until });
    let before = play(Party::Provider, FILED - 1, cut.clone()).unwrap_err();
    assert_eq!(before, MoveError::Backwards { found: FILED - 1, accepted: FILED });
    let own = play(Party::Provider, turn.until + 1, Move::Timeout).unwrap_err();
    assert!(matches!(own, MoveError::Turn { .. }), "nobody calls time on oneself");
    let over = play(Party::Challenger, turn.until + 1, Move::Timeout).unwrap();
    let outcome = over.outcome().unwrap();
    assert_eq!((outcome.blamed, outcome.at), (Party::Provider, turn.until + 1));
    // The challenger's turn begins with the move, and has all its time; the provider's next one has the extension.
    let mut next = play(Party::Provider, turn.until, cut).unwrap();
    assert_eq!(next.turn().unwrap().until, turn.until + CLOCK.budget);
    let choice = Move::Choose(0);
    next.play(Party::Challenger, turn.until + 7, choice, &judge).unwrap();
    assert_eq!(next.turn().unwrap().until, turn.until + 7 + CLOCK.extension);
}

/// Times near the end of their range overflow nowhere.
#[test]
fn times_do_not_overflow() {
    let job = Job::new();
    let mut terms = arena::terms(&job.truth, Challenge::Outputs, 16);
    terms.clock = Clock { budget: u64::MAX, extension: u64::MAX };
    terms.filed = u64::MAX - 1;
    assert_eq!(terms.latest(), u64::MAX);
    let mut game = Game::new(terms).unwrap();
    let cut = due(Party::Provider, &game, u64::MAX, &mut job.truth.clone());
    game.play(Party::Provider, u64::MAX, cut, &arena::judge(&job)).unwrap();
    assert_eq!(game.turn().unwrap().until, u64::MAX);
}

/// Moves of some view or at random, at any time.
struct Erratic {
    party: Party,
    views: Vec<View>,
    /// For each move: which view, how late in the turn (in 1/256 of it, up to a bit over), and what piece.
    draws: Vec<(usize, u64, Option<u8>)>,
    next: usize,
}

impl Player for Erratic {
    fn respond(&mut self, game: &Game, now: u64) -> Option<(u64, Move)> {
        let (view, late, piece) = self.draws[self.next % self.draws.len()];
        self.next += 1;
        let view = &self.views[view % self.views.len()];
        let turn = game.turn()?;
        let at = if turn.by == self.party { now + turn.until.saturating_sub(now) * late / 250 } else { now };
        if let (Due::Choose { points, .. }, Some(piece)) = (&turn.due, piece) {
            return Some((at, Move::Choose(piece % points.len() as u8)));
        }
        let (_, action) = players::solving(self.party, view).respond(game, now)?;
        // Concessions end games too soon to be interesting.
        (action != Move::Concede).then_some((at, action))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whoever plays what, how late, and whichever side is honest: it is not blamed, and the game ends in time.
    #[test]
    fn the_honest_party_wins(
        side in any::<bool>(),
        (node, step, consistent) in (0..5u32, 1..=16u64, any::<bool>()),
        (arity, clock) in (2..20u16, 0..2usize),
        draws in vec((0..3usize, 0..256u64, proptest::option::of(any::<u8>())), 1..24),
        latency in 0..=LATENCY,
    ) {
        thread_local! { static JOB: Job = Job::new(); }
        JOB.with(|job| {
            let lie = if consistent { job.lie(node, step) } else { job.inconsistent_lie(node, step) };
            let views = vec![lie.clone(), job.truth.clone(), job.lie((node + 1) % 5, 17 - step)];
            let (claim, honest) =
                if side { (&job.truth, Party::Provider) } else { (&lie, Party::Challenger) };
            let mut terms = arena::terms(claim, Challenge::Outputs, arity);
            terms.clock = CLOCKS[clock];
            let latest = terms.latest();
            let mut game = Game::new(terms).unwrap();
            let pace = players::Pace::After(latency);
            let mut good = players::Solving { pace, ..players::solving(honest, &job.truth) };
            let mut bad = Erratic { party: honest.other(), views, draws, next: 0 };
            match honest {
                Party::Provider => arena::play(&mut game, job, &mut good, &mut bad),
                Party::Challenger => arena::play(&mut game, job, &mut bad, &mut good),
            }
            let outcome = game.outcome().expect("the honest party ends it");
            prop_assert_eq!(outcome.blamed, honest.other());
            prop_assert!(outcome.at <= latest + 1, "{} after {latest}", outcome.at);
            if let Reason::StepRefuted { step, .. } | Reason::StepProven { step, .. } = outcome.reason {
                prop_assert!(step < 20);
            }
            Ok(())
        })?;
    }
}
