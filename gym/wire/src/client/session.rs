//! A session: a vector env on the server.

use std::time::{Duration, Instant};

use hyperdust_gym::{Batch, Seeds};
use hyperdust_receipt::{Hash, OutputRoot, Signed, Voucher};

use super::{
    Client, ClientError,
    link::Received,
    queue::{Answer, Queue},
};
use crate::{
    Code, Error, Failure, Kind, Layout, Reply, Request, Sort,
    message::{Closed, NoticeKind, Opened, Reset, Resume, Resumed, Run, SeedsFrame},
};

/// A session. See the module's documentation.
///
/// Answers come in the order of the requests. A call that fails with a retryable error has lost nothing: what is pending stays
/// pending, and [`Session::step_wait`] goes on waiting for it.
#[derive(Debug)]
pub struct Session {
    client: Client,
    opened: Opened,
    batch: Batch,
    queue: Queue,
    /// When to make sure of the server.
    check: Instant,
    /// The RESUME that is under way, and the number of the first request that was sent after it.
    resuming: Option<(u64, u64)>,
    /// Why the requests are not answered, where the server said so: it is asked again every heartbeat, until the deadline.
    trouble: Option<Failure>,
    lost: Option<String>,
    closed: bool,
}

impl Session {
    pub(super) fn new(client: Client, opened: Opened, next: u64) -> Result<Self, ClientError> {
        Ok(Self {
            batch: opened.layout.buffer(),
            queue: Queue::new(opened.session, next),
            check: Instant::now(),
            resuming: None,
            trouble: None,
            lost: None,
            closed: false,
            client,
            opened,
        })
    }

    /// What was fixed when it was opened.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The connection, for everything that belongs to no session.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// What another program needs to take it over, as it is now.
    pub fn resumption(&self) -> Resume {
        self.resume(None)
    }

    fn resume(&self, again: Option<u64>) -> Resume {
        let (session, token) = (self.opened.session, self.opened.token);
        Resume { session, token, answered: self.queue.first() - 1, again }
    }

    /// What the last reset or step gave.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// As [`Session::batch`], to take its arrays; put others of the same lengths in their place.
    pub fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Requests without a taken answer.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// Starts episodes, in all lanes or in those of the mask.
    pub fn reset(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<&Batch, ClientError> {
        self.alone()?;
        self.reset_async(seeds, mask)?;
        self.step_wait()
    }

    /// Asks for a reset without waiting; [`Session::step_wait`] takes its batch.
    pub fn reset_async(&mut self, seeds: Seeds<'_>, mask: Option<&[bool]>) -> Result<(), ClientError> {
        let lanes = self.opened.num_envs;
        let exactly = |what, found| {
            if found == lanes { Ok(()) } else { Err(Error::Length { what, found, accepted: lanes }) }
        };
        let (mut numbers, mut given) = (Vec::new(), Vec::new());
        let seeds = match seeds {
            Seeds::Continue => SeedsFrame::Continue,
            Seeds::First(seed) => SeedsFrame::First(seed),
            Seeds::Each(seeds) => {
                exactly("seeds of a reset, one a lane", seeds.len())?;
                numbers.extend(seeds.iter().flat_map(|seed| seed.unwrap_or_default().to_le_bytes()));
                given.extend(seeds.iter().map(|seed| u8::from(seed.is_some())));
                SeedsFrame::Each
            }
        };
        let mask: Option<Vec<u8>> = mask.map(|mask| mask.iter().map(|lane| u8::from(*lane)).collect());
        mask.as_ref().map_or(Ok(()), |mask| exactly("mask of a reset, one a lane", mask.len()))?;
        let each = (seeds == SeedsFrame::Each).then_some((&numbers[..], &given[..]));
        self.post(&Request::Reset(Reset { seeds, each, mask: mask.as_deref() }))
    }

    /// One step of every lane, with one contiguous `(lanes, *shape)` array for each of [`Opened::actions`].
    pub fn step(&mut self, actions: &[&[u8]]) -> Result<&Batch, ClientError> {
        self.alone()?;
        self.step_async(actions)?;
        self.step_wait()
    }

    /// Asks for a step without waiting. As many may be pending as [`Opened::pipeline`] says.
    pub fn step_async(&mut self, actions: &[&[u8]]) -> Result<(), ClientError> {
        if actions.len() != self.opened.actions.len() {
            let accepted = "one for each array of an action";
            return Err(Error::Frames { kind: "STEP", found: actions.len(), accepted }.into());
        }
        for (action, accepted) in actions.iter().zip(self.opened.action_bytes()) {
            if action.len() != accepted {
                return Err(Error::Length { what: "action of all lanes", found: action.len(), accepted }.into());
            }
        }
        self.enqueue(Kind::Step, actions)
    }

    /// The batch of the oldest pending reset, step, run or restore.
    pub fn step_wait(&mut self) -> Result<&Batch, ClientError> {
        let received = self.wait()?;
        let (batch, finals) = match received.frames.as_slice() {
            [batch] => (batch, None),
            [batch, finals] => (batch, Some(&**finals)),
            _ => return Err(ClientError::Unexpected { what: "STEP" }),
        };
        self.opened.layout.read(batch, finals, &mut self.batch)?;
        Ok(&self.batch)
    }

    /// Waits so long at most; whether [`Session::step_wait`] will not wait. For callers that look after something else meanwhile.
    pub fn poll(&mut self, wait: Duration) -> Result<bool, ClientError> {
        if self.queue.len() == 0 {
            return Err(ClientError::NothingPending);
        }
        self.advance(Instant::now() + wait)
    }

    /// Lets a policy that the server hosts make the steps; the last one's batch.
    pub fn run(&mut self, run: Run) -> Result<&Batch, ClientError> {
        self.alone()?;
        self.run_async(run)?;
        self.step_wait()
    }

    /// Asks for such a run without waiting; [`Session::step_wait`] takes its batch.
    pub fn run_async(&mut self, run: Run) -> Result<(), ClientError> {
        self.post(&Request::Run(run))
    }

    /// The session's state: `hyperdust_gym::VectorEnv::snapshot`.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, ClientError> {
        self.call(&Request::Snapshot, |reply| match reply {
            Reply::Snapshot(bytes) => Some(bytes.to_vec()),
            _ => None,
        })
    }

