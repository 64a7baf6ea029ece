//! Any byte string is a job or an error; one that decodes encodes to the same bytes, and its signatures, shapes and plan are
//! judged without a panic.
#![no_main]

use hyperdust_actors::{Job, companion::opening::requests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(job) = Job::decode(bytes) else { return };
    assert_eq!(job.encode(), bytes, "bytes of a job are canonical");
    let plan = job.plan();
    assert_eq!(plan.count() as usize, job.segments().len());
    let steps = job.steps().expect("its actions were decoded");
    let _ = job.check_signatures();
    let asked = requests(&job, &[1; 32], &[2; 32], 8).expect("few questions");
    for request in asked {
        let (actions, _) = job.shape(request.segment as usize).expect("one of its segments");
        assert!(request.steps > 0 && request.steps < actions && u64::from(actions) <= steps, "{request:?}");
    }
});
