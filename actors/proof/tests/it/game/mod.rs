//! Games: an honest party that answers in time wins every one, whoever the other is.

mod clocks;
mod exhaustive;
mod rules;
mod transcripts;

use hyperdust_proof::{
    Game, Party,
    game::{Challenge, Due, Forfeit, Move, Reason, Standing, respond, standing},
};

use crate::arena::{
    self,
    job::{Job, View},
    matrix,
    players::{self, Choice, Player},
};

/// Every adversary by name ends as the table says, and its transcript replays to the same end.
#[test]
fn the_matrix() {
    let job = Job::new();
    let judge = arena::judge(&job);
    for case in &mut matrix::cases(&job) {
        let game = case.play(&job);
        assert!(case.expects(game.outcome()), "{}: {:?}", case.name, game.outcome());
        let replayed = game.transcript().replay(&judge).unwrap();
        assert_eq!(replayed, game, "{}", case.name);
        let fee = matches!(game.outcome().unwrap().reason, Reason::Conceded);
        assert_eq!(game.outcome().unwrap().forfeit(), if fee { Forfeit::Fee } else { Forfeit::Bond });
    }
}

/// Wherever the machine failed, on either side, the game ends at the first wrong instruction of the first wrong node.
#[test]
fn the_first_wrong_instruction_is_found() {
    let job = Job::new();
    for node in 0..job.nodes() {
        for step in 1..=16 {
            for lie in [job.lie(node, step), job.inconsistent_lie(node, step)] {
                let outcome = |claim: &View, other: &View| {
                    let mut game = Game::new(arena::terms(claim, Challenge::Outputs, 16)).unwrap();
                    let mut provider = players::solving(Party::Provider, claim);
                    arena::play(&mut game, &job, &mut provider, &mut players::solving(Party::Challenger, other));
                    assert!(game.cuts()[0] <= 1 && game.cuts()[1] <= 1, "{:?}", game.cuts());
                    let outcome = *game.outcome().unwrap();
                    (outcome.blamed, outcome.reason)
                };
                let (refuted, proven) =
                    (Reason::StepRefuted { node, step: step - 1 }, Reason::StepProven { node, step: step - 1 });
                assert_eq!(outcome(&lie, &job.truth), (Party::Provider, refuted));
                assert_eq!(outcome(&job.truth, &lie), (Party::Challenger, proven));
            }
        }
    }
}

/// A provider whose own computation differs from its claim concedes, and loses no bond.
#[test]
fn a_mistake_is_conceded() {
    let job = Job::new();
    let claim = job.lie(1, 5);
    let mut game = Game::new(arena::terms(&claim, Challenge::Outputs, 16)).unwrap();
    let mut provider = players::solving(Party::Provider, &job.truth);
    arena::play(&mut game, &job, &mut provider, &mut players::solving(Party::Challenger, &job.truth));
    assert_eq!(game.outcome().unwrap().reason, Reason::Conceded);
    assert_eq!(game.outcome().unwrap().forfeit(), Forfeit::Fee);
}

/// One provider in twenty games at once, with time for one move of one of them at a time.
struct Table {
    games: Vec<(Game, Box<dyn Player>)>,
    now: u64,
}

impl Table {
    /// Plays until all games are over: challengers at once, the provider wherever it has the least time left.
    fn play(&mut self, job: &Job, provider: &mut View) {
        let judge = arena::judge(job);
        while self.games.iter().any(|(game, _)| game.outcome().is_none()) {
            self.now += 1;
            for (game, challenger) in &mut self.games {
                let Some(turn) = game.turn() else { continue };
                if turn.by == Party::Challenger || self.now > turn.until {
                    if let Some((_, action)) = challenger.respond(game, self.now) {
                        let _ = game.play(Party::Challenger, self.now, action, &judge);
                    }
                } else if let Some((at, action)) = challenger.interrupt(game, self.now) {
                    let _ = game.play(Party::Challenger, at.max(self.now), action, &judge);
                }
            }
            let until = |game: &Game| game.turn().map_or(u64::MAX, |turn| turn.until);
            let waiting = |game: &Game| respondable(game, self.now);
            let open = self.games.iter_mut().map(|(game, _)| game).filter(|game| waiting(game));
            if let Some(game) = open.min_by_key(|game| until(game)) {
                let action = respond(Party::Provider, game, self.now, provider).unwrap().expect("the provider is due");
                game.play(Party::Provider, self.now, action, &judge).unwrap();
            }
        }
    }
}

/// Whether the provider has something to do: a move, or calling time.
fn respondable(game: &Game, now: u64) -> bool {
    game.turn().is_some_and(|turn| match turn.by {
        Party::Provider => now <= turn.until,
        Party::Challenger => now > turn.until || matches!(turn.due, Due::Prove { .. }),
    })
}

/// Twenty challengers at once, each a different kind of wrong: all lose, and the claim stands.
#[test]
fn twenty_disputes_at_once() {
    let job = Job::new();
    let challenger = |number: u64| -> Box<dyn Player> {
        match number % 5 {
            0 => Box::new(players::solving(Party::Challenger, &job.lie(number as u32 % 5, 1 + number % 16))),
            1 => players::chooser(&job.truth, Choice::First),
            2 => players::chooser(&job.truth, Choice::Last),
            3 => Box::new(players::Silent),
            _ => Box::new(players::Copying),
        }
    };
    let game = |number: u64| {
        let challenge = match number {
            7 | 13 => Challenge::Inputs { node: number as u32 % 5 },
            _ => Challenge::Outputs,
        };
        (Game::new(arena::terms(&job.truth, challenge, 4)).unwrap(), challenger(number))
    };
    let mut table = Table { games: (0..20).map(game).collect(), now: arena::FILED };
    table.play(&job, &mut job.truth.clone());
    for (game, _) in &table.games {
        assert_eq!(game.outcome().unwrap().blamed, Party::Challenger, "{:?}", game.outcome());
    }
    assert_eq!(standing(table.games.iter().map(|(game, _)| game.outcome())), Standing::Upheld);
}

/// Nineteen Sybils lose on purpose to a false claim, at once; one honest challenger refutes it all the same.
#[test]
fn sybils_uphold_nothing() {
    let job = Job::new();
    let mut lie = job.lie(2, 9);
    let game = |number: usize| {
        let player: Box<dyn Player> = match number {
            11 => Box::new(players::solving(Party::Challenger, &job.truth)),
            _ => players::chooser(&lie, Choice::First),
        };
        (Game::new(arena::terms(&lie, Challenge::Outputs, 4)).unwrap(), player)
    };
    let games: Vec<_> = (0..20).map(game).collect();
    assert_eq!(standing(games.iter().map(|(game, _)| game.outcome())), Standing::Open);
    let mut table = Table { games, now: arena::FILED };
    table.play(&job, &mut lie);
    let lost = table.games.iter().filter(|(game, _)| game.outcome().unwrap().blamed == Party::Challenger).count();
    assert_eq!((lost, table.games[11].0.outcome().unwrap().blamed), (19, Party::Provider));
    assert_eq!(standing(table.games.iter().map(|(game, _)| game.outcome())), Standing::Refuted);
}

/// The move that a party is due, which must be there.
fn due(party: Party, game: &Game, at: u64, view: &mut View) -> Move {
    respond(party, game, at, view).unwrap().expect("a move is due")
}