    /// Becomes what the snapshot was taken of.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<&Batch, ClientError> {
        self.alone()?;
        self.post(&Request::Restore(snapshot))?;
        self.step_wait()
    }

    /// Sends signed action roots; for each the root of the segment's output, and the countersignature.
    pub fn receipt(
        &mut self,
        actions: &[Signed<hyperdust_receipt::ActionRoot>],
    ) -> Result<Vec<(Hash, Signed<OutputRoot>)>, ClientError> {
        self.alone()?;
        self.receipt_async(actions)?;
        self.receipt_wait(actions.len())
    }

    /// Sends signed action roots without waiting.
    pub fn receipt_async(&mut self, actions: &[Signed<hyperdust_receipt::ActionRoot>]) -> Result<(), ClientError> {
        let bytes: Vec<u8> = actions.iter().flat_map(Signed::encode).collect();
        self.post(&Request::Receipt(&bytes))
    }

    /// The answer to `count` signed action roots, where that is the oldest pending request.
    pub fn receipt_wait(&mut self, count: usize) -> Result<Vec<(Hash, Signed<OutputRoot>)>, ClientError> {
        let received = self.wait()?;
        let answers = match Reply::decode(&received.header, &received.slices())? {
            Reply::Receipt(outputs, signed) => answers(outputs, signed),
            _ => None,
        };
        answers.filter(|answers| answers.len() == count).ok_or(ClientError::Unexpected { what: "RECEIPT" })
    }

    /// Pays.
    pub fn voucher(&mut self, voucher: &Signed<Voucher>) -> Result<(), ClientError> {
        self.alone()?;
        self.voucher_async(voucher)?;
        self.voucher_wait()
    }

    /// Pays without waiting.
    pub fn voucher_async(&mut self, voucher: &Signed<Voucher>) -> Result<(), ClientError> {
        self.post(&Request::Voucher(&voucher.encode()))
    }

    /// The answer to a voucher, where that is the oldest pending request.
    pub fn voucher_wait(&mut self) -> Result<(), ClientError> {
        let received = self.wait()?;
        match Reply::decode(&received.header, &received.slices())? {
            Reply::Done => Ok(()),
            _ => Err(ClientError::Unexpected { what: "VOUCHER" }),
        }
    }

    /// Ends the session. Pending requests are forgotten; a second call is an error.
    pub fn close(&mut self) -> Result<Closed, ClientError> {
        while self.queue.len() > 0 {
            // What they gave nobody will take; only the connection's end matters.
            match self.wait() {
                Ok(_) | Err(ClientError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let closed = self.call(&Request::Close, |reply| match reply {
            Reply::Closed(closed) => Some(closed),
            _ => None,
        })?;
        self.closed = true;
        Ok(closed)
    }

    /// An error while something is pending: the caller would take its answer for its own.
    fn alone(&self) -> Result<(), ClientError> {
        match self.queue.len() {
            0 => Ok(()),
            pending => Err(ClientError::Pending { pending }),
        }
    }

    fn call<T>(&mut self, request: &Request<'_>, take: impl FnOnce(Reply<'_>) -> Option<T>) -> Result<T, ClientError> {
        self.alone()?;
        self.post(request)?;
        let received = self.wait()?;
        let reply = Reply::decode(&received.header, &received.slices())?;
        take(reply).ok_or(ClientError::Unexpected { what: request.kind().name() })
    }

    fn post(&mut self, request: &Request<'_>) -> Result<(), ClientError> {
        self.enqueue(request.kind(), &request.encode()?)
    }

    fn enqueue(&mut self, kind: Kind, frames: &[impl AsRef<[u8]>]) -> Result<(), ClientError> {
        self.open()?;
        if self.queue.len() >= self.opened.pipeline as usize {
            return Err(ClientError::PipelineFull { limit: self.opened.pipeline });
        }
        if self.queue.len() == 0 {
            self.check = Instant::now() + self.client.heartbeat();
        }
        self.queue.send(&self.client.link, kind, frames)
    }

    fn open(&self) -> Result<(), ClientError> {
        match &self.lost {
            _ if self.closed => Err(ClientError::Closed),
            Some(why) => Err(ClientError::Lost { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// The answer of the oldest request.
    fn wait(&mut self) -> Result<Received, ClientError> {
        let what = self.queue.kind().ok_or(ClientError::NothingPending)?.name();
        if !self.advance(Instant::now() + self.client.timeout)? {
            return Err(self.trouble.take().map_or_else(|| self.client.late(what), ClientError::Refused));
        }
        match self.queue.take() {
            Some(Answer::Reply(received)) => Ok(received),
            Some(Answer::Failure(failure)) => {
                if self.queue.behind() {
                    self.recover()?;
                }
                Err(failure.into())
            }
            None => Err(ClientError::NothingPending),
        }
    }

    /// Takes messages in until the oldest request has its answer, or until then; whether it has.
    fn advance(&mut self, until: Instant) -> Result<bool, ClientError> {
        self.open()?;
        while !self.queue.ready() {
            match self.client.receive(until.min(self.check))? {
                Some((received, notice)) => match notice.map(|notice| (notice.notice, notice.message)) {
                    Some((NoticeKind::Detached | NoticeKind::SessionLost, why))
                        if received.header.session == self.opened.session =>
                    {
                        self.lost = Some(why);
                        self.open()?;
                    }
                    Some(_) => {}
                    None => self.handle(received)?,
                },
                None => {
                    let now = Instant::now();
                    if now >= self.check {
                        self.recover()?;
                    }
                    if now >= until {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    fn handle(&mut self, received: Received) -> Result<(), ClientError> {
        let header = received.header;
        if header.session == 0 {
            if let Some((_, posted)) = self.resuming.take_if(|(number, _)| *number == header.request) {
                return match Reply::decode(&header, &received.slices())? {
                    Reply::Resumed(resumed) => self.resumed(*resumed, posted),
                    Reply::Failure(failure) => self.not_resumed(failure),
                    _ => Err(ClientError::Unexpected { what: "RESUME" }),
                };
            }
            return Ok(());
        }
        if header.session != self.opened.session {
            return Ok(());
        }
        if self.queue.again(header.request) {
            return self.done_again(&received);
        }
        // Answers that come too late are nobody's.
        let Some(kind) = self.queue.waits(header.request) else { return Ok(()) };
        match header.sort {
            Sort::Reply(found) if found == kind => {
                self.answered(header.request)?;
                self.queue.answer(header.request, Answer::Reply(received));
                Ok(())
            }
            Sort::Error => match Reply::decode(&header, &received.slices())? {
                Reply::Failure(failure) => self.failed(header.request, failure),
                _ => Err(ClientError::Unexpected { what: kind.name() }),
            },
            _ => Err(ClientError::Unexpected { what: kind.name() }),
        }
    }

    /// The server has carried this request out.
    fn answered(&mut self, number: u64) -> Result<(), ClientError> {
        self.trouble = None;
        self.check = Instant::now() + self.client.heartbeat();
        self.queue.heard(&self.client.link, number, self.opened.pipeline)
    }

    /// What the server says to a request whose answer is here already: it was sent again, or the server had forgotten it.
    fn done_again(&mut self, received: &Received) -> Result<(), ClientError> {
        let header = &received.header;
        if header.sort != Sort::Error {
            return self.answered(header.request);
        }
        match Reply::decode(header, &received.slices())? {
            Reply::Failure(failure) if failure.code.answers() => self.answered(header.request),
            Reply::Failure(failure) if self.queue.owed(header.request) => self.stumbled(failure),
            Reply::Failure(_) => Ok(()),
            _ => Err(ClientError::Unexpected { what: "an answered request" }),
        }
    }

    fn failed(&mut self, number: u64, failure: Failure) -> Result<(), ClientError> {
        match failure.code {
            code if code.answers() => {
                self.answered(number)?;
                self.queue.answer(number, Answer::Failure(failure));
            }
            // After a quota, those behind it get errors of order, and are sent again with it. Who drains may be back before the deadline.
            Code::Detached | Code::SessionFailed | Code::Order | Code::Draining => self.stumbled(failure)?,
            Code::Quota if failure.retry_after_ms.is_some() => self.stumbled(failure)?,
            // Its place was taken by what was sent twice, which may be this very request.
            Code::Pipeline | Code::Busy => self.stumbled(failure)?,
            code => {
                if matches!(code, Code::UnknownSession | Code::RolledBack | Code::BadToken) {
                    self.lost = Some(failure.message.clone());
                }
                // Where the server stood before says nothing of the request that takes this number next.
                self.resuming = None;
                self.queue.refuse(number, failure);
            }
        }
        Ok(())
    }

    /// The session does not go on by itself: RESUME finds out where the server stands, at once or, where that would not help, later.
    fn stumbled(&mut self, failure: Failure) -> Result<(), ClientError> {
        match failure.code {
            Code::Detached | Code::SessionFailed | Code::Order => {
                if self.trouble.replace(failure).is_none() && self.resuming.is_none() {
                    self.recover()?;
                }
            }
            _ => self.wait_for(failure),
        }
        Ok(())
    }

    /// Asks the server to go on with this session on this connection; [`Session::resumed`] sends what has no answer.
    fn recover(&mut self) -> Result<(), ClientError> {
        self.check = Instant::now() + self.client.heartbeat();
        let resume = self.resume(Some(self.queue.start()));
        self.resuming = Some((self.client.post(&Request::Resume(resume))?, self.queue.posted()));
        Ok(())
    }

    /// The session goes on, at a server that was sent everything before `posted` when it was asked.
    fn resumed(&mut self, resumed: Resumed, posted: u64) -> Result<(), ClientError> {
        let same = resumed.opened.layout == self.opened.layout;
        // It has all of it: what was sent since is on its way. Should it get lost, the next RESUME will tell.
        let flying = resumed.next == posted && self.trouble.is_none();
        if !same || !self.queue.go_on(&self.client.link, resumed.next, self.opened.pipeline, flying)? {
            let why = format!("the server has its requests up to {} only, or it is another one", resumed.next - 1);
            self.lost = Some(why);
            return self.open();
        }
        self.opened.rights = resumed.opened.rights;
        self.opened.token = resumed.opened.token;
        Ok(())
    }

    fn not_resumed(&mut self, failure: Failure) -> Result<(), ClientError> {
        if failure.retryable {
            self.wait_for(failure);
            return Ok(());
        }
        self.lost = Some(failure.message.clone());
        Err(failure.into())
    }

    /// Asks again when the server says, or at the next heartbeat.
    fn wait_for(&mut self, failure: Failure) {
        let wait = failure.retry_after_ms.map_or(self.client.heartbeat(), Duration::from_millis);
        self.check = Instant::now() + wait.min(self.client.timeout);
        self.trouble = Some(failure);
    }

    /// Where the arrays of a batch lie in a frame.
    pub fn layout(&self) -> &Layout {
        &self.opened.layout
    }
}

/// What is in the frames of a receipt's answer.
fn answers(outputs: &[u8], signed: &[u8]) -> Option<Vec<(Hash, Signed<OutputRoot>)>> {
    let (roots, rest) = outputs.as_chunks::<32>();
    let signed = signed.chunks(Signed::<OutputRoot>::BYTES);
    if !rest.is_empty() || signed.len() != roots.len() {
        return None;
    }
    roots.iter().zip(signed).map(|(root, signed)| Some((*root, Signed::decode(signed).ok()?))).collect()
}
