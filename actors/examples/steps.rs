//! Steps of the proof machine as files, for whoever executes them elsewhere (the contract `Rv32Step`):
//! `cargo run -p hyperdust-actors --example steps -- fuzz STEM STEPS`, or `-- ant GUEST STEM STEPS`, where `GUEST` is the folder of the
//! guest programs. `STEM-0.bin`, `STEM-1.bin`, … then hold 1,000 steps each; the same arguments give the same bytes.
//!
//! A step is the root before it (32 bytes), the root after it (32; zero where the proof is refused), the refusal (1 byte: 0 none, else one
//! of [`refusal`]'s), the number of the proof's bytes (2, big-endian), and the proof.
//!
//! `fuzz`: any state, any instruction, and of every fourth proof another one that somebody changed. `ant`: steps at equal distances of a run of
//! the program that computes a segment of Ant.

use std::{env, fs, path::Path};

use hyperdust_actors::{Program, program::SEGMENT, trial};
use hyperdust_proof::{
    StepError, TraceProvider,
    machine::{State, Status, StepProof, plain, state::Cause, step},
};

#[path = "../proof/tests/it/assembler.rs"]
mod assembler;
use assembler::*;

type Failure = Box<dyn std::error::Error>;

const FILE: usize = 1000;
/// Actions of the segment of Ant.
const ACTIONS: u32 = 2;

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (stem, steps) = match arguments[..] {
        ["fuzz", stem, steps] => (stem, fuzz(steps.parse()?)),
        ["ant", guest, stem, steps] => (stem, ant(guest.as_ref(), steps.parse()?)?),
        _ => return Err("accepted: fuzz STEM STEPS, or ant GUEST STEM STEPS".into()),
    };
    if let Some(folder) = Path::new(stem).parent() {
        fs::create_dir_all(folder)?;
    }
    for (number, steps) in steps.chunks(FILE).enumerate() {
        fs::write(format!("{stem}-{number}.bin"), steps.concat())?;
    }
    println!("{} steps", steps.len());
    Ok(())
}

/// Number of a refusal, in the order in which they are looked for.
fn refusal(error: &StepError) -> u8 {
    match error {
        StepError::Malformed { .. } => 1,
        StepError::PreState { .. } => 2,
        StepError::Missing { .. } => 3,
        StepError::Superfluous { .. } => 4,
        StepError::NotInMemory { .. } => 5,
        other => panic!("{other} refuses no proof"),
    }
}

/// A step as it is written: what this crate makes of the proof.
fn record(before: &[u8; 32], proof: &[u8]) -> Vec<u8> {
    let outcome = StepProof::decode(proof).and_then(|proof| match step::verify(before, &[0; 32], &proof) {
        Err(StepError::PostState { computed, .. }) => Ok(computed),
        Err(error) => Err(error),
        Ok(()) => panic!("no state's root is zero"),
    });
    let (after, refused) = outcome.map_or_else(|error| ([0; 32], refusal(&error)), |after| (after, 0));
    let length = u16::try_from(proof.len()).expect("a proof's bytes").to_be_bytes();
    [before, &after[..], &[refused], &length, proof].concat()
}

/// xorshift64*: the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// Any number, an edge, a small one, or an address, near a border too.
    fn value(&mut self) -> u32 {
        match self.below(5) {
            0 => self.next(),
            1 => self.of(&[0, 1, 2, 31, 32, 93, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, u32::MAX]),
            2 => self.below(256).wrapping_sub(64),
            3 => self.of(&[0u32, 0x0100_0000, 0x0240_0000, 0x0400_0000]).wrapping_add(self.below(96)).wrapping_sub(48),
            _ => self.below(0x0400_0000),
        }
    }

    fn instruction(&mut self) -> u32 {
        let (rd, a, b) = (self.below(32), self.below(32), self.below(32));
        let immediate = self.below(4096) as i32 - 2048;
        match self.below(14) {
            0..3 => op(self.of(&REGISTER).0, rd, a, b),
            3 => opi(self.of(&IMMEDIATE).0, rd, a, immediate),
            4 => opi(self.of(&SHIFT).0, rd, a, b as i32),
            5..7 => load(self.of(&LOADS).0, rd, immediate, a),
            7..9 => store(self.of(&STORES).0, b, immediate, a),
            9 => branch(self.of(&BRANCHES).0, a, if self.below(4) == 0 { a } else { b }, 2 * immediate),
            10 => match self.below(4) {
                0 => jal(rd, 2 * (self.below(1 << 20) as i32 - (1 << 19))),
                1 => jalr(rd, immediate, a),
                2 => lui(rd, self.below(1 << 20)),
                _ => auipc(rd, self.below(1 << 20)),
            },
            11 => self.of(&[ECALL, EBREAK, FENCE]),
            12 => self.next() & !0x7f | self.of(&[0x03, 0x0f, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73]),
            _ => self.next(),
        }
    }
}

