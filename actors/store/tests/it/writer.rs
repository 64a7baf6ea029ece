//! A process that writes into a store and says on its output what was acknowledged, until it is killed; and what to expect of its
//! store then. Everything that it writes follows from a number, so that whoever looks knows every byte.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use hyperdust_store::{EpisodeMeta, Id, JobMeta, Options, SledStore, Store};

/// Sessions that it keeps journals of.
const SESSIONS: u64 = 3;

/// Bytes that follow from a name and a number.
pub fn content(what: &str, number: u64, bytes: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(what.as_bytes()).update(&number.to_le_bytes());
    let mut content = vec![0; bytes];
    hasher.finalize_xof().fill(&mut content);
    content
}

fn length(what: &str, number: u64, limit: u64) -> usize {
    let draw = content(what, number, 8);
    (u64::from_le_bytes(draw.try_into().unwrap()) % limit) as usize
}

/// Mostly some kilobytes, and every eighth up to a quarter of a megabyte.
fn episode(number: u64) -> Vec<u8> {
    let limit = if number % 8 == 7 { 1 << 18 } else { 1 << 13 };
    content("episode", number, length("length", number, limit))
}

fn command(session: u64, number: u64) -> Vec<u8> {
    let which = session << 32 | number;
    content("command", which, length("command length", which, 1 << 11))
}

fn state(session: u64, after: u64) -> Vec<u8> {
    let which = session << 32 | after;
    content("state", which, length("state length", which, 1 << 16))
}

fn segment(number: u64) -> Vec<u8> {
    content("segment", number, length("segment length", number, 1 << 14))
}

fn job() -> Id {
    Id::of(b"the writer's job")
}

fn options(path: &Path) -> Options {
    Options { path: path.into(), reserve: 0, ..Options::default() }
}

/// Writes from episode `first` on until it is killed, and acknowledges on its output.
pub fn write(path: &Path, first: u64) {
    let (store, opened) = SledStore::open(&options(path)).unwrap();
    assert!(!opened.salvaged(), "{opened:?}");
    let mut out = std::io::stdout().lock();
    for session in 0..SESSIONS {
        if store.journal(session).unwrap().is_none() {
            store.checkpoint(session, 0, &state(session, 0)).unwrap();
        }
    }
    store.put_job(&job(), &JobMeta::default(), &[]).unwrap();
    for number in first.. {
        let session = number % SESSIONS;
        let meta = EpisodeMeta { scene: "ant".into(), seed: Some(number), session, ..EpisodeMeta::default() };
        let id = store.put_episode(&meta, &episode(number)).unwrap();
        let journal = store.sessions().unwrap()[session as usize];
        let last = journal.last + 1;
        store.append(session, last, &command(session, last)).unwrap();
        if number % 5 == 4 {
            let after = last - number % 3;
            if after >= journal.after {
                store.checkpoint(session, after, &state(session, after)).unwrap();
            }
        }
        let segments = store.job(&job()).unwrap().unwrap().segments;
        if number % 4 == 1 {
            store.put_segment(&job(), segments, &segment(segments)).unwrap();
        }
        // Several puts a flush, and a flush for one.
        if number % 7 < 4 {
            continue;
        }
        store.flush().unwrap();
        let sessions = store.sessions().unwrap();
        let lasts: Vec<String> = sessions.iter().map(|session| session.last.to_string()).collect();
        let segments = store.job(&job()).unwrap().unwrap().segments;
        writeln!(out, "acknowledged {number} {id} {segments} {}", lasts.join(" ")).unwrap();
        out.flush().unwrap();
    }
}

/// What was acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Episodes by number, of those that were named.
    pub episodes: BTreeMap<u64, Id>,
    segments: u64,
    lasts: Vec<u64>,
}

impl Acknowledged {
    /// Runs a writer (`program` with the folder and the first episode's number as its last arguments), lets it acknowledge `lines`
    /// times and spin for a while, and kills it.
    pub fn kill_after(&mut self, program: &mut Command, lines: u64, spins: u64) {
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        while seen < lines {
            let Some(Ok(line)) = out.next() else { break };
            seen += u64::from(self.note(&line));
        }
        (0..spins).for_each(|_| std::hint::spin_loop());
        child.kill().unwrap();
        // What it had said before it died counts.
        for line in out.map_while(Result::ok) {
            self.note(&line);
        }
        let status = child.wait().unwrap();
        assert_eq!(status.code(), None, "the writer ended by itself: {status}");
        assert!(seen >= lines);
    }

    fn note(&mut self, line: &str) -> bool {
        // The test harness writes lines of its own.
        let Some((_, rest)) = line.split_once("acknowledged ") else { return false };
        let words: Vec<&str> = rest.split(' ').collect();
        let [number, id, segments, lasts @ ..] = &words[..] else { return false };
        let (Ok(number), Ok(id), Ok(segments)) = (number.parse(), id.parse(), segments.parse()) else { return false };
        let lasts: Vec<u64> = lasts.iter().filter_map(|last| last.parse().ok()).collect();
        // A line may be cut where the writer was killed.
        if lasts.len() == SESSIONS as usize && lasts.iter().zip(&self.lasts).all(|(now, before)| now >= before) {
            self.episodes.insert(number, id);
            (self.segments, self.lasts) = (segments, lasts);
        }
        true
    }

    /// Opens the store and asserts that everything acknowledged is there and that nothing is wrong; gives the next episode's number.
    pub fn check(&self, path: &Path) -> u64 {
        let (store, opened) = SledStore::open(&options(path)).unwrap();
        assert!(!opened.salvaged(), "{opened:?}");
        for (number, id) in &self.episodes {
            let bytes = store.episode_bytes(id).unwrap();
            assert_eq!(bytes.as_ref(), Some(&episode(*number)), "acknowledged episode {number}");
            assert_eq!(store.episode(id).unwrap().unwrap().meta.seed, Some(*number));
        }
        let page = store.episodes(&Default::default()).unwrap();
        let next = page.episodes.iter().filter_map(|episode| episode.meta.seed).max().map_or(0, |seed| seed + 1);
        assert!(self.episodes.keys().next_back().is_none_or(|last| *last < next));
        // Whatever is acknowledged acknowledges everything before it.
        assert_eq!(page.total, next, "an episode before an acknowledged one is missing");
        for (session, last) in self.lasts.iter().enumerate() {
            let session = session as u64;
            let journal = store.journal(session).unwrap().unwrap();
            assert!(journal.after + journal.commands.len() as u64 >= *last, "acknowledged command {last} of {session}");
            assert_eq!(journal.state, state(session, journal.after));
            for (number, bytes) in (journal.after + 1..).zip(&journal.commands) {
                assert_eq!(*bytes, command(session, number));
            }
        }
        if let Some(found) = store.job(&job()).unwrap() {
            assert!(found.segments >= self.segments);
            for number in 0..found.segments {
                assert_eq!(store.segment(&job(), number).unwrap().unwrap(), segment(number));
            }
        }
        let report = store.fsck().unwrap();
        assert!(report.clean(), "{:#?}", report.findings);
        next
    }
}
