//! Questions that only who computed can answer: the state in the middle of a segment.
//!
//! A record of a job holds the state at the end of each segment and none in between. So a companion that copied outputs, from whomever,
//! does not know those in between. It is asked for some, drawn from a challenge that nobody knew when it committed (a later
//! block's hash), and from its own commitment: no two companions are asked the same, so one cannot answer for another. An
//! answer is checked by whoever has the job, at the cost of the part of a segment.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::{Hash, Kind};
use hyperdust_proof::Hex;
use sha3::{Digest, Keccak256};

use super::Committed;
use crate::{Error, Job};

/// Kind of what questions are drawn from.
pub const KIND: Kind = Kind::new("hyperdust opening");
/// Questions of a challenge, at most.
pub const MOST: u32 = 1 << 10;

/// A question: the state after the first `steps` actions of a segment, fewer than the segment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Request {
    /// Number of the segment.
    pub segment: u32,
    /// Actions of it, at least one.
    pub steps: u32,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Opening {
    /// The question.
    pub request: Request,
    /// Root of the state.
    pub root: Hash,
}

/// The `count` questions that `challenge` asks whoever published `commitment` about this job: each of the states that no record
/// contains is as likely as any other, and one may be asked for twice. None where segments have one action each.
///
/// Number *i* is drawn from the first 16 bytes (big-endian, modulo the number of states, at most 2³²) of
/// `keccak256(kind ‖ challenge ‖ commitment ‖ i)`, four words.
pub fn requests(job: &Job, challenge: &Hash, commitment: &Hash, count: u32) -> Result<Vec<Request>, Error> {
    if count > MOST {
        return Err(Error::Number { what: "questions", found: count.to_string(), accepted: "at most 1024" });
    }
    let mut inner = Vec::with_capacity(job.segments().len());
    for number in 0..job.segments().len() {
        inner.push(job.shape(number)?.0.saturating_sub(1));
    }
    let states: u128 = inner.iter().map(|&states| u128::from(states)).sum();
    if states == 0 {
        return Ok(Vec::new());
    }
    let draw = |index: u32| {
        let mut word = [0; 32];
        word[28..].copy_from_slice(&index.to_be_bytes());
        let words = [KIND.word(), *challenge, *commitment, word];
        let hash: Hash = words.iter().fold(Keccak256::new(), Keccak256::chain_update).finalize().into();
        let high = hash.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        place(&inner, high % states)
    };
    Ok((0..count).map(draw).collect())
}

/// The state with this number, counted over all segments' inner states.
fn place(inner: &[u32], mut number: u128) -> Request {
    for (segment, &states) in (0..).zip(inner) {
        match number.checked_sub(states.into()) {
            // Below the number of a segment's inner states, which is a u32.
            None => return Request { segment, steps: number as u32 + 1 },
            Some(rest) => number = rest,
        }
    }
    unreachable!("the number is below the sum")
}

impl Committed {
    /// Answers the questions that `challenge` asks about this commitment.
    pub fn open(&self, challenge: &Hash, count: u32) -> Result<Vec<Opening>, Error> {
        let requests = requests(self.job(), challenge, &self.commitment(), count)?;
        requests.into_iter().map(|request| self.answer(request)).collect()
    }

    /// Checks somebody else's answers to what `challenge` asked about its commitment, by one's own states. An error says which
    /// answer is none.
    pub fn check_openings(&self, challenge: &Hash, commitment: &Hash, answers: &[Opening]) -> Result<(), Error> {
        let count = u32::try_from(answers.len()).unwrap_or(u32::MAX);
        let requests = requests(self.job(), challenge, commitment, count)?;
        if requests.len() != answers.len() {
            return Err(Error::Commitment(format!("found {count} answers; accepted: {}", requests.len())));
        }
        for (number, (request, answer)) in requests.into_iter().zip(answers).enumerate() {
            let accepted = self.answer(request)?;
            if *answer != accepted {
                let Request { segment, steps } = request;
                return Err(Error::Commitment(format!(
                    "answer {number}: found root {} of segment {} after {} actions; accepted: root {} of segment \
                     {segment} after {steps}",
                    Hex(&answer.root),
                    answer.request.segment,
                    answer.request.steps,
                    Hex(&accepted.root),
                )));
            }
        }
        Ok(())
    }

    fn answer(&self, request: Request) -> Result<Opening, Error> {
        let segment = request.segment as usize;
        let state = self.job().start(segment, self.outputs());
        Ok(Opening { request, root: self.job().opening(segment, state, request.steps)? })
    }
}
