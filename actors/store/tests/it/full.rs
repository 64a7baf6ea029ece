//! A full disk: a typed error that may pass, nothing acknowledged lost, and writing goes on once there is room. On a small tmpfs, where
//! this process may mount one; and everywhere under a limit on the length of files.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use hyperdust_store::{Error, Id, Options, SledStore, Store};

use super::{assert_clean, content, meta, options};

/// A mounted tmpfs.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn mount(megabytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

/// Puts and flushes until it is refused: what was acknowledged, and the error.
fn fill(store: &SledStore, from: u64) -> (Vec<(Id, u64)>, Error) {
    let mut acknowledged = Vec::new();
    for number in from.. {
        let result = store.put_episode(&meta("ant", 0), &content("full", number, 100_000));
        match result.and_then(|id| store.flush().map(|()| id)) {
            Ok(id) => acknowledged.push((id, number)),
            Err(error) => return (acknowledged, error),
        }
        assert!(number - from < 2000, "nothing is ever full");
    }
    unreachable!()
}

fn assert_there(store: &SledStore, acknowledged: &[(Id, u64)]) {
    for (id, number) in acknowledged {
        assert_eq!(store.episode_bytes(id).unwrap().unwrap(), content("full", *number, 100_000), "episode {number}");
    }
}

#[test]
fn a_full_disk_is_noticed_before_the_database_is() {
    let Some(disk) = Tmpfs::mount(32) else {
        eprintln!("not seen: this process may not mount a tmpfs");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 12 << 20]).unwrap();
    let options = Options { reserve: 4 << 20, ..options(&disk.0.path().join("store")) };
    let (store, _) = SledStore::open(&options).unwrap();
    let (mut acknowledged, error) = fill(&store, 0);
    assert!(matches!(error, Error::DiskFull { .. }) && error.retryable(), "{error}");
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert!(matches!(store.flush(), Err(Error::DiskFull { .. })));
    assert_there(&store, &acknowledged);
    // Room comes back: what waited is written, and so is more.
    fs::remove_file(&ballast).unwrap();
    store.flush().unwrap();
    let (more, _) = fill(&store, 10_000);
    assert!(!more.is_empty());
    acknowledged.extend(more);
    assert_there(&store, &acknowledged);
    drop(store);
    let (store, opened) = SledStore::open(&options).unwrap();
    assert!(!opened.salvaged(), "{opened:?}");
    assert_there(&store, &acknowledged);
    assert_clean(&store);
}

const FOLDER: &str = "HYPERDUST_STORE_LIMITED";

/// Not a test by itself: what the tests below run in a process of its own, where the database meets the limit while it writes.
#[test]
fn the_limited() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (store, _) = SledStore::open(&options(Path::new(&folder))).unwrap();
    let (acknowledged, error) = fill(&store, 0);
    assert!(error.retryable(), "{error}");
    for (id, number) in &acknowledged {
        // Reads may have to wait, too, and are never wrong.
        match store.episode_bytes(id) {
            Ok(bytes) => assert_eq!(bytes.unwrap(), content("full", *number, 100_000)),
            Err(error) => assert!(error.retryable(), "{error}"),
        }
        println!("acknowledged {id} {number}");
    }
    // The last one may fit once the database was opened again, and what waits for a flush that fails is not lost to others.
    if let Err(error) = store.flush() {
        assert!(error.retryable(), "{error}");
    }
}

/// Runs it after `script`, and looks at what is left once there is room again.
fn limited(script: &str, folder: &Path, relieve: impl FnOnce()) {
    let script = format!("{script} exec \"$0\" --exact full::the_limited --nocapture");
    let mut limited = Command::new("bash");
    limited.args(["-c", &script]).arg(env::current_exe().unwrap()).env(FOLDER, folder);
    let output = limited.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    relieve();
    let acknowledged: Vec<(Id, u64)> = text
        .lines()
        .filter_map(|line| line.split_once("acknowledged ")?.1.split_once(' '))
        .map(|(id, number)| (id.parse().unwrap(), number.parse().unwrap()))
        .collect();
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());
    let (store, opened) = SledStore::open(&options(folder)).unwrap();
    assert!(!opened.salvaged(), "{opened:?}");
    assert_there(&store, &acknowledged);
    assert_clean(&store);
}

#[test]
fn files_that_may_not_grow_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Blocks of 1024 bytes: 8 MiB. Without the signal, writing fails with an error.
    limited("trap '' XFSZ; ulimit -f 8192;", folder.path(), || ());
}

#[test]
fn a_disk_that_fills_while_the_database_writes_loses_nothing() {
    // Opening may have to copy a log that was cut off: what comes back is more than what was written.
    let Some(disk) = Tmpfs::mount(64) else {
        eprintln!("not seen: this process may not mount a tmpfs");
        return;
    };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![1; 44 << 20]).unwrap();
    limited("", &disk.0.path().join("store"), || fs::remove_file(&ballast).unwrap());
}
