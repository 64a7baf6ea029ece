//! What answers a question about a job's inputs on a chain: a segment's actions, and the user's signatures between which they lie.

use alloy::primitives::B256;
use hyperdust_settlement::keeper::{Evidence, Segment};

use crate::Job;

/// Of a segment that the job has and its user signed.
pub fn evidence(job: &Job, segment: u32) -> Option<Evidence> {
    let (number, segments) = (segment as usize, job.segments());
    let inputs = segments.get(number)?;
    let before = number.checked_sub(1).and_then(|before| segments[before].signed);
    let siblings = job.plan().prove(segment)?.siblings.into_iter().map(B256::from).collect();
    let segment = Segment { actions: inputs.actions.clone(), signed: inputs.signed? };
    Some(Evidence { segment: Some(segment), before, siblings })
}
