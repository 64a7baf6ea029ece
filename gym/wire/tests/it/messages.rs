//! Every message comes back as it was, and no frames panic.

use hyperdust_wire::{Bounds, Code, Error, Failure, Header, Kind, Reply, Request, Sort, limits, message::*};
use proptest::prelude::*;

use crate::examples::{opened, replies, requests};

fn back(request: &Request<'_>) {
    let session = u64::from(request.kind().numbered()) * 7;
    let header = Header::request(request.kind(), 3, session);
    let frames = request.encode().unwrap();
    let frames: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
    assert_eq!(Header::decode(&header.encode()), Ok(header));
    assert_eq!(Request::decode(&header, &frames).as_ref(), Ok(request));
    // One frame more is refused, but in STEP, whose frames the session counts; two where the next would be a voucher.
    if request.kind() != Kind::Step {
        let extra = if matches!(request, Request::PolicyAct(_, _, None)) { 2 } else { 1 };
        let more: Vec<&[u8]> = frames.iter().copied().chain(std::iter::repeat_n(&b""[..], extra)).collect();
        assert!(matches!(Request::decode(&header, &more), Err(Error::Frames { .. })), "{request:?}");
    }
    assert!(matches!(Request::decode(&header.reply(), &frames), Err(Error::Direction { .. })));
}

fn reply_back(kind: Kind, reply: &Reply<'_>) {
    let request = Header::request(kind, 3, u64::from(kind.numbered()) * 7);
    let header = match reply {
        Reply::Failure(_) => request.error(),
        Reply::Notice(_) => Header { sort: Sort::Notice, request: 0, session: 7 },
        _ => request.reply(),
    };
    let frames = reply.encode(kind).unwrap();
    let frames: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
    assert_eq!(Header::decode(&header.encode()), Ok(header));
    assert_eq!(Reply::decode(&header, &frames).as_ref(), Ok(reply));
    assert!(matches!(Reply::decode(&request, &frames), Err(Error::Direction { .. })));
    let more: Vec<&[u8]> = frames.iter().copied().chain([&b""[..], b""]).collect();
    assert!(matches!(Reply::decode(&header, &more), Err(Error::Frames { .. })), "{reply:?}");
}

/// One of every kind.
#[test]
fn requests_come_back() {
    let requests = requests();
    let mut kinds: Vec<u16> = requests.iter().map(|request| request.kind() as u16).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), Kind::ALL.len(), "one of every kind");
    requests.iter().for_each(back);
    let Request::Reset(reset) = &requests[9] else { panic!("the reset with seeds") };
    assert_eq!(reset.seeds(), Some(vec![Some(0), None, Some(2)]));
    assert_eq!(reset.mask(), Some(vec![true; 3]));
}

/// One of every kind, errors and notices; to every kind that is answered that way.
#[test]
fn replies_come_back() {
    for (kind, reply) in replies() {
        reply_back(kind, &reply);
        reply_back(kind, &Reply::Failure(Failure::new(Code::Order, "found 5; accepted: 4").next(4)));
        let in_ms = Some(3000);
        reply_back(kind, &Reply::Notice(Notice { notice: NoticeKind::Draining, message: "bye".into(), in_ms }));
    }
}

/// Names in JSON are those of the table, and an error whose code asks for RESUME or patience says so.
#[test]
fn codes_have_one_name() {
    for code in Code::ALL {
        assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{}\"", code.name()));
        assert_eq!(Failure::new(code, "").retryable, code.retryable());
        assert!(!(code.answers() && code.retryable()), "{code}: what is used up cannot be asked again");
    }
    assert_eq!(Failure::from(&Error::Version { found: 9 }).versions, [1]);
}

/// The tables of `PROTOCOL.md` are the code's: kinds by number, and what each code means for its request.
#[test]
fn protocol_page_is_the_code() {
    let page = include_str!("../../PROTOCOL.md");
    let rows: Vec<Vec<&str>> = page.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    for kind in Kind::ALL {
        let number = (kind as u16).to_string();
        let row = rows.iter().find(|row| row.get(1) == Some(&number.as_str())).unwrap_or_else(|| panic!("{kind:?}"));
        assert_eq!((row[2], row[3] == "n"), (kind.name(), kind.numbered()));
    }
    for code in Code::ALL {
        let name = format!("`{code}`");
        let row = rows.iter().find(|row| row.get(1) == Some(&name.as_str())).unwrap_or_else(|| panic!("{code}"));
        assert_eq!((row[2] == "yes", row[3] == "yes"), (code.retryable(), code.answers()), "{code}");
    }
}

/// A header of another version or kind is refused, and can be answered all the same; anything else cannot.
#[test]
fn headers_that_can_be_answered() {
    let header = Header::request(Kind::Step, 5, 6).encode();
    let changed = |at: usize, byte: u8| {
        let mut changed = header;
        changed[at] = byte;
        (Header::decode(&changed), Header::ids(&changed))
    };
    let ids = Some(Header { sort: Sort::Error, request: 5, session: 6 });
    assert_eq!(changed(4, 2), (Err(Error::Version { found: 2 }), ids));
    assert_eq!(changed(6, 99), (Err(Error::Kind { found: 99 }), ids));
    assert_eq!(changed(6, 16), (Err(Error::Session { kind: "OPEN", found: 6 }), ids));
    assert_eq!(changed(0, b'h').1, None);
    assert_eq!(Header::ids(&header[..23]), None);
    let unnumbered = Header::request(Kind::Step, 0, 6);
    assert_eq!(Header::decode(&unnumbered.encode()), Err(Error::Request { kind: "STEP" }));
}

