//! Flipped bits, torn and missing files: whatever was done to the files, opening ends, and what is given back is right.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hyperdust_store::{Id, JobMeta, SledStore, Store};

use super::{Dice, assert_clean, content, open, options, put};

const EPISODES: u64 = 60;

/// A store that has a past: some was removed, a journal was trimmed, and it was opened several times.
fn filled(path: &Path) -> Vec<Id> {
    let mut ids = Vec::new();
    for round in 0..3 {
        let (store, _) = open(path);
        for number in 0..EPISODES / 3 {
            let number = round * EPISODES / 3 + number;
            ids.push(put(&store, number, if number % 6 == 5 { 50_000 } else { 2_000 }));
            if number % 10 == 9 {
                store.flush().unwrap();
            }
        }
        store.checkpoint(1, round * 10, &content("state", round * 10, 30_000)).unwrap();
        for number in round * 10 + 1..=round * 10 + 10 {
            store.append(1, number, &content("command", number, 300)).unwrap();
        }
        store.put_job(&Id::of(b"job"), &JobMeta::default(), &ids[..3]).unwrap();
        store.put_segment(&Id::of(b"job"), round, &content("segment", round, 20_000)).unwrap();
        store.flush().unwrap();
    }
    ids
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

/// Opens what is left and gives how many episodes are there; everything that is there is right.
fn survivors(path: &Path, ids: &[Id]) -> usize {
    let (store, opened) = SledStore::open(&options(path)).unwrap();
    let mut there = 0;
    for (number, id) in ids.iter().enumerate() {
        match store.episode_bytes(id) {
            Ok(Some(bytes)) => {
                assert_eq!(Id::of(&bytes), *id, "wrong bytes of episode {number}");
                there += 1;
            }
            Ok(None) => {
                assert!(
                    opened.salvaged() && !opened.lost.is_empty(),
                    "episode {number} is lost in silence: {opened:?}"
                );
            }
            Err(error) => panic!("found broken only when it was read: {error}"),
        }
    }
    if let Some(journal) = store.journal(1).unwrap() {
        assert_eq!(journal.state, content("state", journal.after, 30_000));
        for (number, command) in (journal.after + 1..).zip(&journal.commands) {
            assert_eq!(*command, content("command", number, 300));
        }
    }
    assert_clean(&store);
    // It goes on.
    let id = put(&store, 1_000_000, 3_000);
    store.flush().unwrap();
    drop(store);
    let (store, opened) = open(path);
    assert!(!opened.salvaged(), "{opened:?}");
    assert!(store.episode_bytes(&id).unwrap().is_some());
    there
}

#[test]
fn a_flipped_bit_costs_at_most_what_it_is_in() {
    let original = tempfile::tempdir().unwrap();
    let ids = filled(original.path());
    let rounds = std::env::var("HYPERDUST_FLIPS").map_or(30, |rounds| rounds.parse().unwrap());
    let mut dice = Dice(1);
    for round in 0..rounds {
        let damaged = tempfile::tempdir().unwrap();
        copy(original.path(), damaged.path());
        let files = files(damaged.path());
        // Half of them in the log, where the values are.
        let log = files.iter().find(|file| file.ends_with("db")).unwrap();
        let file = if round % 2 == 0 { log } else { &files[dice.below(files.len() as u64) as usize] };
        let mut bytes = fs::read(file).unwrap();
        if bytes.is_empty() {
            continue;
        }
        let at = dice.below(bytes.len() as u64);
        bytes[at as usize] ^= 1 << dice.below(8);
        fs::write(file, bytes).unwrap();
        let there = survivors(damaged.path(), &ids);
        // A page of the database holds at most sixteen values.
        assert!(there + 1 >= ids.len(), "round {round}: {there} of {} after a flip in {file:?} at {at}", ids.len());
    }
}

#[test]
fn whatever_is_done_to_the_files_nothing_wrong_is_given_back() {
    let original = tempfile::tempdir().unwrap();
    let ids = filled(original.path());
    let rounds = std::env::var("HYPERDUST_FLIPS").map_or(20, |rounds| rounds.parse().unwrap());
    let mut dice = Dice(2);
    for _ in 0..rounds {
        let damaged = tempfile::tempdir().unwrap();
        copy(original.path(), damaged.path());
        let files = files(damaged.path());
        for _ in 0..1 + dice.below(3) {
            let file = &files[dice.below(files.len() as u64) as usize];
            let Ok(mut bytes) = fs::read(file) else { continue };
            let length = bytes.len() as u64;
            match dice.below(5) {
                0 => bytes.truncate(dice.below(length + 1) as usize),
                1 => {
                    // A block of zeros, as a disk leaves it.
                    let at = dice.below(length.max(1)) as usize;
                    bytes.iter_mut().skip(at).take(4096).for_each(|byte| *byte = 0);
                }
                2 => (0..20).for_each(|_| {
                    let at = dice.below(length.max(1)) as usize;
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << dice.below(8);
                    }
                }),
                3 => bytes.rotate_left((dice.below(length.max(1))) as usize),
                _ => {
                    fs::remove_file(file).unwrap();
                    continue;
                }
            }
            fs::write(file, bytes).unwrap();
        }
        survivors(damaged.path(), &ids);
    }
}
