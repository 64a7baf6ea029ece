//! A companion's jobs, as the [queue](super::queue) takes them: from inputs to commitments. Segments of different jobs in one scene are
//! computed side by side.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyperdust_gym::Streams;
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Node, Source};
use hyperdust_receipt::{Address, Terms};

use super::{Assigned, Committed, queue};
use crate::{Error, Job};

/// Jobs that are computed and committed to.
pub struct Batch<R, T, S> {
    read: R,
    terms: T,
    program: Hash,
    address: Address,
    sink: S,
    /// Jobs that were read for their plans and are to be run, and how many bytes of actions they have together.
    read_ahead: Mutex<(BTreeMap<usize, Job>, usize)>,
    /// What threads run segments with, while none does.
    streams: Mutex<Vec<Streams>>,
}

/// Bytes of actions that are kept between planning and running.
const READ_AHEAD: usize = 256 << 20;
/// Kept [`Streams`], at most: one for each thread and scene, where there are few of both.
const KEPT: usize = 64;

impl<R, T, S> Batch<R, T, S> {
    /// Jobs for a companion.
    ///
    /// `read` gives a job by its number, and is called once for each, or twice where all would be over 256 MiB; `terms` gives the terms of a job's session, as the chain has
    /// them; `program` is the image root of the program whose native form this binary is; `address` is whose commitments they are;
    /// `sink` takes each commitment as soon as it is made.
    pub fn new(read: R, terms: T, program: Hash, address: Address, sink: S) -> Self {
        Self { read, terms, program, address, sink, read_ahead: Mutex::default(), streams: Mutex::default() }
    }

    fn read_ahead(&self) -> MutexGuard<'_, (BTreeMap<usize, Job>, usize)> {
        self.read_ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Streams>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how much memory a job takes.
fn bytes(job: &Job) -> usize {
    job.segments().iter().map(|inputs| inputs.actions.len()).sum()
}

/// The state that a segment starts from.
fn state<'a>(assigned: &'a Assigned, index: u32, outputs: &'a [Option<queue::Output>]) -> &'a [u8] {
    outputs.get(1).and_then(Option::as_deref).unwrap_or_else(|| assigned.job().start(index as usize, &[]))
}

impl<R, T, S, D> queue::Jobs for Batch<R, T, S>
where
    R: Fn(usize) -> Result<Job, Error> + Sync,
    T: Fn(&Job) -> Result<Terms, Error> + Sync,
    S: Fn(usize, Committed) -> Result<D, Error> + Sync,
    D: Send,
{
    type Job = Assigned;
    type Done = D;

    fn plan(&self, number: usize) -> Result<Graph, Error> {
        let job = (self.read)(number)?;
        let plan = job.plan().clone();
        let mut ahead = self.read_ahead();
        let bytes = ahead.1 + bytes(&job);
        if bytes <= READ_AHEAD {
            ahead.0.insert(number, job);
            ahead.1 = bytes;
        }
        Ok(plan)
    }

    fn load(&self, number: usize) -> Result<(Assigned, Graph), Error> {
        let kept = {
            let mut ahead = self.read_ahead();
            let job = ahead.0.remove(&number);
            ahead.1 -= job.as_ref().map_or(0, bytes);
            job
        };
        let job = kept.map_or_else(|| (self.read)(number), Ok)?;
        let terms = (self.terms)(&job)?;
        let assigned = Assigned::new(job, &terms, &self.program)?;
        let plan = assigned.job().plan().clone();
        Ok((assigned, plan))
    }

    /// Segments in one scene. (That they are of one program, [`Assigned`] has seen to.)
    fn alike(&self, node: &Node) -> Option<Hash> {
        match node.inputs[0] {
            Source::Given(blueprint) => Some(blueprint),
            _ => None,
        }
    }

    fn run_alike(&self, nodes: &[queue::Work<'_, Assigned>]) -> Vec<Result<Vec<u8>, Error>> {
        let Some(model) = nodes.first().map(|node| node.job.job().model()) else { return Vec::new() };
        let kept = {
            let mut kept = self.streams();
            kept.iter().position(|streams| streams.model().id() == model.id()).map(|place| kept.swap_remove(place))
        };
        let mut streams = kept.unwrap_or_else(|| Streams::new(model));
        let segments: Vec<_> = nodes
            .iter()
            .map(|node| {
                let inputs = &node.job.job().segments()[node.index as usize];
                (state(node.job, node.index, node.outputs), &inputs.actions[..])
            })
            .collect();
        let outputs = streams.run(&segments).into_iter().map(|output| Ok(output?)).collect();
        let mut kept = self.streams();
        if kept.len() < KEPT {
            kept.push(streams);
        }
        outputs
    }

    fn run(&self, assigned: &Assigned, index: u32, outputs: &[Option<queue::Output>]) -> Result<Vec<u8>, Error> {
        assigned.job().segment(index as usize, state(assigned, index, outputs), &mut ())
    }

    fn finish(&self, number: usize, assigned: &Assigned, outputs: &[queue::Output]) -> Result<D, Error> {
        let outputs = outputs.iter().map(|output| output.to_vec()).collect();
        (self.sink)(number, assigned.clone().replayed(outputs).commit(self.address)?)
    }
}
