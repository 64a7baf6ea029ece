//! Requests of a session: those without a taken answer, and before them the latest ones that were answered.
//!
//! A server writes its log down a little later than it answers. Where it was killed, it has forgotten the last requests, and is sent
//! them again: what they do follows from them and from what was before, so their answers are the same, and nobody looks at them.
//!
//! Invariant: numbers follow one another. `start ≤ first ≤ next`, `start ≤ posted ≤ next`.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::{Failure, Header, Kind};

use super::ClientError;
use super::link::{Link, Received};

/// How long an answered request is kept: longer than a server's log may lag behind (PROTOCOL.md, §7).
const KEEP: Duration = Duration::from_secs(5);
/// Bytes of answered requests that are kept at most.
const KEEP_BYTES: usize = 16 << 20;
/// Bytes of a forgotten request whose memory is written again, at most, and how many such there are.
const SPARE_BYTES: usize = 1 << 20;
/// See [`SPARE_BYTES`].
const SPARE: usize = crate::limits::PIPELINE as usize;
/// What a request takes beside its frames, about.
const OVERHEAD: usize = 160;

/// What came back.
#[derive(Debug)]
pub(super) enum Answer {
    Reply(Received),
    Failure(Failure),
}

#[derive(Debug)]
struct Sent {
    kind: Kind,
    frames: Vec<Vec<u8>>,
    answer: Option<Answer>,
    /// When its answer was taken.
    taken: Option<Instant>,
}

impl Sent {
    fn bytes(&self) -> usize {
        OVERHEAD + self.frames.iter().map(Vec::len).sum::<usize>()
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    session: u64,
    /// Number of the oldest that is kept, or of the next.
    start: u64,
    /// Number of the oldest whose answer was not taken, or of the next.
    first: u64,
    /// Number of the first that this server has not been sent.
    posted: u64,
    /// Number of the first that this server has not answered, as far as is known.
    heard: u64,
    /// From `start` on.
    sent: VecDeque<Sent>,
    /// Bytes of what is kept though its answer was taken.
    kept: usize,
    /// Memory of forgotten ones, to be written again.
    spare: Vec<Vec<Vec<u8>>>,
}

impl Queue {
    pub fn new(session: u64, next: u64) -> Self {
        let (sent, kept, spare) = Default::default();
        Self { session, start: next, first: next, posted: next, heard: next, sent, kept, spare }
    }

    /// How many wait for their answer, or to have it taken.
    pub fn len(&self) -> usize {
        (self.next() - self.first) as usize
    }

    /// Number of the oldest whose answer was not taken, or of the next.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number of the oldest that can be sent again.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Number of the first that this server has not been sent.
    pub fn posted(&self) -> u64 {
        self.posted
    }

    /// Number of the next request.
    pub fn next(&self) -> u64 {
        self.start + self.sent.len() as u64
    }

    fn at(&self, number: u64) -> Option<usize> {
        number.checked_sub(self.start).map(|index| index as usize).filter(|index| *index < self.sent.len())
    }

    fn oldest(&self) -> Option<&Sent> {
        self.sent.get((self.first - self.start) as usize)
    }

    /// Kind of the oldest.
    pub fn kind(&self) -> Option<Kind> {
        self.oldest().map(|sent| sent.kind)
    }

    /// Whether the oldest one has its answer.
    pub fn ready(&self) -> bool {
        self.oldest().is_some_and(|sent| sent.answer.is_some())
    }

    /// Keeps a request and sends it, or lets it wait while the server catches up. Where sending fails it is not kept.
    pub fn send(&mut self, link: &Link, kind: Kind, frames: &[impl AsRef<[u8]>]) -> Result<(), ClientError> {
        let mut copies = self.spare.pop().unwrap_or_default();
        copies.resize_with(frames.len(), Vec::new);
        for (copy, frame) in copies.iter_mut().zip(frames) {
            copy.clear();
            copy.extend_from_slice(frame.as_ref());
        }
        if self.posted == self.next() {
            link.send(&Header::request(kind, self.posted, self.session), &copies)?;
            self.posted += 1;
        }
        self.sent.push_back(Sent { kind, frames: copies, answer: None, taken: None });
        Ok(())
    }

