//! Canaries find companions that do not compute, and excuse nothing else.

use hyperdust_actors::companion::{
    Verdict,
    canary::{Canaries, Canary, Posted, plant},
};
use hyperdust_receipt::{Address, Attestation};

use super::{JOB, SEGMENTS, committed, key, unasked};

const NOBODY: Address = Address([9; 20]);

fn canary(label: u8) -> Canary {
    Canary { job: [label; 32], claim: [label ^ 0x80; 32], salt: [label ^ 0x40; 32] }
}

/// Whoever computes disputes a planted claim from where it is wrong on; whoever attests to it is caught.
#[test]
fn a_canary_tells_computing_from_attesting() {
    let honest = committed(&JOB);
    let job = JOB.terms().unwrap().job;
    for from in 0..SEGMENTS {
        let claim = plant(&JOB, honest.graph(), from, &[1; 32]).unwrap();
        assert_eq!(claim.plan(), honest.graph().plan(), "the inputs are true");
        let own = honest.graph().nodes()[from as usize].output;
        let verdict = honest.judge(&claim, &key(), |_, _, _| Ok(Some(own))).unwrap();
        assert!(matches!(verdict, Verdict::Disputed { node, .. } if node == from));

        let canaries = Canaries::new(vec![canary(1), Canary::salted(job, claim.root()).unwrap()]).unwrap();
        let opened = canaries.open(&job).unwrap();
        let lazy = Attestation { job, plan: claim.plan(), claim: claim.root(), commitment: [0; 32] };
        assert!(opened.caught(&lazy));
        let Verdict::Attested(true_one) = honest.judge(honest.graph(), &key(), unasked).unwrap() else { panic!() };
        assert!(!opened.caught(&true_one.message));
        assert!(canaries.fix(4).excuse(&opened, &claim.root(), 5, &Posted::default()).is_ok());
    }
    assert!(plant(&JOB, honest.graph(), SEGMENTS, &[1; 32]).is_err());
}

/// Of all ways to excuse a wrong claim, only the canary that was fixed before its job was assigned, and that nobody posted, does.
#[test]
fn what_anybody_posts_is_never_excused() {
    let canaries = Canaries::new((0..5).map(canary).collect()).unwrap();
    let fixed = canaries.fix(10);
    let opened = canaries.open(&[3; 32]).unwrap();
    let claim = opened.canary.claim;
    let mut posted = Posted::default();
    posted.post(NOBODY, [0xee; 32]);
    let why = |result: Result<(), hyperdust_actors::Error>| result.unwrap_err().to_string();

    fixed.excuse(&opened, &claim, 11, &posted).unwrap();
    assert!(why(fixed.excuse(&opened, &claim, 10, &posted)).contains("fixed at 10"), "fixed too late");
    assert!(why(fixed.excuse(&opened, &[0xee; 32], 11, &posted)).contains("never excused"));
    assert!(why(fixed.excuse(&opened, &[0xdd; 32], 11, &posted)).contains("another claim"));

    // The very canary, once anybody has posted its claim: its maker, its companion, or a third.
    posted.post(NOBODY, claim);
    assert!(why(fixed.excuse(&opened, &claim, 11, &posted)).contains("never excused"));
}

/// None can be added after the list was fixed, and no proof is another's.
#[test]
fn only_what_was_fixed_opens() {
    let canaries = Canaries::new((0..5).map(canary).collect()).unwrap();
    let fixed = canaries.fix(10);
    let later = Canaries::new((0..6).map(canary).collect()).unwrap();
    let refused = |opened: &hyperdust_actors::companion::canary::Opened| {
        let claim = opened.canary.claim;
        fixed.excuse(opened, &claim, 11, &Posted::default()).is_err()
    };
    assert!(refused(&later.open(&[5; 32]).unwrap()));
    for label in 0..5 {
        let good = canaries.open(&[label; 32]).unwrap();
        assert!(!refused(&good));
        for part in 0..3 {
            let mut other = good.clone();
            let Canary { job, claim, salt } = &mut other.canary;
            [job, claim, salt][part][0] ^= 1;
            assert!(refused(&other));
        }
        let mut moved = good;
        moved.proof.index ^= 1;
        assert!(refused(&moved));
    }
    assert_eq!(canaries.open(&[5; 32]), None);
}

/// A list says nothing about the order in which it was made, and has each job once.
#[test]
fn lists_are_sorted_and_without_doubles() {
    let forwards = Canaries::new((0..5).map(canary).collect()).unwrap();
    let backwards = Canaries::new((0..5).rev().map(canary).collect()).unwrap();
    assert_eq!(forwards.fix(1), backwards.fix(1));
    assert!(Canaries::new(vec![]).is_err());
    let twice = Canary { claim: [1; 32], ..canary(2) };
    assert!(Canaries::new(vec![canary(2), twice]).is_err());
}
