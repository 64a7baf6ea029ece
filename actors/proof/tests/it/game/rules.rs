//! What the rules refuse, with which words, and that a refused move changes nothing.

use hyperdust_proof::{
    DissectionError, ExecutionError, Game, MoveError, Node, Party, Transcript, TranscriptError,
    game::{Challenge, Clock, EVIDENCE, Finding, Judge, Knowledge, Move, MoveKind, NothingSigned, Part, Reason},
    graph::{KIND, NODE_BYTES},
    tree::{self, Hash, Head},
};

use super::due;
use crate::arena::{self, FILED, job::Job};

#[test]
fn terms_are_checked() {
    let job = Job::new();
    let good = arena::terms(&job.truth, Challenge::Outputs, 16);
    let refused = |change: &dyn Fn(&mut hyperdust_proof::game::Terms)| {
        let mut terms = good.clone();
        change(&mut terms);
        Game::new(terms).unwrap_err().to_string()
    };
    assert_eq!(refused(&|t| t.nodes = 0), "terms: found 0 nodes; accepted: 1 to 65536");
    assert_eq!(refused(&|t| t.nodes = 65_537), "terms: found 65537 nodes; accepted: 1 to 65536");
    assert_eq!(refused(&|t| t.arity = 1), "terms: found 1 pieces a cut; accepted: 2 to 256");
    assert_eq!(refused(&|t| t.arity = 257), "terms: found 257 pieces a cut; accepted: 2 to 256");
    assert_eq!(refused(&|t| t.claim = t.plan), "terms: the claim is the plan; accepted: a claim with outputs");
    assert_eq!(refused(&|t| t.challenge = Challenge::Inputs { node: 5 }), "terms: found node 5; accepted: 0 to 4");
    let stopped = Clock { budget: 0, extension: 5 };
    assert_eq!(refused(&|t| t.clock = stopped), "terms: found a clock without time; accepted: at least 1");
}

/// Where the judge knows how many nodes were signed, a claim of more or fewer has no game, whatever is challenged, and neither has a
/// transcript of one; where it does not know, the first node that nobody signed can still be asked about.
#[test]
fn the_number_of_nodes_is_the_signed_one() {
    struct Signed<J>(J, u32);
    impl<J: Judge> Judge for Signed<J> {
        fn judge(&self, index: u32, node: &Node, evidence: &[u8]) -> Finding {
            self.0.judge(index, node, evidence)
        }
        fn nodes(&self) -> Option<u32> {
            Some(self.1)
        }
    }
    let job = Job::new();
    for signed in [1, 4, 5, 6, 65_536] {
        let judge = Signed(arena::judge(&job), signed);
        for challenge in [Challenge::Outputs, Challenge::Plan, Challenge::Inputs { node: 4 }] {
            let terms = arena::terms(&job.truth, challenge, 16);
            let error = MoveError::Nodes { found: 5, accepted: signed };
            let found = Game::filed(terms.clone(), &judge).err();
            assert_eq!(found, (signed != 5).then(|| error.clone()));
            let transcript = Transcript { terms, entries: Vec::new() };
            let found = transcript.replay(&judge).err();
            assert_eq!(found, (signed != 5).then_some(TranscriptError::Terms(error)));
        }
    }
    assert_eq!(
        MoveError::Nodes { found: 5, accepted: 4 }.to_string(),
        "found 5 nodes; accepted: 4, as many as were signed"
    );
    // Four were signed, five are claimed, and the judge knows signatures alone.
    let unsigned = |index: u32, _: &Node, _: &[u8]| match index {
        4 => Finding::Unsigned(Part::Sources),
        _ => Finding::Signed,
    };
    let mut game = Game::filed(arena::terms(&job.truth, Challenge::Inputs { node: 4 }, 16), &unsigned).unwrap();
    let (proof, evidence) = job.truth.clone().evidence(4).unwrap();
    game.play(Party::Provider, FILED, Move::Answer { proof: Box::new(proof), evidence }, &unsigned).unwrap();
    assert_eq!(game.outcome().unwrap().blamed, Party::Provider);
}

