//! Who has no key in the list gets nothing; keys and lists come back from their files, and only from files that are theirs.

use std::{
    fs,
    sync::{Arc, RwLock},
    time::Duration,
};

use hyperdust_wire::{
    Hex,
    client::{Client, ClientError, Options},
    curve::{self, Authorised, Entry, KeyError, KeyPair, ListError, PublicKey, Zap},
    message::Role,
};
use proptest::prelude::*;

use crate::server::{Server, Setup};

fn pair() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn options(server: &KeyPair, client: &KeyPair, timeout: Duration) -> Options {
    Options { keys: Some((server.public, client.clone())), timeout, ..Options::default() }
}

/// libzmq is built with CURVE: without it nothing beyond loopback would be safe, and nothing there is served.
#[test]
fn curve_is_there() {
    curve::required().unwrap();
    assert_eq!(zmq::has("curve"), Some(true));
}

/// A key of the list connects; one that is not, none at all, and another server's key do not; and a key that is taken out of
/// the list while it is connected gets no answer any more.
#[test]
fn only_known_keys_connect() {
    let (server, known, stranger) = (pair(), pair(), pair());
    let mut list = Authorised::default();
    list.allow(Entry { role: Role::Agent, key: known.public, name: "known".into() }).unwrap();
    let list = Arc::new(RwLock::new(list));
    let running = Server::start(Setup { keys: Some((server.clone(), list.clone())), ..Setup::default() });
    let long = Duration::from_secs(30);
    let mut client = Client::connect(&running.endpoint, &options(&server, &known, long)).unwrap();
    client.ping().unwrap();
    let refused = |options: Options| Client::connect(&running.endpoint, &options).unwrap_err();
    assert!(matches!(refused(options(&server, &stranger, long)), ClientError::Unauthorised { .. }));
    let short = Duration::from_millis(200);
    let nothing = |error: ClientError| matches!(error, ClientError::Unauthorised { .. } | ClientError::Timeout { .. });
    assert!(nothing(refused(options(&stranger, &known, short))), "another server's key");
    assert!(nothing(refused(Options { timeout: short, ..Options::default() })), "no key");
    list.write().unwrap().revoke(&known.public);
    client.set_timeout(short);
    assert!(matches!(client.ping(), Err(ClientError::Timeout { .. })));
    list.write().unwrap().allow(Entry { role: Role::Operator, key: known.public, name: String::new() }).unwrap();
    client.set_timeout(long);
    client.ping().unwrap();
}

/// Beyond this machine nothing is sent in the clear.
#[test]
fn keys_are_needed_beyond_loopback() {
    let error = Client::connect("tcp://192.0.2.1:5555", &Options::default()).unwrap_err();
    assert!(matches!(error, ClientError::NeedsKeys { .. }) && !error.retryable());
}

