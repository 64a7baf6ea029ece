//! A server as small as the protocol allows: one thread, one session, no store. The real one is elsewhere; this one can lose
//! messages on purpose.

use std::{
    collections::VecDeque,
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
};

use hyperdust_gym::{AutoresetMode, Seeds, VectorEnv, VectorOptions};
use hyperdust_wire::{
    ArraySpec, Code, FAULTS, Failure, Header, Hex, Kind, Layout, Reply, Request, Sort, Token, VERSION,
    curve::{self, Authorised, KeyPair, Zap},
    message::*,
};

use crate::{
    model,
    provider::{Provider, Signs},
};

/// What goes wrong on purpose, and how the server is made.
#[derive(Clone, Default)]
pub struct Setup {
    /// One in so many of a session's messages gets lost in each direction; 0: none.
    pub lose: u32,
    /// One in so many steps finds the session failed, once each; 0: none.
    pub fail: u32,
    /// One in so many steps is over a quota, once each; 0: none.
    pub quota: u32,
    /// One in so many steps finds a server that was killed before it, once each: the last requests were not written down; 0: none.
    pub crash: u32,
    /// One in so many steps finds no place in the queue, once each; 0: none.
    pub crowd: u32,
    /// So many steps find the disk full.
    pub full: Arc<AtomicU32>,
    /// Reads nothing while it is set.
    pub hold: Arc<AtomicBool>,
    /// Answers nothing of a session while it is set.
    pub silent: Arc<AtomicBool>,
    /// Binds anew as often as this number grows: all connections break.
    pub rebind: Arc<AtomicU32>,
    /// Signs a session that was opened on a chain, and takes vouchers. Not with crashes: the env forgets what it had committed to.
    pub signing: Option<Signs>,
    /// The server's pair and who may connect.
    pub keys: Option<(KeyPair, Arc<RwLock<Authorised>>)>,
}

/// Ends with its value.
pub struct Server {
    pub endpoint: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(setup: Setup) -> Self {
        let context = zmq::Context::new();
        let zap = setup.keys.as_ref().map(|(_, list)| Zap::new(&context, list.clone()).unwrap());
        let router = bind(&context, &setup, "tcp://127.0.0.1:*");
        let endpoint = router.get_last_endpoint().unwrap().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (address, stopped) = (endpoint.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut state = State { setup, session: None, lost: 0, failed: 0, crashed: 0, user: String::new() };
            let (mut router, mut bound) = (Some(router), 0);
            while !stopped.load(Ordering::Relaxed) {
                if state.setup.rebind.load(Ordering::Relaxed) != bound {
                    bound += 1;
                    drop(router.take());
                    router = Some(bind(&context, &state.setup, &address));
                }
                let router = router.as_ref().unwrap();
                let mut items = vec![router.as_poll_item(zmq::POLLIN)];
                items.extend(zap.as_ref().map(|zap| zap.socket().as_poll_item(zmq::POLLIN)));
                zmq::poll(&mut items, 5).unwrap();
                if let Some(zap) = &zap {
                    zap.serve().unwrap();
                }
                while !state.setup.hold.load(Ordering::Relaxed)
                    && let Ok(identity) = router.recv_msg(zmq::DONTWAIT)
                {
                    let mut frames = Vec::new();
                    while frames.last().map_or(identity.get_more(), zmq::Message::get_more) {
                        frames.push(router.recv_msg(0).unwrap());
                    }
                    if let (Some(zap), Some(frame)) = (&zap, frames.first_mut()) {
                        match frame.gets("User-Id").map(String::from) {
                            Some(user) if zap.role(&user).is_some() => state.user = user,
                            _ => continue,
                        }
                    }
                    for message in state.message(&identity, &frames) {
                        router.send_multipart(message, 0).unwrap();
                    }
                }
            }
        });
        Self { endpoint, stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(std::thread::panicking() || ended.is_ok(), "the server panicked");
        }
    }
}

