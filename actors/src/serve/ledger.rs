//! The log of a session: what was asked, in order, what was answered, and where the worlds stood.
//!
//! It outlives the worker that steps the worlds, so a session whose worker died goes on from here: the checkpoint, then every deed
//! since. A deed is written down once it is done and before its answer leaves; one that brings its worker down is never written, so
//! it does not bring down the next one as well. Requests are numbered from 1; each number acts at most once: the next one acts, the
//! latest few are answered with the bytes of before, and nothing else is taken.

use std::{collections::VecDeque, sync::Arc};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_wire::{Code, Failure, Kind};

/// The frames of a message, header first.
pub type Frames = Arc<Vec<Vec<u8>>>;

/// What a request did to the worlds, with everything that chance had a part in.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Deed {
    /// It changed nothing: a snapshot, or a request that was refused for good.
    Nothing,
    /// Episodes began.
    Reset {
        /// One per lane; `None`: its stream goes on.
        seeds: Vec<Option<u64>>,
        /// Which lanes; `None`: all.
        mask: Option<Vec<bool>>,
    },
    /// One array of actions per segment.
    Step(Vec<Vec<u8>>),
    /// A state was put there: a snapshot of the env.
    Restore(Vec<u8>),
    /// Segments were signed by the user: the frame of a RECEIPT that was countersigned.
    Receipt(Vec<u8>),
    /// A voucher was taken: its frame.
    Voucher(Vec<u8>),
    /// A hosted policy made steps.
    Run {
        /// Its digest.
        policy: [u8; 32],
        /// How many.
        steps: u32,
        /// Of so many lanes each.
        lanes: u32,
    },
}

impl Deed {
    /// What asked for it, if its answer is that of the worlds.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Nothing => return None,
            Self::Reset { .. } => Kind::Reset,
            Self::Step(_) => Kind::Step,
            Self::Restore(_) => Kind::Restore,
            Self::Receipt(_) => Kind::Receipt,
            Self::Voucher(_) => Kind::Voucher,
            Self::Run { .. } => Kind::Run,
        })
    }

    fn bytes(&self) -> usize {
        32 + match self {
            Self::Nothing => 0,
            Self::Reset { seeds, mask } => 9 * seeds.len() + mask.as_ref().map_or(0, Vec::len),
            Self::Step(actions) => actions.iter().map(|segment| segment.len() + 4).sum(),
            Self::Restore(bytes) | Self::Receipt(bytes) | Self::Voucher(bytes) => bytes.len(),
            // As if its actions were there: a checkpoint comes no later, and bringing the session back takes no longer.
            Self::Run { steps, lanes, .. } => (*steps as usize).saturating_mul(*lanes as usize * 16),
        }
    }
}

/// A deed and the request that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Number of the request.
    pub request: u64,
    /// What it did.
    pub deed: Deed,
}

/// Where the worlds stood after a request.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Checkpoint {
    /// The last request in it; 0: none.
    pub request: u64,
    /// A snapshot of the env; none: a new one.
    pub snapshot: Option<Vec<u8>>,
    /// Lanes that have been given a seed.
    pub seeded: Vec<bool>,
}

/// What to do with a request of a certain number.
#[derive(Clone, Debug)]
pub enum Turn {
    /// It is the next: it may act.
    Act,
    /// It has acted: this is its answer.
    Answered(Frames),
    /// It does not act, and why.
    Refused(Failure),
}

/// What is new since somebody last wrote it down.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Deeds before the checkpoint that were not written down: it follows from them, and a journal has no gaps.
    pub before: Vec<Arc<Entry>>,
    /// A checkpoint that takes the place of everything before it.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// Deeds after it, or after those that were written down.
    pub entries: Vec<Arc<Entry>>,
}

impl News {
    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        self.checkpoint.is_none() && self.entries.is_empty()
    }

    /// Bytes of memory that it takes, about.
    pub fn bytes(&self) -> u64 {
        let snapshot = self.checkpoint.iter().filter_map(|checkpoint| checkpoint.snapshot.as_ref()).map(Vec::len);
        let deeds = self.before.iter().chain(&self.entries).map(|entry| match entry.deed {
            Deed::Run { .. } => Deed::Nothing.bytes(),
            ref deed => deed.bytes(),
        });
        snapshot.chain(deeds).map(|bytes| bytes as u64).sum()
    }
}

/// The log.
#[derive(Debug)]
pub struct Ledger {
    /// Answers that are kept.
    keep: usize,
    answers: VecDeque<(u64, Frames)>,
    next: u64,
    checkpoint: Arc<Checkpoint>,
    log: Vec<Arc<Entry>>,
    /// Bytes of the log.
    bytes: usize,
    checkpoint_saved: bool,
    /// Entries of the log that are written down.
    saved: usize,
    /// Whether anything was ever written down: what comes before that need not be.
    begun: bool,
    /// Entries before the checkpoint that were not.
    before: Vec<Arc<Entry>>,
}

impl Ledger {
    /// Of a session that was just opened, whose client may have `keep` requests under way.
    pub fn new(keep: u32, lanes: usize) -> Self {
        let checkpoint = Checkpoint { request: 0, snapshot: None, seeded: vec![false; lanes] };
        Self { checkpoint_saved: false, begun: false, ..Self::restored(keep, checkpoint, Vec::new()) }
    }

    /// Of a session that was written down; its answers come back with [`Ledger::answer_again`].
    pub fn restored(keep: u32, checkpoint: Checkpoint, log: Vec<Entry>) -> Self {
        let next = log.last().map_or(checkpoint.request, |entry| entry.request) + 1;
        Self {
            keep: keep as usize,
            answers: VecDeque::with_capacity(keep as usize),
            next,
            checkpoint: Arc::new(checkpoint),
            bytes: log.iter().map(|entry| entry.deed.bytes()).sum(),
            checkpoint_saved: true,
            saved: log.len(),
            begun: true,
            before: Vec::new(),
            log: log.into_iter().map(Arc::new).collect(),
        }
    }

