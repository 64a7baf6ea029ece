//! A lane's stream, cut into segments while it happens: what a provider commits to.
//!
//! Off unless asked for; then it costs a step record, its hash and the action's bytes a step, and every so many steps a
//! snapshot and two Merkle roots. A segment cut here is exactly what [`hyperdust_kernel::segment::run`] makes of
//! the same inputs; the tests compare them.

use hyperdust_kernel::{
    AutoresetMode, World, merkle,
    record::StepRecord,
    segment::{self, Actions, Begin, Chain, State},
};

use crate::simd;

/// A finished segment of a lane's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// From 0, in the lane's stream.
    pub number: u64,
    /// The state that it starts from, where that is not the output of the segment before: empty for a lane's first, and a state
    /// put there by hand.
    pub start: Option<Vec<u8>>,
    /// Bytes of the [`segment::Actions`].
    pub actions: Vec<u8>,
    /// Root of `actions`, of kind [`segment::ACTIONS`].
    pub actions_root: merkle::Hash,
    /// Bytes of the [`segment::State`] that it left behind.
    pub output: Vec<u8>,
    /// Root of `output`, of kind [`segment::STATE`].
    pub output_root: merkle::Hash,
}

/// Cuts the stream of one lane.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    /// Steps of a segment, at most [`Actions::MOST`].
    every: u32,
    mode: AutoresetMode,
    number: u64,
    steps: u64,
    episodes: u64,
    /// Head after the last whole segment.
    head: [u8; 32],
    /// Of the running segment.
    start: Option<Vec<u8>>,
    begin: Begin,
    chain: Chain,
    count: u32,
    actions: Vec<u8>,
    /// Whole segments until they are taken.
    pub finished: Vec<Segment>,
}

impl Journal {
    /// Of a lane that `world` is the state of; none where it was not reset yet.
    pub fn new(every: u32, mode: AutoresetMode, world: Option<(&World, bool)>) -> Self {
        let head = [0; 32];
        let start = world.map_or_else(Vec::new, |(world, over)| {
            State { over, steps: 0, episodes: 0, chain: head, snapshot: world.snapshot() }.encode()
        });
        let mut journal = Self {
            every: 1,
            mode,
            number: 0,
            steps: 0,
            episodes: 0,
            head,
            start: Some(start),
            begin: Begin::Continue,
            chain: Chain::new(&head),
            count: 0,
            actions: Vec::new(),
            finished: Vec::new(),
        };
        journal.length(every);
        journal
    }

    /// Steps of the segments to come, 0 counting as 1.
    pub fn length(&mut self, every: u32) {
        self.every = every.clamp(1, Actions::MOST);
    }

    /// The state was put there by hand: the stream goes on from it, in a new segment.
    pub fn move_to(&mut self, world: &World, over: bool) {
        self.head = [0; 32];
        let Self { steps, episodes, head: chain, .. } = *self;
        self.start = Some(State { over, steps, episodes, chain, snapshot: world.snapshot() }.encode());
        self.chain = Chain::new(&self.head);
    }

    /// The caller is about to reset the lane, whose running segment was cut.
    pub fn reset(&mut self, seed: Option<u64>) {
        self.begin = Begin::Reset { seed };
    }

    /// The lane was given this action.
    pub fn act(&mut self, action: &[u8]) {
        self.actions.extend_from_slice(action);
        self.count += 1;
    }

    /// A reset or a step has this record.
    pub fn record(&mut self, record: &StepRecord) {
        self.chain.add(record);
    }

    /// The record just given was a step's; `ended`: an episode with it.
    pub fn stepped(&mut self, ended: bool) {
        self.steps += 1;
        self.episodes += u64::from(ended);
    }

    /// Whether a segment is full.
    pub fn full(&self) -> bool {
        self.count >= self.every
    }

    /// Whether anything happened since the last cut.
    pub fn running(&self) -> bool {
        self.count > 0 || self.begin != Begin::Continue
    }

    /// Ends the running segment in the state that it has come to.
    pub fn cut(&mut self, world: &World, over: bool) {
        let size = world.model().actions().size;
        let actions = Actions::new(self.begin, self.mode, size, self.count, &self.actions);
        let actions = actions.expect("whole actions, at most as many as a segment has").encode();
        self.head = self.chain.head();
        let Self { steps, episodes, head: chain, .. } = *self;
        let output = State { over, steps, episodes, chain, snapshot: world.snapshot() }.encode();
        let [actions_root, output_root] = simd::roots([(segment::ACTIONS, &actions), (segment::STATE, &output)]);
        self.finished.push(Segment {
            number: self.number,
            start: self.start.take(),
            actions_root,
            output_root,
            actions,
            output,
        });
        self.actions.clear();
        self.number += 1;
        self.begin = Begin::Continue;
        self.chain = Chain::new(&self.head);
        self.count = 0;
    }
}
