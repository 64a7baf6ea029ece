//! Policies that a server hosts: what they answer, to many at once, and sessions that they drive.

use std::{path::Path, sync::Arc, thread};

use hyperdust_actors::serve::{Config, Options, Server};
use hyperdust_gym::{AutoresetMode, Batch};
use hyperdust_policy::{Activation, Dense, Design, Policy};
use hyperdust_wire::{
    Code, Failure,
    message::{self, Open, PolicyName, PolicyOpen, Reply, Request, Run},
};

use super::house::{Client, Home, House, Player, parse, recorded, refused};

/// Numbers that are nowhere near each other, the same on every run.
fn numbers(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let draw = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 / u32::MAX as f32 - 0.5) * 2.0
    };
    (0..count).map(draw).collect()
}

/// A policy with these shapes, as a file.
fn file(folder: &Path, name: &str, inputs: usize, outputs: usize) -> (std::path::PathBuf, Policy) {
    let dense = |inputs, units, seed| Dense { weight: numbers(inputs * units, seed), bias: numbers(units, seed + 1) };
    let design = Design::new(vec![dense(inputs, 16, 1), dense(16, outputs, 3)], Activation::Tanh);
    let path = folder.join(format!("{name}.safetensors"));
    std::fs::write(&path, design.encode().unwrap()).unwrap();
    (path, Policy::new(design.network().unwrap()).unwrap())
}

/// A server with a policy for the cartpole and one for the hopper, and the first one as it is here.
fn house(change: impl FnOnce(&mut Config)) -> (House, Policy) {
    let folder = tempfile::tempdir().unwrap();
    let (balance, here) = file(folder.path(), "balance", 4, 2);
    let (hop, _) = file(folder.path(), "hop", 11, 3);
    let host = |config: &mut Config| {
        config.policies = [("balance".to_owned(), balance), ("hop".to_owned(), hop)].into();
        change(config);
    };
    (House::new(host, Options::default()), here)
}

fn name(name: &str) -> PolicyName {
    PolicyName { name: name.into() }
}

fn opening(name: &str) -> PolicyOpen {
    PolicyOpen { name: name.into(), payment: None }
}

