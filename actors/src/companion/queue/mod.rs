//! Many jobs at once, on several threads, each node computed once however many jobs it is part of.
//!
//! Two nodes are the same where program and inputs are: a node is known by the hash of its program and of what each input is, the
//! root of a given string or, for one that another node gives, by which node that is. So nodes are compared before
//! anything is computed, across all jobs of the queue. Equal nodes of different jobs are run once, and a model that many
//! users share is one node.
//!
//! - Nodes that are [alike](Jobs::alike), of different jobs, are run side by side, up to [`Limits::width`] by a thread, and no more than are
//!   its share of what there is: no thread waits while another has a long row.
//! - Jobs are begun by priority, those of equal priority in their order; nodes of the ones begun, likewise.
//! - Results are in the jobs' order, however they were computed. A job that fails does not stop the others, except those
//!   that share the failed node, which fail with the same error.
//! - Memory: at most [`Limits::active`] jobs are loaded at a time, and their outputs are handed on when they are all
//!   there ([`Jobs::finish`]). Outputs that later jobs share are kept up to [`Limits::kept`] bytes; beyond that they are dropped,
//!   and computed again when they are needed again. Of each node of all jobs some hundred bytes are kept throughout.

mod board;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use hyperdust_gym::Streams;
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Node};

use crate::Error;
use board::{Board, Due, Task};

/// Output of a node.
pub type Output = Arc<[u8]>;

/// Jobs by number, from 0, and what is done with them. All is called from several threads.
pub trait Jobs: Sync {
    /// A job in memory.
    type Job: Send + Sync;
    /// What is left of a job when it is over; small, for all are kept.
    type Done: Send;

    /// The graph of a job, whose outputs do not matter. Called once for each job, before any is run; the job need not stay in
    /// memory.
    fn plan(&self, number: usize) -> Result<Graph, Error>;

    /// Loads a job, with the same graph.
    fn load(&self, number: usize) -> Result<(Self::Job, Graph), Error>;

    /// What nodes have in common that are run side by side in less time than one after the other; none for a node that is run
    /// alone. Asked of every node of a plan.
    fn alike(&self, _node: &Node) -> Option<Hash> {
        None
    }

    /// Runs nodes that are alike: for each its output or an error, in their order.
    fn run_alike(&self, nodes: &[Work<'_, Self::Job>]) -> Vec<Result<Vec<u8>, Error>> {
        nodes.iter().map(|node| self.run(node.job, node.index, node.outputs)).collect()
    }

    /// Runs node `index` of a job. `outputs` has, for each input that comes from a node, what that gave.
    fn run(&self, job: &Self::Job, index: u32, outputs: &[Option<Output>]) -> Result<Vec<u8>, Error>;

    /// Takes the outputs of a job's nodes, in order.
    fn finish(&self, number: usize, job: &Self::Job, outputs: &[Output]) -> Result<Self::Done, Error>;
}

/// A node that is due.
#[derive(Debug)]
pub struct Work<'a, J> {
    /// A job that it is part of.
    pub job: &'a J,
    /// Its index in that job's graph.
    pub index: u32,
    /// For each input that comes from a node, what that gave.
    pub outputs: &'a [Option<Output>],
}

/// What a queue may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads that compute, the caller's included; more than [`Limits::MOST_THREADS`] count as that many.
    pub threads: NonZeroUsize,
    /// Nodes that a thread runs side by side.
    pub width: NonZeroUsize,
    /// Jobs in memory at a time.
    pub active: NonZeroUsize,
    /// Bytes of outputs that are kept for jobs that have not begun.
    pub kept: usize,
}

impl Limits {
    /// Threads, at most.
    pub const MOST_THREADS: usize = 1024;

    /// This many threads, for each of them as many jobs in memory as it runs side by side, and 256 MiB of outputs.
    pub fn threads(threads: NonZeroUsize) -> Self {
        let width = NonZeroUsize::new(Streams::WIDTH).unwrap_or(NonZeroUsize::MIN);
        Self { threads, width, active: threads.saturating_mul(width), kept: 256 << 20 }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// All jobs are known: the number of different nodes.
    Planned {
        /// Nodes to run.
        nodes: usize,
    },
    /// A job has begun.
    Begun {
        /// Its number.
        job: usize,
        /// Its nodes.
        nodes: usize,
        /// Of these, how many another job had computed already.
        known: usize,
    },
    /// A node was computed.
    Computed {
        /// The jobs that it is part of, among those that have begun.
        jobs: Vec<usize>,
    },
    /// A job is over.
    Over {
        /// Its number.
        job: usize,
        /// Why it failed, where it did.
        error: Option<Arc<Error>>,
    },
}

/// What a queue did.
#[derive(Debug)]
pub struct Report<D> {
    /// What is left of each job, in the jobs' order.
    pub results: Vec<Result<D, Arc<Error>>>,
    /// Nodes of all jobs together.
    pub nodes: usize,
    /// Nodes that were run.
    pub runs: usize,
}

/// Computes as many jobs as there are priorities, the highest first. `watch` is called from all threads.
pub fn run<J: Jobs>(jobs: &J, priorities: &[i32], limits: Limits, watch: &(dyn Fn(Event) + Sync)) -> Report<J::Done> {
    let threads = limits.threads.get().min(Limits::MOST_THREADS);
    let limits = Limits { threads: NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN), ..limits };
    let plans = plans(jobs, priorities.len(), threads);
    let board = Board::new(plans.into_iter(), priorities, limits, |node| jobs.alike(node));
    watch(Event::Planned { nodes: board.different() });
    for (job, error) in board.refused() {
        watch(Event::Over { job, error: Some(error) });
    }
    let shared = Shared { board: Mutex::new(board), changed: Condvar::new() };
    on_threads(threads, || shared.work(jobs, watch));
    shared.board.into_inner().unwrap_or_else(PoisonError::into_inner).report()
}

