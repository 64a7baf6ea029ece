//! A session is the env that it stands for: the same batches, whatever gets lost on the way; and nothing waits for ever.

use std::{sync::atomic::Ordering, time::Duration};

use hyperdust_gym::{AutoresetMode, Sampler, Seeds, VectorEnv, rows};
use hyperdust_wire::{
    Code, Hex, Token,
    client::{Client, ClientError, Options, Session},
    message::{Open, Resume},
};

use crate::server::{Server, Setup, local};

const LANES: usize = 3;

fn connect(server: &Server) -> Client {
    Client::connect(&server.endpoint, &Options::default()).unwrap()
}

fn open(server: &Server, scene: &str, mode: AutoresetMode, pipeline: u32) -> Session {
    let open = Open { autoreset: mode.name().into(), pipeline, ..Open::new(scene, LANES) };
    connect(server).open(open).unwrap()
}

/// Rows of random actions.
struct Actions(Sampler);

impl Actions {
    fn new(env: &VectorEnv) -> Self {
        Self(Sampler::new(env.model().actions(), 5))
    }

    fn draw(&mut self, env: &VectorEnv) -> Vec<Vec<u8>> {
        let layout = env.model().actions();
        let arenas: Vec<Vec<u8>> = (0..LANES).map(|_| self.0.draw(layout).to_vec()).collect();
        rows(layout, &arenas)
    }
}

fn slices(rows: &[Vec<u8>]) -> Vec<&[u8]> {
    rows.iter().map(Vec::as_slice).collect()
}

/// Plays the same steps here and there, several at a time where the session lets it, and compares every batch.
fn play(session: &mut Session, env: &mut VectorEnv, steps: usize) {
    let depth = session.opened().pipeline as usize;
    let mut actions = Actions::new(env);
    let here = env.reset(Seeds::First(11), None).unwrap();
    assert_eq!(session.reset(Seeds::First(11), None).unwrap(), here);
    let mut left = steps;
    while left > 0 {
        let together: Vec<_> = (0..depth.min(left)).map(|_| actions.draw(env)).collect();
        together.iter().for_each(|rows| session.step_async(&slices(rows)).unwrap());
        for rows in &together {
            let here = env.step(&slices(rows)).unwrap();
            assert_eq!(session.step_wait().unwrap(), here);
        }
        left -= together.len();
    }
    let closed = session.close().unwrap();
    assert_eq!(closed.steps, steps as u64, "each step acts exactly once");
    assert!(matches!(session.step_async(&[]), Err(ClientError::Message(_) | ClientError::Closed)));
}

/// In every mode, one at a time and pipelined.
#[test]
fn sessions_are_the_env() {
    for (mode, pipeline) in [(AutoresetMode::NextStep, 1), (AutoresetMode::SameStep, 4)] {
        for scene in ["cartpole", "hopper"] {
            let server = Server::start(Setup::default());
            play(&mut open(&server, scene, mode, pipeline), &mut local(scene, LANES, mode), 100);
        }
    }
}

/// A fifth of all messages lost each way, a session that fails, is over its quota or has a full queue now and then: every step still
/// acts exactly once, in order.
#[test]
fn lost_messages_change_nothing() {
    for pipeline in [1, 4] {
        let setup = Setup { lose: 5, fail: 13, quota: 7, crowd: 11, ..Setup::default() };
        let server = Server::start(setup);
        let mode = AutoresetMode::SameStep;
        play(&mut open(&server, "cartpole", mode, pipeline), &mut local("cartpole", LANES, mode), 120);
    }
}

