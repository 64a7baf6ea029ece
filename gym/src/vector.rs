//! Many environments of one scene, stepped together.
//!
//! Lane `i` is a world of its own; contiguous blocks of lanes go to a fixed set of threads. Lanes never
//! meet, so the bytes of a batch are the same for every number of threads, and lane `i` of a batch equals
//! a single env with lane `i`'s seed and actions.

use std::sync::Arc;

use hyperdust_kernel::{Model, World};

use crate::{
    AutoresetMode, Batch, Episode, Error, Seeds, Segment, Statistics, action,
    block::{Block, Command},
    lane::Lane,
    pool::Pool,
    recorder::Recorder,
    seeding, simd, snapshot,
};

/// Lanes that a vector env may have at most.
pub const MAX_LANES: usize = 1 << 20;
/// Threads that a vector env may have at most.
pub const MAX_THREADS: usize = 1024;
/// Blocks per thread: more let a thread that woke late do less, fewer cost less locking.
const BLOCKS_PER_THREAD: usize = 8;

/// How a vector env is made.
#[derive(Clone, Copy, Debug)]
pub struct VectorOptions {
    /// Lanes, 1 to [`MAX_LANES`].
    pub num_envs: usize,
    /// Threads, the caller's included; 0: one per processor. Never more than lanes.
    pub num_threads: usize,
    /// What happens to ended lanes.
    pub autoreset: AutoresetMode,
}

impl VectorOptions {
    /// So many lanes, a thread per processor, next-step autoreset.
    pub fn new(num_envs: usize) -> Self {
        Self { num_envs, num_threads: 0, autoreset: AutoresetMode::default() }
    }
}

/// A vector env. See the module documentation.
#[derive(Debug)]
pub struct VectorEnv {
    model: Arc<Model>,
    mode: AutoresetMode,
    num_envs: usize,
    num_threads: usize,
    /// In lane order; short of some only while the pool has them.
    blocks: Vec<Block>,
    pool: Pool<Block>,
    batch: Batch,
    closed: bool,
    /// A call is under way; still true after it panicked.
    running: bool,
}

impl VectorEnv {
    /// Lanes that wait for their first reset.
    pub fn new(model: Arc<Model>, options: VectorOptions) -> Result<Self, Error> {
        let lanes = options.num_envs;
        if lanes == 0 || lanes > MAX_LANES {
            return Err(Error::Lanes { found: lanes, limit: MAX_LANES });
        }
        let threads = match options.num_threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
        .min(MAX_THREADS)
        .min(lanes);
        // Whole packs to a block, unless that left threads without one.
        let unit = lanes.div_ceil(threads).min(simd::WIDEST);
        let units = lanes.div_ceil(unit);
        let count = if threads == 1 { 1 } else { (threads * BLOCKS_PER_THREAD).min(units) };
        let world = World::new(model.clone(), 0);
        let blocks = (0..count)
            .map(|index| {
                let border = |index: usize| (index * units / count * unit).min(lanes);
                let (first, end) = (border(index), border(index + 1));
                let lanes = (first..end).map(|_| Lane::new(world.clone(), options.autoreset)).collect();
                Block::new(first, lanes, options.autoreset, model.actions().size)
            })
            .collect();
        Ok(Self {
            mode: options.autoreset,
            num_envs: lanes,
            num_threads: threads,
            blocks,
            pool: Pool::new(threads, || simd::together(&model, unit)),
            batch: Batch::new(&model, lanes, options.autoreset),
            closed: false,
            running: false,
            model,
        })
    }

