//! Every game that there is, at small depth.
//!
//! A challenger can only choose, so all its games against an honest provider are walked. A liar can post anything; what matters is
//! where it posts true roots and where false ones, so all patterns of the two are walked against an honest challenger, with
//! false roots from a consistent lie (which makes most of its steps provable), and openings of every length.

use hyperdust_proof::{
    Game, Party,
    game::{Challenge, Due, Knowledge, Layer, Move, Part, Reason},
    tree::Hash,
};

use super::due;
use crate::arena::{
    self, FILED,
    job::{Job, STEPS, View},
    players::{self, other_root},
};

/// All choices of a challenger against a true claim.
#[test]
fn every_challenger_loses() {
    let job = Job::new();
    let judge = arena::judge(&job);
    for arity in [2, 3, 5, 16] {
        let mut ends = Vec::new();
        let mut open = vec![Game::new(arena::terms(&job.truth, Challenge::Outputs, arity)).unwrap()];
        while let Some(mut game) = open.pop() {
            let turn = game.turn().unwrap();
            if let Due::Choose { points, .. } = &turn.due {
                for piece in 0..points.len() as u8 - 1 {
                    let mut next = game.clone();
                    next.play(Party::Challenger, FILED, Move::Choose(piece), &judge).unwrap();
                    open.push(next);
                }
                // Or none at all.
                game.play(Party::Provider, turn.until + 1, Move::Timeout, &judge).unwrap();
            } else {
                let action = due(Party::Provider, &game, FILED, &mut job.truth.clone());
                game.play(Party::Provider, FILED, action, &judge).unwrap();
            }
            match game.outcome() {
                None => {
                    if !matches!(turn.due, Due::Choose { .. }) {
                        open.push(game);
                    }
                }
                Some(outcome) => {
                    assert_eq!(outcome.blamed, Party::Challenger);
                    if let Reason::StepProven { node, step } = outcome.reason {
                        ends.push((node, step));
                    }
                }
            }
        }
        ends.sort_unstable();
        let all: Vec<_> = (0..job.nodes()).flat_map(|node| (0..STEPS).map(move |step| (node, step))).collect();
        assert_eq!(ends, all, "every instruction of every node is reached by one way of choosing");
    }
}

/// All ways of searching through an agreed plan: every node is reached by one, and each is signed.
#[test]
fn every_search_through_the_plan_ends_at_a_node() {
    for (nodes, arity) in (1..=5).flat_map(|nodes| [2, 3, 4, 7, 16].map(|arity| (nodes, arity))) {
        let job = Job::of(nodes);
        let judge = arena::judge(&job);
        let mut ends = Vec::new();
        let mut open = vec![Game::new(arena::terms(&job.truth, Challenge::Plan, arity)).unwrap()];
        while let Some(mut game) = open.pop() {
            match (game.turn().map(|turn| turn.due), game.outcome()) {
                (_, Some(outcome)) => match outcome.reason {
                    Reason::InputSigned { node } => ends.push(node),
                    ref other => panic!("{other:?}"),
                },
                (Some(Due::Pick { places, .. }), _) => {
                    for piece in 0..places.len() as u8 {
                        let mut next = game.clone();
                        // What lies behind the last node cannot be picked.
                        if next.play(Party::Challenger, FILED, Move::Pick(piece), &judge).is_ok() {
                            open.push(next);
                        }
                    }
                }
                _ => {
                    let action = due(Party::Provider, &game, FILED, &mut job.truth.clone());
                    game.play(Party::Provider, FILED, action, &judge).unwrap();
                    open.push(game);
                }
            }
        }
        ends.sort_unstable();
        assert_eq!(ends, (0..nodes as u32).collect::<Vec<_>>(), "{nodes} nodes, {arity} at a time");
    }
}

/// Whichever node of a plan is not the agreed one, an honest challenger's search ends there.
#[test]
fn every_other_plan_is_found_out() {
    let job = Job::new();
    for (node, arity) in (0..5).flat_map(|node| [2, 3, 4, 16].map(|arity| (node, arity))) {
        let other = job.reprogrammed(node);
        let mut game = Game::new(arena::terms(&other, Challenge::Plan, arity)).unwrap();
        let (mut liar, mut honest) =
            (players::solving(Party::Provider, &other), players::solving(Party::Challenger, &job.truth));
        arena::play(&mut game, &job, &mut liar, &mut honest);
        assert_eq!(game.outcome().unwrap().reason, Reason::Input { node, part: Part::Program });
        assert!(game.outcome().unwrap().at <= game.terms().latest());
    }
}

