//! HTTP: what the page reads is there and true, and other sites cannot read it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use hyperdust_actors::serve::Options;
use hyperdust_gym::AutoresetMode;
use serde_json::Value;

use super::house::{House, Player, recorded};

/// Status, and what follows the headers.
pub fn get(address: SocketAddr, path: &str, host: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer[end + 4..].to_vec())
}

pub fn json(address: SocketAddr, path: &str) -> Value {
    let (status, body) = get(address, path, "localhost");
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// Everything about a session that ran: as a number for Prometheus, in lists, as a replay.
#[test]
fn the_page_has_its_answers() {
    let house = House::new(|config| config.http = "127.0.0.1:0".parse().unwrap(), Options::default());
    let address = house.server().http.unwrap();
    let mut remote = Player::open(house.ipc(), recorded("cartpole", 3, AutoresetMode::SameStep), 3);
    remote.reset(3);
    let session = remote.opened.session;
    let mut returns = Vec::new();
    for _ in 0..60 {
        let batch = remote.step();
        returns.extend((0..3).filter(|lane| batch.episode_mask[*lane]).map(|lane| batch.episode_returns[lane]));
    }
    let sessions = json(address, "/api/sessions");
    assert_eq!(sessions[0]["id"], session.to_string());
    assert_eq!((&sessions[0]["steps"], &sessions[0]["scene"]), (&180.into(), &"cartpole".into()));
    assert_eq!(json(address, &format!("/api/sessions/{session}"))["num_envs"], 3);
    let stage = json(address, &format!("/api/sessions/{session}/stage"));
    let bodies = stage["bodies"].as_u64().unwrap() as usize;
    remote.close();

    assert_eq!(get(address, "/healthz", "localhost"), (200, b"ok\n".to_vec()));
    let text = String::from_utf8(get(address, "/metrics", "localhost").1).unwrap();
    assert!(text.contains("hyperdust_steps_total{scene=\"cartpole\"} 180"), "{text}");
    let status = json(address, "/api/status");
    assert_eq!((&status["steps"], &status["sessions"]), (&180.into(), &0.into()));
    assert_eq!(status["episodes"], returns.len());
    let scenes = json(address, "/api/scenes");
    assert!(scenes.as_array().unwrap().iter().any(|scene| scene["name"] == "ant"));
    assert!(get(address, "/api/scenes/pendulum/picture.png", "localhost").1.starts_with(b"\x89PNG"));

    let list = json(address, "/api/episodes?limit=1000");
    assert_eq!(list["total"], returns.len());
    for episode in list["episodes"].as_array().unwrap() {
        assert!(returns.iter().any(|value| episode["episode_return"] == *value), "{episode}");
        let path = format!("/api/episodes/{}", episode["id"].as_str().unwrap());
        assert_eq!(json(address, &path), *episode);
        let track = json(address, &format!("{path}/trajectory"));
        let steps = track["rewards"].as_array().unwrap().len();
        assert_eq!((episode["steps"].as_u64(), &track["terminated"]), (Some(steps as u64), &true.into()));
        let (_, poses) = get(address, &format!("{path}/poses"), "localhost");
        assert_eq!(poses.len(), (steps + 1) * bodies * 28);
    }
    assert_eq!(json(address, "/api/episodes?limit=2&offset=1")["episodes"][0], list["episodes"][1]);
}

/// Episodes are those that are stored, whichever server stored them.
#[test]
fn episodes_are_counted_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        let change = |config: &mut hyperdust_actors::serve::Config| {
            config.http = "127.0.0.1:0".parse().unwrap();
            config.data = folder.path().into();
        };
        House::new(change, Options::default())
    };
    let house = start();
    let mut remote = Player::open(house.ipc(), recorded("cartpole", 3, AutoresetMode::SameStep), 3);
    remote.reset(3);
    while json(house.server().http.unwrap(), "/api/status")["episodes"] == 0 {
        remote.step();
    }
    remote.close();
    let stored = json(house.server().http.unwrap(), "/api/status")["episodes"].clone();
    drop(house);
    assert_eq!(json(start().server().http.unwrap(), "/api/status")["episodes"], stored);
}

/// What is not there is a status and a message; a name that somebody made point here is refused.
#[test]
fn refusals() {
    let house = House::new(|config| config.http = "127.0.0.1:0".parse().unwrap(), Options::default());
    let address = house.server().http.unwrap();
    for path in ["/api/sessions/7", "/api/episodes/0x00", "/api/scenes/none/picture.png", "/api/sessions/7/live"] {
        let (status, body) = get(address, path, "127.0.0.1:80");
        let message: Value = serde_json::from_slice(&body).unwrap();
        assert!(status == 404 && message["message"].is_string(), "{path}: {status}");
    }
    // Also where the request says that a proxy was asked for another one.
    for host in ["evil.example", "evil.example\r\nX-Forwarded-Host: localhost\r\nForwarded: host=localhost"] {
        assert_eq!(get(address, "/api/status", host).0, 400, "{host}");
    }
    assert_eq!(get(address, "/", "[::1]:8080").0, 200);
}

/// Beyond loopback, where nobody knows who asks, health and counters are all there is: no session, no recording, no page.
#[test]
fn strangers_see_counters() {
    let house = House::new(|config| config.http = "0.0.0.0:0".parse().unwrap(), Options::default());
    let address = SocketAddr::from(([127, 0, 0, 1], house.server().http.unwrap().port()));
    for path in ["/", "/api/sessions", "/api/episodes", "/api/status", "//api/episodes", "/metrics/../api/episodes"] {
        assert_eq!(get(address, path, "localhost").0, 403, "{path}");
    }
    for path in ["/healthz", "/metrics"] {
        assert_eq!(get(address, path, "a-name-of-this-machine:9090").0, 200, "{path}");
    }
}

/// A watched session sends frames, and says when it is gone.
#[test]
fn live_worlds() {
    let house = House::new(|config| config.http = "127.0.0.1:0".parse().unwrap(), Options::default());
    let address = house.server().http.unwrap();
    let mut remote = Player::open(house.ipc(), recorded("cartpole", 2, AutoresetMode::SameStep), 3);
    remote.reset(3);
    let session = remote.opened.session;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /api/sessions/{session}/live?lane=1 HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut bytes = vec![0; 1 << 16];
    let mut text = String::new();
    while !text.contains("event-stream") {
        let count = stream.read(&mut bytes).unwrap();
        text += &String::from_utf8_lossy(&bytes[..count]);
    }
    while !text.contains("\"poses\":[0.0,") {
        remote.step();
        stream.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
        if let Ok(count) = stream.read(&mut bytes) {
            text += &String::from_utf8_lossy(&bytes[..count]);
        }
    }
    remote.close();
    stream.set_read_timeout(None).unwrap();
    while !text.contains("event: gone") {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the stream ended without a word");
        text += &String::from_utf8_lossy(&bytes[..count]);
    }
}