    /// Starts episodes, in all lanes or in those of the mask; [`Batch::observations`] has every lane's
    /// latest, the info masks name the lanes that were reset. Lanes that were never given a seed take one
    /// from the operating system.
    pub fn reset(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<&Batch, Error> {
        self.open()?;
        seeds.check(self.num_envs)?;
        if let Some(mask) = mask {
            if mask.len() != self.num_envs {
                return Err(Error::MaskLength { found: mask.len(), lanes: self.num_envs });
            }
            if !mask.contains(&true) {
                return Err(Error::MaskEmpty);
            }
        }
        let mut fallback = None;
        for block in &mut self.blocks {
            block.command = Command::Reset;
            for (row, lane) in block.lanes.iter().enumerate() {
                let index = block.first + row;
                block.resets[row] = if mask.is_none_or(|mask| mask[index]) {
                    let seed = match seeds.lane(index) {
                        None if !lane.ready => {
                            let base = match fallback {
                                Some(base) => base,
                                None => *fallback.insert(seeding::entropy()?),
                            };
                            Some(u64::wrapping_add(base, index as u64))
                        }
                        seed => seed,
                    };
                    Some(seed)
                } else {
                    None
                };
            }
        }
        self.run();
        Ok(&self.batch)
    }

    /// One step of every lane, with one contiguous `(lanes, *shape)` array per action segment. On an error
    /// no lane was stepped.
    pub fn step(&mut self, actions: &[&[u8]]) -> Result<&Batch, Error> {
        self.ready()?;
        action::check_batch(self.model.actions(), self.num_envs, actions)?;
        if self.mode == AutoresetMode::Disabled
            && let Some(lane) = self.lanes().position(|lane| lane.over)
        {
            return Err(Error::NeedsReset { lane });
        }
        let layout = self.model.actions();
        for block in &mut self.blocks {
            block.command = Command::Step;
            for row in 0..block.lanes.len() {
                let arena = &mut block.actions[row * layout.size..(row + 1) * layout.size];
                action::scatter(layout, actions, block.first + row, arena);
            }
        }
        self.run();
        Ok(&self.batch)
    }

    /// What the last call returned.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// As [`VectorEnv::batch`], to take its arrays.
    pub fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Number of lanes.
    pub fn num_envs(&self) -> usize {
        self.num_envs
    }

    /// Number of threads, the caller's included.
    pub fn num_threads(&self) -> usize {
        self.num_threads
    }

    /// What happens to ended lanes.
    pub fn autoreset_mode(&self) -> AutoresetMode {
        self.mode
    }

    /// The compiled scene.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// A lane's world, to read.
    pub fn world(&self, lane: usize) -> Result<&World, Error> {
        Ok(&self.lane(lane)?.world)
    }

    /// Return and length of a lane's running episode.
    pub fn statistics(&self, lane: usize) -> Result<Statistics, Error> {
        Ok(self.lane(lane)?.statistics)
    }

    /// Puts a lane's robot into a state; the batch shows its new observation.
    pub fn set_state(&mut self, lane: usize, qpos: &[f32], qvel: &[f32]) -> Result<(), Error> {
        self.ready()?;
        let model = self.model.clone();
        let target = self.lane_mut(lane)?;
        target.cut();
        target.world.set_state(qpos, qvel)?;
        target.begin_here();
        for block in &self.blocks {
            self.batch.gather(model.observations(), block.first, &block.lanes);
        }
        Ok(())
    }

    /// Records the episodes of all lanes from the next reset on, and from here where one is running.
    /// `embed`: each carries its blueprint. Ended episodes are kept until taken.
    pub fn record(&mut self, embed: bool) {
        for lane in self.blocks.iter_mut().flat_map(|block| &mut block.lanes) {
            lane.record(Recorder { embed, keep: true, ..Recorder::default() });
        }
    }

    /// Stops recording and forgets what was not taken.
    pub fn stop_recording(&mut self) {
        for lane in self.blocks.iter_mut().flat_map(|block| &mut block.lanes) {
            lane.recorder = None;
        }
    }

    /// A lane's running episode so far.
    pub fn episode(&self, lane: usize) -> Result<Option<&Episode>, Error> {
        Ok(self.lane(lane)?.recorder.as_ref().and_then(|recorder| recorder.current.as_ref()))
    }

    /// Takes the ended episodes, by lane and then oldest first, each with its lane.
    pub fn take_episodes(&mut self) -> Vec<(usize, Episode)> {
        self.blocks
            .iter_mut()
            .flat_map(|block| (block.first..).zip(&mut block.lanes))
            .filter_map(|(index, lane)| Some((index, lane.recorder.as_mut()?)))
            .flat_map(|(index, recorder)| recorder.finished.drain(..).map(move |episode| (index, episode)))
            .collect()
    }

    /// Cuts the streams of all lanes into segments of `every` steps (1 to [`Actions::MOST`](hyperdust_kernel::segment::Actions::MOST)) from here
    /// on, and at every reset that is asked for; 0 counts as 1. Whole segments are kept until taken. Called again, the running segments end
    /// here, and the same streams go on in segments of the new length.
    pub fn commit(&mut self, every: u32) {
        let mode = self.mode;
        for lane in self.blocks.iter_mut().flat_map(|block| &mut block.lanes) {
            lane.commit(every, mode);
        }
    }

    /// Takes the whole segments, by lane and then oldest first, each with its lane. `all`: ends the running ones first.
    /// An error where a call panicked: lanes are lost then, and whoever took what is left would hold streams with holes.
    pub fn take_segments(&mut self, all: bool) -> Result<Vec<(usize, Segment)>, Error> {
        self.whole()?;
        let lanes = self.blocks.iter_mut().flat_map(|block| (block.first..).zip(&mut block.lanes));
        Ok(lanes
            .flat_map(|(index, lane)| {
                if all {
                    lane.cut();
                }
                let finished = lane.journal.as_mut().map(|journal| core::mem::take(&mut journal.finished));
                finished.unwrap_or_default().into_iter().map(move |segment| (index, segment))
            })
            .collect())
    }

    /// Everything that the future depends on, recordings included; not the running segments, which begin anew where it is restored.
    pub fn snapshot(&self) -> Result<Vec<u8>, Error> {
        self.open()?;
        Ok(snapshot::encode(self.mode, self.lanes()))
    }

    /// Becomes the env that the snapshot was taken of; the number of threads may differ. The batch shows
    /// the observations, rewards and flags, without infos. On an error nothing has changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.open()?;
        let states = snapshot::decode(bytes, self.mode, self.num_envs)?;
        let mut lanes: Vec<Lane> = self.lanes().cloned().collect();
        for (state, lane) in states.into_iter().zip(&mut lanes) {
            snapshot::apply(state, lane)?;
        }
        let mut lanes = lanes.into_iter();
        for block in &mut self.blocks {
            block.lanes.iter_mut().zip(&mut lanes).for_each(|(old, new)| *old = new);
            self.batch.gather(self.model.observations(), block.first, &block.lanes);
        }
        Ok(())
    }

