//! Any frames are a message or an error; a message that was read is written and read again as the same one. Any frames are a
//! batch of a session or an error. No text is taken for loopback that is not.
//!
//! The first byte says what the others are: frames, each behind its length (u16, little-endian).
#![no_main]

use std::cell::RefCell;

use hyperdust_gym::{AutoresetMode, Batch};
use hyperdust_kernel::Model;
use hyperdust_scene::Scene;
use hyperdust_wire::{Endpoint, Header, Kind, Layout, Reply, Request, Sort};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static SESSION: RefCell<(Layout, Batch)> = RefCell::new({
        let cooked = Scene::builtin("cartpole").expect("published").cook(&Default::default()).expect("cooks");
        let model = Model::new(cooked.blueprint).expect("valid");
        let layout = Layout::new(&model, 2, AutoresetMode::SameStep).expect("small");
        let batch = layout.buffer();
        (layout, batch)
    });
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&what, mut rest)) = bytes.split_first() else { return };
    let mut frames: Vec<&[u8]> = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (frame, after) = after.split_at(usize::from(u16::from_le_bytes(*length)).min(after.len()));
        frames.push(frame);
        rest = after;
    }
    match what % 3 {
        0 => message(&frames),
        1 => SESSION.with_borrow_mut(|(layout, batch)| {
            let Some((frame, finals)) = frames.split_first() else { return };
            if layout.read(frame, finals.first().copied(), batch).is_ok() {
                let mut written = vec![0; layout.batch.size];
                assert_eq!(layout.write(batch, &mut written), finals.first().is_some());
                let mut again = layout.buffer();
                assert_eq!(layout.read(&written, finals.first().copied(), &mut again), Ok(()));
            }
        }),
        _ => {
            let Some(text) = std::str::from_utf8(&bytes[1..]).ok() else { return };
            if let Ok(endpoint) = text.parse::<Endpoint>() {
                assert_eq!(endpoint.as_str(), text);
                let local = ["ipc://", "tcp://127.", "tcp://localhost:", "tcp://["];
                assert!(!endpoint.loopback() || local.iter().any(|start| text.starts_with(start)));
            }
        }
    }
});

fn message(frames: &[&[u8]]) {
    let Some((first, rest)) = frames.split_first() else { return };
    let Ok(header) = Header::decode(first) else {
        let _ids = Header::ids(first);
        return;
    };
    assert_eq!(&header.encode()[..], *first, "headers are canonical");
    if let Ok(request) = Request::decode(&header, rest) {
        let frames = request.encode().expect("what was read can be written");
        let frames: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        assert_eq!(Request::decode(&header, &frames).as_ref(), Ok(&request));
    }
    if let Ok(reply) = Reply::decode(&header, rest) {
        let kind = if let Sort::Reply(kind) = header.sort { kind } else { Kind::Ping };
        let frames = reply.encode(kind).expect("what was read can be written");
        let frames: Vec<&[u8]> = frames.iter().map(|frame| &**frame).collect();
        assert_eq!(Reply::decode(&header, &frames).as_ref(), Ok(&reply));
    }
}