fn fuzz(steps: usize) -> Vec<Vec<u8>> {
    let mut random = Random(0x6475_7374);
    let mut state = State::initial(&[], &[([3; 32], b"an input")]).expect("an empty program");
    (0..steps)
        .map(|number| {
            prepare(&mut state, &mut random);
            let before = state.root();
            let mut proof = StepProof::of(&mut state);
            if number % 4 == 3 {
                let bytes = change(&mut proof, &mut random);
                return record(&before, &bytes);
            }
            plain::step(&mut state);
            let written = record(&before, &proof.encode());
            assert_eq!(written[32..64], state.root(), "the step that the interpreter makes");
            written
        })
        .collect()
}

/// Any state about to execute any instruction.
fn prepare(state: &mut State, random: &mut Random) {
    for register in 1..32 {
        let value = random.value();
        state.processor.set(register, value);
    }
    let word = random.instruction();
    // What is loaded and stored is not zero; many an address is aligned.
    let base = (word >> 15 & 31) as u8;
    if random.below(2) == 0 {
        let value = state.processor.registers()[usize::from(base)] & 0x03ff_fffc;
        let immediate = if word & 0x7f == 0x23 { (word >> 25 << 5) | (word >> 7 & 31) } else { word >> 20 };
        state.processor.set(base, value.wrapping_sub(((immediate << 20) as i32 >> 20) as u32));
        let data: Vec<u8> = (0..4).flat_map(|_| random.next().to_le_bytes()).collect();
        state.memory_mut().place(value.min(0x03ff_fff0), &data);
    }
    if random.below(4) == 0 {
        state.processor.set(17, 93);
    }
    state.processor.pc = match random.below(16) {
        0 => random.value(),
        1 => random.of(&[0, 0x00ff_fffc, 0x0100_0000, u32::MAX]),
        _ => random.below(0x0100_0000) & !3,
    };
    if state.processor.pc < 0x0100_0000 {
        let place = state.processor.pc & !3;
        state.memory_mut().place(place, &word.to_le_bytes());
    }
    state.processor.status = match random.below(50) {
        0 => Status::Exited(random.next()),
        1 => Status::Trapped(random.of(&Cause::ALL)),
        _ => Status::Running,
    };
}

/// The bytes of a proof that somebody changed.
fn change(proof: &mut StepProof, random: &mut Random) -> Vec<u8> {
    let kind = random.below(8);
    match kind {
        0 => proof.instruction = None,
        1 => proof.data = None,
        2 => proof.data = proof.instruction.clone(),
        3 => std::mem::swap(&mut proof.data, &mut proof.instruction),
        _ => {}
    }
    let mut bytes = proof.encode();
    match kind {
        // Anywhere, and often where the encoding says what comes.
        4 | 5 => {
            let at = random.below(bytes.len() as u32) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        6 => {
            let at = random.of(&[36, 40, 168, 169.min(bytes.len() - 1), bytes.len() - 1]);
            bytes[at] ^= 1 << random.below(8);
        }
        7 if random.below(2) == 0 => bytes.truncate(random.below(bytes.len() as u32) as usize),
        7 => bytes.push(random.below(2) as u8),
        _ => {}
    }
    bytes
}

fn ant(guest: &Path, steps: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let program = Program::load(guest, SEGMENT)?;
    let job = trial::job(&trial::model("ant")?, program.root, 1, ACTIONS, ACTIONS)?;
    let mut trace = job.run(&program.image, 0, job.start(0, &[]))?.trace;
    let length = trace.length();
    println!("a trace of {length} instructions");
    Ok((0..steps as u64)
        .map(|number| {
            let step = length * number / steps as u64;
            let written = record(&trace.root_at(step), &trace.proof_at(step).encode());
            assert_eq!(written[32..64], trace.root_at(step + 1), "step {step} of the trace");
            written
        })
        .collect())
}
