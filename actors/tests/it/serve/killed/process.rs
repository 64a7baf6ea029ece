//! A server in a process of its own. It ends, as `kill -9` would end it, at the points that it is told, or when it is killed; another one takes its place at the
//! same folder and address at once.

use std::{
    collections::VecDeque,
    env, fs,
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard},
    thread::{self, JoinHandle},
    time::Duration,
};

use hyperdust_actors::serve::{Options, Server};

use crate::serve::{house::House, town::settle};

const FOLDER: &str = "HYPERDUST_KILLED_FOLDER";
const CHAIN: &str = "HYPERDUST_KILLED_CHAIN";
const PATIENCE: &str = "HYPERDUST_KILLED_PATIENCE";
const RESUMABLE: &str = "HYPERDUST_KILLED_RESUMABLE";
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
/// Between looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// What the first one has.
const PATIENT: [u64; 2] = [0, 600];
/// The points that a process comes to once, as it begins.
const AT_FIRST: &str = "rpc eth_chainId";

/// Where a server in this folder listens.
pub fn endpoint(folder: &Path) -> String {
    format!("ipc://{}/wire", folder.display())
}

/// The points that processes have ended at, a line each.
fn ends(folder: &Path) -> PathBuf {
    folder.join("ended")
}

/// The process. Each line that it is given names points to end at; it is there before the server begins, and in the end the server drains.
pub fn child() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let scenario = fail::FailScenario::setup();
    let mut lines = io::stdin().lines().map_while(Result::ok);
    let arm = |line: String| line.split_terminator(',').for_each(|point| end_at(&folder, point));
    lines.next().into_iter().for_each(arm);
    let mut config = House::config(&folder);
    settle(&mut config, &folder, &env::var(CHAIN).unwrap());
    config.settlement.patience = env::var(PATIENCE).unwrap().parse().unwrap();
    config.wire.resumable = env::var(RESUMABLE).unwrap().parse().unwrap();
    // A client makes sure of its server twice a second.
    config.wire.silence = 6;
    let server = Server::start(config, Options::default()).unwrap();
    lines.for_each(arm);
    server.drain().unwrap();
    scenario.teardown();
}

fn end_at(folder: &Path, point: &str) {
    static ONE: Mutex<()> = Mutex::new(());
    let (file, line) = (ends(folder), format!("{point}\n"));
    let end = move || {
        // Other threads may come to their points meanwhile, and must not pass them.
        let _one = ONE.lock();
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
        std::process::abort();
    };
    fail::cfg_callback(point, end).unwrap();
}

struct Inner {
    folder: PathBuf,
    url: String,
    /// For companions and for users, in seconds.
    patience: [u64; 2],
    process: Child,
    /// It was killed on purpose.
    killed: bool,
    stopping: bool,
    /// Points that the process ends at.
    armed: Vec<&'static str>,
    /// Points that come after these.
    waiting: VecDeque<&'static str>,
    ended: Vec<&'static str>,
    /// What no server may end of.
    wrong: Option<String>,
}

/// See the module's documentation.
pub struct Mortal {
    inner: Arc<Mutex<Inner>>,
    watching: Option<JoinHandle<()>>,
}