    fn post(&self, link: &Link, number: u64) -> Result<(), ClientError> {
        let Some(sent) = self.at(number).map(|index| &self.sent[index]) else { return Ok(()) };
        link.send(&Header::request(sent.kind, number, self.session), &sent.frames)
    }

    /// The session goes on at a server that expects `next`: sends everything once more that has no answer, and what the server has
    /// forgotten, `most` at a time. What is `flying`, from `next` on, is not sent a second time: a copy might act though the first was
    /// refused. Whether all of that is still kept.
    pub fn go_on(&mut self, link: &Link, next: u64, most: u32, flying: bool) -> Result<bool, ClientError> {
        if next < self.start || next > self.next() {
            return Ok(false);
        }
        for number in self.first..next {
            if self.waits(number).is_some() {
                self.post(link, number)?;
            }
        }
        self.heard = next;
        if !flying {
            self.posted = next;
        }
        self.catch_up(link, most)?;
        Ok(true)
    }

    /// The server has answered this one: sends what waited for it.
    pub fn heard(&mut self, link: &Link, number: u64, most: u32) -> Result<(), ClientError> {
        self.heard = self.heard.max(number + 1).min(self.next());
        self.catch_up(link, most)
    }

    fn catch_up(&mut self, link: &Link, most: u32) -> Result<(), ClientError> {
        while self.posted < self.next() && self.posted < self.heard + u64::from(most) {
            self.post(link, self.posted)?;
            self.posted += 1;
        }
        Ok(())
    }

    /// Whether this request is here without an answer, and of which kind.
    pub fn waits(&self, number: u64) -> Option<Kind> {
        let sent = &self.sent[self.at(number)?];
        (sent.answer.is_none() && sent.taken.is_none()).then_some(sent.kind)
    }

    /// Whether this one was answered before: the server does it again, or says it again.
    pub fn again(&self, number: u64) -> bool {
        self.at(number).is_some() && self.waits(number).is_none()
    }

    /// Whether this one has not been answered since the session went on.
    pub fn owed(&self, number: u64) -> bool {
        number >= self.heard
    }

    /// Whether requests wait here that the server has not been sent under their numbers.
    pub fn behind(&self) -> bool {
        self.posted < self.next()
    }

    /// The answer to a request that waits.
    pub fn answer(&mut self, number: u64, answer: Answer) {
        if let Some(index) = self.at(number) {
            self.sent[index].answer = Some(answer);
        }
    }

    /// The server will not carry this one out, nor those after it, whose numbers are free again.
    pub fn refuse(&mut self, number: u64, failure: Failure) {
        let Some(index) = self.at(number) else { return };
        self.sent.truncate(index + 1);
        self.posted = self.posted.min(self.next());
        self.answer(number, Answer::Failure(failure));
    }

    /// Takes the answer of the oldest one. A number that was not used up is the next one's.
    pub fn take(&mut self) -> Option<Answer> {
        let index = (self.first - self.start) as usize;
        let sent = self.sent.get_mut(index)?;
        let answer = sent.answer.take()?;
        if matches!(&answer, Answer::Failure(failure) if !failure.code.answers()) {
            // What was sent since then takes its number, and is `behind`.
            self.sent.remove(index);
            (self.posted, self.heard) = (self.posted.min(self.first), self.heard.min(self.first));
            return Some(answer);
        }
        let now = Instant::now();
        sent.taken = Some(now);
        self.kept += sent.bytes();
        self.first += 1;
        self.forget(now);
        Some(answer)
    }

    /// Lets go of what no server can have forgotten any more.
    fn forget(&mut self, now: Instant) {
        while let Some(taken) = self.sent.front().and_then(|sent| sent.taken)
            && (self.kept > KEEP_BYTES || now.duration_since(taken) > KEEP)
            // Not what is being sent again just now.
            && self.start < self.heard
            && let Some(sent) = self.sent.pop_front()
        {
            self.kept -= sent.bytes();
            self.start += 1;
            if sent.bytes() <= SPARE_BYTES && self.spare.len() < SPARE {
                self.spare.push(sent.frames);
            }
        }
    }
}
