//! Numbers, rights, quotas and nonsense: what is refused, with which code, and that nothing else happens.

use std::time::Duration;

use hyperdust_actors::serve::Options;
use hyperdust_gym::AutoresetMode;
use hyperdust_wire::{
    Code, Header, Kind, VERSION,
    message::{Hello, Open, Reply, Request, Value},
};

use super::house::{House, Player, header, parse, recorded, refused, reset};

/// A number acts once: sent again it gets the same bytes, out of turn it is refused with the number that is due.
#[test]
fn numbers() {
    let house = House::plain();
    let mut remote = Player::open(house.ipc(), Open { pipeline: 2, ..Open::new("cartpole", 2) }, 1);
    let session = remote.opened.session;
    let actions = remote.actions.draw();
    let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
    let step = Request::Step(&slices);
    let failure = refused(remote.client.ask(session, 2, &step), Code::Order);
    assert_eq!(failure.next, Some(1));
    let failure = refused(remote.client.ask(session, 1, &step), Code::NeedsReset);
    assert_eq!(failure.next, Some(2), "an answer for good uses its number up");
    let again = refused(remote.client.ask(session, 1, &reset(5)), Code::NeedsReset);
    assert_eq!(again, failure, "and is given again");
    let first = remote.client.ask(session, 2, &reset(5)).unwrap();
    let second = remote.client.ask(session, 3, &step).unwrap();
    assert_eq!(remote.client.ask(session, 3, &step).unwrap(), second);
    assert_eq!(remote.client.ask(session, 2, &reset(5)).unwrap(), first);
    refused(remote.client.ask(session, 1, &reset(5)), Code::Forgotten);
    refused(remote.client.ask(session, 4, &Request::Step(&[])), Code::Invalid);
    refused(remote.client.ask(session + 1, 1, &step), Code::Detached);
}

/// Requests may be under way together, and are answered in their order.
#[test]
fn pipelines() {
    let house = House::plain();
    let mut remote = Player::open(house.tcp(), Open { pipeline: 4, ..Open::new("cartpole", 2) }, 1);
    let session = remote.opened.session;
    remote.reset(1);
    let actions: Vec<_> = (0..4).map(|_| remote.actions.draw()).collect();
    for (number, actions) in (2..).zip(&actions) {
        let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
        remote.client.send(header(Kind::Step, number, session), &Request::Step(&slices));
    }
    for number in 2..6 {
        assert_eq!(remote.client.receive().0, header(Kind::Step, number, session).reply());
    }
}

/// What cannot be opened is refused by name, and leaves nothing behind.
#[test]
fn openings() {
    let house = House::new(
        |config| {
            config.quota.sessions = 2;
            config.quota.lanes = 10;
        },
        Options::default(),
    );
    let mut client = house.ipc();
    refused(client.open(Open::new("antt", 1)), Code::NotFound);
    let parameters = [("nothing".to_owned(), Value::Bool(true))].into();
    refused(client.open(Open { parameters, ..Open::new("cartpole", 1) }), Code::Invalid);
    refused(client.open(Open::new("cartpole", 11)), Code::Quota);
    client.open(Open::new("cartpole", 4)).unwrap();
    refused(client.open(Open::new("cartpole", 7)), Code::Quota);
    let mut second = Player::open(house.ipc(), Open::new("cartpole", 6), 1);
    refused(client.open(Open::new("cartpole", 1)), Code::Quota);
    second.close();
    client.open(Open::new("cartpole", 6)).unwrap();
    let Reply::Welcome(welcome) = parse(&hello(&mut client, vec![VERSION]).unwrap()).clone() else { panic!() };
    assert_eq!((welcome.limits.lanes, welcome.limits.sessions, welcome.version), (10, 2, VERSION));
    assert_eq!(refused(hello(&mut client, vec![99]), Code::Version).versions, [VERSION]);
    let frames = client.query(&Request::Scenes).unwrap();
    let Reply::Scenes(list) = parse(&frames) else { panic!() };
    assert!(list.scenes.iter().any(|scene| scene.name == "ant"));
}

fn hello(
    client: &mut super::house::Client,
    versions: Vec<u16>,
) -> Result<super::house::Message, hyperdust_wire::Failure> {
    client.query(&Request::Hello(Hello { versions, client: "a test".into() }))
}

/// A client that is faster than its quota is slowed down, and another one's steps are not counted with it... nor is it refused.
#[test]
fn paces() {
    let house = House::new(|config| config.quota.steps_per_second = 2000, Options::default());
    let mut remote = Player::open(house.ipc(), Open::new("cartpole", 100), 1);
    remote.reset(1);
    let start = std::time::Instant::now();
    for _ in 0..40 {
        remote.step();
    }
    // 4000 lane steps: one second's worth at once, the last one begins when 3900 are paid for.
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
}