impl Mortal {
    /// Begins one that is to end at each of these points, one after the other, when [`Mortal::arm`] says.
    pub fn begin(folder: &Path, url: &str, points: impl IntoIterator<Item = &'static str>) -> Self {
        let mut waiting: VecDeque<_> = points.into_iter().collect();
        let (process, armed) = spawn(folder, url, PATIENT, &mut waiting);
        let (folder, url) = (folder.to_owned(), url.to_owned());
        let (patience, (killed, stopping, ended, wrong)) = (PATIENT, Default::default());
        let inner = Inner { folder, url, patience, process, killed, stopping, armed, waiting, ended, wrong };
        let inner = Arc::new(Mutex::new(inner));
        let watched = inner.clone();
        let watching = thread::spawn(move || {
            while !watch(&mut watched.lock().unwrap()) {
                thread::sleep(LOOK);
            }
        });
        Self { inner, watching: Some(watching) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        let inner = self.inner.lock().unwrap();
        if let Some(why) = &inner.wrong {
            panic!("{why}: {}", fs::read_to_string(inner.folder.join("child.log")).unwrap_or_default());
        }
        inner
    }

    /// Has it end at the next point that begins like one of these, or else at the next; and at those that it was told before.
    pub fn arm(&self, like: &[&str]) {
        let mut inner = self.inner();
        let of = |point: &&str| like.iter().any(|like| point.starts_with(like));
        let index = inner.waiting.iter().position(of).unwrap_or_default();
        let Some(point) = inner.waiting.remove(index) else { return };
        inner.armed.push(point);
        // Where it has ended by now, the point waits again.
        let _ = inner.process.stdin.as_mut().map(|stdin| writeln!(stdin, "{point}"));
    }

    /// Kills it. Another one takes its place, which waits so many seconds for companions, and for users to come back.
    pub fn kill(&self, companions: u64, users: u64) {
        let mut inner = self.inner();
        (inner.killed, inner.patience) = (true, [companions, users]);
        inner.process.kill().unwrap();
    }

    /// At how many points it has ended.
    pub fn ended(&self) -> usize {
        self.inner().ended.len()
    }

    /// Points that it did not end at yet.
    pub fn left(&self) -> Vec<&'static str> {
        let inner = self.inner();
        inner.armed.iter().chain(&inner.waiting).copied().collect()
    }

    /// Ends it as a person would.
    pub fn stop(mut self) {
        {
            let mut inner = self.inner();
            // With another one that no point ends.
            (inner.killed, inner.waiting) = (true, VecDeque::new());
            inner.process.kill().unwrap();
        }
        while self.inner().killed {
            thread::sleep(LOOK);
        }
        let mut inner = self.inner();
        inner.stopping = true;
        drop(inner.process.stdin.take());
        drop(inner);
        self.watching.take().unwrap().join().unwrap();
        drop(self.inner());
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(watching) = self.watching.take() {
            if let Ok(mut inner) = self.inner.lock() {
                inner.stopping = true;
                let _ = inner.process.kill();
            }
            let _ = watching.join();
        }
    }
}

/// Has another process take the place of one that has ended as it was told. Whether there is none any more.
fn watch(inner: &mut Inner) -> bool {
    let Some(status) = inner.process.try_wait().unwrap() else { return false };
    if inner.stopping {
        let good = status.success() || status.signal() == Some(SIGKILL);
        inner.wrong = (!good).then(|| format!("the last one ended with {status}"));
        return true;
    }
    let lines = fs::read_to_string(ends(&inner.folder)).unwrap_or_default();
    let new: Vec<&str> = lines.lines().skip(inner.ended.len()).collect();
    let (reached, left) = inner.armed.drain(..).partition::<Vec<_>, _>(|point| new.contains(point));
    let expected = match status.signal() {
        Some(SIGABRT) => !reached.is_empty(),
        // It may have come to a point just before.
        Some(SIGKILL) => inner.killed,
        _ => false,
    };
    if !expected || reached.len() != new.len() {
        inner.wrong = Some(format!("it ended with {status} at {new:?}"));
        return true;
    }
    inner.killed = false;
    inner.ended.extend(reached);
    left.into_iter().rev().for_each(|point| inner.waiting.push_front(point));
    let (process, armed) = spawn(&inner.folder, &inner.url, inner.patience, &mut inner.waiting);
    (inner.process, inner.armed) = (process, armed);
    false
}

/// A process, and the points that it is to end at, if it has to know of any from its beginning on.
fn spawn(
    folder: &Path,
    url: &str,
    patience: [u64; 2],
    waiting: &mut VecDeque<&'static str>,
) -> (Child, Vec<&'static str>) {
    let mut command = Command::new(env::current_exe().unwrap());
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("child.log")).unwrap();
    command.args(["--exact", "serve::killed::the_child", "--nocapture"]).stdout(Stdio::null()).stderr(log);
    command.env(FOLDER, folder).env(CHAIN, url).stdin(Stdio::piped());
    command.env(PATIENCE, patience[0].to_string()).env(RESUMABLE, patience[1].to_string());
    let mut process = command.spawn().unwrap();
    let first = waiting.iter().position(|point| point.starts_with(AT_FIRST));
    let armed: Vec<_> = first.and_then(|index| waiting.remove(index)).into_iter().collect();
    writeln!(process.stdin.as_mut().unwrap(), "{}", armed.join(",")).unwrap();
    (process, armed)
}
