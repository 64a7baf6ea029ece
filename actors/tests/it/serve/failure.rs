//! What fails comes back: sessions whose worker panics, clients that disappear, servers that are stopped.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicU64, Ordering},
};

use hyperdust_actors::serve::{Options, Server};
use hyperdust_gym::AutoresetMode;
use hyperdust_wire::{Code, Kind, Sort, message::Open};

use super::house::{Home, House, Player, parse, recorded, refused};

/// A worker that panics in the step or receipt with this number, so many times.
pub fn panics(number: u64, times: u64) -> Options {
    let left = AtomicU64::new(times);
    let before = move |header: &hyperdust_wire::Header| {
        let due = matches!(header.sort, Sort::Request(Kind::Step | Kind::Receipt)) && header.request == number;
        if due && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            panic!("a fault that a test asked for");
        }
    };
    Options { before: Some(Arc::new(before)), ..Options::default() }
}

/// The panic is a typed error; steps are refused until a RESUME; then the session goes on as if nothing had happened, with a log that
/// begins at a checkpoint and with one that does not; another session never notices.
#[test]
fn panics_cost_nothing() {
    for checkpoint in [1 << 20, 100] {
        let house = House::new(|config| config.store.checkpoint = checkpoint, panics(40, 1));
        let mut other = Player::open(house.tcp(), Open::new("cartpole", 2), 5);
        let mut remote = Player::open(house.ipc(), recorded("cartpole", 4, AutoresetMode::SameStep), 7);
        let mut home = Home::new(&remote.opened, 1, 7);
        assert_eq!(remote.reset(7), home.reset(7));
        other.reset(1);
        for _ in 0..38 {
            assert_eq!(remote.step(), home.step());
        }
        let actions = remote.actions.draw();
        let failure = refused(remote.step_with(&actions), Code::SessionFailed);
        assert!(failure.retryable && failure.next == Some(40), "{failure:?}");
        refused(remote.step_with(&actions), Code::SessionFailed);
        other.step();
        let resumed = remote.client.resume(&remote.opened, remote.number).unwrap();
        assert_eq!((resumed.next, &resumed.opened.layout), (40, &remote.opened.layout));
        let frames = remote.step_with(&actions).unwrap();
        assert_eq!(remote.read(&frames), home.step());
        for _ in 0..60 {
            assert_eq!(remote.step(), home.step());
        }
        other.step();
        assert_eq!(remote.close().episodes, home.env.take_episodes().len() as u64);
    }
}

/// A request that fails every time does not fail forever: the session is given up, and its client is told so.
#[test]
fn hopeless_sessions_end() {
    let house = House::new(|_| (), panics(2, 100));
    let mut remote = Player::open(house.ipc(), Open::new("cartpole", 1), 7);
    remote.reset(7);
    let actions = remote.actions.draw();
    for _ in 0..2 {
        refused(remote.step_with(&actions), Code::SessionFailed);
        remote.client.resume(&remote.opened, remote.number).unwrap();
    }
    refused(remote.step_with(&actions), Code::SessionFailed);
    loop {
        // It ends in its own time; until then its worker is gone.
        match remote.client.resume(&remote.opened, remote.number) {
            Err(failure) if failure.code == Code::UnknownSession => break,
            Err(failure) => assert!(failure.retryable, "{failure}"),
            Ok(_) => refused(remote.step_with(&actions), Code::SessionFailed).retryable.then_some(()).unwrap(),
        }
    }
    // Another client is served as before.
    Player::open(house.tcp(), Open::new("cartpole", 1), 7).reset(1);
}

/// What a broken connection had still under way comes late, a RESUME too: it does not take the session from the connection that took
/// its place, which goes on and is told nothing.
#[test]
fn late_words_of_a_dead_connection_take_nothing() {
    let house = House::plain();
    let mut remote = Player::open(house.tcp(), Open::new("cartpole", 2), 3);
    remote.reset(3);
    let mut old = std::mem::replace(&mut remote.client, house.tcp());
    remote.client.resume(&remote.opened, remote.number).unwrap();
    remote.step();
    refused(old.resume(&remote.opened, 1), Code::Forbidden);
    remote.step();
    assert!(remote.client.notices.is_empty(), "{:?}", remote.client.notices);
}