fn bind(context: &zmq::Context, setup: &Setup, address: &str) -> zmq::Socket {
    let router = context.socket(zmq::ROUTER).unwrap();
    router.set_linger(0).unwrap();
    if let Some((pair, _)) = &setup.keys {
        curve::serve(&router, pair).unwrap();
    }
    // The old socket's port is free as soon as libzmq has closed it, which it does in its own time.
    while let Err(error) = router.bind(address) {
        assert_eq!(error, zmq::Error::EADDRINUSE);
        std::thread::yield_now();
    }
    router
}

struct Session {
    opened: Opened,
    env: VectorEnv,
    provider: Option<Provider>,
    bound: Vec<u8>,
    next: u64,
    kept: VecDeque<(u64, Vec<Vec<u8>>)>,
    steps: u64,
    /// Before each of the last requests: its number, the state, the steps made.
    before: VecDeque<(u64, Vec<u8>, u64)>,
}

/// Requests that a crash takes back.
const UNWRITTEN: usize = 7;

impl Session {
    fn crash(&mut self) {
        if let Some((next, state, steps)) = self.before.pop_front() {
            self.env.restore(&state).unwrap();
            (self.next, self.steps) = (next, steps);
        }
        self.before.clear();
        self.kept.clear();
        self.bound.clear();
    }
}

struct State {
    setup: Setup,
    session: Option<Session>,
    lost: u32,
    failed: u64,
    crashed: u64,
    user: String,
}

impl State {
    /// The messages that answer one, each with its address first.
    fn message(&mut self, identity: &[u8], frames: &[zmq::Message]) -> Vec<Vec<Vec<u8>>> {
        let slices: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        let header = match Header::decode(slices[0]) {
            Ok(header) => header,
            Err(error) => {
                let Some(ids) = Header::ids(slices[0]) else { return Vec::new() };
                return vec![failure(identity, &ids, Failure::from(&error))];
            }
        };
        let request = match Request::decode(&header, &slices[1..]) {
            Ok(request) => request,
            Err(error) => return vec![failure(identity, &header, Failure::from(&error))],
        };
        let of_session = header.session != 0 || request.kind() == Kind::Resume;
        if of_session && (self.loses() || self.setup.silent.load(Ordering::Relaxed)) {
            return Vec::new();
        }
        let answers = self.answer(identity, &header, request);
        if of_session && self.loses() { Vec::new() } else { answers }
    }

    fn loses(&mut self) -> bool {
        self.lost += 1;
        // Not every n-th: then it might always be the same kind.
        self.setup.lose > 0 && (self.lost.wrapping_mul(2_654_435_761) >> 16).is_multiple_of(self.setup.lose)
    }

    fn answer(&mut self, identity: &[u8], header: &Header, request: Request<'_>) -> Vec<Vec<Vec<u8>>> {
        let reply = match request {
            Request::Hello(_) => Reply::Welcome(welcome()),
            Request::Ping => Reply::Done,
            Request::Scenes => Reply::Scenes(SceneList::default()),
            Request::Open(open) => {
                let opened = self.open(identity, &open);
                Reply::Opened(Box::new(opened))
            }
            Request::Resume(resume) => return self.resume(identity, header, &resume),
            request if header.session != 0 => return self.numbered(identity, header, request),
            _ => return vec![failure(identity, header, Failure::new(Code::NotFound, "not here"))],
        };
        vec![message(identity, &header.reply(), &reply, request_kind(header))]
    }

    fn open(&mut self, identity: &[u8], open: &Open) -> Opened {
        let model = model(&open.scene);
        let mode = hyperdust_gym::autoreset_mode(&open.autoreset).unwrap();
        let options = VectorOptions { num_envs: open.num_envs, num_threads: 1, autoreset: mode };
        let mut opened = Opened {
            session: 9,
            token: Token(Hex([3; 16])),
            scene: open.scene.clone(),
            blueprint: Hex(model.id().0),
            num_envs: open.num_envs,
            autoreset: open.autoreset.clone(),
            max_episode_steps: 0,
            pipeline: open.pipeline.min(4),
            rights: vec![Right::Step, Right::Reset, Right::State],
            actions: ArraySpec::of(model.actions()),
            observations: ArraySpec::of(model.observations()),
            infos: model.info_names().to_vec(),
            bodies: Vec::new(),
            faults: FAULTS.map(|fault| fault.to_string()).into(),
            layout: Layout::new(&model, open.num_envs, mode).unwrap(),
            render_fps: 0,
            signing: None,
        };
        let mut env = VectorEnv::new(model, options).unwrap();
        let provider = self.setup.signing.clone().and_then(|signs| Provider::new(signs, open, &mut env));
        opened.signing = provider.as_ref().map(|provider| provider.terms().clone());
        let (bound, kept) = (identity.to_vec(), VecDeque::new());
        let before = VecDeque::new();
        self.session = Some(Session { opened: opened.clone(), env, provider, bound, next: 1, kept, steps: 0, before });
        opened
    }

