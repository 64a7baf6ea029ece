//! The files in `golden/` are what this crate writes and reads: clients in other languages are held to the same files.
//!
//! To write them anew: `cargo test -p hyperdust-wire -- --ignored write_golden` (say in the commit why they changed; a change that
//! an old client would not understand raises [`VERSION`]). A file is a message, a frame a line: `hex` and digits, or `json` and
//! the frame's text. Lines that begin with `#` say what it is.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use hyperdust_gym::{AutoresetMode, Seeds};
use hyperdust_kernel::rng::Rng;
use hyperdust_wire::{
    Code, Failure, Header, Kind, Layout, Reply, Request, Sort, VERSION,
    message::{Notice, NoticeKind},
};

use crate::{examples, server::local};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "golden"].iter().collect()
}

/// Every message by its file's name: frames, and what it is.
fn messages() -> BTreeMap<String, (Vec<Vec<u8>>, String)> {
    let mut messages = BTreeMap::new();
    let mut add = |name: String, header: Header, frames: Vec<Vec<u8>>, what: &str| {
        let about = format!("{what}: {:?}, request {}, session {}", header.sort, header.request, header.session);
        let number = (1..).find(|number| !messages.contains_key(&file(&name, *number))).unwrap();
        messages
            .insert(file(&name, number), (core::iter::once(header.encode().to_vec()).chain(frames).collect(), about));
    };
    for request in examples::requests() {
        let kind = request.kind();
        let frames = request.encode().unwrap().into_iter().map(|frame| frame.into_owned()).collect();
        add(format!("request-{}", slug(kind)), header(kind), frames, "client to server");
    }
    for (kind, reply) in examples::replies() {
        let frames = reply.encode(kind).unwrap().into_iter().map(|frame| frame.into_owned()).collect();
        add(format!("reply-{}", slug(kind)), header(kind).reply(), frames, "server to client");
    }
    for code in Code::ALL {
        let failure = Failure::new(code, format!("an example of {code}")).next(3);
        let frames = Reply::Failure(failure).encode(Kind::Step).unwrap();
        let frames = frames.into_iter().map(|frame| frame.into_owned()).collect();
        add(format!("error-{}", code.name().replace('_', "-")), header(Kind::Step).error(), frames, "server to client");
    }
    let notice = Notice { notice: NoticeKind::Draining, message: "the server ends".into(), in_ms: Some(3000) };
    let frames =
        Reply::Notice(notice).encode(Kind::Ping).unwrap().into_iter().map(|frame| frame.into_owned()).collect();
    add("notice".into(), Header { sort: Sort::Notice, request: 0, session: 0 }, frames, "server to client");

    // Real batches, of 2 lanes of cartpole: seeds 5 and 6, then pushes to the right until a pole falls.
    let mode = AutoresetMode::SameStep;
    let mut env = local("cartpole", 2, mode);
    let layout = Layout::new(env.model(), 2, mode).unwrap();
    let batch = |batch: &hyperdust_gym::Batch| {
        let mut frames = vec![vec![0; layout.batch.size]];
        if layout.write(batch, &mut frames[0]) {
            let mut finals = vec![0; layout.finals.as_ref().unwrap().size];
            layout.write_finals(batch, &mut finals);
            frames.push(finals);
        }
        frames
    };
    let reply = |kind, request| Header::request(kind, request, 7).reply();
    let what = "cartpole, 2 lanes, SameStep";
    add("cartpole-reset".into(), reply(Kind::Reset, 1), batch(env.reset(Seeds::First(5), None).unwrap()), what);
    let right: Vec<u8> = [1i32, 1].into_iter().flat_map(i32::to_le_bytes).collect();
    for request in 2.. {
        let frames = batch(env.step(&[&right]).unwrap());
        let last = frames.len() == 2;
        if request == 2 || last {
            add("cartpole-step".into(), reply(Kind::Step, request), frames, what);
        }
        if last {
            break;
        }
    }
    messages
}

fn file(name: &str, number: u32) -> String {
    if number == 1 { format!("{name}.txt") } else { format!("{name}-{number}.txt") }
}

fn slug(kind: Kind) -> String {
    kind.name().to_lowercase().replace('_', "-")
}

