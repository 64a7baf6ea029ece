//! A small language for games: a toy job, claims about it, players by name, and a referee's table.
//!
//! It uses the crate's public face alone, so that whoever tests another referee (a contract) can include it by its path
//! and play the same matrix ([`matrix::cases`]); `assembler` and `programs` have to be beside it.
#![allow(dead_code, reason = "who includes this uses part of it")]

pub mod job;
pub mod matrix;
pub mod players;

use hyperdust_proof::{
    Game, Party,
    game::{Challenge, Clock, Finding, Part, Terms},
    graph::Node,
};

use self::{
    job::{Job, View},
    players::Player,
};

/// Time that each party has in these games.
pub const CLOCK: Clock = Clock { budget: 1000, extension: 50 };
/// When challenges are filed.
pub const FILED: u64 = 5000;
/// What counts as a signature for a node of the toy job: these bytes.
pub const SIGNATURE: &[u8] = b"signed";

/// A dispute about the claim of `view`.
pub fn terms(view: &View, challenge: Challenge, arity: u16) -> Terms {
    let (plan, claim) = (view.graph.plan(), view.graph.root());
    Terms { nodes: view.graph.count(), plan, claim, challenge, arity, clock: CLOCK, filed: FILED }
}

/// Accepts the nodes of the true plan where the evidence is there, and says what of others is wrong.
pub fn judge(job: &Job) -> impl Fn(u32, &Node, &[u8]) -> Finding {
    let nodes = job.truth.graph.nodes().to_vec();
    move |index, node, evidence| {
        let expected = &nodes[index as usize];
        if node.program != expected.program {
            return Finding::Unsigned(Part::Program);
        }
        for (input, (found, expected)) in (0..).zip(node.inputs.iter().zip(&expected.inputs)) {
            if found != expected {
                return Finding::Unsigned(Part::Input(input));
            }
        }
        if evidence == SIGNATURE { Finding::Signed } else { Finding::Unsigned(Part::Input(0)) }
    }
}

/// Plays until the game is over or nobody does anything any more. Whoever is due is asked for moves, at times that it
/// names; what the rules refuse, they refuse, and it is asked again a few times. Where it does nothing, time goes by, and
/// the other may call it. The other may also move out of turn, at any time.
pub fn play(game: &mut Game, job: &Job, provider: &mut dyn Player, challenger: &mut dyn Player) {
    let judge = judge(job);
    let mut now = game.terms().filed;
    while let Some(turn) = game.turn() {
        let (due, other): (&mut dyn Player, &mut dyn Player) = match turn.by {
            Party::Provider => (&mut *provider, &mut *challenger),
            Party::Challenger => (&mut *challenger, &mut *provider),
        };
        if let Some((at, action)) = other.interrupt(game, now) {
            let before = game.clone();
            match game.play(turn.by.other(), at, action, &judge) {
                Ok(()) => {
                    now = at;
                    continue;
                }
                Err(_) => assert_eq!(*game, before, "a refused move changes nothing"),
            }
        }
        let mut moved = false;
        for _ in 0..3 {
            let Some((at, action)) = due.respond(game, now) else { break };
            let before = game.clone();
            match game.play(turn.by, at, action, &judge) {
                Ok(()) => {
                    (now, moved) = (at, true);
                    break;
                }
                Err(_) => assert_eq!(*game, before, "a refused move changes nothing"),
            }
        }
        if !moved {
            now = turn.until + 1;
            let called = other.respond(game, now).filter(|(at, _)| *at >= now);
            if called.is_none_or(|(at, action)| game.play(turn.by.other(), at, action, &judge).is_err()) {
                return;
            }
        }
    }
}
