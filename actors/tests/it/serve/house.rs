//! A server in a folder of its own, clients of it, and a local env beside them.

use std::{path::Path, time::Duration};

use hyperdust_actors::serve::{Config, Options, Server};
use hyperdust_gym::{AutoresetMode, Batch, Sampler, Seeds, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::Model;
use hyperdust_scene::Scene;
use hyperdust_wire::{
    ArraySpec, Code, Failure, Header, Kind, Sort,
    message::{Open, Opened, Reply, Request, Reset, Resume, Resumed, SeedsFrame},
};

/// The longest that anything may take: a hang fails a test instead of stopping it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and the folder that goes with it.
pub struct House {
    server: Server,
    pub data: std::path::PathBuf,
    /// Removed after the server has ended.
    _folder: tempfile::TempDir,
}

impl House {
    /// On an ipc and a tcp endpoint of its own, without HTTP.
    pub fn new(change: impl FnOnce(&mut Config), options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Self::config(folder.path());
        change(&mut config);
        let data = config.data.clone();
        let server = Server::start(config, options).unwrap();
        Self { server, data, _folder: folder }
    }

    pub fn plain() -> Self {
        Self::new(|_| (), Options::default())
    }

    pub fn config(folder: &Path) -> Config {
        Config {
            listen: vec![format!("ipc://{}/wire", folder.display()), "tcp://127.0.0.1:*".into()],
            http: "off".parse().unwrap(),
            data: folder.join("data"),
            threads: 1,
            ..Config::default()
        }
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    pub fn ipc(&self) -> Client {
        Client::new(&self.server().endpoints[0])
    }

    pub fn tcp(&self) -> Client {
        Client::new(&self.server().endpoints[1])
    }
}

/// A client that sees every frame.
pub struct Client {
    pub socket: zmq::Socket,
    loose: u64,
    /// Unasked messages on the way to an answer.
    pub notices: Vec<Vec<Vec<u8>>>,
}

/// Frames of a message, header first.
pub type Message = Vec<Vec<u8>>;

impl Client {
    pub fn new(endpoint: &str) -> Self {
        Self::prepared(endpoint, |_| ())
    }

    /// With options of the socket that come before it connects.
    pub fn prepared(endpoint: &str, prepare: impl FnOnce(&zmq::Socket)) -> Self {
        let socket = zmq::Context::new().socket(zmq::DEALER).unwrap();
        prepare(&socket);
        socket.set_linger(0).unwrap();
        socket.set_rcvtimeo(PATIENCE.as_millis() as i32).unwrap();
        socket.connect(endpoint).unwrap();
        Self { socket, loose: 0, notices: Vec::new() }
    }

    pub fn send(&self, header: Header, request: &Request<'_>) {
        let mut frames = vec![header.encode().to_vec()];
        frames.extend(request.encode().unwrap().into_iter().map(|frame| frame.into_owned()));
        self.socket.send_multipart(frames, 0).unwrap();
    }

    pub fn receive(&mut self) -> (Header, Message) {
        loop {
            let frames = self.socket.recv_multipart(0).expect("an answer within a minute");
            let header = Header::decode(&frames[0]).unwrap();
            if header.sort == Sort::Notice {
                self.notices.push(frames);
                continue;
            }
            return (header, frames);
        }
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, session: u64, number: u64, request: &Request<'_>) -> Result<Message, Failure> {
        let header = Header::request(request.kind(), number, session);
        self.send(header, request);
        let (answer, frames) = self.receive();
        assert_eq!((answer.request, answer.session), (number, session));
        match parse(&frames) {
            Reply::Failure(failure) => Err(failure),
            _ => Ok(frames),
        }
    }

    /// Asks for something that belongs to no session.
    pub fn query(&mut self, request: &Request<'_>) -> Result<Message, Failure> {
        self.loose += 1;
        self.ask(0, self.loose, request)
    }

    pub fn open(&mut self, open: Open) -> Result<Opened, Failure> {
        let frames = self.query(&Request::Open(Box::new(open)))?;
        match parse(&frames) {
            Reply::Opened(opened) => Ok(*opened),
            other => panic!("{other:?}"),
        }
    }

    pub fn resume(&mut self, opened: &Opened, answered: u64) -> Result<Resumed, Failure> {
        let resume = Resume { session: opened.session, token: opened.token, answered, again: None };
        let frames = self.query(&Request::Resume(resume))?;
        match parse(&frames) {
            Reply::Resumed(resumed) => Ok(*resumed),
            other => panic!("{other:?}"),
        }
    }
}

/// The reply that these frames are.
pub fn parse(frames: &[Vec<u8>]) -> Reply<'_> {
    let header = Header::decode(&frames[0]).unwrap();
    let rest: Vec<&[u8]> = frames[1..].iter().map(Vec::as_slice).collect();
    Reply::decode(&header, &rest).unwrap()
}

/// A reset with seeds from `first` on.
pub fn reset(first: u64) -> Request<'static> {
    Request::Reset(Reset { seeds: SeedsFrame::First(first), each: None, mask: None })
}