/// Every move at every stage that is due another one, by either party.
#[test]
fn turns_are_checked() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let lie = job.lie(3, 4);
    let mut game = Game::new(arena::terms(&job.truth, Challenge::Outputs, 2)).unwrap();
    let mut truth = job.truth.clone();
    let moves = [
        Move::Answer { proof: Box::new(job.truth.graph.prove(0).unwrap()), evidence: Vec::new() },
        Move::Split(vec![[1; 32]; 2]),
        Move::Pick(0),
        Move::Cut(vec![[1; 32]]),
        Move::Choose(0),
        Move::Open(Box::new(truth.execution(0).unwrap())),
        Move::Prove(Box::new(truth.proof(0, 0).unwrap())),
    ];
    let mut seen = Vec::new();
    while let Some(turn) = game.turn() {
        for action in &moves {
            for by in [Party::Provider, Party::Challenger] {
                if action.kind() == turn.due.kind() && (by == turn.by || action.kind() == MoveKind::Prove) {
                    continue;
                }
                let mut next = game.clone();
                let error = next.play(by, FILED, action.clone(), &judge).unwrap_err();
                assert!(matches!(error, MoveError::Turn { .. }), "{error}");
                assert_eq!(next, game);
            }
        }
        for by in [Party::Provider, Party::Challenger] {
            let conceded = game.clone().play(by, FILED, Move::Concede, &judge);
            let first = by == Party::Provider && seen.is_empty();
            assert_eq!(conceded, if first { Ok(()) } else { Err(MoveError::Concession) });
        }
        seen.push(turn.due.kind());
        let view = if turn.by == Party::Provider { &job.truth } else { &lie };
        let action = due(turn.by, &game, FILED, &mut view.clone());
        game.play(turn.by, FILED, action, &judge).unwrap();
    }
    use MoveKind::{Choose, Cut, Open, Prove};
    let rounds = |n| [Cut, Choose].repeat(n);
    assert_eq!(seen, [rounds(3), vec![Open], rounds(4), vec![Prove]].concat());
    for action in moves.into_iter().chain([Move::Timeout, Move::Concede]) {
        for by in [Party::Provider, Party::Challenger] {
            assert_eq!(game.play(by, FILED + 9999, action.clone(), &judge), Err(MoveError::Over));
        }
    }
}

/// Errors of what a move is made of come through.
#[test]
fn contents_are_checked() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let (mut truth, mut lie) = (job.truth.clone(), job.lie(3, 4));
    let mut game = Game::new(arena::terms(&lie, Challenge::Outputs, 16)).unwrap();
    let refused = |game: &Game, by, action| game.clone().play(by, FILED, action, &judge).unwrap_err();
    let roots = |found| MoveError::Dissection(DissectionError::Roots { found, accepted: 4 });
    for found in [0, 3, 5, 300] {
        assert_eq!(refused(&game, Party::Provider, Move::Cut(vec![[0; 32]; found])), roots(found));
    }
    game.play(Party::Provider, FILED, due(Party::Provider, &game, FILED, &mut lie), &judge).unwrap();
    let piece = |found| MoveError::Dissection(DissectionError::Piece { found, pieces: 5 });
    for found in [5, 255] {
        assert_eq!(refused(&game, Party::Challenger, Move::Choose(found)), piece(found.into()));
    }
    game.play(Party::Challenger, FILED, due(Party::Challenger, &game, FILED, &mut truth), &judge).unwrap();
    let open = Move::Open(Box::new(truth.execution(3).unwrap()));
    let error = refused(&game, Party::Provider, open);
    assert!(matches!(error, MoveError::Execution(ExecutionError::Output { .. })), "{error}");
    game.play(Party::Provider, FILED, due(Party::Provider, &game, FILED, &mut lie), &judge).unwrap();
    game.play(Party::Provider, FILED, due(Party::Provider, &game, FILED, &mut lie), &judge).unwrap();
    game.play(Party::Challenger, FILED, due(Party::Challenger, &game, FILED, &mut truth), &judge).unwrap();
    // The proof of another step, and the one of this step with a leaf that does not belong there.
    for step in [0, 2, 5] {
        let error = refused(&game, Party::Provider, Move::Prove(Box::new(truth.proof(3, step).unwrap())));
        assert!(matches!(error, MoveError::Step(_)), "{error}");
    }
    let mut proof = truth.proof(3, 3).unwrap();
    proof.data = proof.instruction.clone().filter(|_| proof.data.is_none());
    assert!(matches!(refused(&game, Party::Provider, Move::Prove(Box::new(proof))), MoveError::Step(_)));
}

