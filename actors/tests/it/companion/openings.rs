//! Questions about states in between are answered by whoever computed, and by nobody who has the record alone.

use std::collections::BTreeSet;

use hyperdust_actors::{
    companion::opening::{self, Opening},
    job::roots,
};

use super::{JOB, committed, job};

const CHALLENGE: [u8; 32] = [5; 32];

/// One companion's answers are another's, and each is a state that no record contains.
#[test]
fn whoever_computed_answers() {
    let (asked, checks) = (committed(&JOB), committed(&JOB));
    let answers = asked.open(&CHALLENGE, 32).unwrap();
    assert_eq!(answers.len(), 32);
    checks.check_openings(&CHALLENGE, &asked.commitment(), &answers).unwrap();
    let recorded = roots(asked.outputs());
    for answer in &answers {
        assert!(!recorded.contains(&answer.root), "{answer:?} is in the record");
    }
}

/// A wrong root, another question, one answer too few: refused, by its number.
#[test]
fn wrong_answers_are_refused() {
    let asked = committed(&JOB);
    let answers = asked.open(&CHALLENGE, 4).unwrap();
    let refused = |answers: &[Opening]| {
        let result = asked.check_openings(&CHALLENGE, &asked.commitment(), answers);
        result.unwrap_err().to_string()
    };
    let mut wrong = answers.clone();
    wrong[2].root = roots(asked.outputs())[answers[2].request.segment as usize];
    assert!(refused(&wrong).contains("answer 2"), "the end of the segment instead of its middle");
    let mut other = answers.clone();
    other[3].request.steps += 1;
    assert!(refused(&other).contains("answer 3"));
    // Another companion's questions.
    let another = committed(&JOB);
    assert!(asked.check_openings(&CHALLENGE, &another.commitment(), &answers).is_err());
}

/// Questions follow from the challenge and the commitment, are all within, reach every state, and are the same for all who ask.
#[test]
fn questions_are_drawn_from_challenge_and_commitment() {
    let ask =
        |challenge: [u8; 32], commitment: [u8; 32]| opening::requests(&JOB, &challenge, &commitment, 1024).unwrap();
    let questions = ask(CHALLENGE, [1; 32]);
    assert_eq!(questions, ask(CHALLENGE, [1; 32]));
    assert_ne!(questions, ask([6; 32], [1; 32]));
    assert_ne!(questions, ask(CHALLENGE, [2; 32]));
    let different: BTreeSet<_> = questions.iter().map(|request| (request.segment, request.steps)).collect();
    // 37 actions in five segments, the last action of each left out.
    assert_eq!(different.len(), 32);
    for (segment, steps) in different {
        assert!((1..JOB.shape(segment as usize).unwrap().0).contains(&steps));
    }
    assert!(opening::requests(&JOB, &CHALLENGE, &[1; 32], 1025).is_err());
}

/// Nothing is asked where every state is in the record.
#[test]
fn nothing_is_asked_about_single_steps() {
    assert_eq!(opening::requests(&job(1, 1), &CHALLENGE, &[1; 32], 8).unwrap(), []);
}
