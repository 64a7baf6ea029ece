//! The fast interpreter equals the reference at every step count, over programs made of anything.

use hyperdust_proof::machine::{Machine, State, Status, plain};
use proptest::prelude::*;

use crate::{assembler::*, programs};

const WORDS: usize = 48;

/// A legal instruction that tends to keep the program going: short jumps, addresses near registers that hold some.
fn instruction() -> impl Strategy<Value = u32> {
    let register = || 0..32u32;
    let base = || prop_oneof![Just(SP), Just(S0), register()];
    prop_oneof![
        8 => (0..18usize, register(), register(), register()).prop_map(|(i, rd, a, b)| op(REGISTER[i].0, rd, a, b)),
        6 => (0..6usize, register(), register(), -2048..2048).prop_map(|(i, rd, a, b)| opi(IMMEDIATE[i].0, rd, a, b)),
        3 => (0..3usize, register(), register(), 0..32).prop_map(|(i, rd, a, b)| opi(SHIFT[i].0, rd, a, b)),
        4 => (0..5usize, register(), -64..64, base()).prop_map(|(i, rd, o, b)| load(LOADS[i].0, rd, o & !3, b)),
        4 => (0..3usize, register(), -64..64, base()).prop_map(|(i, s, o, b)| store(STORES[i].0, s, o & !3, b)),
        1 => (0..5usize, register(), -64..64, base()).prop_map(|(i, rd, o, b)| load(LOADS[i].0, rd, o, b)),
        1 => (0..3usize, register(), -64..64, base()).prop_map(|(i, s, o, b)| store(STORES[i].0, s, o, b)),
        5 => (0..6usize, register(), register(), -16..16).prop_map(|(i, a, b, o)| branch(BRANCHES[i].0, a, b, 4 * o)),
        2 => (register(), -16..16).prop_map(|(rd, o)| jal(rd, 4 * o)),
        1 => (register(), 0..WORDS as i32).prop_map(|(rd, o)| jalr(rd, 4 * o, ZERO)),
        1 => (register(), any::<u32>()).prop_map(|(rd, upper)| lui(rd, upper >> 12)),
        1 => (register(), any::<u32>()).prop_map(|(rd, upper)| auipc(rd, upper >> 12)),
        1 => Just(FENCE),
    ]
}

fn word() -> impl Strategy<Value = u32> {
    let nearly = (0..32u32, instruction()).prop_map(|(bit, word)| word ^ (1u32 << bit));
    prop_oneof![40 => instruction(), 1 => any::<u32>(), 1 => Just(ECALL), 1 => nearly]
}

fn value() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0u32),
        Just(1),
        Just(0x8000_0000),
        Just(u32::MAX),
        any::<u32>(),
        (0..0x0400_0100u32).prop_map(|a| a & !3),
        0..200u32,
        // So that some system calls exit.
        Just(93)
    ]
}

/// A state about to run a random program, with addresses of random data in `sp` and `s0`.
pub fn state() -> impl Strategy<Value = State> {
    let program = proptest::collection::vec(word(), WORDS);
    let data = proptest::collection::vec(any::<u8>(), 160);
    (program, proptest::collection::vec(value(), 32), data).prop_map(|(program, registers, data)| {
        let mut state = State::initial(&image(&program), &[]).unwrap();
        state.memory_mut().place(0x03ff_ff00 - 80, &data);
        state.memory_mut().place(0x0240_0100 - 80, &data);
        for (number, value) in registers.into_iter().enumerate() {
            state.processor.set(number as u8, value);
        }
        state.processor.set(SP as u8, 0x03ff_ff00);
        state.processor.set(S0 as u8, 0x0240_0100);
        state
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Chunks of any size: block boundaries and the ends of runs meet in all ways.
    #[test]
    fn blocks_equal_plain(state in state(), chunks in proptest::collection::vec(1..40u64, 1..30)) {
        let mut reference = state.clone();
        let mut machine = Machine::new(state);
        for chunk in chunks {
            let running = plain::run(&mut reference, chunk);
            prop_assert_eq!(machine.run(chunk), running);
            prop_assert_eq!(&machine.state().processor, &reference.processor);
            prop_assert_eq!(machine.state().steps, reference.steps);
        }
        prop_assert_eq!(machine.root(), reference.root());
    }
}

/// Whole programs, at every step and in one go.
#[test]
fn programs_give_their_results() {
    for (program, expected) in [
        (programs::sieve(200), programs::sum_of_primes(200)),
        (programs::checksum(10, 5), programs::checksum_of(10, 5)),
    ] {
        let initial = State::initial(&program, &[]).unwrap();
        let mut reference = initial.clone();
        let mut machine = Machine::new(initial.clone());
        while reference.processor.status == Status::Running {
            plain::step(&mut reference);
            machine.run(1);
            assert_eq!(machine.state().processor, reference.processor, "step {}", reference.steps);
        }
        assert_eq!(reference.processor.status, Status::Exited(expected));
        let mut whole = Machine::new(initial);
        assert_eq!(whole.run(u64::MAX / 2), reference.steps);
        assert_eq!(whole.root(), reference.root());
        assert_eq!(machine.root(), reference.root());
    }
}

/// An image full of code, run from two starts, so that the second pass needs other blocks than the first: more than is
/// kept at once.
#[test]
fn a_full_cache_starts_anew() {
    let mut words = vec![opi("addi", A0, A0, 1); 1 << 22];
    // From the end back to the second word, and on the second pass out of the image.
    let last = words.len() - 2;
    words[last] = branch("bne", A1, ZERO, 8);
    words[last + 1] = jalr(A1, 4, ZERO);
    let mut reference = State::initial(&image(&words), &[]).unwrap();
    let mut machine = Machine::new(reference.clone());
    let running = plain::run(&mut reference, 1 << 24);
    assert_eq!(machine.run(1 << 24), running);
    assert_eq!(machine.state().processor, reference.processor);
    assert_eq!(reference.processor.registers()[A0 as usize], 2 * ((1 << 22) - 2) - 1);
}