    /// The number that is expected next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// What to do with this number.
    pub fn turn(&self, request: u64) -> Turn {
        if request == self.next {
            return Turn::Act;
        }
        let refused = |code: Code, why: String| Turn::Refused(Failure::new(code, why).next(self.next));
        if request > self.next {
            return refused(Code::Order, format!("found request {request}; accepted: {}, the next one", self.next));
        }
        match self.answers.iter().find(|(number, _)| *number == request) {
            Some((_, frames)) => Turn::Answered(frames.clone()),
            None => refused(
                Code::Forgotten,
                format!("request {request} was answered long ago; the last {} answers are kept", self.keep),
            ),
        }
    }

    /// Writes down what the next request did and was answered.
    pub fn answered(&mut self, deed: Deed, frames: Frames) {
        self.bytes = self.bytes.saturating_add(deed.bytes());
        self.log.push(Arc::new(Entry { request: self.next, deed }));
        self.keep(self.next, frames);
        self.next += 1;
    }

    /// The answer of a deed that was written down before: done again, it has the same bytes.
    pub fn answer_again(&mut self, request: u64, frames: Frames) {
        if !self.answers.iter().any(|(number, _)| *number == request) {
            self.keep(request, frames);
        }
    }

    fn keep(&mut self, request: u64, frames: Frames) {
        if self.answers.len() >= self.keep {
            self.answers.pop_front();
        }
        self.answers.push_back((request, frames));
    }

    /// Where to begin again, and what to do from there.
    pub fn story(&self) -> (Arc<Checkpoint>, Vec<Arc<Entry>>) {
        (self.checkpoint.clone(), self.log.clone())
    }

    /// The policies that have to be there to do it again.
    pub fn policies(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.log.iter().filter_map(|entry| match &entry.deed {
            Deed::Run { policy, .. } => Some(policy),
            _ => None,
        })
    }

    /// Bytes of the deeds since the checkpoint.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The worlds stand here now: the deeds before need not be kept.
    pub fn stand(&mut self, snapshot: Vec<u8>, seeded: Vec<bool>) {
        let request = self.next - 1;
        self.checkpoint = Arc::new(Checkpoint { request, snapshot: Some(snapshot), seeded });
        if self.begun {
            self.before.extend(self.log.drain(self.saved..));
        }
        self.log.clear();
        self.bytes = 0;
        self.checkpoint_saved = false;
        self.saved = 0;
    }

    /// What was not given out by an earlier call.
    pub fn news(&mut self) -> News {
        let checkpoint = (!self.checkpoint_saved).then(|| self.checkpoint.clone());
        let entries = self.log[self.saved..].to_vec();
        self.checkpoint_saved = true;
        self.begun = true;
        self.saved = self.log.len();
        News { before: std::mem::take(&mut self.before), checkpoint, entries }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(request: u64) -> Frames {
        Arc::new(vec![request.to_le_bytes().to_vec()])
    }

    proptest! {
        /// Whatever numbers come, exactly the next one acts; the latest answers are given again, byte for byte; all others are
        /// refused with the number that is due. What is written down, checkpoint by checkpoint, is always the whole story.
        #[test]
        fn each_number_acts_once(keep in 1..6_u32, moves in prop::collection::vec((-8..4_i64, 0..10_u8), 1..200)) {
            let mut ledger = Ledger::new(keep, 1);
            let mut saved = (Checkpoint { request: 0, snapshot: None, seeded: vec![] }, Vec::new());
            let mut done = 0;
            for (offset, chance) in moves {
                let request = (done as i64 + 1 + offset).max(1) as u64;
                match ledger.turn(request) {
                    Turn::Act => {
                        prop_assert_eq!(request, done + 1);
                        ledger.answered(Deed::Step(vec![request.to_le_bytes().to_vec()]), frames(request));
                        done = request;
                    }
                    Turn::Answered(found) => {
                        prop_assert!(request <= done && request + u64::from(keep) > done);
                        prop_assert_eq!(found, frames(request));
                    }
                    Turn::Refused(failure) => {
                        prop_assert_eq!(failure.next, Some(done + 1));
                        let code = if request > done { Code::Order } else { Code::Forgotten };
                        prop_assert_eq!(failure.code, code);
                        prop_assert!(request > done + 1 || request + u64::from(keep) <= done);
                    }
                }
                if chance == 0 {
                    ledger.stand(done.to_le_bytes().to_vec(), vec![true]);
                }
                if chance < 4 {
                    let news = ledger.news();
                    saved.1.extend(news.before.iter().map(|entry| (**entry).clone()));
                    if let Some(checkpoint) = news.checkpoint {
                        // As a store has it: a checkpoint is of what is there, or begins a journal.
                        prop_assert!(saved.0.seeded.is_empty() || saved.1.last().map_or(saved.0.request, |e| e.request) == checkpoint.request);
                        saved = ((*checkpoint).clone(), Vec::new());
                    }
                    saved.1.extend(news.entries.iter().map(|entry| (**entry).clone()));
                    let again = Ledger::restored(keep, saved.0.clone(), saved.1.clone());
                    prop_assert_eq!(again.next(), done + 1);
                    let (checkpoint, entries) = ledger.story();
                    prop_assert_eq!(&saved.0, &*checkpoint);
                    prop_assert!(saved.1.iter().eq(entries.iter().map(|entry| &**entry)));
                    prop_assert!(ledger.news().is_empty());
                }
            }
        }
    }
}
