//! How many segments a claim may be about follows from signatures: no more than the user signed, no fewer than the provider
//! countersigned.

use hyperdust_actors::{Error, Job, dispute::Signatures, job::actions_root, trial};
use hyperdust_proof::game::Judge;
use hyperdust_receipt::{Hash, OutputRoot, Receipt, Signed, chain};

const PROGRAM: Hash = [7; 32];

fn job() -> Job {
    trial::job(&trial::model("cartpole").unwrap(), PROGRAM, 3, 37, 8).unwrap()
}

/// The first segments of a job.
fn cut(job: &Job, segments: usize) -> Job {
    Job::new(job.model(), PROGRAM, job.segments()[..segments].to_vec(), job.terms().copied()).unwrap()
}

/// What both signed about a segment.
fn receipt(job: &Job, segment: usize) -> Receipt {
    let terms = job.terms().unwrap();
    let actions = job.segments()[segment].signed.unwrap();
    let message = actions.message;
    let root = job.segments()[..=segment].iter().map(actions_root).collect::<Vec<_>>();
    assert_eq!(message.root, chain::extend(chain::ACTIONS, &chain::START, &root), "the user's running root");
    let answer = OutputRoot {
        job: message.job,
        segment: message.segment,
        steps: message.steps,
        actions: message.root,
        root: [9; 32],
    };
    let provider = trial::key("provider").unwrap();
    Receipt { actions, outputs: Some(Signed::new(answer, &terms.domain, &provider)) }
}

/// As many as the user signed, and a claim of one more shows no signature.
#[test]
fn no_more_than_the_user_signed() {
    let job = job();
    for count in 1..=job.segments().len() {
        assert_eq!(Signatures::of(&cut(&job, count)).unwrap().nodes(), Some(count as u32));
    }
    let mut more = job.segments().to_vec();
    more.push(hyperdust_actors::job::Inputs { signed: None, ..more[4].clone() });
    let unsigned = Job::new(job.model(), PROGRAM, more.clone(), job.terms().copied()).unwrap();
    assert!(matches!(Signatures::of(&unsigned), Err(Error::Unsigned { segment: 5, .. })));
    // The signature of another segment is none of this one.
    more[5].signed = more[4].signed;
    let copied = Job::new(job.model(), PROGRAM, more, job.terms().copied()).unwrap();
    assert!(matches!(Signatures::of(&copied), Err(Error::Unsigned { segment: 5, .. })));
}

/// A later segment that both signed makes a shorter claim too short; one that the user alone signed does not, nor an earlier one.
#[test]
fn no_fewer_than_both_signed() {
    let job = job();
    let mut judge = Signatures::of(&cut(&job, 2)).unwrap();
    let alone = Receipt { outputs: None, ..receipt(&job, 4) };
    assert!(matches!(judge.countersigned(&alone), Err(Error::Unsigned { segment: 4, .. })));
    let mut forged = receipt(&job, 4);
    forged.outputs = forged.outputs.map(|signed| Signed {
        signature: Signed::new(signed.message, &job.terms().unwrap().domain, &trial::key("user").unwrap()).signature,
        ..signed
    });
    assert!(judge.countersigned(&forged).is_err());
    judge.countersigned(&receipt(&job, 0)).unwrap();
    assert_eq!(judge.nodes(), Some(2));
    judge.countersigned(&receipt(&job, 3)).unwrap();
    assert_eq!(judge.nodes(), Some(4));
}
