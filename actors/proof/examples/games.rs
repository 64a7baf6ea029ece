//! Games about outputs as a file, for whoever referees them elsewhere (the contract `Disputes`):
//! `cargo run -p hyperdust-proof --example games -- STEM [all]`, into `STEM-0.bin`, …. The adversary matrix of the tests; with `all`, also a lie at every step of every
//! node, on either side. Say in the commit why the file changed.
//!
//! Everything is a 32-byte word, big-endian. A game: nodes, plan, claim, budget, extension, time of filing, number of moves; the moves; the
//! end (0 none, 1 conceded, 2 the provider is blamed, 3 the challenger). A move: party (0 provider, 1 challenger), time, kind (0 concession, 1
//! cut, 2 choice, 3 opening, 4 proof, 5 timeout), whether the rules accept it, bytes of what it shows; that, padded with zeros. Shown are: the roots of a
//! cut; the piece; the opening as Solidity's `abi.encode` lays it out; the proof's bytes. Of the first game, and with `all` of every one, many a
//! move that the rules refuse is there as well, before the one that was made.

#[path = "../tests/it/arena/mod.rs"]
mod arena;
#[path = "../tests/it/assembler.rs"]
mod assembler;
#[path = "../tests/it/programs.rs"]
mod programs;

use arena::{job::Job, matrix, players};
use hyperdust_proof::{
    Game, Party,
    abi::{self, padded, word},
    game::{Challenge, Due, Move, Reason},
    graph::Execution,
    machine::{State, Status, StepProof},
    tree::Hash,
};

/// Games of a file, with `all`.
const EACH: usize = 10;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let stem = arguments.next().expect("accepted: STEM [all]");
    let all = arguments.next().is_some_and(|word| word == "all");
    let job = Job::new();
    let mut games: Vec<Game> = matrix::cases(&job)
        .iter_mut()
        .filter(|case| matches!(case.challenge, Challenge::Outputs))
        .map(|case| case.play(&job))
        .collect();
    if all {
        for (node, step) in (0..job.nodes()).flat_map(|node| (1..=16).map(move |step| (node, step))) {
            let lie = job.lie(node, step);
            for (claim, other) in [(&lie, &job.truth), (&job.truth, &lie)] {
                let mut game = Game::new(arena::terms(claim, Challenge::Outputs, 16)).expect("terms");
                let mut provider = players::solving(Party::Provider, claim);
                arena::play(&mut game, &job, &mut provider, &mut players::solving(Party::Challenger, other));
                games.push(game);
            }
        }
    }
    let written: Vec<_> =
        games.iter().enumerate().map(|(number, game)| written(game, &job, all || number == 0).concat()).collect();
    let files = if all { written.len().div_ceil(EACH) } else { 1 };
    for (number, games) in written.chunks(written.len().div_ceil(files)).enumerate() {
        std::fs::write(format!("{stem}-{number}.bin"), games.concat())?;
    }
    println!("{stem}: {} games in {files} files", games.len());
    Ok(())
}

fn written(game: &Game, job: &Job, refusals: bool) -> Vec<Hash> {
    let judge = arena::judge(job);
    let (terms, entries) = (game.terms(), game.transcript().entries);
    let mut replay = Game::new(terms.clone()).expect("terms");
    let (mut moves, mut count) = (Vec::new(), 0);
    let mut refuse = |replay: &Game, tries: Vec<(Party, u64, Move)>, moves: &mut Vec<Hash>| {
        for (by, at, action) in tries {
            replay.clone().play(by, at, action.clone(), &judge).expect_err("a move that is refused");
            count += 1;
            moves.extend(played(by, at, &action, false));
        }
    };
    for entry in &entries {
        if refusals {
            refuse(&replay, wrong(&replay, entry.by, entry.at, &entry.action), &mut moves);
        }
        replay.play(entry.by, entry.at, entry.action.clone(), &judge).expect("a move that was made");
        moves.extend(played(entry.by, entry.at, &entry.action, true));
    }
    if let (true, Some(outcome)) = (refusals, replay.outcome()) {
        let after = entries.iter().map(|entry| (entry.by, outcome.at, entry.action.clone()));
        let late = [Party::Provider, Party::Challenger].map(|by| (by, outcome.at + 100_000, Move::Timeout));
        refuse(&replay, after.chain(late).collect(), &mut moves);
    }
    let end = match game.outcome() {
        None => 0,
        Some(outcome) if outcome.reason == Reason::Conceded => 1,
        Some(outcome) => 2 + outcome.blamed as u64,
    };
    let clock = [terms.clock.budget, terms.clock.extension, terms.filed, (count + entries.len()) as u64].map(word);
    let head = [word(terms.nodes.into()), terms.plan, terms.claim];
    head.into_iter().chain(clock).chain(moves).chain([word(end)]).collect()
}

