//! The thread that steps a session's worlds.
//!
//! It takes requests one by one, in the order of their numbers. Each is done, written into the ledger and answered, in this order; a
//! panic while it is done ends the thread, and the request counts as never done.

mod run;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, TryRecvError},
    },
    time::{Duration, Instant},
};

use actix::WeakAddr;
use hyperdust_gym::{Batch, Seeds};
use hyperdust_wire::{
    Code, Failure, Header,
    message::{NoticeKind, Reply, Request, Reset, Resumed, SeedsFrame},
};

use super::{Bind, Failed, Session, Shared, Work};
use crate::serve::{
    Hub,
    gateway::{Line, Out, Rights, Ticket, frames},
    ledger::{Deed, Frames, Turn},
    recorder::{Ended, Settle},
    sessions::{Close, End, Sessions},
    signing::{Agreed, Books},
    worlds::Worlds,
};

/// The longest nap of a session that is too fast, so that it notices when it is to stop.
const NAP: Duration = Duration::from_millis(50);
/// How long a session waits for a store that does not keep up.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a worker looks for the next request again and again, giving way to other threads in between, before it sleeps: as the
/// gateway does, and only where the last one came within [`QUICK`].
const SPIN: Duration = Duration::from_micros(200);
/// See [`SPIN`].
const QUICK: Duration = Duration::from_millis(1);

/// A session's worker, before its thread runs.
pub struct Worker {
    shared: Arc<Shared>,
    hub: Arc<Hub>,
    session: WeakAddr<Session>,
    sessions: WeakAddr<Sessions>,
}

/// What becomes of a request that was the next one.
enum Outcome {
    /// It was done and is answered so.
    Done(Deed, Frames),
    /// As `Done`; chance was in it, or a policy that may be another one tomorrow: it has to be safe before anybody sees it, since no
    /// client can make it happen again.
    Drawn(Deed, Frames),
    /// It was not done.
    Not(Failure),
    /// The session ends.
    Close,
}

impl Worker {
    pub fn new(shared: Arc<Shared>, hub: Arc<Hub>, session: WeakAddr<Session>, sessions: WeakAddr<Sessions>) -> Self {
        Self { shared, hub, session, sessions }
    }

    /// Until the session ends, or fails.
    pub fn run(self, queue: &Receiver<Work>) {
        match catch_unwind(AssertUnwindSafe(|| self.begin())) {
            Ok(Ok(worlds)) => self.serve(worlds, queue),
            Ok(Err(error)) => {
                // Nothing that was asked for can be: who opened it is told, and it ends.
                for work in queue.try_iter() {
                    if let Work::Bind { bind, .. } = work {
                        bind.ticket.refuse(Failure::from(&error));
                    }
                }
                self.end(&error.to_string());
            }
            Err(panic) => self.fail(&*panic),
        }
    }

    /// The worlds as the ledger says they were.
    fn begin(&self) -> Result<Worlds, hyperdust_gym::Error> {
        let (checkpoint, entries) = self.shared.ledger().story();
        let (worlds, episodes) = Worlds::restore(&self.shared.shape, &checkpoint, &entries, |entry, worlds| {
            if let Some(kind) = entry.deed.kind() {
                let header = Header::request(kind, entry.request, self.shared.id);
                self.shared.ledger().answer_again(entry.request, self.answer(&header, &entry.deed, worlds));
            }
        })?;
        // Of a session from the store nobody knows which were handed on; by their bytes, handed on again they stay one.
        if self.shared.revived.swap(false, Ordering::Relaxed) {
            self.record(episodes);
        }
        Ok(worlds)
    }