    /// Ends all use and lets the threads go; a second call does nothing.
    pub fn close(&mut self) {
        self.closed = true;
        self.pool = Pool::new(1, || None);
    }

    /// Whether it was closed.
    pub fn closed(&self) -> bool {
        self.closed
    }

    fn run(&mut self) {
        self.running = true;
        // A block's rows are copied while they are in the cache, and while other threads still work.
        let (batch, layout) = (&mut self.batch, self.model.observations());
        self.pool.run(&mut self.blocks, |block| batch.gather(layout, block.first, &block.lanes));
        self.running = false;
    }

    fn open(&self) -> Result<(), Error> {
        if self.closed { Err(Error::Closed) } else { self.whole() }
    }

    fn whole(&self) -> Result<(), Error> {
        if self.running { Err(Error::Poisoned) } else { Ok(()) }
    }

    fn ready(&self) -> Result<(), Error> {
        self.open()?;
        match self.lanes().position(|lane| !lane.ready) {
            None => Ok(()),
            Some(0) if self.lanes().all(|lane| !lane.ready) => Err(Error::StepBeforeReset),
            Some(lane) => Err(Error::LaneBeforeReset { lane }),
        }
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.blocks.iter().flat_map(|block| &block.lanes)
    }

    fn lane(&self, lane: usize) -> Result<&Lane, Error> {
        let found = self.blocks.partition_point(|block| block.first <= lane).checked_sub(1);
        found
            .and_then(|index| self.blocks[index].lanes.get(lane - self.blocks[index].first))
            .ok_or(Error::NoSuchLane { lane, lanes: self.num_envs })
    }

    fn lane_mut(&mut self, lane: usize) -> Result<&mut Lane, Error> {
        let lanes = self.num_envs;
        let found = self.blocks.partition_point(|block| block.first <= lane).checked_sub(1);
        found
            .and_then(|index| {
                let block = &mut self.blocks[index];
                block.lanes.get_mut(lane - block.first)
            })
            .ok_or(Error::NoSuchLane { lane, lanes })
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use hyperdust_scene::Scene;

    use super::*;

    /// After a panic in a step lanes are lost: nothing more is had of the env, segments neither. A closed env still gives them.
    #[test]
    fn a_panic_ends_all_use() {
        let model =
            Model::new(Scene::builtin("cartpole").unwrap().cook(&Default::default()).unwrap().blueprint).unwrap();
        let env = || {
            let mut env = VectorEnv::new(model.clone(), VectorOptions::new(3)).unwrap();
            env.commit(4);
            env.reset(Seeds::First(1), None).unwrap();
            env
        };
        let mut broken = env();
        broken.blocks[0].command = Command::Step;
        broken.blocks[0].actions.clear();
        assert!(catch_unwind(AssertUnwindSafe(|| broken.run())).is_err());
        assert!(matches!(broken.take_segments(true), Err(Error::Poisoned)));
        assert!(matches!(broken.reset(Seeds::First(1), None), Err(Error::Poisoned)));
        assert!(matches!(broken.snapshot(), Err(Error::Poisoned)));
        let mut closed = env();
        closed.close();
        assert_eq!(closed.take_segments(true).unwrap().len(), 3);
    }
}