/// Random actions of a session, the same for the same seed.
pub struct Actions {
    layout: hyperdust_kernel::layout::Layout,
    samplers: Vec<Sampler>,
}

impl Actions {
    pub fn new(opened: &Opened, seed: u64) -> Self {
        let layout = ArraySpec::layout(&opened.actions).unwrap();
        let samplers = (0..opened.num_envs as u64).map(|lane| Sampler::new(&layout, seed + lane)).collect();
        Self { layout, samplers }
    }

    pub fn draw(&mut self) -> Vec<Vec<u8>> {
        let arenas: Vec<_> = self.samplers.iter_mut().map(|s| s.draw(&self.layout).to_vec()).collect();
        rows(&self.layout, &arenas)
    }
}

/// A session and its client.
pub struct Player {
    pub client: Client,
    pub opened: Opened,
    /// Of the last request that was answered.
    pub number: u64,
    pub actions: Actions,
    pub batch: Batch,
}

impl Player {
    pub fn open(mut client: Client, open: Open, seed: u64) -> Self {
        let opened = client.open(open).unwrap();
        let (actions, batch) = (Actions::new(&opened, seed), opened.layout.buffer());
        Self { client, opened, number: 0, actions, batch }
    }

    /// The next request.
    pub fn ask(&mut self, request: &Request<'_>) -> Result<Message, Failure> {
        let answer = self.client.ask(self.opened.session, self.number + 1, request);
        if answer.as_ref().map_or_else(|failure| failure.code.answers(), |_| true) {
            self.number += 1;
        }
        answer
    }

    pub fn reset(&mut self, first: u64) -> &Batch {
        let frames = self.ask(&reset(first)).unwrap();
        self.read(&frames)
    }

    pub fn step(&mut self) -> &Batch {
        let actions = self.actions.draw();
        let frames = self.step_with(&actions).unwrap();
        self.read(&frames)
    }

    pub fn step_with(&mut self, actions: &[Vec<u8>]) -> Result<Message, Failure> {
        let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        self.ask(&Request::Step(&slices))
    }

    pub fn read(&mut self, frames: &[Vec<u8>]) -> &Batch {
        let Reply::Batch(frame, finals) = parse(frames) else { panic!("no batch") };
        self.opened.layout.read(frame, finals, &mut self.batch).unwrap();
        &self.batch
    }

    pub fn close(&mut self) -> hyperdust_wire::message::Closed {
        let frames = self.ask(&Request::Close).unwrap();
        match parse(&frames) {
            Reply::Closed(closed) => closed,
            other => panic!("{other:?}"),
        }
    }
}

/// The same at home.
pub struct Home {
    pub env: VectorEnv,
    pub actions: Actions,
}

impl Home {
    pub fn new(opened: &Opened, threads: usize, seed: u64) -> Self {
        let mut cooked = Scene::builtin(&opened.scene).unwrap().cook(&Default::default()).unwrap();
        cooked.blueprint.task.max_episode_steps = opened.max_episode_steps;
        let model = Model::new(cooked.blueprint).unwrap();
        assert_eq!(model.id().0, opened.blueprint.0);
        let options = VectorOptions { num_envs: opened.num_envs, num_threads: threads, autoreset: opened.mode() };
        let mut env = VectorEnv::new(model, options).unwrap();
        env.record(false);
        Self { env, actions: Actions::new(opened, seed) }
    }

    pub fn reset(&mut self, first: u64) -> &Batch {
        self.env.reset(Seeds::First(first), None).unwrap()
    }

    pub fn step(&mut self) -> &Batch {
        let actions = self.actions.draw();
        let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        self.env.step(&slices).unwrap()
    }
}

/// So many recorded lanes of a scene.
pub fn recorded(scene: &str, lanes: usize, mode: AutoresetMode) -> Open {
    Open { record: true, autoreset: mode.name().into(), ..Open::new(scene, lanes) }
}

/// What a request must be refused with.
#[track_caller]
pub fn refused<T>(answer: Result<T, Failure>, code: Code) -> Failure {
    match answer {
        Err(failure) if failure.code == code => failure,
        Err(other) => panic!("found {other}; accepted: {code}"),
        Ok(_) => panic!("found an answer; accepted: {code}"),
    }
}

/// The header of a session's request.
pub fn header(kind: Kind, number: u64, session: u64) -> Header {
    Header::request(kind, number, session)
}

impl Client {
    /// Sends what may be no message at all, and reads whatever came.
    pub fn send_multipart_nonsense(&self, frames: Message) {
        if !frames.is_empty() {
            self.socket.send_multipart(frames, 0).unwrap();
        }
        while let Ok(answer) = self.socket.recv_multipart(zmq::DONTWAIT) {
            let _ = parse(&answer);
        }
    }
}
