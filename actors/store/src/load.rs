//! From stored values back to the index.
//!
//! A crash leaves a beginning of the operations that [`crate::index`] gives, so what is incomplete and younger than the last commit
//! was never acknowledged and is swept away in silence. What is incomplete and older is a [`Finding`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    EpisodeRecord, Id, JobMeta, MAX_NAME, MAX_OWNERS, MAX_PINS, MAX_TEXT, Unfit, Verdict,
    fsck::Finding,
    index::{Episode, Index, Job, Session},
    key::Key,
    value::{PART, Part, parts},
};

/// What is stored of a job besides its segments.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct JobBody {
    pub order: u64,
    pub meta: JobMeta,
    pub pins: Vec<Id>,
    pub finalised: bool,
}

// Records are written over in place, one part after the other. Were there two, a crash between them would leave neither the old record
// nor the new one. The longest job: order, meta (scene, blueprint, session, lane, time, note), pins, finalised.
const _: () = assert!(8 + (4 + MAX_NAME + 32 + 8 + 4 + 8 + 4 + MAX_TEXT) + (4 + Id::BYTES * MAX_PINS) < PART);
// The longest episode: id, bytes, scene, blueprint, seed, steps, return, complete, session, lane, time, owners.
const _: () = assert!(40 + (4 + MAX_NAME) + 32 + 9 + 8 + 8 + 1 + 8 + 4 + 8 + (4 + (4 + MAX_NAME) * MAX_OWNERS) <= PART);
// The longest verdict: subject, by, outcome, detail, time.
const _: () = assert!(32 + (4 + MAX_NAME) + 1 + (4 + MAX_TEXT) + 8 <= PART);

/// What is stored of a checkpoint besides its bytes.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct CheckpointBody {
    pub after: u64,
    pub state: Reference,
}

/// Name and length of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Reference {
    pub id: Id,
    pub bytes: u64,
}

/// A record's bytes.
pub fn encode(record: &impl BorshSerialize) -> Arc<[u8]> {
    borsh::to_vec(record).expect("writing to memory does not fail").into()
}

/// The record of these bytes.
pub fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, Unfit> {
    T::try_from_slice(bytes).map_err(|error| Unfit::Malformed(error.to_string()))
}

/// The key of who gave a verdict.
pub fn party(by: &str) -> u64 {
    let digest = blake3::hash(by.as_bytes());
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap_or_default())
}

struct Value {
    stamp: u64,
    total: u64,
    next: u32,
    bytes: Vec<u8>,
    /// Stored keys, for what is to be swept.
    stored: Vec<Vec<u8>>,
    bad: Option<Unfit>,
}

/// What was read back.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What is whole.
    pub index: Index,
    /// The last commit.
    pub commit: u64,
    /// What was acknowledged and is not whole.
    pub findings: Vec<Finding>,
    /// Stored keys that belong to nothing.
    pub sweep: Vec<Vec<u8>>,
    /// Of these, values that once were whole.
    pub loose: u64,
}

/// Takes stored values in any order that keeps the parts of one together and in order.
#[derive(Default)]
pub struct Loader {
    values: BTreeMap<Key, Value>,
    strange: Vec<(Vec<u8>, Unfit)>,
}

impl Loader {
    /// Takes a stored value.
    pub fn feed(&mut self, stored: &[u8], part: Result<Part<'_>, Unfit>) {
        let Some((key, number)) = Key::decode_part(stored) else {
            self.strange.push((stored.into(), Unfit::Malformed("its key is none".into())));
            return;
        };
        let value = self.values.entry(key).or_insert_with(|| Value {
            stamp: 0,
            total: 0,
            next: 0,
            bytes: Vec::new(),
            stored: Vec::new(),
            bad: None,
        });
        value.stored.push(stored.into());
        match part {
            Err(why) => value.bad = Some(why),
            Ok(part) if (part.key, part.part) != (key, number) => value.bad = Some(Unfit::Misplaced),
            Ok(part) => {
                if value.next == 0 {
                    (value.stamp, value.total) = (part.stamp, part.total);
                }
                // The latest of them decides whether it was acknowledged.
                let mixed = (value.stamp, value.total) != (part.stamp, part.total);
                value.stamp = value.stamp.max(part.stamp);
                if mixed {
                    value.bad.get_or_insert(Unfit::Mixed);
                } else if number != value.next {
                    value.bad.get_or_insert(Unfit::Part { part: value.next, parts: part.parts() });
                }
                value.next = number + 1;
                // Only of commands is the length all that is needed here.
                if !matches!(key, Key::Command(..)) {
                    value.bytes.extend_from_slice(part.bytes);
                }
            }
        }
    }