/// A client that never reads fills its own pipe: others go on, and it gets its answers when it asks again.
#[test]
fn clients_that_do_not_read() {
    let house = House::plain();
    let mut frozen = Player::open(house.tcp(), Open { pipeline: 8, ..Open::new("hopper", 64) }, 1);
    let mut other = Player::open(house.tcp(), Open::new("cartpole", 2), 1);
    frozen.reset(1);
    other.reset(1);
    let session = frozen.opened.session;
    let actions = frozen.actions.draw();
    let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
    let flood = Request::Step(&slices);
    for round in 0..200 {
        for _ in 0..20 {
            // Sent again and again, each is answered again: far more than the pipe holds.
            let header = header(Kind::Step, 2, session);
            let mut frames = vec![header.encode().to_vec()];
            frames.extend(flood.encode().unwrap().into_iter().map(|frame| frame.into_owned()));
            let _ = frozen.client.socket.send_multipart(frames, zmq::DONTWAIT);
        }
        other.step();
        assert_eq!(other.number, round + 2);
    }
    let mut second = house.tcp();
    // While its worker still has what came before to answer, a RESUME is to be asked for again.
    let resumed = loop {
        match second.resume(&frozen.opened, 1) {
            Err(failure) if failure.code == Code::Busy => std::thread::yield_now(),
            resumed => break resumed.unwrap(),
        }
    };
    assert!(resumed.next >= 2);
    second.ask(session, 2, &flood).unwrap();
}

/// Bytes changed at random, in random places, and frames left out and doubled: every answer is a typed error or an answer, the server
/// lives, and a client beside it sees none of it.
#[test]
fn nonsense() {
    let house = House::plain();
    let mut other = Player::open(house.ipc(), Open::new("cartpole", 2), 1);
    let mut local = super::house::Home::new(&other.opened, 1, 1);
    assert_eq!(other.reset(1), local.reset(1));
    let mut remote = Player::open(house.tcp(), Open::new("cartpole", 2), 1);
    let session = remote.opened.session;
    let actions = remote.actions.draw();
    let slices: Vec<&[u8]> = actions.iter().map(Vec::as_slice).collect();
    let open = Open::new("cartpole", 2);
    let requests = [
        (0, Request::Open(Box::new(open))),
        (0, Request::Hello(Hello { versions: vec![1], client: "x".into() })),
        (0, Request::Scenes),
        (0, Request::Episodes(Default::default())),
        (session, reset(1)),
        (session, Request::Step(&slices)),
        (session, Request::Snapshot),
        (session, Request::Restore(b"HDES")),
    ];
    let mut random = hyperdust_kernel::rng::Rng::new(4);
    let mut draw = |below: usize| (random.uniform(0.0, below as f32) as usize).min(below - 1);
    let flood = house.tcp();
    for round in 0..4000 {
        let (session, request) = &requests[draw(requests.len())];
        let number = 1 + draw(3) as u64;
        let mut frames = vec![Header::request(request.kind(), number, *session).encode().to_vec()];
        frames.extend(request.encode().unwrap().into_iter().map(|frame| frame.into_owned()));
        for _ in 0..=draw(3) {
            let index = draw(frames.len());
            match draw(6) {
                0 => frames.insert(index, frames[index].clone()),
                1 if frames.len() > 1 => drop(frames.remove(index)),
                2 => {
                    let left = draw(frames[index].len() + 1);
                    frames[index].truncate(left);
                }
                _ if frames[index].is_empty() => frames[index].push(draw(256) as u8),
                _ => {
                    let at = draw(frames[index].len());
                    frames[index][at] = draw(256) as u8;
                }
            }
        }
        flood.send_multipart_nonsense(frames);
        if round % 100 == 0 {
            assert_eq!(other.step(), local.step());
        }
    }
    assert_eq!(other.step(), local.step());
}

/// An episode that is longer than all that the store may hold is lost, and nothing else is: others are recorded meanwhile and later, and
/// whose it was is told that nothing was recorded.
#[test]
fn what_never_fits_is_in_nobodys_way() {
    let change = |config: &mut hyperdust_actors::serve::Config| {
        (config.store.capacity, config.store.journal) = (60_000, false);
    };
    let house = House::new(change, Options::default());
    let open = Open { max_episode_steps: Some(800), ..recorded("pendulum", 1, AutoresetMode::SameStep) };
    let mut long = Player::open(house.ipc(), open, 1);
    long.reset(1);
    while !long.step().episode_mask[0] {}
    for seed in 1..3 {
        let mut short = Player::open(house.ipc(), recorded("cartpole", 1, AutoresetMode::SameStep), seed);
        short.reset(seed);
        while !short.step().episode_mask[0] {}
        assert_eq!(short.close().episodes, 1);
    }
    assert_eq!(long.close().episodes, 0);
}

/// The same of a session's log: it is not kept, the session goes on, and others are not held up.
#[test]
fn a_log_that_never_fits_is_in_nobodys_way() {
    let change = |config: &mut hyperdust_actors::serve::Config| config.store.capacity = 60_000;
    let house = House::new(change, Options::default());
    let mut large = Player::open(house.ipc(), Open::new("cartpole", 1024), 1);
    large.reset(1);
    let frames = large.ask(&Request::Snapshot).unwrap();
    let Reply::Snapshot(snapshot) = parse(&frames) else { panic!("no snapshot") };
    assert!(snapshot.len() > 60_000, "{}", snapshot.len());
    large.ask(&Request::Restore(snapshot)).unwrap();
    for seed in 1..3 {
        large.step();
        let mut short = Player::open(house.ipc(), recorded("cartpole", 1, AutoresetMode::SameStep), seed);
        short.reset(seed);
        while !short.step().episode_mask[0] {}
        assert_eq!(short.close().episodes, 1);
    }
    large.close();
}