    fn resume(&mut self, identity: &[u8], header: &Header, resume: &Resume) -> Vec<Vec<Vec<u8>>> {
        let Some(session) = self.session.as_mut().filter(|session| session.opened.session == resume.session) else {
            return vec![failure(identity, header, Failure::new(Code::UnknownSession, "no such session"))];
        };
        if session.opened.token != resume.token {
            return vec![failure(identity, header, Failure::new(Code::BadToken, "another token"))];
        }
        if resume.needed() >= session.next {
            return vec![failure(identity, header, Failure::new(Code::RolledBack, "not written down"))];
        }
        let mut messages = Vec::new();
        if session.bound != identity && !session.bound.is_empty() {
            let notice = Notice { notice: NoticeKind::Detached, message: "taken over".into(), in_ms: None };
            let header = Header { sort: Sort::Notice, request: 0, session: resume.session };
            messages.push(message(&session.bound, &header, &Reply::Notice(notice), Kind::Ping));
        }
        session.bound = identity.to_vec();
        let resumed = Resumed { opened: session.opened.clone(), next: session.next };
        messages.push(message(identity, &header.reply(), &Reply::Resumed(Box::new(resumed)), Kind::Resume));
        messages
    }

    fn numbered(&mut self, identity: &[u8], header: &Header, request: Request<'_>) -> Vec<Vec<Vec<u8>>> {
        let refused = |failure: Failure| vec![self::failure(identity, header, failure)];
        let Some(session) = self.session.as_mut().filter(|session| session.opened.session == header.session) else {
            return refused(Failure::new(Code::UnknownSession, "no such session"));
        };
        let next = session.next;
        if session.bound != identity {
            return refused(Failure::new(Code::Detached, "on another connection").next(next));
        }
        if let Some((_, frames)) = session.kept.iter().find(|(number, _)| *number == header.request) {
            return vec![core::iter::once(identity.to_vec()).chain(frames.iter().cloned()).collect()];
        }
        if header.request < next {
            return refused(Failure::new(Code::Forgotten, "long ago").next(next));
        }
        if header.request > next {
            return refused(
                Failure::new(Code::Order, format!("found {}; accepted: {next}", header.request)).next(next),
            );
        }
        let some = [
            (self.setup.fail, Code::SessionFailed),
            (self.setup.quota, Code::Quota),
            (self.setup.crowd, Code::Pipeline),
        ];
        for (every, code) in some {
            if every > 0 && next.is_multiple_of(every.into()) && self.failed < next {
                self.failed = next;
                let retry_after_ms = (code == Code::Quota).then_some(1);
                return refused(Failure { retry_after_ms, ..Failure::new(code, "once").next(next) });
            }
        }
        let less = |left: u32| left.checked_sub(1);
        if self.setup.full.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return refused(Failure::new(Code::Storage, "full").next(next));
        }
        if self.setup.crash > 0 && next.is_multiple_of(self.setup.crash.into()) && self.crashed < next {
            self.crashed = next;
            session.crash();
            return Vec::new();
        }
        let mut signed = (Vec::new(), Vec::new());
        if let Some(provider) = &mut session.provider {
            let done = match &request {
                Request::Step(_) | Request::Reset(_) => provider.may_go_on(),
                Request::Receipt(frame) => provider.receipt(frame).map(|frames| signed = frames),
                Request::Voucher(frame) => provider.voucher(frame),
                Request::Close => provider.paid(),
                _ => Ok(()),
            };
            if let Err(failure) = done {
                return refused(failure.next(next));
            }
        }
        if session.before.len() == UNWRITTEN {
            session.before.pop_front();
        }
        if let Ok(state) = session.env.snapshot() {
            session.before.push_back((next, state, session.steps));
        }
        session.next += 1;
        let lanes = session.opened.num_envs;
        let result = match request {
            Request::Step(actions) => {
                session.steps += 1;
                session.env.step(actions).map(|_| ())
            }
            Request::Reset(reset) => {
                let each = reset.seeds();
                let seeds = match (reset.seeds, &each) {
                    (SeedsFrame::First(seed), _) => Seeds::First(seed),
                    (SeedsFrame::Each, Some(each)) => Seeds::Each(each),
                    _ => Seeds::Continue,
                };
                session.env.reset(seeds, reset.mask().as_deref()).map(|_| ())
            }
            Request::Restore(bytes) => session.env.restore(bytes),
            _ => Ok(()),
        };
        if let Some(provider) = &mut session.provider {
            provider.cut(&mut session.env);
        }
        let (mut batch, mut finals) = (vec![0; session.opened.layout.batch.size], Vec::new());
        let snapshot = session.env.snapshot().unwrap();
        let (header, reply) = match (result, request_kind(header)) {
            (Err(error), _) => (header.error(), Reply::Failure(Failure::from(&error).next(next + 1))),
            (_, Kind::Close) => {
                (header.reply(), Reply::Closed(Closed { steps: session.steps, episodes: lanes as u64 }))
            }
            (_, Kind::Receipt) => (header.reply(), Reply::Receipt(&signed.0, &signed.1)),
            (_, Kind::Voucher) => (header.reply(), Reply::Done),
            (_, Kind::Snapshot) => (header.reply(), Reply::Snapshot(&snapshot)),
            _ => {
                let layout = &session.opened.layout;
                let second = layout.write(session.env.batch(), &mut batch);
                if let Some(size) = layout.finals.as_ref().map(|finals| finals.size).filter(|_| second) {
                    finals.resize(size, 0);
                    layout.write_finals(session.env.batch(), &mut finals);
                }
                (header.reply(), Reply::Batch(&batch, second.then_some(finals.as_slice())))
            }
        };
        let answer = message(identity, &header, &reply, Kind::Step);
        session.kept.push_back((next, answer[1..].to_vec()));
        if session.kept.len() > 4 {
            session.kept.pop_front();
        }
        vec![answer]
    }
}

