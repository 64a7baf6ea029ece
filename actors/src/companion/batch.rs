//! A companion's jobs, as the [queue](super::queue) takes them: from inputs to commitments.

use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Graph;
use hyperdust_receipt::{Address, Terms};

use super::{Assigned, Committed, queue};
use crate::{Error, Job};

/// Jobs that are computed and committed to.
pub struct Batch<R, T, S> {
    /// Gives a job by its number; called twice for each.
    pub read: R,
    /// The terms of a job's session, as the chain has them.
    pub terms: T,
    /// Image root of the program whose native form this binary is.
    pub program: Hash,
    /// Whose commitments they are.
    pub address: Address,
    /// Takes each commitment as soon as it is made.
    pub sink: S,
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
        (self.read)(number)?.plan()
    }

    fn load(&self, number: usize) -> Result<(Assigned, Graph), Error> {
        let job = (self.read)(number)?;
        let terms = (self.terms)(&job)?;
        let assigned = Assigned::new(job, &terms, &self.program)?;
        let plan = assigned.job().plan()?;
        Ok((assigned, plan))
    }

    fn run(&self, assigned: &Assigned, index: u32, outputs: &[Option<queue::Output>]) -> Result<Vec<u8>, Error> {
        let job = assigned.job();
        let state = outputs.get(1).and_then(Option::as_deref).unwrap_or_else(|| job.start(index as usize, &[]));
        job.segment(index as usize, state, &mut ())
    }

    fn finish(&self, number: usize, assigned: &Assigned, outputs: &[queue::Output]) -> Result<D, Error> {
        let outputs = outputs.iter().map(|output| output.to_vec()).collect();
        (self.sink)(number, assigned.clone().replayed(outputs).commit(self.address)?)
    }
}