fn act(client: &mut Client, rows: &[f32]) -> Result<Vec<f32>, Failure> {
    let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    let frames = client.query(&Request::PolicyAct(name("balance"), &bytes, None))?;
    let Reply::Actions(bytes) = parse(&frames) else { panic!("no actions") };
    Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// A policy is what its file says, by its shapes, its digest and every bit of its answers; what is no row of it is refused.
#[test]
fn a_policy_is_its_file() {
    let (house, here) = house(|_| ());
    let mut client = house.tcp();
    let frames = client.query(&Request::PolicyOpen(opening("balance"))).unwrap();
    let Reply::Policy(said) = parse(&frames) else { panic!() };
    let message::Policy { inputs, outputs, rows, digest, .. } = said;
    assert_eq!((inputs, outputs, digest.0), (4, 2, here.digest()));
    for count in [0, 1, 7, 1000] {
        let observations = numbers(4 * count, 9);
        assert_eq!(act(&mut client, &observations).unwrap(), here.act(&observations).unwrap());
    }
    refused(client.query(&Request::PolicyOpen(opening("walk"))), Code::NotFound);
    refused(client.query(&Request::PolicyAct(name("walk"), &[], None)), Code::NotFound);
    refused(act(&mut client, &numbers(5, 1)), Code::Invalid);
    refused(act(&mut client, &vec![0.0; 4 * (rows + 1)]), Code::Invalid);
    let failure = refused(act(&mut client, &[0.0, f32::INFINITY, 0.0, 0.0]), Code::Invalid);
    assert!(failure.message.contains("number 1"), "{failure}");
}

/// Four clients at once are one batch: none is answered before all have asked, for the server has all the patience there is. Each gets what
/// it would have got alone.
#[test]
fn many_ask_together() {
    let (house, here) = house(|config| {
        config.policy.min_batch = 4;
        config.policy.timeout_us = 60_000_000;
    });
    thread::scope(|scope| {
        for seed in 0..4 {
            let (mut client, here) = (house.ipc(), &here);
            scope.spawn(move || {
                for round in 0..20 {
                    let row = numbers(4, 100 * seed + round);
                    assert_eq!(act(&mut client, &row).unwrap(), here.act(&row).unwrap());
                }
            });
        }
    });
}

/// Rows are paced by client, and a server that drains answers who has asked.
#[test]
fn rows_have_a_quota() {
    let (house, _) = house(|config| config.quota.policy_rows_per_second = 1);
    let mut client = house.tcp();
    act(&mut client, &numbers(4 * 500, 1)).unwrap();
    let failure = refused(act(&mut client, &numbers(4, 1)), Code::Quota);
    assert!(failure.retryable && failure.retry_after_ms.is_some_and(|wait| wait > 60_000), "{failure:?}");
}

/// What a client would have seen that asked the policy here and stepped there.
fn by_hand(home: &mut Home, here: &Policy, steps: usize) {
    for _ in 0..steps {
        let rows: Vec<f32> =
            home.env.batch().observations[0].as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let answers = here.act(&rows).unwrap();
        let choice = |pair: &[f32]| i32::from(pair[1] > pair[0]).to_le_bytes();
        let actions: Vec<u8> = answers.chunks(2).flat_map(choice).collect();
        home.env.step(&[&actions]).unwrap();
    }
}

fn run(player: &mut Player, steps: u32) -> Result<Batch, Failure> {
    let frames = player.ask(&Request::Run(Run { policy: "balance".into(), steps }))?;
    Ok(player.read(&frames).clone())
}

/// A RUN is the steps that a client would have made, bit for bit, in every mode, and what it records replays; steps of the client's own
/// may come before and after.
#[test]
fn a_run_is_its_steps() {
    let (house, here) = house(|_| ());
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        let mut remote = Player::open(house.ipc(), recorded("cartpole", 5, mode), 3);
        let mut home = Home::new(&remote.opened, 1, 3);
        refused(run(&mut remote, 5), Code::NeedsReset);
        assert_eq!(remote.reset(3), home.reset(3));
        for steps in [1, 150, 40] {
            by_hand(&mut home, &here, steps);
            assert_eq!(run(&mut remote, steps as u32).unwrap(), *home.env.batch(), "{mode:?}");
            assert_eq!(remote.step(), home.step());
        }
        let episodes = home.env.take_episodes();
        let closed = remote.close();
        assert_eq!((closed.steps, closed.episodes), (194, episodes.len() as u64));
        assert!(!episodes.is_empty());
        let query = message::EpisodeQuery { session: Some(remote.opened.session), ..Default::default() };
        let frames = remote.client.query(&Request::Episodes(query)).unwrap();
        let Reply::Episodes(list) = parse(&frames) else { panic!() };
        for listed in list.episodes {
            let frames = remote.client.query(&Request::Episode(message::EpisodeId { id: listed.id })).unwrap();
            let Reply::Episode(_, bytes) = parse(&frames) else { panic!() };
            let episode = hyperdust_gym::Episode::decode(bytes).unwrap();
            assert!(episodes.iter().any(|(_, wanted)| *wanted == episode));
        }
    }
}

/// Where nobody resets, a RUN ends with the first episode; where it cannot begin or fit, nothing is stepped.
#[test]
fn runs_that_end_early() {
    let (house, here) = house(|_| ());
    let mode = AutoresetMode::Disabled;
    let mut remote = Player::open(house.ipc(), recorded("cartpole", 2, mode), 3);
    let mut home = Home::new(&remote.opened, 1, 3);
    assert_eq!(remote.reset(3), home.reset(3));
    while !home.env.batch().terminated.contains(&true) {
        by_hand(&mut home, &here, 1);
    }
    assert_eq!(run(&mut remote, 1000).unwrap(), *home.env.batch());
    refused(run(&mut remote, 1), Code::NeedsReset);
    refused(remote.ask(&Request::Run(Run { policy: "hop".into(), steps: 1 })), Code::Invalid);
    refused(remote.ask(&Request::Run(Run { policy: "walk".into(), steps: 1 })), Code::NotFound);
}