/// Does it on so many threads, the caller's included; on fewer, where the system has no more.
fn on_threads(threads: usize, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for number in 1..threads {
            let thread = thread::Builder::new().name(format!("replay {number}"));
            if thread.spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

/// The graphs of all jobs, or why there is none.
fn plans<J: Jobs>(jobs: &J, count: usize, threads: usize) -> Vec<Result<Graph, Error>> {
    let (next, plans) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    on_threads(threads.min(count), || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let plan = guarded(|| jobs.plan(number));
            plans.lock().unwrap_or_else(PoisonError::into_inner).insert(number, plan);
        }
    });
    plans.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

struct Shared<J: Jobs> {
    board: Mutex<Board<J::Job, J::Done>>,
    changed: Condvar,
}

impl<J: Jobs> Shared<J> {
    fn lock(&self) -> MutexGuard<'_, Board<J::Job, J::Done>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, jobs: &J, watch: &(dyn Fn(Event) + Sync)) {
        let mut board = self.lock();
        loop {
            let Some(task) = board.next() else {
                if board.is_over() {
                    return;
                }
                board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(board);
            let events = match task {
                Task::Load { job } => {
                    let loaded = guarded(|| jobs.load(job));
                    self.lock().loaded(job, loaded)
                }
                Task::Run { nodes } => {
                    let outputs = run_nodes(jobs, &nodes);
                    let slots: Vec<usize> = nodes.iter().map(|node| node.slot).collect();
                    // Before others are woken: what is held here counts as being in memory.
                    drop(nodes);
                    let mut board = self.lock();
                    slots.into_iter().zip(outputs).flat_map(|(slot, output)| board.computed(slot, output)).collect()
                }
                Task::Finish { number, job, outputs } => {
                    let done = guarded(|| jobs.finish(number, &job, &outputs));
                    drop((job, outputs));
                    self.lock().over(number, done.map_err(Arc::new)).into_iter().collect()
                }
            };
            self.changed.notify_all();
            events.into_iter().for_each(watch);
            board = self.lock();
        }
    }
}

/// Runs nodes side by side, or a single one.
fn run_nodes<J: Jobs>(jobs: &J, nodes: &[Due<J::Job>]) -> Vec<Result<Vec<u8>, Error>> {
    let alone = |node: &Due<J::Job>| guarded(|| jobs.run(&node.job, node.index, &node.outputs));
    if nodes.len() > 1 {
        let work = nodes.iter().map(|Due { job, index, outputs, .. }| Work { job: &**job, index: *index, outputs });
        let work: Vec<_> = work.collect();
        if let Ok(outputs) = guarded(|| Ok(jobs.run_alike(&work)))
            && outputs.len() == nodes.len()
        {
            return outputs;
        }
        // One of them panics; alone each shows whether it is that one.
    }
    nodes.iter().map(alone).collect()
}

/// A panic in one job is that job's error: the others go on.
fn guarded<T>(run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Panic(said.unwrap_or("a panic without words").into()))
    })
}

/// By what a node is known: see the module documentation.
fn identity(node: &Node, known: &[Hash]) -> Hash {
    use hyperdust_kernel::merkle::Kind;
    use hyperdust_proof::Source;
    use sha3::{Digest, Keccak256};
    const KIND: Kind = Kind::new("hyperdust work");
    let mut hasher = Keccak256::new().chain_update(KIND.word()).chain_update(node.program);
    for source in &node.inputs {
        let (tag, word) = match *source {
            Source::Empty => (0, [0; 32]),
            Source::Given(root) => (1, root),
            // Graphs are in topological order.
            Source::Node(index) => (2, known[index as usize]),
        };
        hasher = hasher.chain_update([tag]).chain_update(word);
    }
    hasher.finalize().into()
}
