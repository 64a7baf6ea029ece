//! Against a plain model, with reopening anywhere: what was flushed is there and nothing else, in the same order.

use std::collections::BTreeMap;

use hyperdust_store::{EpisodeMeta, Error, Id, JobMeta, Journal, Outcome, Page, Query, SledStore, Store, Verdict};
use proptest::prelude::*;

use super::{assert_clean, content, meta, open};

#[derive(Clone, Debug)]
enum Deed {
    Episode(u64, usize),
    Blueprint(u64),
    Job(u64, Vec<u64>),
    Segment(u64, u64, usize),
    Finalise(u64),
    Verdict(u64, u8),
    Checkpoint(u64, u64, usize),
    Append(u64, u64, usize),
    Drop(u64),
    Flush,
    Reopen,
    Compact,
    Check,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    use Deed::*;
    let sizes = || prop_oneof![4 => 0..600_usize, 1 => 12_000..12_600_usize, 1 => 0..60_000_usize];
    let deed = prop_oneof![
        6 => (0..12_u64, sizes()).prop_map(|(seed, bytes)| Episode(seed, bytes)),
        1 => (0..3_u64).prop_map(Blueprint),
        2 => (0..3_u64, prop::collection::vec(0..12_u64, 0..3)).prop_map(|(job, pins)| Job(job, pins)),
        3 => (0..3_u64, 0..3_u64, sizes()).prop_map(|(job, ahead, bytes)| Segment(job, ahead, bytes)),
        1 => (0..3_u64).prop_map(Finalise),
        2 => (0..12_u64, 0..3_u8).prop_map(|(subject, by)| Verdict(subject, by)),
        3 => (0..3_u64, 0..4_u64, sizes()).prop_map(|(session, back, bytes)| Checkpoint(session, back, bytes)),
        6 => (0..3_u64, 0..3_u64, sizes()).prop_map(|(session, ahead, bytes)| Append(session, ahead, bytes)),
        1 => (0..3_u64).prop_map(Drop),
        4 => Just(Flush),
        2 => Just(Reopen),
        1 => Just(Compact),
        1 => Just(Check),
    ];
    prop::collection::vec(deed, 1..60)
}

#[derive(Clone, Debug, Default, PartialEq)]
struct ModelJob {
    pins: Vec<Id>,
    segments: Vec<Vec<u8>>,
    finalised: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    episodes: Vec<(Id, EpisodeMeta, Vec<u8>)>,
    blueprints: BTreeMap<Id, Vec<u8>>,
    jobs: BTreeMap<Id, ModelJob>,
    verdicts: BTreeMap<(Id, String), Verdict>,
    journals: BTreeMap<u64, Journal>,
}

fn name(what: &str, number: u64) -> Id {
    Id::of(&content(what, number, 8))
}