/// A session that was driven goes on with the next server, from a checkpoint and without one, where the policy is hosted there as well; where
/// it is not, or is another one, the session does not, and says why.
#[test]
fn driven_sessions_come_back() {
    for checkpoint in [1 << 20, 100] {
        let folder = tempfile::tempdir().unwrap();
        let (path, here) = file(folder.path(), "balance", 4, 2);
        let mut config = House::config(folder.path());
        config.policies = [("balance".to_owned(), path)].into();
        config.store.checkpoint = checkpoint;
        let server = Server::start(config.clone(), Options::default()).unwrap();
        let mut remote =
            Player::open(Client::new(&server.endpoints[1]), recorded("cartpole", 3, AutoresetMode::SameStep), 7);
        let mut home = Home::new(&remote.opened, 1, 7);
        assert_eq!(remote.reset(7), home.reset(7));
        by_hand(&mut home, &here, 60);
        let answer = run(&mut remote, 60).unwrap();
        assert_eq!(answer, *home.env.batch());
        server.drain().unwrap();

        let other = Config { policies: Default::default(), ..config.clone() };
        let server = Server::start(other, Options::default()).unwrap();
        remote.client = Client::new(&server.endpoints[1]);
        if checkpoint > 100 {
            let failure = refused(remote.client.resume(&remote.opened, remote.number), Code::RolledBack);
            assert!(failure.message.contains("not hosted any more"), "{failure}");
        } else {
            remote.client.resume(&remote.opened, remote.number).unwrap();
        }
        server.drain().unwrap();

        let server = Server::start(config, Options::default()).unwrap();
        remote.client = Client::new(&server.endpoints[1]);
        remote.client.resume(&remote.opened, remote.number).unwrap();
        by_hand(&mut home, &here, 30);
        assert_eq!(run(&mut remote, 30).unwrap(), *home.env.batch());
        remote.close();
        server.drain().unwrap();
    }
}

/// A worker that fails behind a RUN goes on from it, and the RUN sent again is answered, not made again.
#[test]
fn a_run_acts_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, here) = file(folder.path(), "balance", 4, 2);
    let left = std::sync::atomic::AtomicBool::new(true);
    let before = move |header: &hyperdust_wire::Header| {
        if header.request == 3 && left.swap(false, std::sync::atomic::Ordering::SeqCst) {
            panic!("a fault that a test asked for");
        }
    };
    let options = Options { before: Some(Arc::new(before)), ..Options::default() };
    let house = House::new(|config| config.policies = [("balance".to_owned(), path)].into(), options);
    let mut remote = Player::open(house.ipc(), Open::new("cartpole", 2), 7);
    let mut home = Home::new(&remote.opened, 1, 7);
    assert_eq!(remote.reset(7), home.reset(7));
    by_hand(&mut home, &here, 40);
    let asked = Request::Run(Run { policy: "balance".into(), steps: 40 });
    let answer = remote.ask(&asked).unwrap();
    assert_eq!(remote.read(&answer), home.env.batch());
    refused(run(&mut remote, 10), Code::SessionFailed);
    remote.client.resume(&remote.opened, remote.number).unwrap();
    assert_eq!(remote.client.ask(remote.opened.session, 2, &asked).unwrap(), answer);
    by_hand(&mut home, &here, 10);
    assert_eq!(run(&mut remote, 10).unwrap(), *home.env.batch());
}

/// A server does not start with a policy that it cannot read, and says which.
#[test]
fn a_file_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, [7; 100]).unwrap();
    for (path, part) in [(path, "network:"), (folder.path().join("missing"), "No such file")] {
        let mut config = House::config(folder.path());
        config.policies = [("walk".to_owned(), path)].into();
        let Err(error) = Server::start(config, Options::default()) else { panic!("it started") };
        let said = error.to_string();
        assert!(said.starts_with("policy walk: ") && said.contains(part), "{said}");
    }
}
