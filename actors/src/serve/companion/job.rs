//! A job, computed again.

use hyperdust_kernel::{merkle, segment};
use hyperdust_proof::Hex as Shown;
use hyperdust_store::{Id, Outcome};
use hyperdust_wire::{Code, Hex};

use super::{Finding, pace::Pace};
use crate::{
    Program, SEGMENT,
    companion::Assigned,
    serve::{Error, Hub, jobs},
};

/// Runs its segments from the inputs that its user signed, and compares. None where it is gone, or the server ends.
pub(super) fn check(hub: &Hub, id: &Id, pace: &mut Pace<'_>) -> Result<Option<Finding>, Error> {
    let filed = match jobs::filed(hub, &Hex(id.0)) {
        Ok(filed) => filed,
        Err(failure) if failure.code == Code::NotFound => return Ok(None),
        Err(failure) => return Err(Error::Store(failure.to_string())),
    };
    let program = Program::committed(SEGMENT).map(|entry| entry.root);
    let assigned = program.and_then(|program| Assigned::new(filed.job, &filed.terms, &program));
    let assigned = match assigned {
        Ok(assigned) => assigned,
        Err(error) => return Ok(Some(Finding::new(Outcome::Disputed, error))),
    };
    let (job, mut outputs) = (assigned.job(), Vec::with_capacity(filed.outputs.len()));
    for (number, claimed) in filed.outputs.iter().enumerate() {
        if !pace.go_on() {
            return Ok(None);
        }
        let output = match job.segment(number, job.start(number, &outputs), &mut ()) {
            Ok(output) => output,
            Err(error) => return Ok(Some(Finding::abstained(format_args!("segment {number}: {error}")))),
        };
        let own = merkle::root(segment::STATE, &output);
        if own != *claimed {
            let why = format!("segment {number} gives {}; signed is {}", Shown(&own), Shown(claimed));
            return Ok(Some(Finding::new(Outcome::Disputed, why)));
        }
        outputs.push(output);
    }
    Ok(Some(Finding::new(Outcome::Attested, format_args!("{} segments", outputs.len()))))
}