fn played(by: Party, at: u64, action: &Move, accepted: bool) -> Vec<Hash> {
    let (kind, shown) = match action {
        Move::Concede => (0, Vec::new()),
        Move::Cut(roots) => (1, roots.concat()),
        Move::Choose(piece) => (2, word(u64::from(*piece)).to_vec()),
        Move::Open(execution) => (3, abi::opening(execution).concat()),
        Move::Prove(proof) => (4, proof.encode()),
        Move::Timeout => (5, Vec::new()),
        other => panic!("a {} in a game about outputs", other.kind()),
    };
    let head = [by as u64, at, kind, accepted.into(), shown.len() as u64].map(word);
    head.into_iter().chain(padded(&shown)).collect()
}

/// Moves that the rules refuse now, among them nearly the one that comes.
fn wrong(game: &Game, by: Party, at: u64, right: &Move) -> Vec<(Party, u64, Move)> {
    use Party::{Challenger, Provider};
    let turn = game.turn().expect("a turn");
    let proof = StepProof::of(&mut State::initial(&[0x13, 0, 0, 0], &[]).expect("a program"));
    let mut tries = vec![(turn.by.other(), turn.until, Move::Timeout)];
    let others = [
        (Provider, Move::Cut(vec![[1; 32]; 2])),
        (Challenger, Move::Choose(0)),
        (Provider, Move::Prove(Box::new(proof.clone()))),
        (Challenger, Move::Prove(Box::new(proof))),
    ];
    tries.extend(others.into_iter().filter(|(_, other)| other.kind() != turn.due.kind()).map(|(by, m)| (by, at, m)));
    tries.push((Challenger, at, Move::Concede));
    if !game.may_concede() {
        tries.push((Provider, at, Move::Concede));
    }
    if *right != Move::Timeout {
        tries.push((by, turn.until + 1, right.clone()));
        if !matches!(right, Move::Prove(_)) {
            tries.push((by.other(), at, right.clone()));
        }
    }
    let mut add = |action: Move| tries.push((by, at, action));
    match (right, &turn.due) {
        (Move::Cut(roots), _) => {
            add(Move::Cut(roots[1..].to_vec()));
            add(Move::Cut([roots.as_slice(), &[[2; 32]]].concat()));
        }
        (Move::Choose(_), Due::Choose { points, .. }) => {
            add(Move::Choose(points.len() as u8 - 1));
            add(Move::Choose(255));
        }
        (Move::Open(good), _) => bent(good).into_iter().for_each(|execution| add(Move::Open(Box::new(execution)))),
        (Move::Prove(good), _) => {
            for bend in [
                |proof: &mut StepProof| proof.memory[0] ^= 1,
                |proof: &mut StepProof| proof.instruction = None,
                |proof: &mut StepProof| proof.data = proof.instruction.clone(),
                |proof: &mut StepProof| proof.processor.pc += 4,
            ] {
                let mut proof = (**good).clone();
                bend(&mut proof);
                add(Move::Prove(Box::new(proof)));
            }
        }
        _ => {}
    }
    tries
}

/// Openings with one thing wrong.
fn bent(good: &Execution) -> Vec<Execution> {
    let bends: [fn(&mut Execution); 13] = [
        |run| run.steps = 0,
        |run| run.steps = (1 << 32) + 1,
        |run| run.node.node.program[0] ^= 1,
        |run| run.node.siblings[0][0] ^= 1,
        |run| run.node.siblings.truncate(1),
        |run| run.node.siblings.push([0; 32]),
        |run| run.output.length ^= 1,
        |run| run.output.tree[0] ^= 1,
        |run| run.output.length = 1 << 40,
        |run| run.processor.status = Status::Exited(1),
        |run| run.processor.status = Status::Running,
        |run| run.inputs[0] = None,
        |run| run.inputs[3] = run.inputs[0],
    ];
    let mut list: Vec<_> = bends
        .iter()
        .map(|bend| {
            let mut execution = good.clone();
            bend(&mut execution);
            execution
        })
        .collect();
    if let Some(output) = good.node.outputs.first() {
        let mut execution = good.clone();
        execution.node.outputs[0].siblings[0][0] ^= 1;
        list.push(execution.clone());
        execution.node.outputs = good.node.outputs.clone();
        execution.node.outputs.push(output.clone());
        list.push(execution.clone());
        execution.node.outputs.clear();
        list.push(execution);
    }
    list
}