/// A step that was refused has not acted and does not act later, whatever the client has asked the slow server meanwhile: the next one
/// gets its own batch.
#[test]
fn refused_steps_never_act() {
    // Whether the answer to a RESUME is about the step before the refused one, or about one that was refused too.
    for (refusals, before) in [(1, true), (2, false)] {
        let setup = Setup::default();
        let server = Server::start(setup.clone());
        let mode = AutoresetMode::NextStep;
        let mut session = open(&server, "cartpole", mode, 1);
        let mut env = local("cartpole", LANES, mode);
        let mut actions = Actions::new(&env);
        assert_eq!(session.reset(Seeds::First(1), None).unwrap(), env.reset(Seeds::First(1), None).unwrap());
        let full = |result: Result<&hyperdust_gym::Batch, ClientError>| {
            assert!(matches!(result, Err(ClientError::Refused(failure)) if failure.code == Code::Storage));
        };
        let slow = actions.draw(&env);
        setup.hold.store(true, Ordering::Relaxed);
        session.step_async(&slices(&slow)).unwrap();
        // Longer than a heartbeat.
        assert!(!session.poll(Duration::from_millis(30)).unwrap());
        if before {
            setup.hold.store(false, Ordering::Relaxed);
            assert_eq!(session.step_wait().unwrap(), env.step(&slices(&slow)).unwrap());
            setup.full.store(refusals, Ordering::Relaxed);
        } else {
            setup.full.store(refusals, Ordering::Relaxed);
            setup.hold.store(false, Ordering::Relaxed);
            full(session.step_wait());
        }
        full(session.step(&slices(&actions.draw(&env))));
        for _ in 0..3 {
            let rows = actions.draw(&env);
            assert_eq!(session.step(&slices(&rows)).unwrap(), env.step(&slices(&rows)).unwrap());
        }
    }
}

/// A server that is killed again and again and has not written down its last requests: the client, who has them still, sends them again,
/// and every step counts exactly once. Messages get lost meanwhile.
#[test]
fn killed_servers_change_nothing() {
    for (pipeline, lose) in [(1, 0), (4, 0), (4, 6)] {
        let setup = Setup { crash: 11, lose, fail: 17, ..Setup::default() };
        let server = Server::start(setup);
        let mode = AutoresetMode::SameStep;
        play(&mut open(&server, "cartpole", mode, pipeline), &mut local("cartpole", LANES, mode), 120);
    }
}

/// Who was answered more than the server has, and cannot send it again, is told; who can, goes on.
#[test]
fn what_nobody_has_any_more_is_rolled_back() {
    let server = Server::start(Setup::default());
    let mut session = open(&server, "cartpole", AutoresetMode::NextStep, 1);
    session.reset(Seeds::First(1), None).unwrap();
    let ahead = Resume { answered: 100, ..session.resumption() };
    let refused = connect(&server).resume(ahead.clone()).unwrap_err();
    assert!(matches!(refused, ClientError::Refused(failure) if failure.code == Code::RolledBack));
    connect(&server).resume(Resume { again: Some(2), ..ahead }).unwrap();
}

/// Connections that break while requests are under way: the same session goes on over a new one.
#[test]
fn broken_connections_are_resumed() {
    let setup = Setup::default();
    let server = Server::start(setup.clone());
    let mode = AutoresetMode::NextStep;
    let mut session = open(&server, "cartpole", mode, 2);
    let mut env = local("cartpole", LANES, mode);
    let mut actions = Actions::new(&env);
    assert_eq!(session.reset(Seeds::First(1), None).unwrap(), env.reset(Seeds::First(1), None).unwrap());
    for _ in 0..3 {
        let (first, second) = (actions.draw(&env), actions.draw(&env));
        session.step_async(&slices(&first)).unwrap();
        setup.rebind.fetch_add(1, Ordering::Relaxed);
        session.step_async(&slices(&second)).unwrap();
        assert_eq!(session.step_wait().unwrap(), env.step(&slices(&first)).unwrap());
        assert_eq!(session.step_wait().unwrap(), env.step(&slices(&second)).unwrap());
    }
}

/// A server that says nothing: the call ends by its deadline with an error that says so; once it speaks again the same request's
/// answer is there.
#[test]
fn silence_ends_by_the_deadline() {
    let setup = Setup::default();
    let server = Server::start(setup.clone());
    let mode = AutoresetMode::NextStep;
    let mut session = open(&server, "cartpole", mode, 2);
    let mut env = local("cartpole", LANES, mode);
    let rows = Actions::new(&env).draw(&env);
    session.reset(Seeds::First(1), None).unwrap();
    env.reset(Seeds::First(1), None).unwrap();
    setup.silent.store(true, Ordering::Relaxed);
    session.client().set_timeout(Duration::from_millis(50));
    let error = session.step(&slices(&rows)).unwrap_err();
    assert!(matches!(error, ClientError::Timeout { what: "STEP", .. }) && error.retryable(), "{error}");
    assert!(matches!(session.step(&slices(&rows)), Err(ClientError::Pending { pending: 1 })));
    assert!(!session.poll(Duration::from_millis(1)).unwrap());
    setup.silent.store(false, Ordering::Relaxed);
    session.client().set_timeout(Duration::from_secs(30));
    assert_eq!(session.step_wait().unwrap(), env.step(&slices(&rows)).unwrap());
    assert!(matches!(session.step_wait(), Err(ClientError::NothingPending)));
}