fn request_kind(header: &Header) -> Kind {
    match header.sort {
        Sort::Request(kind) => kind,
        _ => panic!("a request was decoded"),
    }
}

fn message(identity: &[u8], header: &Header, reply: &Reply<'_>, kind: Kind) -> Vec<Vec<u8>> {
    let frames = reply.encode(kind).unwrap();
    let head = [identity.to_vec(), header.encode().to_vec()];
    head.into_iter().chain(frames.into_iter().map(|frame| frame.into_owned())).collect()
}

fn failure(identity: &[u8], header: &Header, failure: Failure) -> Vec<Vec<u8>> {
    message(identity, &header.error(), &Reply::Failure(failure), Kind::Ping)
}

fn welcome() -> Welcome {
    Welcome {
        version: VERSION,
        server: "test".into(),
        kernel: hyperdust_kernel::VERSION,
        role: Role::Operator,
        limits: Limits {
            lanes: 64,
            sessions: 1,
            pipeline: 4,
            data: 1 << 20,
            heartbeat_ms: 10,
            silence_ms: 60_000,
            resume_ms: 600_000,
        },
        draining: false,
    }
}

/// The env that a session is compared with.
pub fn local(scene: &str, lanes: usize, mode: AutoresetMode) -> VectorEnv {
    let options = VectorOptions { num_envs: lanes, num_threads: 1, autoreset: mode };
    VectorEnv::new(model(scene), options).unwrap()
}