    /// Makes the index. `objects` are the bytes that are there, by name; `None`: they are not looked at. `known`: at least this
    /// commit was acknowledged.
    pub fn finish(self, objects: Option<&HashMap<Id, u64>>, known: u64) -> Loaded {
        let mut loaded = Loaded::default();
        let Self { mut values, strange } = self;
        for (stored, why) in strange {
            let key = stored.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            loaded.findings.push(Finding { key: format!("stored key {key}"), reason: why.to_string() });
            loaded.sweep.push(stored);
        }
        if let Some(head) = values.remove(&Key::Head) {
            match head.bad.map_or_else(|| decode::<u64>(&head.bytes), Err) {
                Ok(commit) => loaded.commit = commit,
                Err(why) => loaded.find(&Key::Head, &why),
            }
        }
        let mut build = Build { acknowledged: loaded.commit.max(known), objects, loaded };
        for (key, value) in &mut values {
            if value.bad.is_none() && value.next != parts(value.total) {
                value.bad = Some(Unfit::Part { part: value.next, parts: parts(value.total) });
            }
            if let Some(why) = value.bad.take() {
                build.refuse(key, value, &why);
                value.next = 0;
            }
        }
        // What is referred to by others comes before them.
        let rank = |key: &Key| match key {
            Key::Episode(_) | Key::Job(_) | Key::Checkpoint(_) | Key::Blueprint(_) => 0,
            _ => 1,
        };
        let good = |value: &&Value| value.next != 0;
        for pass in 0..2 {
            for (key, value) in values.iter().filter(|(key, value)| rank(key) == pass && good(value)) {
                if let Err(why) = build.take(key, value) {
                    match why {
                        None => build.loosen(value),
                        Some(why) => build.refuse(key, value, &why),
                    }
                }
            }
        }
        build.loaded
    }
}

struct Build<'a> {
    loaded: Loaded,
    acknowledged: u64,
    objects: Option<&'a HashMap<Id, u64>>,
}

impl Loaded {
    fn find(&mut self, key: &Key, why: &Unfit) {
        self.findings.push(Finding { key: key.to_string(), reason: why.to_string() });
    }
}

impl Build<'_> {
    fn refuse(&mut self, key: &Key, value: &Value, why: &Unfit) {
        if value.stamp <= self.acknowledged {
            self.loaded.find(key, why);
        }
        self.loaded.sweep.extend(value.stored.iter().cloned());
    }

    fn loosen(&mut self, value: &Value) {
        self.loaded.loose += 1;
        self.loaded.sweep.extend(value.stored.iter().cloned());
    }

    /// Bytes that a record refers to: held, or dangling.
    fn hold(&mut self, reference: Reference) -> Result<(), Unfit> {
        if self.objects.is_some_and(|objects| objects.get(&reference.id) != Some(&reference.bytes)) {
            return Err(Unfit::Dangling(Key::Object(reference.id).to_string()));
        }
        self.loaded.index.hold(reference.id, reference.bytes);
        Ok(())
    }

    /// Enters a value. `Err(None)`: it belongs to nothing, as a crash in the middle of a removal leaves it.
    fn take(&mut self, key: &Key, value: &Value) -> Result<(), Option<Unfit>> {
        let index = &mut self.loaded.index;
        match *key {
            Key::Head | Key::Object(_) => {}
            Key::Blueprint(root) => {
                let reference: Reference = decode(&value.bytes)?;
                self.hold(reference)?;
                let index = &mut self.loaded.index;
                index.grow(key, value.total);
                index.blueprints.insert(root, (reference.id, reference.bytes, value.total));
            }
            Key::Episode(order) => {
                let EpisodeRecord { id, bytes, meta } = decode(&value.bytes)?;
                if index.episodes.contains_key(&id) {
                    return Err(None);
                }
                self.hold(Reference { id, bytes })?;
                let index = &mut self.loaded.index;
                let scene = index.name(&meta.scene);
                let owners = meta.owners.iter().map(|owner| index.name(owner)).collect();
                let (record, blueprint, session) = (value.total, meta.blueprint, meta.session);
                index.add_episode(id, Episode { order, record, bytes, blueprint, session, scene, owners });
            }
            Key::Job(id) => {
                let JobBody { order, meta, pins, finalised } = decode(&value.bytes)?;
                let (pins, segments): (BTreeSet<Id>, _) = (pins.into_iter().collect(), Vec::new());
                let (record, blueprint) = (value.total, meta.blueprint);
                index.add_job(id, Job { order, record, blueprint, segments, pins, finalised });
            }
            Key::Checkpoint(session) => {
                let CheckpointBody { after, state } = decode(&value.bytes)?;
                self.hold(state)?;
                let index = &mut self.loaded.index;
                index.grow(key, value.total);
                let state = (state.id, state.bytes);
                index.sessions.insert(session, Session { after, record: value.total, state, commands: Vec::new() });
            }
            Key::Command(session, number) => {
                let journal = index.sessions.get_mut(&session).filter(|journal| number > journal.after).ok_or(None)?;
                if number != journal.last() + 1 {
                    return Err(Some(Unfit::Dangling(Key::Command(session, journal.last() + 1).to_string())));
                }
                journal.commands.push(value.total);
                index.grow(key, value.total);
            }
            Key::Segment(id, number) => {
                let reference: Reference = decode(&value.bytes)?;
                let there = index.jobs.get(&id).ok_or(None)?.segments.len() as u64;
                if number != there {
                    return Err(Some(Unfit::Dangling(Key::Segment(id, there).to_string())));
                }
                self.hold(reference)?;
                let index = &mut self.loaded.index;
                index.grow(key, value.total);
                if let Some(job) = index.jobs.get_mut(&id) {
                    job.segments.push((reference.id, reference.bytes));
                }
            }
            Key::Verdict(subject, by) => {
                let verdict: Verdict = decode(&value.bytes)?;
                if verdict.subject != subject || party(&verdict.by) != by {
                    return Err(Some(Unfit::Misplaced));
                }
                if !index.episodes.contains_key(&subject) && !index.jobs.contains_key(&subject) {
                    return Err(None);
                }
                index.add_verdict(subject, by, value.total);
            }
        }
        Ok(())
    }
}
