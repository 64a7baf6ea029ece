//! Segments of several streams of one scene, computed side by side.
//!
//! What [`segment::run`] is for one segment, [`Streams::run`] is for some at once: the same bytes, at the speed of a vector env, because
//! worlds step in packs as they do there. Nobody's lanes have to fit: each segment has its own start, beginning, autoreset mode and
//! number of actions, and a refused one does not stop the others.

use std::{fmt, sync::Arc};

#[cfg(doc)]
use hyperdust_kernel::segment;
use hyperdust_kernel::{
    AutoresetMode, Error, Model, World,
    record::StepRecord,
    segment::{Actions, Begin, Chain, State, Stream},
};

use crate::simd::{self, Together, WORTHWHILE};

/// Runs segments of streams in one scene. Keeps worlds between calls, and nothing that a result depends on.
pub struct Streams {
    model: Arc<Model>,
    /// For up to half of [`Self::WIDTH`] segments, and for more; none where stepping worlds together does not pay.
    packs: [Option<Box<dyn Together>>; 2],
    spare: Vec<World>,
    records: Vec<StepRecord>,
}

impl Streams {
    /// Segments that are best run at once: more are run in packs of so many.
    pub const WIDTH: usize = simd::WIDEST;

    /// For segments in this scene.
    pub fn new(model: &Arc<Model>) -> Self {
        let packs = [Self::WIDTH / 2, Self::WIDTH].map(|width| simd::together(model, width));
        Self { model: Arc::clone(model), packs, spare: Vec::new(), records: Vec::new() }
    }

    /// The scene.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The state that each segment leaves behind, given the bytes of the [state](State) that it starts from (empty for a stream's
    /// beginning) and of its [actions](Actions). The errors are those of [`segment::run`].
    pub fn run(&mut self, segments: &[(&[u8], &[u8])]) -> Vec<Result<Vec<u8>, Error>> {
        let mut lanes: Vec<_> = segments.iter().map(|&(state, actions)| self.lane(state, actions)).collect();
        let running = lanes.iter().flatten();
        let (count, steps) = (running.clone().count(), running.map(|lane| lane.actions.count()).max().unwrap_or(0));
        let pack = &mut self.packs[usize::from(count > Self::WIDTH / 2)];
        let mut pack = pack.as_mut().filter(|_| count >= WORTHWHILE);
        for step in 0..steps {
            for lane in lanes.iter_mut().flatten() {
                lane.act(step);
            }
            let stepping = lanes.iter_mut().flatten().filter(|lane| lane.stepping);
            match &mut pack {
                Some(pack) => {
                    let mut worlds = stepping.map(|lane| &mut lane.world).peekable();
                    while worlds.peek().is_some() {
                        pack.step(&mut worlds);
                    }
                    let stepped = lanes.iter().flatten().filter(|lane| lane.stepping);
                    let stepped: Vec<_> = stepped
                        .map(|lane| (&lane.world, lane.actions.get(step).expect("a stepping lane has an action")))
                        .collect();
                    pack.record(&stepped, &mut self.records);
                    let stepping = lanes.iter_mut().flatten().filter(|lane| lane.stepping);
                    stepping.zip(self.records.drain(..)).for_each(|(lane, record)| lane.stepped(&record));
                }
                None => stepping.for_each(|lane| {
                    lane.world.physics();
                    lane.world.sense();
                    lane.world.reward();
                    lane.world.end();
                    let record = lane.world.record();
                    lane.stepped(&record);
                }),
            }
        }
        lanes.into_iter().map(|lane| lane.map(|lane| self.output(lane))).collect()
    }

    fn lane<'a>(&mut self, state: &[u8], actions: &'a [u8]) -> Result<Lane<'a>, Error> {
        let actions = Actions::decode(actions, self.model.actions().size)?;
        let mut world = self.spare.pop().unwrap_or_else(|| World::new(Arc::clone(&self.model), 0));
        let begun = match (state, actions.begin) {
            // A new stream with a seed: its reset, below, is all.
            ([], Begin::Reset { seed: Some(_) }) => {
                Ok(State { over: false, steps: 0, episodes: 0, chain: [0; 32], snapshot: Vec::new() })
            }
            // Without one it is refused, and the kernel says how.
            ([], _) => Stream::new(&self.model).advance(&actions, &mut ()).map(|()| Stream::new(&self.model).state()),
            (state, _) => State::decode(state).and_then(|state| world.restore(&state.snapshot).map(|()| state)),
        };
        let State { over, steps, episodes, chain, .. } = match begun {
            Ok(state) => state,
            Err(error) => {
                self.spare.push(world);
                return Err(error);
            }
        };
        let mut lane = Lane { world, actions, over, steps, episodes, chain: Chain::new(&chain), stepping: false };
        if let Begin::Reset { seed } = actions.begin {
            lane.reset(seed);
        }
        Ok(lane)
    }

    fn output(&mut self, lane: Lane<'_>) -> Vec<u8> {
        let Lane { world, over, steps, episodes, chain, .. } = lane;
        let state = State { over, steps, episodes, chain: chain.head(), snapshot: world.snapshot() };
        self.spare.push(world);
        state.encode()
    }
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("scene", &self.model.id()).finish_non_exhaustive()
    }
}

/// A segment that is being run; see [`Stream::advance`], of which this is the wide form.
struct Lane<'a> {
    world: World,
    actions: Actions<'a>,
    over: bool,
    steps: u64,
    episodes: u64,
    chain: Chain,
    /// It has acted, and the rest of the step is to follow.
    stepping: bool,
}

impl Lane<'_> {
    fn reset(&mut self, seed: Option<u64>) {
        self.world.reset(seed);
        self.over = false;
        self.chain.add(&self.world.record());
    }

    /// Action number `step`, if there is one: a step begins, or the mode makes it a reset.
    fn act(&mut self, step: u32) {
        self.stepping = false;
        match self.actions.get(step) {
            None => {}
            Some(_) if self.over && self.actions.mode == AutoresetMode::NextStep => self.reset(None),
            Some(action) => {
                self.world.act(action);
                self.stepping = true;
            }
        }
    }

    /// The step was made, and this is its record.
    fn stepped(&mut self, record: &StepRecord) {
        self.chain.add(record);
        self.steps = self.steps.wrapping_add(1);
        if record.terminated || record.truncated {
            // A step past the end is no second episode.
            self.episodes = self.episodes.wrapping_add(u64::from(!self.over));
            self.over = true;
            if self.actions.mode == AutoresetMode::SameStep {
                self.reset(None);
            }
        }
    }
}