/// A client that dies in the middle of a step: the step is finished, another connection takes the session over with its token, gets the
/// answer that the dead one never saw, and goes on; the dead connection may not.
#[test]
fn clients_may_die() {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let opened = gate.clone();
    let before = move |header: &hyperdust_wire::Header| {
        if header.request == 10 {
            let (open, changed) = &*opened;
            let mut open = open.lock().unwrap();
            while !*open {
                open = changed.wait(open).unwrap();
            }
        }
    };
    let house = House::new(|_| (), Options { before: Some(Arc::new(before)), ..Options::default() });
    let mut remote = Player::open(house.tcp(), Open::new("cartpole", 3), 3);
    let mut home = Home::new(&remote.opened, 1, 3);
    assert_eq!(remote.reset(3), home.reset(3));
    for _ in 0..8 {
        assert_eq!(remote.step(), home.step());
    }
    let actions = remote.actions.draw();
    let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
    let header = super::house::header(Kind::Step, 10, remote.opened.session);
    remote.client.send(header, &hyperdust_wire::message::Request::Step(&slices));
    // Known to have arrived: what is asked after it on the same connection is answered.
    remote.client.query(&hyperdust_wire::message::Request::Ping).unwrap();
    let Player { client: dead, opened, actions: later, batch, .. } = remote;
    drop(dead);
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    let mut remote = Player { client: house.ipc(), opened, number: 9, actions: later, batch };
    let wrong = hyperdust_wire::message::Opened {
        token: hyperdust_wire::Token(hyperdust_wire::Hex([0; 16])),
        ..remote.opened.clone()
    };
    refused(remote.client.resume(&wrong, 9), Code::BadToken);
    assert_eq!(remote.client.resume(&remote.opened, 9).unwrap().next, 11);
    let frames = remote.step_with(&actions).unwrap();
    assert_eq!(remote.read(&frames), home.step());
    for _ in 0..20 {
        assert_eq!(remote.step(), home.step());
    }
    // A client that says it saw what never was is told that it cannot go on.
    refused(house.ipc().resume(&remote.opened, 1000), Code::RolledBack);
    // Taken over, the connection before is told, and may step no more.
    house.ipc().resume(&remote.opened, remote.number).unwrap();
    let actions = remote.actions.draw();
    refused(remote.step_with(&actions), Code::Detached);
    assert!(remote.client.notices.iter().any(|notice| format!("{:?}", parse(notice)).contains("Detached")));
}

/// A server that is drained finishes, says so and ends well; started again on the same folder, its sessions go on.
#[test]
fn drained_servers_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = House::config(folder.path());
    let server = Server::start(config.clone(), Options::default()).unwrap();
    let connect = |server: &Server| super::house::Client::new(&server.endpoints[1]);
    let mut remote = Player::open(connect(&server), recorded("cartpole", 4, AutoresetMode::SameStep), 7);
    let mut home = Home::new(&remote.opened, 1, 7);
    assert_eq!(remote.reset(7), home.reset(7));
    for _ in 0..50 {
        assert_eq!(remote.step(), home.step());
    }
    server.drain().unwrap();
    let notice = remote.client.socket.recv_multipart(0).unwrap();
    assert!(format!("{:?}", parse(&notice)).contains("Draining"));

    let server = Server::start(config, Options::default()).unwrap();
    remote.client = connect(&server);
    assert_eq!(remote.client.resume(&remote.opened, remote.number).unwrap().next, remote.number + 1);
    for _ in 0..50 {
        assert_eq!(remote.step(), home.step());
    }
    assert!(remote.close().episodes > 0);
    server.drain().unwrap();
}
