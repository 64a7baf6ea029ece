//! What is said of a claim: the truth is attested to, a lie is found where it begins, inputs that nobody signed are named, and
//! without the machine on its side a companion accuses nobody. (That a claim cannot be judged before the commitment is a
//! matter of types: `Assigned` has no `judge`, which its documentation tests.)

use hyperdust_actors::{
    Error, Job,
    companion::{Assigned, Verdict},
    job::roots,
};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Node, Source};
use hyperdust_receipt::Signed;
use proptest::prelude::*;

use super::{JOB, PROGRAM, SEGMENTS, assigned, committed, job, key, terms, unasked};

/// The true claim with some of its nodes changed.
fn claim(change: impl Fn(usize, &mut Node)) -> Graph {
    let mut nodes = committed(&JOB).graph().nodes().to_vec();
    nodes.iter_mut().enumerate().for_each(|(number, node)| change(number, node));
    Graph::new(nodes).unwrap()
}

/// Attested, by the companion, for this job, plan, claim and commitment; the machine is not asked.
#[test]
fn the_truth_is_attested_to() {
    let committed = committed(&JOB);
    let claim = claim(|_, _| {});
    let Verdict::Attested(signed) = committed.judge(&claim, &key(), unasked).unwrap() else { panic!() };
    let terms = terms(&JOB);
    assert_eq!(signed.verify(&terms.domain, &key().address()), Ok(()));
    let message = signed.message;
    let plan = JOB.plan().root();
    assert_eq!((message.job, message.plan, message.claim), (terms.job, plan, claim.root()));
    assert_eq!(message.commitment, committed.commitment());
    assert_eq!(Signed::decode(&signed.encode()), Ok(signed));
}

/// In every segment: a wrong output there, whatever comes after it, is a dispute about that segment.
#[test]
fn a_wrong_output_is_found_where_it_begins() {
    let committed = committed(&JOB);
    for wrong in 0..SEGMENTS {
        for from_there_on in [false, true] {
            let claim = claim(|number, node| {
                if number == wrong as usize || from_there_on && number > wrong as usize {
                    node.output[31] ^= 1;
                }
            });
            let own = committed.graph().nodes()[wrong as usize].output;
            let claimed = claim.nodes()[wrong as usize].output;
            let agrees = |job: &Job, number: usize, state: &[u8]| {
                let output = job.segment(number, state, &mut ()).unwrap();
                Ok(Some(roots(&[output])[0]))
            };
            let verdict = committed.judge(&claim, &key(), agrees).unwrap();
            assert_eq!(verdict, Verdict::Disputed { node: wrong, own, claimed });
        }
    }
}

/// A claim without an output is wrong there.
#[test]
fn a_missing_output_is_a_wrong_one() {
    let committed = committed(&JOB);
    let own = committed.graph().nodes()[2].output;
    let claim = claim(|number, node| node.output = if number < 2 { node.output } else { [0; 32] });
    let verdict = committed.judge(&claim, &key(), |_, _, _| Ok(Some(own))).unwrap();
    assert_eq!(verdict, Verdict::Disputed { node: 2, own, claimed: [0; 32] });
}

/// Where the machine gives what the provider claims, or what nobody says, or nothing, nobody is accused; where it cannot
/// be run, nothing is said at all.
#[test]
fn nobody_is_accused_without_the_machine() {
    let committed = committed(&JOB);
    let claim = claim(|number, node| node.output[0] ^= u8::from(number == 1));
    let said = |found: Option<Hash>| match committed.judge(&claim, &key(), |_, _, _| Ok(found)).unwrap() {
        Verdict::Abstained { why } => why,
        other => panic!("{other:?}"),
    };
    let cases = [
        (Some(claim.nodes()[1].output), "the machine gives what the provider claims"),
        (Some([9; 32]), "the machine gives 0x0909"),
        (None, "the machine gives no output"),
    ];
    for (found, why) in cases {
        assert!(said(found).contains(why), "{}", said(found));
    }
    let broken = committed.judge(&claim, &key(), |_, _, _| Err(Error::Dispute("no machine".into())));
    assert!(matches!(broken, Err(Error::Dispute(_))));
}

/// The first segment whose inputs are not the signed ones is named with the input, also where its outputs are "right".
#[test]
fn other_inputs_are_named() {
    let committed = committed(&JOB);
    let verdict = |claim: Graph| committed.judge(&claim, &key(), unasked).unwrap();
    for (input, part) in ["blueprint", "state", "actions", "fourth input"].into_iter().enumerate() {
        let claim = claim(|number, node| {
            if number >= 3 {
                node.inputs[input] = Source::Given([1; 32]);
            }
        });
        let why = format!("the claim has another {part} than the user signed");
        assert_eq!(verdict(claim), Verdict::Inputs { segment: 3, why });
    }
    let claim = claim(|number, node| node.program[0] ^= u8::from(number == 2));
    let why = "the claim has another program than the user signed".into();
    assert_eq!(verdict(claim), Verdict::Inputs { segment: 2, why });
}

