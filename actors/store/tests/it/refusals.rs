//! What is refused, and by what name; and small promises: repeated puts, shared flushes, order of reads.

use std::{fs, sync::Barrier, thread};

use hyperdust_store::{EpisodeMeta, Error, Id, MAX_NAME, Options, SledStore, Store};

use super::{assert_clean, assert_retryable, content, meta, open, options, put};

#[test]
fn a_second_opening_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let error = assert_retryable(SledStore::open(&options(folder.path())));
    let number = std::process::id().to_string();
    assert!(matches!(error, Error::InUse { process: Some(_), .. }) && error.to_string().contains(&number), "{error}");
    drop(store);
    drop(open(folder.path()));
}

#[test]
fn what_is_too_long_or_no_number_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let long = meta(&"x".repeat(MAX_NAME + 1), 0);
    assert!(matches!(store.put_episode(&long, b""), Err(Error::TooLong { .. })));
    let nan = EpisodeMeta { episode_return: f64::NAN, ..meta("ant", 0) };
    assert!(matches!(store.put_episode(&nan, b""), Err(Error::NotANumber { .. })));
    for text in ["", "00", &"g".repeat(64), &"+1".repeat(32), &"é".repeat(32)] {
        assert!(matches!(text.parse::<Id>(), Err(Error::Name { .. })), "{text}");
    }
    let id = Id::of(b"x");
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn more_than_the_backlog_waits_for_a_flush() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = SledStore::open(&Options { backlog: 50_000, ..options(folder.path()) }).unwrap();
    put(&store, 0, 40_000);
    assert_retryable(store.put_episode(&meta("ant", 0), &content("x", 1, 40_000)));
    store.flush().unwrap();
    put(&store, 1, 400_000);
    store.flush().unwrap();
    assert_clean(&store);
}

#[test]
fn flushes_at_the_same_time_acknowledge_what_each_put() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for number in 0..20 {
                    let id = put(store, thread * 100 + number, 500);
                    store.flush().unwrap();
                    assert!(store.episode_bytes(&id).unwrap().is_some());
                }
            });
        }
    });
    drop(store);
    let (store, opened) = open(folder.path());
    assert!(!opened.salvaged());
    assert_eq!(store.usage().episodes, 160);
}

#[test]
fn another_version_is_refused_by_its_number_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    let id = put(&store, 0, 100);
    store.flush().unwrap();
    drop(store);
    // As a later release would leave it: everything is there, and none of it is ours to read.
    for name in ["identity", "identity.copy"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let (store, opened) = open(folder.path());
    let aside = opened.moved_aside.expect("what cannot be read is kept");
    assert!(aside.join("db").exists());
    assert_eq!(store.episode(&id).unwrap(), None);
    assert_clean(&store);
}