impl Model {
    /// Does it in both, and compares what they answer.
    fn act(&mut self, store: &SledStore, deed: &Deed) {
        match *deed {
            Deed::Episode(seed, bytes) => {
                let (meta, bytes) = (meta(["ant", "hopper"][seed as usize % 2], seed % 3), content("e", seed, bytes));
                let id = store.put_episode(&meta, &bytes).unwrap();
                assert_eq!(id, Id::of(&bytes));
                if self.episodes.iter().all(|(other, ..)| *other != id) {
                    self.episodes.push((id, meta, bytes));
                }
            }
            Deed::Blueprint(number) => {
                let (root, bytes) = (name("root", number), content("blueprint", number, 20_000));
                store.put_blueprint(&root, &bytes).unwrap();
                self.blueprints.insert(root, bytes);
            }
            Deed::Job(number, ref pins) => {
                let id = name("job", number);
                let pins = pins.iter().map(|pin| name("pin", *pin));
                let given: Vec<Id> = pins.collect();
                let job = self.jobs.entry(id).or_default();
                let before = job.pins.clone();
                job.pins.extend(&given);
                job.pins.sort();
                job.pins.dedup();
                let result = store.put_job(&id, &JobMeta::default(), &given);
                if job.finalised && job.pins != before {
                    job.pins = before;
                    assert_eq!(result, Err(Error::Finalised { job: id }));
                } else {
                    result.unwrap();
                }
            }
            Deed::Segment(number, ahead, bytes) => {
                let id = name("job", number);
                let next = self.jobs.get(&id).map_or(0, |job| job.segments.len() as u64);
                let number = (next + ahead).saturating_sub(1);
                let bytes = content("segment", number, bytes);
                let result = store.put_segment(&id, number, &bytes);
                match self.jobs.get_mut(&id) {
                    None => assert!(matches!(result, Err(Error::Unknown { .. }))),
                    Some(_) if number < next => result.unwrap(),
                    Some(job) if job.finalised => assert_eq!(result, Err(Error::Finalised { job: id })),
                    Some(_) if number > next => assert!(matches!(result, Err(Error::Gap { .. }))),
                    Some(job) => {
                        result.unwrap();
                        job.segments.push(bytes);
                    }
                }
            }
            Deed::Finalise(number) => {
                let result = store.finalise(&name("job", number));
                match self.jobs.get_mut(&name("job", number)) {
                    Some(job) => {
                        result.unwrap();
                        job.finalised = true;
                    }
                    None => assert!(matches!(result, Err(Error::Unknown { .. }))),
                }
            }
            Deed::Verdict(which, by) => {
                let subject = match self.episodes.get(which as usize) {
                    Some((id, ..)) => *id,
                    None => name("job", which % 3),
                };
                let known = self.episodes.iter().any(|(id, ..)| *id == subject) || self.jobs.contains_key(&subject);
                let outcome = [Outcome::Attested, Outcome::Disputed, Outcome::Abstained][by as usize];
                let (by, detail) = (format!("companion {by}"), format!("verdict {which}"));
                let verdict = Verdict { subject, by: by.clone(), outcome, detail, time_ms: which };
                let result = store.put_verdict(&verdict);
                if known {
                    result.unwrap();
                    self.verdicts.insert((subject, by), verdict);
                } else {
                    assert!(matches!(result, Err(Error::Unknown { .. })));
                }
            }
            Deed::Checkpoint(session, back, bytes) => {
                let (after, last) = match self.journals.get(&session) {
                    Some(journal) => {
                        let last = journal.after + journal.commands.len() as u64;
                        ((last + 1).saturating_sub(back), last)
                    }
                    None => (back, back),
                };
                let state = content("state", after, bytes);
                let result = store.checkpoint(session, after, &state);
                match self.journals.get_mut(&session) {
                    None => {
                        result.unwrap();
                        self.journals.insert(session, Journal { after, state, commands: Vec::new() });
                    }
                    Some(_) if after > last => assert!(matches!(result, Err(Error::Gap { .. }))),
                    Some(journal) if after < journal.after => result.unwrap(),
                    Some(journal) => {
                        result.unwrap();
                        journal.commands.drain(..(after - journal.after) as usize);
                        (journal.after, journal.state) = (after, state);
                    }
                }
            }
            Deed::Append(session, ahead, bytes) => {
                let last = self.journals.get(&session).map_or(0, |j| j.after + j.commands.len() as u64);
                let (number, command) = (last + ahead, content("command", last, bytes));
                let result = store.append(session, number, &command);
                match self.journals.get_mut(&session) {
                    None => assert!(matches!(result, Err(Error::Unknown { .. }))),
                    Some(_) if ahead == 0 => result.unwrap(),
                    Some(_) if ahead > 1 => assert!(matches!(result, Err(Error::Gap { .. }))),
                    Some(journal) => {
                        result.unwrap();
                        journal.commands.push(command);
                    }
                }
            }
            Deed::Drop(session) => {
                store.drop_journal(session).unwrap();
                self.journals.remove(&session);
            }
            Deed::Compact => store.compact().unwrap(),
            Deed::Check => assert_clean(store),
            Deed::Flush | Deed::Reopen => {}
        }
    }