/// A second handler cannot take the first one's place, and questions that are none are refused.
#[test]
fn zap_answers_only_what_it_knows() {
    let context = zmq::Context::new();
    let key = pair().public;
    let mut list = Authorised::default();
    list.allow(Entry { role: Role::Agent, key, name: String::new() }).unwrap();
    let zap = Zap::new(&context, Arc::new(RwLock::new(list))).unwrap();
    assert!(Zap::new(&context, Arc::default()).is_err());
    let asker = context.socket(zmq::REQ).unwrap();
    asker.set_linger(0).unwrap();
    asker.connect("inproc://zeromq.zap.01").unwrap();
    let ask = |parts: &[&[u8]]| {
        asker.send_multipart(parts, 0).unwrap();
        while zap.serve().unwrap() == 0 {}
        let answer = asker.recv_multipart(0).unwrap();
        (String::from_utf8(answer[2].clone()).unwrap(), String::from_utf8(answer[4].clone()).unwrap())
    };
    let known = ask(&[b"1.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"CURVE", &key.0]);
    assert_eq!(known, ("200".into(), key.to_string()));
    let nobody = ("400".to_string(), String::new());
    assert_eq!(ask(&[b"1.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"CURVE", &[0; 32]]), nobody);
    assert_eq!(ask(&[b"1.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"CURVE", &key.0[..31]]), nobody);
    assert_eq!(ask(&[b"1.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"NULL", &key.0]), nobody);
    assert_eq!(ask(&[b"1.0", b"1", b"other", b"127.0.0.1", b"", b"CURVE", &key.0]), nobody);
    assert_eq!(ask(&[b"2.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"CURVE", &key.0]), nobody);
    assert_eq!(ask(&[b"1.0", b"1", b"hyperdust", b"127.0.0.1", b"", b"PLAIN", b"user", b"password"]), nobody);
    assert_eq!(ask(&[b"1.0"]), nobody);
}

/// A pair comes back from its file, which nobody else may read, which is never overwritten, and which is refused where others
/// can read it. `Debug` shows no secret.
#[test]
fn key_files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let saved = pair();
    saved.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let secret = text.lines().find_map(|line| line.strip_prefix("secret ")).unwrap();
    assert!(!format!("{saved:?}").contains(secret));
    assert!(matches!(pair().save(&path), Err(KeyError::Io { .. })), "never overwritten");
    let loaded = KeyPair::load(&path).unwrap();
    assert_eq!(loaded.public, saved.public);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = KeyPair::load(&path).unwrap_err();
        assert!(matches!(error, KeyError::Readable { mode: 0o640, .. }), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    for broken in ["", "public x\nsecret y\n", &text.replace("secret", "secret x"), &format!("{text}{text}")] {
        fs::write(&path, broken).unwrap();
        let error = KeyPair::load(&path).unwrap_err().to_string();
        assert!(!error.contains(secret), "{error}");
    }
}

/// A list comes back from its file; one that is not there is empty; lines that are none say which they are.
#[test]
fn lists_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authorised");
    let mut list = Authorised::load(&path).unwrap();
    assert_eq!(list, Authorised::default());
    let (agent, operator) = (pair().public, pair().public);
    list.allow(Entry { role: Role::Agent, key: agent, name: "the laptop".into() }).unwrap();
    list.allow(Entry { role: Role::Companion, key: operator, name: String::new() }).unwrap();
    list.allow(Entry { role: Role::Operator, key: operator, name: "me".into() }).unwrap();
    list.save(&path).unwrap();
    let mut loaded = Authorised::load(&path).unwrap();
    assert_eq!(loaded, list);
    assert_eq!((loaded.role(&agent), loaded.role(&operator)), (Some(Role::Agent), Some(Role::Operator)));
    assert!(loaded.revoke(&agent) && !loaded.revoke(&agent));
    assert_eq!(loaded.role(&agent), None);
    let wrong = |text: &str| match Authorised::parse(text) {
        Err(ListError::Line { line, .. }) => line,
        other => panic!("{text:?}: {other:?}"),
    };
    assert_eq!(wrong("boss x"), 1);
    assert_eq!(wrong(&format!("\n# people\nagent {agent}\nagent {agent} again\n")), 4);
    assert_eq!(wrong(&format!("agent {}", &agent.to_string()[1..])), 1);
    assert_eq!(wrong(&format!("agent  {agent}")), 1);
    let garbled = Entry { role: Role::Agent, key: agent, name: "a\nagent".into() };
    assert!(list.allow(garbled).is_err());
}

proptest! {
    /// Any text is a list or an error; what is a list comes back.
    #[test]
    fn lists_are_total(text in "((agent|operator|x) [!-~]{40}( [a-z]{0,3})?\n|# [ -~]{0,9}\n|[ -~]{0,50}\n){0,6}") {
        if let Ok(list) = Authorised::parse(&text) {
            prop_assert_eq!(Authorised::parse(&list.to_string()).unwrap(), list);
        }
    }

    /// One text to a key.
    #[test]
    fn keys_have_one_text(key: [u8; 32], other in "[ -~]{38,42}") {
        let text = PublicKey(key).to_string();
        prop_assert_eq!(text.parse::<PublicKey>().unwrap(), PublicKey(key));
        let digits = Hex(key).to_string();
        prop_assert_eq!(digits.parse::<PublicKey>().unwrap(), PublicKey(key));
        prop_assert_eq!(digits[2..].to_uppercase().parse::<PublicKey>().unwrap(), PublicKey(key));
        if let Ok(key) = other.parse::<PublicKey>() {
            prop_assert_eq!(key.to_string(), other);
        }
    }
}
