//! The real binary: what it prints, how it ends, and what is left when it is killed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use hyperdust_gym::{AutoresetMode, Episode};
use hyperdust_wire::message::{EpisodeId, EpisodeQuery, Reply, Request};

use super::house::{Client, Home, Player, parse, recorded};

/// A server in a process of its own; killed when it is dropped.
struct Process {
    child: Child,
    endpoint: String,
}

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = hyperdust(folder)
            .args(["serve", "--listen", "tcp://127.0.0.1:*", "--http", "off", "--set", "threads=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listens on ").expect("it says where").to_owned();
        Self { child, endpoint }
    }

    fn client(&self) -> Client {
        Client::new(&self.endpoint)
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary with a user's data folder of its own.
fn hyperdust(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    command.env("XDG_DATA_HOME", folder).current_dir(folder);
    command
}

/// Told to end, it ends well, with a session open and a step under way; the session goes on with the next server.
#[test]
fn it_drains() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Process::start(folder.path());
    let mut remote = Player::open(first.client(), recorded("cartpole", 4, AutoresetMode::SameStep), 7);
    let mut home = Home::new(&remote.opened, 1, 7);
    assert_eq!(remote.reset(7), home.reset(7));
    for _ in 0..30 {
        assert_eq!(remote.step(), home.step());
    }
    first.signal("-TERM");
    assert!(first.child.wait().unwrap().success());
    let second = Process::start(folder.path());
    remote.client = second.client();
    assert_eq!(remote.client.resume(&remote.opened, remote.number).unwrap().next, 32);
    for _ in 0..30 {
        assert_eq!(remote.step(), home.step());
    }
}

/// Killed, it loses nothing that it answered for: every episode that it ever listed as recorded is there, and replays.
#[test]
fn killed_servers_keep_their_word() {
    let folder = tempfile::tempdir().unwrap();
    let mut known = std::collections::BTreeSet::new();
    for round in 0..4 {
        let mut server = Process::start(folder.path());
        let open = recorded("cartpole", 8, AutoresetMode::SameStep);
        let mut remote = Player::open(server.client(), open, 100 * round);
        let mut watcher = server.client();
        // Those of earlier rounds first.
        for id in &known {
            let frames = watcher.query(&Request::Episode(EpisodeId { id: *id })).unwrap();
            let Reply::Episode(_, bytes) = parse(&frames) else { panic!("no episode") };
            let episode = Episode::decode(bytes).unwrap();
            let home = Home::new(&remote.opened, 1, 0);
            assert!(episode.complete() && episode.replay(home.env.model()).unwrap().equal());
        }
        // A session that is closed has its episodes safe: what it was told is what is kept to.
        remote.reset(100 * round);
        for _ in 0..60 {
            remote.step();
        }
        let closed = remote.close();
        assert!(closed.episodes > 0);
        let query = EpisodeQuery { session: Some(remote.opened.session), ..EpisodeQuery::default() };
        let frames = watcher.query(&Request::Episodes(query)).unwrap();
        let Reply::Episodes(list) = parse(&frames) else { panic!("no list") };
        assert_eq!(list.episodes.len() as u64, closed.episodes);
        known.extend(list.episodes.iter().map(|episode| episode.id));
        // And the next is killed in the middle of things.
        let open = recorded("cartpole", 8, AutoresetMode::SameStep);
        let mut busy = Player::open(server.client(), open, 7 + 100 * round);
        busy.reset(9);
        for _ in 0..10 + 7 * round {
            busy.step();
        }
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
}

/// Settings come from the file, the environment and flags, and are printed; a misspelt one is an error.
#[test]
fn settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hyperdust.toml"), "threads = 3\nhttp = \"off\"\n").unwrap();
    let printed = hyperdust(folder.path())
        .args(["serve", "--print-config", "--listen", "ipc:///x", "--set", "quota.lanes=5"])
        .env("HYPERDUST_SERVE_LOG", "json")
        .output()
        .unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    for line in ["threads = 3", "http = \"off\"", "lanes = 5", "log = \"json\"", "ipc:///x"] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let wrong = hyperdust(folder.path()).args(["serve", "--set", "quota.lane=5"]).output().unwrap();
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("`lane`"));
}

/// Keys are made, listed, and taken back.
#[test]
fn keys() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let done = hyperdust(folder.path()).arg("keys").args(arguments).output().unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap())
    };
    let (made, key) = run(&["new", "agent.key"]);
    assert!(made && key.trim().len() == 40);
    assert!(!run(&["new", "agent.key"]).0, "a key is not overwritten");
    // One in 85 keys begins like a flag.
    let hyphen = "-SlyN@O}CI%76P:h7I8MzTg@oFf0e=U1vKurN.u>";
    assert!(run(&["allow", hyphen, "--role", "agent", "--data", "elsewhere"]).0);
    assert!(run(&["list", "--data", "elsewhere"]).1.contains(hyphen));
    assert!(run(&["revoke", hyphen, "--data", "elsewhere"]).0);
    assert!(run(&["allow", key.trim(), "--role", "agent", "--name", "a robot"]).0);
    let (_, list) = run(&["list"]);
    assert!(list.starts_with("server ") && list.contains(&format!("agent {} a robot", key.trim())), "{list}");
    assert!(run(&["revoke", key.trim()]).0);
    assert!(!run(&["list"]).1.contains(key.trim()));
    assert!(!run(&["revoke", key.trim()]).0);
}