/// Segments that were never asked for, or left out.
#[test]
fn another_number_of_segments_is_other_inputs() {
    let committed = committed(&JOB);
    let mut nodes = committed.graph().nodes().to_vec();
    let more =
        Node { inputs: [nodes[4].inputs[0], Source::Node(4), nodes[4].inputs[2], Source::Empty], ..nodes[4].clone() };
    for (segment, change) in [(4, None), (5, Some(more))] {
        match change {
            None => drop(nodes.pop()),
            Some(more) => nodes = committed.graph().nodes().iter().cloned().chain([more]).collect(),
        }
        let claim = Graph::new(nodes.clone()).unwrap();
        match committed.judge(&claim, &key(), unasked).unwrap() {
            Verdict::Inputs { segment: found, .. } => assert_eq!(found, segment),
            other => panic!("{other:?}"),
        }
    }
}

/// A companion does not take on what the user did not sign, or what is not what was agreed on.
#[test]
fn jobs_that_are_not_the_users_are_refused() {
    let terms = terms(&JOB);
    let with = |change: &dyn Fn(&mut Vec<hyperdust_actors::job::Inputs>)| {
        let mut segments = JOB.segments().to_vec();
        change(&mut segments);
        let job = Job::new(JOB.model(), PROGRAM, segments, Some(terms)).unwrap();
        assert!(job.check_signatures().is_err());
        Assigned::new(job, &terms, &PROGRAM).unwrap_err().to_string()
    };
    let changed = with(&|segments| *segments[3].actions.last_mut().unwrap() ^= 1);
    assert!(changed.starts_with("segment 3: its actions are not the user's: the signature is over"), "{changed}");
    let unsigned = with(&|segments| segments[4].signed = None);
    assert!(unsigned.contains("segment 4") && unsigned.contains("no signature"), "{unsigned}");
    // A state that the provider made up, and everything after it true: what the actions' signatures say nothing about.
    let poisoned = with(&|segments| segments[2].start = Some(committed(&JOB).outputs()[0].clone()));
    assert!(poisoned.contains("segment 2") && poisoned.contains("not the end of the segment before"), "{poisoned}");
    let begun = with(&|segments| segments[0].start = Some(committed(&JOB).outputs()[0].clone()));
    assert!(begun.contains("segment 0"), "{begun}");

    let mut other = terms;
    other.user = key().address();
    assert!(Assigned::new(JOB.clone(), &other, &PROGRAM).unwrap_err().to_string().contains("terms"));
    assert!(Assigned::new(JOB.clone(), &terms, &[8; 32]).unwrap_err().to_string().contains("program"));
    let bare = Job::new(JOB.model(), PROGRAM, JOB.segments().to_vec(), None).unwrap();
    assert!(Assigned::new(bare, &terms, &PROGRAM).unwrap_err().to_string().contains("no terms"));
}

/// Another job's claim, though all of it is true there.
#[test]
fn a_true_claim_about_another_job_is_not_attested_to() {
    let other = committed(&job(4, 37)).graph().clone();
    assert!(matches!(committed(&JOB).judge(&other, &key(), unasked).unwrap(), Verdict::Inputs { segment: 0, .. }));
}

/// The key of the commitment, or none.
#[test]
fn nobody_attests_for_another() {
    let other = hyperdust_actors::trial::key("somebody").unwrap();
    assert!(matches!(committed(&JOB).judge(&claim(|_, _| {}), &other, unasked), Err(Error::Commitment(_))));
}

/// The user's 37 steps, 8 a segment.
#[test]
fn the_job_is_what_these_tests_think() {
    assert_eq!(JOB.segments().len(), SEGMENTS as usize);
    assert_eq!(assigned(&JOB).job().steps().unwrap(), 37);
}

proptest! {
    /// Any set of changed outputs: the first of them.
    #[test]
    fn the_first_of_many_lies_is_found(bits in prop::collection::btree_map(0..SEGMENTS as usize, 0usize..256, 1..5)) {
        let committed = committed(&JOB);
        let claim = claim(|number, node| {
            if let Some(bit) = bits.get(&number) {
                node.output[bit / 8] ^= 1 << (bit % 8);
            }
        });
        let first = *bits.keys().next().unwrap();
        let own = committed.graph().nodes()[first].output;
        let verdict = committed.judge(&claim, &key(), |_, _, _| Ok(Some(own))).unwrap();
        let found = matches!(verdict, Verdict::Disputed { node, .. } if node as usize == first);
        prop_assert!(found, "{verdict:?}");
    }
}
