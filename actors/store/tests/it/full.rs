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

fn on_a_full_disk(reserve: u64) {
    let Some(disk) = Tmpfs::mount(32) else {
        eprintln!("not seen: this process may not mount a tmpfs");
        return;
    };
    let (folder, ballast) = (disk.0.path().join("store"), disk.0.path().join("ballast"));
    fs::write(&ballast, vec![1; 12 << 20]).unwrap();
    let options = Options { reserve, ..options(&folder) };
    let (store, _) = SledStore::open(&options).unwrap();
    let (mut acknowledged, error) = fill(&store, 0);
    assert!(matches!(error, Error::DiskFull { .. }) && error.retryable(), "{error}");
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    assert_there(&store, &acknowledged);
    let again = store.flush().unwrap_err();
    assert!(again.retryable(), "{again}");
    assert_there(&store, &acknowledged);
    // Room comes back: what waited is written, and so is more.
    fs::remove_file(&ballast).unwrap();
    store.flush().unwrap();
    let (more, _) = fill(&store, 10_000);
    assert!(!more.is_empty());
    acknowledged.extend(more);
    assert_there(&store, &acknowledged);
    drop(store);
    fs::write(disk.0.path().join("x"), b"").unwrap();
    let (store, opened) = match SledStore::open(&options) {
        Ok(opened) => opened,
        // A database that was full may need room to be opened.
        Err(error) => panic!("{error}"),
    };
    assert!(!opened.salvaged(), "{opened:?}");
    assert_there(&store, &acknowledged);
    assert_clean(&store);
}

#[test]
fn a_full_disk_is_noticed_before_the_database_is() {
    on_a_full_disk(4 << 20);
}

#[test]
fn a_disk_that_fills_while_the_database_writes_loses_nothing() {
    on_a_full_disk(0);
}

const FOLDER: &str = "HYPERDUST_STORE_LIMITED";

/// Not a test by itself: runs under a limit, set by the test below.
#[test]
fn the_limited() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (store, _) = SledStore::open(&options(Path::new(&folder))).unwrap();
    let (acknowledged, error) = fill(&store, 0);
    assert!(error.retryable(), "{error}");
    assert!(!acknowledged.is_empty());
    assert_there(&store, &acknowledged);
    for (id, number) in acknowledged {
        println!("acknowledged {id} {number}");
    }
}

#[test]
fn files_that_may_not_grow_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // Blocks of 512 bytes: 8 MiB. Without the signal, writing fails with an error.
    let script = "trap '' XFSZ; ulimit -f 16384; exec \"$0\" --exact full::the_limited --nocapture";
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<(Id, u64)> = text
        .lines()
        .filter_map(|line| line.split_once("acknowledged ")?.1.split_once(' '))
        .map(|(id, number)| (id.parse().unwrap(), number.parse().unwrap()))
        .collect();
    assert!(acknowledged.len() > 5);
    let (store, opened) = SledStore::open(&options(folder.path())).unwrap();
    assert!(!opened.salvaged(), "{opened:?}");
    assert_there(&store, &acknowledged);
    assert_clean(&store);
}