fn header(kind: Kind) -> Header {
    Header::request(kind, 3, u64::from(kind.numbered()) * 7)
}

fn text(frames: &[Vec<u8>], about: &str) -> String {
    let mut text = format!("# {about}\n");
    for frame in frames {
        match core::str::from_utf8(frame) {
            Ok(json) if json.starts_with('{') => writeln!(text, "json {json}").unwrap(),
            _ => {
                text.push_str("hex ");
                frame.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
                text.push('\n');
            }
        }
    }
    text
}

/// Every file is what is written today, and nothing else is there.
#[test]
fn golden_files_are_written() {
    let messages = messages();
    for (name, (frames, about)) in &messages {
        let found = fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert_eq!(found, text(frames, about), "{name}: see the head of this file");
    }
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let strange: Vec<_> = there.filter(|name| !messages.contains_key(name)).collect();
    assert!(strange.is_empty(), "no message: {strange:?}");
}

fn read(name: &str) -> Vec<Vec<u8>> {
    let byte = |digits: &str, at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let frames = text.lines().filter_map(|line| match line.split_once(' ')? {
        ("json", json) => Some(json.as_bytes().to_vec()),
        ("hex", digits) => Some((0..digits.len()).step_by(2).map(|at| byte(digits, at)).collect()),
        _ => None,
    });
    frames.collect()
}

/// Decodes frames and encodes what they are; none where they are nothing.
fn again(frames: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let slices: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let (first, rest) = slices.split_first()?;
    let header = Header::decode(first).ok()?;
    let written = match header.sort {
        Sort::Request(_) => Request::decode(&header, rest).ok()?.encode(),
        Sort::Reply(kind) => Reply::decode(&header, rest).ok()?.encode(kind),
        _ => Reply::decode(&header, rest).ok()?.encode(Kind::Ping),
    };
    let written = written.unwrap().into_iter().map(|frame| frame.into_owned());
    Some(core::iter::once(header.encode().to_vec()).chain(written).collect())
}

/// Every file is read as a message, which is written as the same frames.
#[test]
fn golden_files_are_read() {
    for name in messages().keys() {
        let frames = read(name);
        assert_eq!(again(&frames), Some(frames), "{name}, version {VERSION}");
    }
}

/// Every message with bytes changed, cut, doubled and moved between frames: another message, which is read again as the same, or
/// an error; a batch of a session or an error.
#[test]
fn changed_messages_are_messages_or_errors() {
    let all: Vec<Vec<Vec<u8>>> = messages().keys().map(|name| read(name)).collect();
    let layout =
        Layout::new(local("cartpole", 2, AutoresetMode::SameStep).model(), 2, AutoresetMode::SameStep).unwrap();
    let mut batch = layout.buffer();
    let mut rng = Rng::new(1);
    let mut below = |limit: usize| (rng.unit() * limit as f32) as usize;
    let mut taken = 0;
    for round in 0..60_000 {
        let mut frames = all[round % all.len()].clone();
        for _ in 0..=below(3) {
            let index = below(frames.len());
            let frame = &mut frames[index];
            let at = below(frame.len());
            match below(7) {
                0 if !frame.is_empty() => frame[at] = below(256) as u8,
                1 if !frame.is_empty() => frame[at] ^= 1 << below(8),
                2 => frame.truncate(at),
                3 => frame.extend_from_within(at..),
                4 => {
                    let other = &all[below(all.len())];
                    frames[index] = other[below(other.len())].clone();
                }
                5 => {
                    let copy = frames[index].clone();
                    frames.push(copy);
                }
                _ if frames.len() > 1 => drop(frames.remove(index)),
                _ => {}
            }
        }
        if let Some(written) = again(&frames) {
            assert_eq!(again(&written), Some(written));
            taken += 1;
        }
        if let [_, frame, rest @ ..] = frames.as_slice() {
            let _ = layout.read(frame, rest.first().map(Vec::as_slice), &mut batch);
        }
    }
    assert!(taken > 1000, "most of them are no messages, but not all: {taken}");
}

#[test]
#[ignore = "writes golden/"]
fn write_golden() {
    let _none = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    for (name, (frames, about)) in messages() {
        fs::write(folder().join(name), text(&frames, &about)).unwrap();
    }
}
