//! A companion finds every lie, accuses nobody else, and computes nothing twice.

mod canaries;
mod commitments;
mod files;
mod odds;
mod openings;
mod queue;
mod verdicts;

use std::sync::LazyLock;

use hyperdust_actors::{
    Error, Job,
    companion::{Assigned, Committed},
    trial,
};
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::{Key, Terms};

/// Stands in for the program's image root: nothing here runs a program.
pub const PROGRAM: Hash = [7; 32];
/// Segments of [`JOB`].
pub const SEGMENTS: u32 = 5;

/// 37 steps of CartPole in segments of 8, signed by the trial user.
pub static JOB: LazyLock<Job> = LazyLock::new(|| job(3, 37));

pub fn job(seed: u64, steps: u32) -> Job {
    trial::job(&trial::model("cartpole").unwrap(), PROGRAM, seed, steps, 8).unwrap()
}

pub fn terms(job: &Job) -> Terms {
    *job.terms().unwrap()
}

pub fn key() -> Key {
    trial::key("companion").unwrap()
}

pub fn assigned(job: &Job) -> Assigned {
    Assigned::new(job.clone(), &terms(job), &PROGRAM).unwrap()
}

pub fn committed(job: &Job) -> Committed {
    assigned(job).replay(|_| {}).unwrap().commit(key().address()).unwrap()
}

/// A machine that must not be asked.
pub fn unasked(_: &Job, number: usize, _: &[u8]) -> Result<Option<Hash>, Error> {
    panic!("the machine was asked for segment {number}")
}