    fn compare(&self, store: &SledStore) {
        let page = store.episodes(&Query::default()).unwrap();
        let found: Vec<_> = page.episodes.iter().rev().map(|episode| (episode.id, episode.meta.clone())).collect();
        let expected: Vec<_> = self.episodes.iter().map(|(id, meta, _)| (*id, meta.clone())).collect();
        assert_eq!(found, expected);
        for (id, _, bytes) in &self.episodes {
            assert_eq!(store.episode_bytes(id).unwrap().as_ref(), Some(bytes));
        }
        self.compare_pages(store);
        for (root, bytes) in &self.blueprints {
            assert_eq!(store.blueprint(root).unwrap().as_ref(), Some(bytes));
        }
        let jobs = store.jobs(false).unwrap();
        assert_eq!(jobs.len(), self.jobs.len());
        for job in jobs {
            let expected = &self.jobs[&job.id];
            assert_eq!((&job.pins, job.finalised), (&expected.pins, expected.finalised));
            let segments = (0..job.segments).map(|number| store.segment(&job.id, number).unwrap().unwrap());
            assert_eq!(segments.collect::<Vec<_>>(), expected.segments);
        }
        let subjects: Vec<Id> = expected.iter().map(|(id, _)| *id).chain(self.jobs.keys().copied()).collect();
        let verdicts = subjects.iter().flat_map(|subject| store.verdicts(subject).unwrap());
        let verdicts: BTreeMap<_, _> =
            verdicts.map(|verdict| ((verdict.subject, verdict.by.clone()), verdict)).collect();
        assert_eq!(verdicts, self.verdicts);
        let sessions: Vec<u64> = store.sessions().unwrap().iter().map(|session| session.session).collect();
        assert_eq!(sessions, self.journals.keys().copied().collect::<Vec<_>>());
        for (session, journal) in &self.journals {
            assert_eq!(store.journal(*session).unwrap().as_ref(), Some(journal));
        }
        let usage = store.usage();
        assert_eq!((usage.episodes, usage.jobs), (self.episodes.len() as u64, self.jobs.len() as u64));
    }

    /// Pages of two, one after the other, are the list.
    fn compare_pages(&self, store: &SledStore) {
        let mine = self.episodes.iter().rev().filter(|(_, meta, _)| meta.scene == "ant" && meta.session == 0);
        let mine: Vec<Id> = mine.map(|(id, ..)| *id).collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let query = Query { scene: Some("ant".into()), session: Some(0), after, limit: 2, ..Query::default() };
            let Page { episodes, more, total } = store.episodes(&query).unwrap();
            assert_eq!(total, mine.len() as u64);
            found.extend(episodes.iter().map(|episode| episode.id));
            after = episodes.last().map(|episode| episode.id);
            if !more {
                break;
            }
        }
        assert_eq!(found, mine);
        let query = Query { scene: Some("ant".into()), session: Some(0), offset: 1, ..Query::default() };
        assert_eq!(store.episodes(&query).unwrap().episodes.len(), mine.len().saturating_sub(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn what_was_flushed_is_what_is_there(deeds in deeds()) {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = open(folder.path());
        let (mut model, mut safe) = (Model::default(), Model::default());
        for deed in &deeds {
            model.act(&store, deed);
            match deed {
                Deed::Flush => {
                    store.flush().unwrap();
                    safe = model.clone();
                }
                // It flushes: there is nothing else that it could copy.
                Deed::Compact => safe = model.clone(),
                Deed::Reopen => {
                    model.compare(&store);
                    drop(store);
                    let opened;
                    (store, opened) = open(folder.path());
                    prop_assert!(!opened.salvaged(), "{opened:?}");
                    model = safe.clone();
                    model.compare(&store);
                }
                _ => {}
            }
        }
        model.compare(&store);
        assert_clean(&store);
    }
}