/// What is posted of a plan has to be all that is due, and to hash to what was there before.
#[test]
fn splits_are_checked() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let other = job.reprogrammed(3);
    let mut game = Game::new(arena::terms(&job.truth, Challenge::Plan, 4)).unwrap();
    let split = |view: &crate::arena::job::View, level, places: std::ops::Range<u32>| {
        let mut view = view.clone();
        Move::Split(places.map(|place| view.plan_subtree(level, place).unwrap()).collect())
    };
    let refused = |game: &Game, by, action| game.clone().play(by, FILED, action, &judge).unwrap_err();
    // Eight places for five nodes: four subtrees of two.
    let few = refused(&game, Party::Provider, split(&job.truth, 1, 0..3));
    assert_eq!(few, MoveError::Subtrees { found: 3, accepted: 4 });
    let strange = refused(&game, Party::Provider, split(&other, 1, 0..4));
    assert!(matches!(strange, MoveError::NotInPlan { .. }), "{strange}");
    game.play(Party::Provider, FILED, split(&job.truth, 1, 0..4), &judge).unwrap();
    for found in [3, 4, 255] {
        let error = refused(&game, Party::Challenger, Move::Pick(found));
        let piece = DissectionError::Piece { found: found.into(), pieces: 3 };
        assert_eq!(error, MoveError::Dissection(piece), "behind the last node");
    }
    game.play(Party::Challenger, FILED, Move::Pick(1), &judge).unwrap();
    let elsewhere = refused(&game, Party::Provider, split(&job.truth, 0, 0..2));
    assert!(matches!(elsewhere, MoveError::NotInPlan { .. }), "{elsewhere}");
    game.play(Party::Provider, FILED, split(&job.truth, 0, 2..4), &judge).unwrap();
    game.play(Party::Challenger, FILED, Move::Pick(1), &judge).unwrap();
    assert_eq!(game.turn().unwrap().due, hyperdust_proof::game::Due::Answer { node: 3 });
}

/// A plan whose nodes are the signed ones and whose tree holds something behind the last of them is another plan, in which no node is
/// another: its provider has nothing to post, and the challenger is not left with a subtree that it may not pick.
#[test]
fn nothing_lies_behind_a_plans_last_node() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let above = |level: &[Hash]| -> Vec<Hash> { level.chunks(2).map(|pair| tree::node(&pair[0], &pair[1])).collect() };
    let mut nodes: Vec<Hash> = (0..8).map(|place| job.truth.graph.plan_subtree(0, place).unwrap()).collect();
    nodes[6] = [9; 32];
    let (pairs, length) = (above(&nodes), NODE_BYTES * 5);
    let plan = Head { kind: KIND.word(), length, tree: above(&above(&pairs))[0] }.root();
    for (arity, posted) in [(16, nodes), (4, pairs)] {
        let terms = hyperdust_proof::game::Terms { plan, ..arena::terms(&job.truth, Challenge::Plan, arity) };
        let mut game = Game::new(terms).unwrap();
        let error = game.play(Party::Provider, FILED, Move::Split(posted), &judge).unwrap_err();
        assert!(matches!(error, MoveError::NotInPlan { .. }), "{error}");
        let late = game.turn().unwrap().until + 1;
        let called = due(Party::Challenger, &game, late, &mut job.truth.clone());
        game.play(Party::Challenger, late, called, &judge).unwrap();
        assert_eq!(game.outcome().unwrap().blamed, Party::Provider);
    }
}

/// Questions about inputs: the node must be the plan's, the evidence short, and the judge has the last word.
#[test]
fn answers_are_checked() {
    let job = Job::new();
    let judge = arena::judge(&job);
    let game = Game::new(arena::terms(&job.truth, Challenge::Inputs { node: 2 }, 16)).unwrap();
    let (proof, evidence) = job.truth.clone().evidence(2).unwrap();
    let answer = |proof: &hyperdust_proof::graph::NodeProof, evidence: &[u8]| Move::Answer {
        proof: Box::new(proof.clone()),
        evidence: evidence.to_vec(),
    };
    let refused = |action| game.clone().play(Party::Provider, FILED, action, &judge).unwrap_err();
    let long = refused(answer(&proof, &[0; EVIDENCE + 1]));
    assert_eq!(long, MoveError::Evidence { found: EVIDENCE + 1, accepted: EVIDENCE });
    let other = job.truth.clone().evidence(1).unwrap().0;
    assert!(matches!(refused(answer(&other, &evidence)), MoveError::Graph(_)), "another node");
    let known = job.truth.graph.prove(2).unwrap();
    assert!(matches!(refused(answer(&known, &evidence)), MoveError::Graph(_)), "a node of the claim");
    let mut ended = game.clone();
    ended.play(Party::Provider, FILED, answer(&proof, &evidence), &judge).unwrap();
    assert_eq!(ended.outcome().unwrap().reason, Reason::InputSigned { node: 2 });
    let mut ended = game.clone();
    ended.play(Party::Provider, FILED, answer(&proof, &[]), &judge).unwrap();
    assert_eq!(ended.outcome().unwrap().reason, Reason::Input { node: 2, part: Part::Input(0) });
    let mut ended = game.clone();
    ended.play(Party::Provider, FILED, answer(&proof, &evidence), &NothingSigned).unwrap();
    assert_eq!(ended.outcome().unwrap().blamed, Party::Provider);
}