    fn serve(&self, mut worlds: Worlds, queue: &Receiver<Work>) {
        let mut inbox = Inbox { queue, quick: false };
        while let Some(work) = inbox.next() {
            match work {
                Work::Bind { bind, work } => self.bind(bind, work),
                Work::Request { ticket, frames, rights } => {
                    self.shared.ask();
                    let arrival = Instant::now();
                    let step = catch_unwind(AssertUnwindSafe(|| self.request(&mut worlds, &ticket, &frames, rights)));
                    match step {
                        Ok(Answer::Frames(answer)) => {
                            ticket.send(answer);
                            self.count(&frames, arrival);
                            self.tidy(&worlds);
                        }
                        Ok(Answer::Failure(failure)) => ticket.refuse(failure),
                        Ok(Answer::Close) => {
                            if let Some(sessions) = self.sessions.upgrade() {
                                sessions.do_send(Close { session: self.shared.id, ticket });
                            }
                        }
                        Err(panic) => {
                            let next = self.shared.ledger().next();
                            let why = "the session's worker failed in this request, which has not acted: RESUME";
                            // First the actor: a RESUME that follows the answer finds it knowing.
                            self.fail(&*panic);
                            return ticket.refuse(Failure::new(Code::SessionFailed, why).next(next));
                        }
                    }
                }
            }
        }
    }

    fn request(&self, worlds: &mut Worlds, ticket: &Ticket, raw: &[zmq::Message], rights: Rights) -> Answer {
        let header = &ticket.header;
        let next = match self.shared.ledger().turn(header.request) {
            Turn::Act => header.request,
            Turn::Answered(frames) => return Answer::Frames(frames),
            Turn::Refused(failure) => return Answer::Failure(failure),
        };
        if let Some(before) = &self.hub.before {
            before(header);
        }
        let slices: Vec<&[u8]> = raw[1..].iter().map(|frame| &**frame).collect();
        let outcome = match Request::decode(header, &slices) {
            Ok(request) => self.act(worlds, header, request, rights),
            Err(error) => Outcome::Not(Failure::from(&error)),
        };
        let drawn = matches!(outcome, Outcome::Drawn(..));
        match outcome {
            Outcome::Done(deed, frames) | Outcome::Drawn(deed, frames) => {
                self.shared.failures.store(0, Ordering::Relaxed);
                self.shared.ledger().answered(deed, frames.clone());
                if drawn {
                    self.settle();
                }
                Answer::Frames(frames)
            }
            Outcome::Not(failure) if failure.code.answers() => {
                self.hub.metrics.failed(failure.code);
                let answer = frames(header, &Reply::Failure(failure.next(next + 1)));
                self.shared.ledger().answered(Deed::Nothing, answer.clone());
                Answer::Frames(answer)
            }
            Outcome::Not(failure) => Answer::Failure(failure.next(next)),
            Outcome::Close => Answer::Close,
        }
    }

    fn act(&self, worlds: &mut Worlds, header: &Header, request: Request<'_>, rights: Rights) -> Outcome {
        let forbidden = |what: &str| {
            Outcome::Not(Failure::new(Code::Forbidden, format!("this connection may not {what} the session")))
        };
        if let Some(agreed) = &self.shared.shape.signing {
            match &request {
                Request::Receipt(_) | Request::Voucher(_) => return self.sign(agreed, worlds, header, &request),
                Request::Step(_) | Request::Reset(_) => {
                    if let Err(failure) = self.may_act(worlds, &request) {
                        return Outcome::Not(failure);
                    }
                }
                Request::Run(_) | Request::Restore(_) => {
                    let why = "a session whose actions are signed takes no steps or states that nobody could sign";
                    return Outcome::Not(Failure::new(Code::Forbidden, why));
                }
                _ => {}
            }
        }
        if matches!(request, Request::Reset(_) | Request::Restore(_))
            && let Some(refusal) = self.may_log()
        {
            return Outcome::Not(refusal);
        }
        let mut drawn = false;
        let deed = match request {
            Request::Step(segments) => {
                if let Some(refusal) = self.may_step(worlds.env().num_envs()) {
                    return Outcome::Not(refusal);
                }
                Deed::Step(segments.iter().map(|segment| segment.to_vec()).collect())
            }
            Request::Reset(_) if !rights.reset => return forbidden("reset"),
            Request::Reset(reset) => match begin(worlds, &reset) {
                Ok((deed, chance)) => {
                    drawn = chance;
                    deed
                }
                Err(error) => return Outcome::Not(Failure::from(&error)),
            },
            Request::Snapshot | Request::Restore(_) if !rights.state => return forbidden("read or write the state of"),
            Request::Snapshot => {
                return match worlds.env().snapshot() {
                    Ok(bytes) => Outcome::Done(Deed::Nothing, frames(header, &Reply::Snapshot(&bytes))),
                    Err(error) => Outcome::Not(Failure::from(&error)),
                };
            }
            Request::Restore(snapshot) => Deed::Restore(snapshot.to_vec()),
            Request::Run(run) => return self.drive(worlds, header, &run),
            Request::Close => return Outcome::Close,
            _ => return Outcome::Not(Failure::new(Code::NotFound, "this server does not do that in sessions")),
        };
        if let Err(error) = worlds.obey(&deed) {
            return Outcome::Not(Failure::from(&error));
        }
        if matches!(deed, Deed::Step(_)) {
            self.stepped(worlds);
        }
        let answer = self.answer(header, &deed, worlds);
        self.record(worlds.take_episodes());
        if drawn { Outcome::Drawn(deed, answer) } else { Outcome::Done(deed, answer) }
    }

