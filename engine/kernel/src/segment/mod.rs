//! A stretch of a lane's stream of steps, as a pure function from bytes to bytes: what is committed to and disputed.
//!
//! A lane of a vector env makes one step after the other, across the ends of episodes. Its stream is cut into segments.
//! [`run`] is all that happens in one: blueprint, the state that the segment before left behind, and actions in; the
//! state afterwards out. So a segment is a node of a graph, whose inputs are known by their roots
//! ([`merkle::Kind::BLUEPRINT`], [`STATE`], [`ACTIONS`]) and whose output is again such a state. The proof machine
//! runs this very function.
//!
//! - [`Actions`] are what the user asked for: how the segment begins, what happens to ended episodes, and the actions.
//! - [`State`] is what is left: counters, the chain of step records, and the world's snapshot. It has one encoding.
//! - The chain's head is the BLAKE3 of the head before and of all records of the segment, in order. A reset has a
//!   record, too, so every observation that the user was shown is in it.
//!
//! Bytes that are no blueprint, state or actions are an [`Error`]; whatever happens to a world later (a NaN, a budget) is
//! a fault in its records.

mod actions;
mod state;

use alloc::sync::Arc;
use alloc::vec::Vec;

pub use actions::{Actions, Begin};
pub use state::State;

use crate::autoreset::AutoresetMode;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::merkle::Kind;
use crate::record::StepRecord;
use crate::world::{Model, World};

/// Bytes of a [`State`]: a segment's output, and the next one's input.
pub const STATE: Kind = Kind::new("hyperdust segment");
/// Bytes of [`Actions`].
pub const ACTIONS: Kind = Kind::new("hyperdust actions");

/// Runs a segment. `state` is empty for the first of a stream, whose actions then begin with a seed.
pub fn run(blueprint: &[u8], state: &[u8], actions: &[u8]) -> Result<Vec<u8>, Error> {
    run_watched(blueprint, state, actions, &mut ())
}

/// As [`run`], and shows what it does.
pub fn run_watched(blueprint: &[u8], state: &[u8], actions: &[u8], watch: &mut impl Watch) -> Result<Vec<u8>, Error> {
    let model = Model::new(Blueprint::decode(blueprint)?)?;
    let actions = Actions::decode(actions, model.actions().size)?;
    let mut stream = Stream::resume(&model, state)?;
    stream.advance(&actions, watch)?;
    Ok(stream.state().encode())
}

/// Is shown what a stream does; changes nothing of it.
pub trait Watch {
    /// The world was reset or has made a step, of which there is no record yet.
    fn moved(&mut self, _world: &World) {}
    /// Its record.
    fn recorded(&mut self, _record: &StepRecord) {}
}

impl Watch for () {}

/// Records, as they come.
impl Watch for Vec<StepRecord> {
    fn recorded(&mut self, record: &StepRecord) {
        self.push(*record);
    }
}

/// A lane's stream between two segments.
#[derive(Debug)]
pub struct Stream {
    /// None before the first reset.
    world: Option<World>,
    model: Arc<Model>,
    over: bool,
    steps: u64,
    episodes: u64,
    chain: [u8; 32],
}

impl Stream {
    /// A stream that has not begun.
    pub fn new(model: &Arc<Model>) -> Self {
        Self { world: None, model: Arc::clone(model), over: false, steps: 0, episodes: 0, chain: [0; 32] }
    }

    /// The stream that left `state` behind; a new one if it is empty.
    pub fn resume(model: &Arc<Model>, state: &[u8]) -> Result<Self, Error> {
        let mut stream = Self::new(model);
        if !state.is_empty() {
            let State { over, steps, episodes, chain, snapshot } = State::decode(state)?;
            let mut world = World::new(Arc::clone(model), 0);
            world.restore(&snapshot)?;
            stream = Self { world: Some(world), model: Arc::clone(model), over, steps, episodes, chain };
        }
        Ok(stream)
    }

    /// Runs a segment and shows what it does. An error, which changes nothing, where a stream that has not begun is to go
    /// on or to be reset without a seed.
    pub fn advance(&mut self, actions: &Actions<'_>, watch: &mut impl Watch) -> Result<(), Error> {
        let mut chain = Chain::new(&self.chain);
        let mut show = |world: &World| {
            watch.moved(world);
            let record = world.record();
            chain.add(&record);
            watch.recorded(&record);
        };
        let world = match (&mut self.world, actions.begin) {
            (Some(world), begin) => {
                if let Begin::Reset { seed } = begin {
                    world.reset(seed);
                    self.over = false;
                    show(world);
                }
                world
            }
            (none, Begin::Reset { seed: Some(seed) }) => {
                let world = none.insert(World::new(Arc::clone(&self.model), seed));
                show(world);
                world
            }
            (None, _) => return Err(actions::unseeded()),
        };
        for action in actions.iter() {
            if self.over && actions.mode == AutoresetMode::NextStep {
                world.reset(None);
                self.over = false;
                show(world);
                continue;
            }
            let outcome = world.step(action);
            show(world);
            // Counts from a state that a stranger made up may be as high as they come.
            self.steps = self.steps.wrapping_add(1);
            if outcome.terminated || outcome.truncated {
                // A step past the end is no second episode.
                self.episodes = self.episodes.wrapping_add(u64::from(!self.over));
                self.over = true;
                if actions.mode == AutoresetMode::SameStep {
                    world.reset(None);
                    self.over = false;
                    show(world);
                }
            }
        }
        self.chain = chain.head();
        Ok(())
    }

    /// What the next segment needs. Empty snapshot where the stream has not begun.
    pub fn state(&self) -> State {
        State {
            over: self.over,
            steps: self.steps,
            episodes: self.episodes,
            chain: self.chain,
            snapshot: self.world.as_ref().map_or_else(Vec::new, World::snapshot),
        }
    }

    /// The world; none before the first reset.
    pub fn world(&self) -> Option<&World> {
        self.world.as_ref()
    }
}

/// The running hash of a segment's records.
#[derive(Clone, Debug)]
pub struct Chain(blake3::Hasher);

impl Chain {
    /// Goes on from the head of the segment before; zeros for the first.
    pub fn new(head: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"hyperdust chain v1").update(head);
        Self(hasher)
    }

    /// The next record.
    pub fn add(&mut self, record: &StepRecord) {
        self.0.update(&record.bytes());
    }

    /// The head after all records so far.
    pub fn head(&self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
    }
}