/// Out of bounds in one value each; the message names it.
#[test]
fn values_are_bounded() {
    let refused = |request: Request<'_>| match request.encode() {
        Err(Error::Value { path, .. }) => path,
        other => panic!("taken: {other:?}"),
    };
    let open = |change: fn(&mut Open)| {
        let mut open = Open::new("ant", 1);
        change(&mut open);
        Request::Open(Box::new(open))
    };
    assert_eq!(refused(open(|open| open.num_envs = 0)), "num_envs");
    assert_eq!(refused(open(|open| open.num_envs = limits::LANES + 1)), "num_envs");
    assert_eq!(refused(open(|open| open.autoreset = "Never".into())), "autoreset");
    assert_eq!(refused(open(|open| open.scene = "a\nb".into())), "scene");
    assert_eq!(refused(open(|open| open.scene = "a".repeat(limits::NAME + 1))), "scene");
    assert_eq!(refused(open(|open| open.pipeline = limits::PIPELINE + 1)), "pipeline");
    assert_eq!(refused(open(|open| open.agent = Some("short".into()))), "agent");
    assert_eq!(refused(Request::Run(Run { policy: "p".into(), steps: 0 })), "steps");
    assert_eq!(refused(Request::Hello(Hello { versions: vec![], client: String::new() })), "versions");
}

/// What a server says of a session is computed again: no offset, length or number of lanes of its own gets through.
#[test]
fn layouts_are_not_believed() {
    let refused = |change: fn(&mut Opened)| {
        let mut opened = opened();
        change(&mut opened);
        let header = Header::request(Kind::Open, 1, 0).reply();
        let json = serde_json::to_vec(&opened).unwrap();
        match Reply::decode(&header, &[&json]) {
            Err(Error::Value { path, .. }) => path,
            other => panic!("taken: {other:?}"),
        }
    };
    assert_eq!(refused(|opened| opened.layout.batch.fields[0].offset = 8), "layout");
    assert_eq!(refused(|opened| opened.layout.batch.size += 8), "layout");
    assert_eq!(refused(|opened| opened.layout.finals = None), "layout");
    assert_eq!(refused(|opened| opened.num_envs = 4), "layout");
    assert_eq!(
        refused(|opened| opened.observations[0].shape = vec![usize::MAX, usize::MAX]),
        "observations[0].shape: bytes"
    );
    assert_eq!(refused(|opened| opened.observations[0].shape = vec![1; 9]), "observations[0].shape: dimensions");
    assert_eq!(refused(|opened| opened.actions[0].choices = 2), "actions[0].choices");
    assert_eq!(refused(|opened| opened.actions[0].low = Bounds::Each(vec![None])), "actions[0].low");
}

/// Deep JSON, unknown and missing keys, two of a key, wrong types: an error each that says where, and nothing big.
#[test]
fn json_is_exact() {
    let header = Header::request(Kind::Run, 1, 1);
    let deep = "[".repeat(60_000);
    let long = format!("{{\"policy\":\"{}\",\"steps\":1}}", "p".repeat(limits::REQUEST_JSON));
    for json in [
        deep.as_str(),
        &long,
        "",
        "{}",
        "null",
        "{\"policy\":\"p\",\"steps\":1,\"more\":0}",
        "{\"policy\":\"p\",\"steps\":1,\"steps\":2}",
        "{\"policy\":\"p\",\"steps\":-1}",
        "{\"policy\":\"p\",\"steps\":1.5}",
        "{\"policy\":\"p\",\"steps\":1} ",
        "{\"policy\":\"\\ud800\",\"steps\":1}",
    ] {
        let frames = [json.as_bytes()];
        let decoded = Request::decode(&header, &frames);
        if json.ends_with(' ') {
            assert!(decoded.is_ok(), "white space is JSON");
            continue;
        }
        let error = decoded.unwrap_err().to_string();
        assert!(error.starts_with("RUN: ") && error.len() < 500, "{error}");
    }
}

proptest! {
    /// Any frames with any header are a message or an error.
    #[test]
    fn decoding_is_total(
        number in prop_oneof![0..100u16, 0x8000..0x8064u16, 0xFFF0..=0xFFFFu16],
        request in 0..3u64,
        session in 0..3u64,
        frames in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..64),
                "[{}\\[\\]\":,a-z0-9_ ]{0,80}".prop_map(String::into_bytes),
            ],
            0..5,
        ),
    ) {
        let mut header = Header::request(Kind::Step, request, session).encode();
        header[6..8].copy_from_slice(&number.to_le_bytes());
        let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        if let Ok(header) = Header::decode(&header) {
            if let Ok(request) = Request::decode(&header, &frames) {
                prop_assert!(request.encode().is_ok());
            }
            let _ = Reply::decode(&header, &frames);
        }
    }

    /// A changed byte of a real message is another message or an error.
    #[test]
    fn changed_messages(at in any::<prop::sample::Index>(), byte: u8) {
        let mut json = serde_json::to_vec(&opened()).unwrap();
        let at = at.index(json.len());
        json[at] = byte;
        let header = Header::request(Kind::Open, 1, 0).reply();
        let _ = Reply::decode(&header, &[&json]);
    }
}