    /// Waits until the log is on the disk, for what chance has decided. Where the disk takes no more, the session goes on, and may be
    /// rolled back by a crash.
    fn settle(&self) {
        let (done, settled) = tokio::sync::oneshot::channel();
        self.hub.recorder.do_send(Settle(done));
        match settled.blocking_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(session = self.shared.id, %error, "the session's log could not be written down")
            }
            Err(_) => tracing::warn!(session = self.shared.id, "the recorder has stopped"),
        }
    }

    /// What a deed that was just done is answered with.
    fn answer(&self, header: &Header, deed: &Deed, worlds: &Worlds) -> Frames {
        match deed {
            Deed::Receipt(_) => {
                let (outputs, signatures) = &worlds.countersigned;
                frames(header, &Reply::Receipt(outputs, signatures))
            }
            Deed::Voucher(_) => frames(header, &Reply::Done),
            _ => self.batch(header, worlds.env().batch()),
        }
    }

    /// RECEIPT and VOUCHER: what is signed is on the disk before it is answered.
    fn sign(&self, agreed: &Agreed, worlds: &mut Worlds, header: &Header, request: &Request<'_>) -> Outcome {
        let (vault, shared) = (&self.hub.vault, &*self.shared);
        // What is due is signed though steps are refused already; but nothing is logged without end.
        if let Err(failure) = self.may_grow(2) {
            return Outcome::Not(failure);
        }
        let kept = worlds.books.as_ref().ok_or_else(|| Failure::new(Code::Internal, "the books are lost"));
        let kept = kept.and_then(|books| match *request {
            Request::Receipt(frame) => {
                books.countersign(frame)?.keep(vault, shared, agreed)?;
                Ok(Deed::Receipt(frame.to_vec()))
            }
            Request::Voucher(frame) => {
                books.check(frame)?;
                books.keep_voucher(vault, shared, frame)?;
                Ok(Deed::Voucher(frame.to_vec()))
            }
            _ => Ok(Deed::Nothing),
        });
        match kept.and_then(|deed| worlds.obey(&deed).map(|_| ()).map_err(|e| Failure::from(&e)).map(|()| deed)) {
            Ok(deed) => {
                let answer = self.answer(header, &deed, worlds);
                Outcome::Done(deed, answer)
            }
            Err(failure) => Outcome::Not(failure),
        }
    }

    /// Whether the worlds may go on before anything else is signed.
    fn may_act(&self, worlds: &Worlds, request: &Request<'_>) -> Result<(), Failure> {
        worlds.books.as_ref().map_or(Ok(()), Books::may_go_on)?;
        self.may_grow(1)?;
        if let Request::Reset(reset) = request {
            let each = reset.seeds();
            if let Some(lane) = worlds.unseeded(seeds(reset, &each), reset.mask().as_deref()) {
                let why = format!("lane {lane}: found a first reset without a seed; accepted: one with a seed");
                return Err(Failure::new(Code::Invalid, why));
            }
            if let Some(books) = &worlds.books {
                let mask = reset.mask();
                let named = |lane: usize| mask.as_ref().is_none_or(|mask| mask.get(lane).copied().unwrap_or_default());
                books.may_seed(seeds(reset, &each), named, |lane| worlds.fresh(lane))?;
            }
        }
        Ok(())
    }

    /// Whether the log of a session whose actions are signed has not come to so many times its limit.
    fn may_grow(&self, times: usize) -> Result<(), Failure> {
        let most = self.hub.config.signing.log.saturating_mul(times);
        if self.shared.ledger().bytes() > most {
            let why = format!("the session's log has more than {most} bytes: CLOSE it and open another");
            return Err(Failure::new(Code::Quota, why));
        }
        Ok(())
    }

    /// Waits for the disk, where logs wait for it in memory; or why the session cannot go on.
    fn may_log(&self) -> Option<Failure> {
        let until = Instant::now() + PATIENCE;
        while self.hub.backlog.behind() {
            if self.hub.draining() {
                return Some(Failure::new(Code::Draining, "the server is about to end"));
            }
            if Instant::now() >= until {
                return Some(Failure::new(
                    Code::Storage,
                    "the store does not keep up: logs cannot be written down now",
                ));
            }
            std::thread::sleep(NAP);
        }
        None
    }

    /// Waits until the client's pace allows a step of all lanes; or why there is none.
    fn may_step(&self, lanes: usize) -> Option<Failure> {
        if self.shared.shape.record && self.hub.backlog.full() {
            return Some(Failure::new(Code::Storage, "the store does not keep up: episodes cannot be recorded now"));
        }
        if let Some(refusal) = self.may_log() {
            return Some(refusal);
        }
        let mut wait = self.shared.lease.steps(lanes as u64, Instant::now());
        while !wait.is_zero() {
            if self.hub.draining.load(Ordering::Relaxed) {
                return Some(Failure::new(Code::Draining, "the server is about to end"));
            }
            let nap = wait.min(NAP);
            std::thread::sleep(nap);
            wait -= nap;
        }
        None
    }

    fn stepped(&self, worlds: &Worlds) {
        let lanes = worlds.env().num_envs() as u64;
        let step = self.shared.steps.fetch_add(1, Ordering::Relaxed) + 1;
        self.shared.counters.steps.inc_by(lanes);
        self.shared.view.show(step, worlds.env());
    }

    /// A batch as frames.
    fn batch(&self, header: &Header, batch: &Batch) -> Frames {
        let layout = &self.shared.layout;
        let mut frames = vec![header.reply().encode().to_vec(), vec![0; layout.batch.size]];
        if layout.write(batch, &mut frames[1])
            && let Some(finals) = &layout.finals
        {
            let mut frame = vec![0; finals.size];
            layout.write_finals(batch, &mut frame);
            frames.push(frame);
        }
        Arc::new(frames)
    }

    fn record(&self, episodes: Vec<(usize, hyperdust_gym::Episode)>) {
        if !episodes.is_empty() {
            self.shared.ended.fetch_add(episodes.len() as u64, Ordering::Relaxed);
            self.hub.record(Ended::new(self.shared.clone(), episodes));
        }
    }

    /// Puts a checkpoint in the place of a log that has become long. Where actions are signed the log is kept: segments and books
    /// follow from it.
    fn tidy(&self, worlds: &Worlds) {
        if worlds.books.is_some() {
            return;
        }
        let mut ledger = self.shared.ledger();
        if ledger.bytes() > self.hub.config.store.checkpoint
            && let Ok((snapshot, seeded)) = worlds.stand()
        {
            ledger.stand(snapshot, seeded);
        }
    }

    fn count(&self, frames: &[zmq::Message], arrival: Instant) {
        // Kinds are the bytes 6 and 7 of a header that was decoded before.
        let kind = frames.first().and_then(|header| header.get(6)).copied();
        let seconds = arrival.elapsed().as_secs_f64();
        if kind == Some(hyperdust_wire::Kind::Step as u8) {
            self.shared.counters.step.observe(seconds);
        } else if kind == Some(hyperdust_wire::Kind::Reset as u8) {
            self.shared.counters.reset.observe(seconds);
        }
    }

    fn bind(&self, Bind { ticket, rights, answered }: Bind, work: SyncSender<Work>) {
        self.shared.ask();
        let next = self.shared.ledger().next();
        if answered.is_some_and(|answered| answered >= next) {
            let why = format!("the session's log ends before request {next}, which you say was answered");
            return ticket.refuse(Failure::new(Code::RolledBack, why).next(next));
        }
        if ticket.client.has_lost(self.shared.id) {
            let why = "another connection has resumed the session: this one may not take it back";
            return ticket.refuse(Failure::new(Code::Forbidden, why));
        }
        let opened = hyperdust_wire::message::Opened { rights: rights.list(), ..self.shared.opened.clone() };
        let line = Line::Open { client: ticket.client.clone(), rights, work };
        self.hub.outbox.put(Out::Route(self.shared.id, line));
        if let Some(before) = self.shared.bind(&ticket.client).filter(|before| !Arc::ptr_eq(before, &ticket.client)) {
            before.lose(self.shared.id);
            let why = "another connection has resumed the session";
            self.hub.outbox.send(&before, self.shared.notice(NoticeKind::Detached, why));
        }
        if answered.is_none() {
            // Its number and token are chance's.
            self.settle();
        }
        match answered {
            None => ticket.reply(&Reply::Opened(Box::new(opened))),
            Some(_) => ticket.reply(&Reply::Resumed(Box::new(Resumed { opened, next }))),
        }
    }

    fn end(&self, why: &str) {
        if let Some(sessions) = self.sessions.upgrade() {
            sessions.do_send(End { session: self.shared.id, why: why.into(), lost: true });
        }
    }

    fn fail(&self, panic: &(dyn std::any::Any + Send)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let why = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
        if let Some(session) = self.session.upgrade() {
            session.do_send(Failed { why: why.into() });
        }
    }
}

