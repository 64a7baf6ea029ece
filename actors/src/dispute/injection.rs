//! One bit of one value, flipped at one moment of a run: what the liar of a trial dispute does.
//!
//! The moment is the one at which the program has made a step and not yet recorded it; the program counts those in a variable, and
//! the host searches its trace for when the count changed. The value is found in the machine's memory by its bytes,
//! which the native run knows. Of several places that hold them the first is taken whose change reaches the segment's
//! output: others are copies that nothing reads any more. The trace goes on from there by the rules, so it holds exactly one wrong
//! instruction.

use std::{fmt, str::FromStr};

use hyperdust_kernel::{World, segment::Watch};
use hyperdust_proof::{
    graph::{MAX_STEPS, Run},
    machine::{State, Trace, layout},
};

use crate::Error;

/// Where the program counts resets and steps.
const COUNTER: &str = "HYPERDUST_MOVES";
/// Snapshots of a liar's trace, as of an honest one.
const INTERVAL: u32 = 22;
/// Places that are tried.
const TRIES: usize = 24;

/// What is flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A coordinate of the robot, or of the first moving body.
    Position,
    /// A velocity of the same.
    Velocity,
    /// What the contact solver starts the next step from, or a body's angular velocity where there is none.
    Impulse,
    /// The random stream's seed.
    Rng,
    /// The observation.
    Observation,
    /// The reward.
    Reward,
    /// The actions that the user signed.
    Action,
}

impl Value {
    /// All, in the order of their names' list.
    pub const ALL: [Self; 7] =
        [Self::Position, Self::Velocity, Self::Impulse, Self::Rng, Self::Observation, Self::Reward, Self::Action];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Velocity => "velocity",
            Self::Impulse => "impulse",
            Self::Rng => "rng",
            Self::Observation => "observation",
            Self::Reward => "reward",
            Self::Action => "action",
        }
    }
}

/// A flip, as the command line says it: `step=120,bit=17,value=velocity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Step of the job, from 1.
    pub step: u32,
    /// Bit, counted from the value's first; taken modulo its length.
    pub bit: u32,
    /// What is flipped.
    pub value: Value,
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step={},bit={},value={}", self.step, self.bit, self.value.name())
    }
}

impl FromStr for Injection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = |found: &str| Error::Injection {
            found: format!("{found:?}"),
            accepted: format!(
                "step=N,bit=N and perhaps value=V, where V is one of {}",
                Value::ALL.map(Value::name).join(", ")
            ),
        };
        let (mut step, mut bit, mut value) = (None, None, Value::Position);
        for part in text.split(',') {
            let (key, found) = part.trim().split_once('=').ok_or_else(|| refused(part))?;
            match key {
                "step" => step = found.parse().ok(),
                "bit" => bit = found.parse().ok(),
                "value" => {
                    value = Value::ALL.into_iter().find(|value| value.name() == found).ok_or_else(|| refused(part))?;
                }
                _ => return Err(refused(part)),
            }
        }
        match (step, bit) {
            (Some(step), Some(bit)) => Ok(Self { step, bit, value }),
            _ => Err(refused(text)),
        }
    }
}

/// Watches a native run up to the step in question, and keeps the value's bytes there.
pub(super) struct Look {
    value: Value,
    /// Actions before the one in question, and resets that come of themselves in between, are counted.
    wanted: u32,
    moves: u32,
    /// Where the value is, once that is known.
    pub found: Option<Pattern>,
}

/// A value by its bytes in the machine's memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Pattern {
    bytes: Vec<u8>,
    /// What lies beside the right one of many places with these bytes.
    beside: &'static [u8],
}

impl Look {
    pub fn new(value: Value, wanted: u32) -> Self {
        Self { value, wanted, moves: 0, found: None }
    }
}

impl Watch for Look {
    fn moved(&mut self, world: &World) {
        self.moves += 1;
        if self.moves == self.wanted {
            self.found = Some(pattern(self.value, world));
        }
    }
}