/// A provider that posts true and false roots in every pattern.
struct Patterns<'a> {
    job: &'a Job,
    lie: View,
    games: u64,
}

impl Patterns<'_> {
    /// Every move that the provider has: those that the rules refuse change nothing and are left out.
    fn moves(&mut self, due: &Due) -> Vec<Move> {
        match due {
            Due::Cut { layer, steps } => {
                let roots = |view: &mut View| -> Vec<Hash> {
                    let root = |&step: &u64| match layer {
                        Layer::Graph => view.prefix(step as u32),
                        Layer::Trace { node } => view.trace(*node).unwrap().root_at(step),
                    };
                    steps.iter().map(root).collect()
                };
                let (truth, mut lies) = (roots(&mut self.job.truth.clone()), roots(&mut self.lie));
                for (lie, truth) in lies.iter_mut().zip(&truth).filter(|(lie, truth)| lie == truth) {
                    *lie = other_root(*truth);
                }
                let choose = |pattern: u32| {
                    let pick = |i: usize| if pattern >> i & 1 == 1 { lies[i] } else { truth[i] };
                    Move::Cut((0..steps.len()).map(pick).collect())
                };
                (0..1 << steps.len()).map(choose).collect()
            }
            Due::Open { node } => {
                let mut openings = Vec::new();
                for view in [&self.job.truth, &self.lie] {
                    let execution = view.clone().execution(*node).unwrap();
                    for steps in [1, STEPS - 1, STEPS, STEPS + 1] {
                        openings.push(Move::Open(Box::new(hyperdust_proof::graph::Execution {
                            steps,
                            ..execution.clone()
                        })));
                    }
                }
                openings
            }
            other => panic!("{other:?} is not for patterns"),
        }
    }

    fn explore(&mut self, game: &Game, judge: &impl hyperdust_proof::game::Judge) {
        let Some(turn) = game.turn() else {
            let outcome = game.outcome().unwrap();
            assert_eq!(outcome.blamed, Party::Provider, "{:#?}", game.transcript());
            self.games += 1;
            return;
        };
        let mut honest = self.job.truth.clone();
        match &turn.due {
            Due::Prove { node, step } => {
                for view in [&mut honest.clone(), &mut self.lie] {
                    let mut next = game.clone();
                    let action = Move::Prove(Box::new(view.proof(*node, *step).unwrap()));
                    if next.play(Party::Provider, FILED, action, judge).is_ok() {
                        assert_eq!(next.outcome().unwrap().blamed, Party::Provider, "{:#?}", next.transcript());
                    }
                }
                let mut next = game.clone();
                next.play(Party::Challenger, FILED, due(Party::Challenger, game, FILED, &mut honest), judge).unwrap();
                self.explore(&next, judge);
            }
            Due::Choose { .. } => {
                let mut next = game.clone();
                next.play(Party::Challenger, FILED, due(Party::Challenger, game, FILED, &mut honest), judge).unwrap();
                self.explore(&next, judge);
            }
            provider => {
                for action in self.moves(provider) {
                    let mut next = game.clone();
                    match next.play(Party::Provider, FILED, action, judge) {
                        Ok(()) => self.explore(&next, judge),
                        Err(_) => assert_eq!(&next, game),
                    }
                }
                // Whatever else it does is refused, and then its time is over.
                let mut next = game.clone();
                next.play(Party::Challenger, turn.until + 1, Move::Timeout, judge).unwrap();
                assert_eq!(next.outcome().unwrap().blamed, Party::Provider);
            }
        }
    }
}

/// All patterns of true and false roots, all openings, for a lie at every step of every node.
#[test]
fn every_liar_loses() {
    let job = Job::of(3);
    let judge = arena::judge(&job);
    let mut games = 0;
    for node in 0..job.nodes() {
        for step in 1..=STEPS {
            for lie in [job.lie(node, step), job.inconsistent_lie(node, step)] {
                for arity in [2, 4] {
                    // Most games of arity 4 differ in cuts that the challenger answers the same way.
                    if arity == 4 && (u64::from(node) + step) % 5 != 0 {
                        continue;
                    }
                    let game = Game::new(arena::terms(&lie, Challenge::Outputs, arity)).unwrap();
                    let mut patterns = Patterns { job: &job, lie: lie.clone(), games: 0 };
                    patterns.explore(&game, &judge);
                    games += patterns.games;
                }
            }
        }
    }
    assert!(games > 8000, "{games} games");
}