/// An env's errors come back typed, step nothing and leave the session as it was; so does what the client refuses by itself.
#[test]
fn errors_step_nothing() {
    let server = Server::start(Setup::default());
    let mode = AutoresetMode::NextStep;
    let mut session = open(&server, "cartpole", mode, 1);
    let mut env = local("cartpole", LANES, mode);
    let rows = Actions::new(&env).draw(&env);
    let code = |result: Result<&hyperdust_gym::Batch, ClientError>| match result {
        Err(ClientError::Refused(failure)) => failure.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(session.step(&slices(&rows))), Code::NeedsReset);
    assert_eq!(session.reset(Seeds::First(1), None).unwrap(), env.reset(Seeds::First(1), None).unwrap());
    let bad = vec![vec![0xFF; rows[0].len()]];
    assert_eq!(code(session.step(&slices(&bad))), Code::Invalid);
    assert_eq!(code(session.reset(Seeds::Continue, Some(&[false; LANES]))), Code::Invalid);
    assert!(matches!(session.step(&[]), Err(ClientError::Message(_))));
    assert!(matches!(session.step(&[&rows[0][1..]]), Err(ClientError::Message(_))));
    assert!(matches!(session.reset(Seeds::Each(&[None]), None), Err(ClientError::Message(_))));
    session.step_async(&slices(&rows)).unwrap();
    assert!(matches!(session.step_async(&slices(&rows)), Err(ClientError::PipelineFull { limit: 1 })));
    assert_eq!(session.step_wait().unwrap(), env.step(&slices(&rows)).unwrap());
    let seeds = [Some(7), None, Some(9)];
    let mask = [true, false, true];
    let here = env.reset(Seeds::Each(&seeds), Some(&mask)).unwrap();
    assert_eq!(session.reset(Seeds::Each(&seeds), Some(&mask)).unwrap(), here);
}

/// The state goes over the wire and back; the one that it was taken of and the one that took it go on alike.
#[test]
fn state_comes_back() {
    let server = Server::start(Setup::default());
    let mode = AutoresetMode::NextStep;
    let mut session = open(&server, "cartpole", mode, 1);
    let mut env = local("cartpole", LANES, mode);
    let rows = Actions::new(&env).draw(&env);
    session.reset(Seeds::First(3), None).unwrap();
    env.restore(&session.snapshot().unwrap()).unwrap();
    assert_eq!(session.step(&slices(&rows)).unwrap(), env.step(&slices(&rows)).unwrap());
    let snapshot = env.snapshot().unwrap();
    env.step(&slices(&rows)).unwrap();
    session.restore(&snapshot).unwrap();
    assert_eq!(session.step(&slices(&rows)).unwrap().observations, env.batch().observations);
}

/// Who has the token takes the session over, and goes on with the next number; the one before is told and stays out. Without the
/// token nobody gets it.
#[test]
fn sessions_are_taken_over_with_the_token() {
    let server = Server::start(Setup::default());
    let mode = AutoresetMode::NextStep;
    let mut first = open(&server, "cartpole", mode, 1);
    let mut env = local("cartpole", LANES, mode);
    let rows = Actions::new(&env).draw(&env);
    first.reset(Seeds::First(1), None).unwrap();
    env.reset(Seeds::First(1), None).unwrap();
    let stolen = Resume { token: Token(Hex([4; 16])), ..first.resumption() };
    match connect(&server).resume(stolen) {
        Err(ClientError::Refused(failure)) => assert_eq!(failure.code, Code::BadToken),
        other => panic!("{other:?}"),
    }
    let mut second = connect(&server).resume(first.resumption()).unwrap();
    assert_eq!(second.step(&slices(&rows)).unwrap(), env.step(&slices(&rows)).unwrap());
    let lost = first.step(&slices(&rows)).unwrap_err();
    assert!(matches!(lost, ClientError::Lost { .. }) && !lost.retryable(), "{lost}");
    assert_eq!(second.step(&slices(&rows)).unwrap(), env.step(&slices(&rows)).unwrap());
}