fn pattern(value: Value, world: &World) -> Pattern {
    let floats = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let [positions, _, velocities, spins] = world.rigid_arrays();
    let either = |robot: &[f32], rigid: &[f32]| floats(if robot.is_empty() { rigid } else { robot });
    let bytes = match value {
        Value::Position => either(world.qpos(), positions),
        Value::Velocity => either(world.qvel(), velocities),
        Value::Impulse if !world.warm_start().is_empty() => world.warm_start().to_vec(),
        Value::Impulse => either(world.qvel(), spins),
        Value::Rng => world.random_stream().0.to_le_bytes().to_vec(),
        Value::Observation => world.observation().to_vec(),
        Value::Reward => world.outcome().reward.to_le_bytes().to_vec(),
        Value::Action => Vec::new(),
    };
    // A seed may be any number; the stream's key, of which it is the beginning, ends in a text.
    let beside: &[u8] = if value == Value::Rng { hyperdust_kernel::rng::KEY } else { &[] };
    Pattern { bytes, beside }
}

/// A run that lied, and at which instruction.
pub(super) struct Lie {
    /// From the same inputs to another output.
    pub run: Run,
    /// The first instruction after which the states differ, from 0.
    pub instruction: u64,
}

/// The honest `run` of a program with one bit flipped where the counter comes to `moves` and memory holds `pattern`. `None`: the
/// value is nowhere, or no change of it reaches the output.
pub(super) fn flip(run: &Run, counter: u32, moves: u32, pattern: &Pattern, bit: u32) -> Result<Option<Lie>, Error> {
    let moment = moment(&run.trace, counter, moves);
    let state = run.trace.state_at(moment);
    let bit = bit as usize % (8 * pattern.bytes.len().max(1));
    for place in places(&state, pattern).into_iter().take(TRIES) {
        let address = place + (bit / 8) as u32;
        let flipped = state.memory().bytes(address, 1)[0] ^ 1 << (bit % 8);
        let trace =
            run.trace.tampered(moment, |state| state.memory_mut().place(address, &[flipped]), INTERVAL, MAX_STEPS)?;
        let lie = Run::of(run.program, run.inputs, trace);
        match (lie.output(), run.output()) {
            // A lie that has no output cannot be claimed.
            (Ok(found), Ok(truth)) if found.root() != truth.root() => {
                return Ok(Some(Lie { run: lie, instruction: moment - 1 }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The number of instructions after which the counter is `moves` for the first time: it only grows.
fn moment(trace: &Trace, counter: u32, moves: u32) -> u64 {
    let (mut below, mut reached) = (0, trace.length());
    while reached - below > 1 {
        let middle = below + (reached - below) / 2;
        if trace.state_at(middle).memory().word(counter) >= moves { reached = middle } else { below = middle }
    }
    reached
}

/// Addresses on heap and stack at which the value may be, at whole words; the nearest to what lies beside it first.
fn places(state: &State, pattern: &Pattern) -> Vec<u32> {
    let memory = state.memory().bytes(layout::FREE, layout::MEMORY - layout::FREE);
    let all = |bytes: &[u8]| -> Vec<usize> {
        let last = if bytes.is_empty() { 0 } else { memory.len() - bytes.len().min(memory.len()) };
        (0..last).step_by(4).filter(|&at| memory[at..].starts_with(bytes)).collect()
    };
    let mut found = all(&pattern.bytes);
    if let beside @ [_, ..] = &all(pattern.beside)[..] {
        found.sort_by_key(|at| beside.iter().map(|place| place.abs_diff(*at)).min());
    }
    found.into_iter().map(|at| layout::FREE + at as u32).collect()
}

/// Address of the program's counter.
pub(super) fn counter(program: &crate::Program) -> Result<u32, Error> {
    program
        .symbol(COUNTER)
        .ok_or_else(|| Error::Program { name: crate::SEGMENT.into(), why: format!("it has no variable {COUNTER}") })
}
