//! The search ends at the first wrong step, whoever lies, and an honest party wins.

use hyperdust_proof::{
    DissectionError, StepError, TraceProvider,
    dissection::{Dissection, Point, Turn, answer, first_difference},
    machine::{Machine, State, StepProof, Trace, plain},
    tree::Hash,
};

use crate::programs;

/// Roots that are the number of the step, and others from `wrong` on.
struct Toy {
    wrong: u64,
}

impl TraceProvider for Toy {
    fn root_at(&mut self, step: u64) -> Hash {
        let mut root = [0; 32];
        root[..8].copy_from_slice(&step.to_le_bytes());
        root[31] = (step >= self.wrong).into();
        root
    }
}

const HONEST: Toy = Toy { wrong: u64::MAX };

/// Plays until one step is left.
fn play(arity: u64, end: u64, provider: &mut impl TraceProvider, challenger: &mut impl TraceProvider) -> Dissection {
    let point = |step, trace: &mut dyn FnMut(u64) -> Hash| Point { step, root: trace(step) };
    let agreed = point(0, &mut |step| challenger.root_at(step));
    let disputed = point(end, &mut |step| provider.root_at(step));
    let mut game = Dissection::new(arity, agreed, disputed).unwrap();
    loop {
        match game.turn() {
            Turn::Cut(steps) => game.cut(&answer(&steps, provider)).unwrap(),
            Turn::Choose(points) => game.choose(first_difference(&points, challenger)).unwrap(),
            Turn::Settle => return game,
        }
    }
}

/// Every length, every first wrong step, several arities.
#[test]
fn the_first_wrong_step_is_found() {
    for arity in [2, 3, 16] {
        for end in 1..80 {
            for wrong in 1..=end {
                let game = play(arity, end, &mut Toy { wrong }, &mut { HONEST });
                assert_eq!((game.agreed().step, game.disputed().step), (wrong - 1, wrong));
                let enough = (0..).find(|&cuts| arity.pow(cuts) >= end).unwrap();
                assert!(game.cuts() <= enough, "{arity} {end} {}", game.cuts());
            }
        }
    }
}

/// Eight cuts into sixteen for 2³¹ steps, wherever the fault is; and the whole range of steps does not overflow.
#[test]
fn eight_moves_are_enough() {
    for wrong in [1, 2, 12_345, 1 << 27, (1 << 31) - 1, 1 << 31] {
        let game = play(16, 1 << 31, &mut Toy { wrong }, &mut { HONEST });
        assert_eq!((game.disputed().step, game.cuts()), (wrong, 8));
    }
    assert_eq!(play(16, u64::MAX, &mut Toy { wrong: 1 << 63 }, &mut { HONEST }).disputed().step, 1 << 63);
}

/// What the rules refuse, and that a refused move changes nothing.
#[test]
fn moves_are_checked() {
    let point = |step| Point { step, root: [step as u8; 32] };
    assert!(matches!(Dissection::new(16, point(3), point(3)), Err(DissectionError::Empty { .. })));
    assert!(matches!(Dissection::new(1, point(0), point(3)), Err(DissectionError::Arity { .. })));
    let mut game = Dissection::new(4, point(0), point(100)).unwrap();
    let before = game.clone();
    assert_eq!(game.turn(), Turn::Cut(vec![25, 50, 75]));
    assert_eq!(game.cut(&[[1; 32]; 2]), Err(DissectionError::Roots { found: 2, accepted: 3 }));
    assert_eq!(game.choose(0), Err(DissectionError::Turn { found: "choice", accepted: "cut" }));
    assert_eq!(game, before);
    game.cut(&[[1; 32]; 3]).unwrap();
    assert_eq!(game.cut(&[[1; 32]; 3]), Err(DissectionError::Turn { found: "cut", accepted: "choice" }));
    for piece in [4, 5, usize::MAX] {
        assert_eq!(game.choose(piece), Err(DissectionError::Piece { found: piece, pieces: 4 }));
    }
    game.choose(3).unwrap();
    assert_eq!((game.agreed().step, game.disputed()), (75, point(100)));
}

/// A trace that goes wrong at one step, in a register that the program never uses: the fault stays to the end.
struct Faulty<'a> {
    honest: &'a Trace,
    wrong: u64,
}

impl TraceProvider for Faulty<'_> {
    fn root_at(&mut self, step: u64) -> Hash {
        if step < self.wrong {
            return self.honest.state_at(step).root();
        }
        let mut state = self.honest.state_at(self.wrong);
        state.processor.set(20, 1 << 7);
        let mut machine = Machine::new(state);
        machine.run(step - self.wrong);
        machine.root()
    }
}

/// Disputes about a program, with the liar on either side, decided by the proof of one instruction.
#[test]
fn one_instruction_decides() {
    let mut trace = Trace::record(State::initial(&programs::checksum(100, 4), &[]).unwrap(), 8, 1 << 20).unwrap();
    let end = trace.length() + 10;
    for wrong in [1, 2, 700, trace.length() - 3] {
        let honest = trace.clone();
        let mut liar = Faulty { honest: &honest, wrong };
        let game = play(16, end, &mut liar, &mut trace);
        let mut before = trace.state_at(game.agreed().step);
        let proof = StepProof::of(&mut before);
        plain::step(&mut before);
        assert_eq!((game.agreed().step, game.disputed().step), (wrong - 1, wrong));
        let verdict = game.settle(&proof).unwrap();
        assert!(
            matches!(verdict, Err(StepError::PostState { computed, .. }) if computed == before.root()),
            "{verdict:?}"
        );

        let game = play(16, end, &mut trace, &mut liar);
        assert_eq!((game.agreed().step, game.disputed().step), (wrong - 1, wrong));
        let proof = StepProof::of(&mut trace.state_at(game.agreed().step));
        assert_eq!(game.settle(&proof).unwrap(), Ok(()), "an honest provider is proved right");
    }
}
