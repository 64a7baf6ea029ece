//! Requests of a session that have no answer yet, oldest first.
//!
//! Invariant: their numbers follow one another, and the last one's is the one before [`Queue::next`].

use std::collections::VecDeque;

use crate::{Failure, Header, Kind};

use super::ClientError;
use super::link::{Link, Received};

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
}

#[derive(Debug)]
pub(super) struct Queue {
    session: u64,
    /// Number of the oldest one, or of the next where there is none.
    first: u64,
    sent: VecDeque<Sent>,
    /// Memory of answered ones, to be written again.
    spare: Vec<Vec<Vec<u8>>>,
}

impl Queue {
    pub fn new(session: u64, next: u64) -> Self {
        Self { session, first: next, sent: VecDeque::new(), spare: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.sent.len()
    }

    /// Number of the oldest one.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Number of the next request.
    pub fn next(&self) -> u64 {
        self.first + self.sent.len() as u64
    }

    /// Kind of the oldest.
    pub fn kind(&self) -> Option<Kind> {
        self.sent.front().map(|sent| sent.kind)
    }

    /// Whether the oldest one has its answer.
    pub fn ready(&self) -> bool {
        self.sent.front().is_some_and(|sent| sent.answer.is_some())
    }

    /// Keeps a request and sends it. Where sending fails it is not kept.
    pub fn send(&mut self, link: &Link, kind: Kind, frames: &[impl AsRef<[u8]>]) -> Result<(), ClientError> {
        let mut copies = self.spare.pop().unwrap_or_default();
        copies.resize_with(frames.len(), Vec::new);
        for (copy, frame) in copies.iter_mut().zip(frames) {
            copy.clear();
            copy.extend_from_slice(frame.as_ref());
        }
        link.send(&Header::request(kind, self.next(), self.session), &copies)?;
        self.sent.push_back(Sent { kind, frames: copies, answer: None });
        Ok(())
    }

    /// Sends everything without an answer once more.
    pub fn send_again(&self, link: &Link) -> Result<(), ClientError> {
        for (number, sent) in (self.first..).zip(&self.sent).filter(|(_, sent)| sent.answer.is_none()) {
            link.send(&Header::request(sent.kind, number, self.session), &sent.frames)?;
        }
        Ok(())
    }

    /// Whether this request is here without an answer, and of which kind.
    pub fn waits(&self, number: u64) -> Option<Kind> {
        let sent = self.sent.get(usize::try_from(number.checked_sub(self.first)?).ok()?)?;
        sent.answer.is_none().then_some(sent.kind)
    }

    /// The answer to a request that waits.
    pub fn answer(&mut self, number: u64, answer: Answer) {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        if let Some(sent) = index.and_then(|index| self.sent.get_mut(index)) {
            sent.answer = Some(answer);
        }
    }

    /// The server will not carry this one out, nor those after it, whose numbers are free again.
    pub fn refuse(&mut self, number: u64, failure: Failure) {
        let Some(index) = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok()) else { return };
        self.sent.truncate(index + 1);
        self.answer(number, Answer::Failure(failure));
    }

    /// Takes the answer of the oldest one. A number that was not used up is the next one's.
    pub fn take(&mut self) -> Option<Answer> {
        let answer = self.sent.front_mut()?.answer.take()?;
        let sent = self.sent.pop_front()?;
        self.spare.push(sent.frames);
        if !matches!(&answer, Answer::Failure(failure) if !failure.code.answers()) {
            self.first += 1;
        }
        Some(answer)
    }
}