/// Where a worker's work comes from.
struct Inbox<'a> {
    queue: &'a Receiver<Work>,
    /// Whether the last piece came soon.
    quick: bool,
}

impl Inbox<'_> {
    /// The next piece of work; none: nobody can send any more.
    fn next(&mut self) -> Option<Work> {
        let begin = Instant::now();
        let work = loop {
            match self.queue.try_recv() {
                Ok(work) => break work,
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) if self.quick && begin.elapsed() < SPIN => std::thread::yield_now(),
                Err(TryRecvError::Empty) => break self.queue.recv().ok()?,
            }
        };
        self.quick = begin.elapsed() < QUICK;
        Some(work)
    }
}

/// What a request is answered with.
enum Answer {
    Frames(Frames),
    Failure(Failure),
    Close,
}

/// The deed of a RESET, and whether chance is in it.
fn begin(worlds: &Worlds, reset: &Reset<'_>) -> Result<(Deed, bool), hyperdust_gym::Error> {
    let each = reset.seeds();
    worlds.reset(seeds(reset, &each), reset.mask().as_deref())
}

/// The seeds of a RESET, of which `each` are those that it lists.
fn seeds<'a>(reset: &Reset<'_>, each: &'a Option<Vec<Option<u64>>>) -> Seeds<'a> {
    match (reset.seeds, each) {
        (SeedsFrame::First(first), _) => Seeds::First(first),
        (_, Some(each)) => Seeds::Each(each),
        _ => Seeds::Continue,
    }
}
