//! A program on the proof machine, and the same segment for both it and this machine.

use std::fs;

use hyperdust_kernel::{
    AutoresetMode, Error, Model,
    merkle::Kind,
    segment::{self, Begin},
};
use hyperdust_program::SourceMap;
use hyperdust_proof::machine::{
    Machine, State, Status,
    layout::{HEADER, INPUT_COUNT, MEMORY, Region},
};
use hyperdust_tests::Actions;

/// Kind of the text that says why a program refused its inputs.
pub const ERROR: Kind = Kind::new("hyperdust error");
/// Bytes of a program's stack, at the end of memory.
const STACK: u32 = 1 << 20;

/// A program as it was built.
pub struct Guest {
    /// What the machine starts with.
    pub image: Vec<u8>,
    /// The same with symbols and line tables.
    pub elf: Vec<u8>,
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// Exit code or trap.
    pub status: Status,
    /// Instructions.
    pub steps: u64,
    /// Kind and bytes of the output string; none where the header says none.
    pub output: Option<([u8; 32], Vec<u8>)>,
    /// The whole state, to look into.
    pub state: State,
}

impl Guest {
    /// The program of this name. Panics where it is not built: tests that are asked for do not skip themselves.
    pub fn new(name: &str) -> Self {
        let folder = crate::folder();
        let read = |extension: &str| {
            let path = folder.join(format!("{name}.{extension}"));
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `make guest` builds it", path.display()))
        };
        Self { image: read("img"), elf: read("elf") }
    }

    /// Where its instructions came from.
    pub fn source_map(&self) -> SourceMap {
        SourceMap::new(&self.elf).expect("an ELF file of our own build")
    }

    /// The state that it starts from.
    pub fn start(&self, inputs: &[Option<(Kind, &[u8])>]) -> State {
        let mut regions = [None; INPUT_COUNT];
        for (region, input) in regions.iter_mut().zip(inputs) {
            *region = input.map(|(kind, bytes)| (kind.word(), bytes));
        }
        State::with_inputs(&self.image, regions).expect("image and inputs fit")
    }

    /// Runs it until it halts. Panics after 2⁴⁰ instructions.
    pub fn run(&self, inputs: &[Option<(Kind, &[u8])>]) -> End {
        self.run_within(inputs, 1 << 40).expect("the program halts")
    }

    /// Runs it until it halts; none if it has not after `most` instructions.
    pub fn run_within(&self, inputs: &[Option<(Kind, &[u8])>], most: u64) -> Option<End> {
        let mut machine = Machine::new(self.start(inputs));
        let steps = machine.run(most);
        let state = machine.into_state();
        let status = state.processor.status;
        (status != Status::Running).then(|| End { status, steps, output: output(&state), state })
    }
}

impl End {
    /// The output of a program that exited with code 0, as this kind. Panics where it did not.
    pub fn result(self, kind: Kind) -> Vec<u8> {
        let Some((found, bytes)) = self.output else { panic!("no output; the program ended as {:?}", self.status) };
        assert_eq!(self.status, Status::Exited(0), "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(found, kind.word());
        bytes
    }

    /// The text of a program that refused its inputs. Panics where it did not.
    pub fn refusal(self) -> String {
        assert_eq!(self.status, Status::Exited(1));
        let (kind, text) = self.output.expect("a text");
        assert_eq!(kind, ERROR.word());
        String::from_utf8(text).expect("UTF-8")
    }

    /// Bytes of the stack that were written to, up to the lowest.
    pub fn stack(&self) -> u32 {
        let bottom = MEMORY - STACK;
        let lowest = (bottom..MEMORY).step_by(4).find(|&at| self.state.memory().word(at) != 0);
        MEMORY - lowest.unwrap_or(MEMORY)
    }

    /// Bytes from the program's data to the highest that was written in the heap.
    pub fn heap(&self) -> u32 {
        let first = hyperdust_proof::machine::layout::FREE;
        // The heap's own last word, behind everything that it gives out, is written when it is set up.
        let last = MEMORY - STACK - 64;
        let highest = (first..last).step_by(4).rev().find(|&at| self.state.memory().word(at) != 0);
        highest.map_or(0, |at| at + 4 - first)
    }
}

fn output(state: &State) -> Option<([u8; 32], Vec<u8>)> {
    let memory = state.memory();
    let (kind, length) = (memory.leaf(Region::OUTPUT.start + HEADER), memory.leaf(Region::OUTPUT.start + HEADER + 32));
    let length = u32::from_be_bytes(*length.last_chunk().expect("32 bytes"));
    (kind != [0; 32] && length <= HEADER).then(|| (kind, memory.bytes(Region::OUTPUT.start, length)))
}

/// The same segment natively and on the machine.
pub struct Segment {
    /// A blueprint's encoding.
    pub blueprint: Vec<u8>,
    /// What the segment before left; empty for the first.
    pub state: Vec<u8>,
    /// An encoding of [`segment::Actions`].
    pub actions: Vec<u8>,
}

impl Segment {
    /// `steps` random steps of a scene from `state` on, which is empty for the first segment of a stream.
    pub fn new(model: &Model, state: &[u8], mode: AutoresetMode, steps: u32, draw: &mut Actions) -> Self {
        let begin = if state.is_empty() { Begin::Reset { seed: Some(42) } } else { Begin::Continue };
        let layout = model.actions();
        let bytes: Vec<u8> = (0..steps).flat_map(|_| draw.draw(layout).to_vec()).collect();
        let actions = segment::Actions::new(begin, mode, layout.size, steps, &bytes).expect("as many bytes as actions");
        Self {
            blueprint: model.blueprint().encode().expect("a model's blueprint is valid"),
            state: state.to_vec(),
            actions: actions.encode(),
        }
    }

    /// On this machine.
    pub fn native(&self) -> Result<Vec<u8>, Error> {
        segment::run(&self.blueprint, &self.state, &self.actions)
    }

    /// As the program's inputs.
    pub fn inputs(&self) -> [Option<(Kind, &[u8])>; 3] {
        let Self { blueprint, state, actions } = self;
        let state: Option<(Kind, &[u8])> = (!state.is_empty()).then_some((segment::STATE, state));
        [Some((Kind::BLUEPRINT, blueprint)), state, Some((segment::ACTIONS, actions))]
    }
}
