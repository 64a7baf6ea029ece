//! What is there, in memory: who refers to what, what may go, and what each change means for the values on the disk.
//!
//! Pure bookkeeping. Every change gives the operations that carry it out, in an order in which a crash between any two of them leaves
//! only whole things: what is referred to is written before what refers to it, and removed after it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{Id, key::Key, value};

/// One step of a change.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes a value.
    Put(Key, Arc<[u8]>),
    /// Removes a value of so many bytes.
    Remove(Key, u64),
}

/// What goes when room is needed, the lowest place first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// With its verdicts.
    Episode(Id),
    /// With its segments and verdicts.
    Job(Id),
}

#[derive(Clone, Debug)]
pub struct Episode {
    pub order: u64,
    pub record: u64,
    pub bytes: u64,
    pub blueprint: Id,
    pub session: u64,
    pub scene: Arc<str>,
    pub owners: Vec<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub order: u64,
    pub record: u64,
    pub blueprint: Id,
    pub segments: Vec<(Id, u64)>,
    pub pins: BTreeSet<Id>,
    pub finalised: bool,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub after: u64,
    pub record: u64,
    pub state: (Id, u64),
    /// Bytes of commands `after + 1`, ….
    pub commands: Vec<u64>,
}

impl Session {
    pub fn last(&self) -> u64 {
        self.after + self.commands.len() as u64
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub bytes: u64,
    pub refs: u32,
}

/// Everything that is kept.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub episodes: HashMap<Id, Episode>,
    pub jobs: HashMap<Id, Job>,
    pub order: BTreeMap<u64, Item>,
    pub sessions: BTreeMap<u64, Session>,
    pub blueprints: BTreeMap<Id, (Id, u64, u64)>,
    pub verdicts: HashMap<Id, BTreeMap<u64, u64>>,
    pub objects: HashMap<Id, Held>,
    /// Open jobs that pin an episode.
    pub pins: HashMap<Id, u32>,
    /// Episodes and jobs of a blueprint.
    pub users: HashMap<Id, u32>,
    pub names: BTreeSet<Arc<str>>,
    pub bytes: u64,
    pub next: u64,
    pub evicted: u64,
}

fn more(counts: &mut HashMap<Id, u32>, id: Id) {
    *counts.entry(id).or_default() += 1;
}

fn fewer(counts: &mut HashMap<Id, u32>, id: &Id) {
    if let Some(count) = counts.get_mut(id) {
        *count -= 1;
        if *count == 0 {
            counts.remove(id);
        }
    }
}

impl Index {
    /// One text for all that are equal.
    pub fn name(&mut self, name: &str) -> Arc<str> {
        match self.names.get(name) {
            Some(known) => known.clone(),
            None => {
                let name: Arc<str> = name.into();
                self.names.insert(name.clone());
                name
            }
        }
    }

    /// Accounts for a value.
    pub fn grow(&mut self, key: &Key, bytes: u64) {
        self.bytes += value::size(key, bytes);
    }

    fn shrink(&mut self, ops: &mut Vec<Op>, key: Key, bytes: u64) {
        self.bytes -= value::size(&key, bytes);
        ops.push(Op::Remove(key, bytes));
    }

    /// A reference to bytes: whether they are new.
    pub fn hold(&mut self, id: Id, bytes: u64) -> bool {
        let held = self.objects.entry(id).or_insert(Held { bytes, refs: 0 });
        held.refs += 1;
        let new = held.refs == 1;
        if new {
            self.grow(&Key::Object(id), bytes);
        }
        new
    }

    fn release(&mut self, ops: &mut Vec<Op>, id: &Id) {
        let Some(held) = self.objects.get_mut(id) else { return };
        held.refs -= 1;
        if held.refs == 0 {
            let bytes = held.bytes;
            self.objects.remove(id);
            self.shrink(ops, Key::Object(*id), bytes);
        }
    }

    pub fn add_episode(&mut self, id: Id, episode: Episode) {
        self.grow(&Key::Episode(episode.order), episode.record);
        more(&mut self.users, episode.blueprint);
        self.order.insert(episode.order, Item::Episode(id));
        self.next = self.next.max(episode.order + 1);
        self.episodes.insert(id, episode);
    }

    /// A record with other owners takes the place of an episode's.
    pub fn share_episode(&mut self, id: &Id, record: u64, owners: Vec<Arc<str>>) {
        let Some(episode) = self.episodes.get_mut(id) else { return };
        let (key, before) = (Key::Episode(episode.order), std::mem::replace(&mut episode.record, record));
        episode.owners = owners;
        self.bytes -= value::size(&key, before);
        self.grow(&key, record);
    }

    pub fn add_job(&mut self, id: Id, job: Job) {
        self.grow(&Key::Job(id), job.record);
        more(&mut self.users, job.blueprint);
        self.order.insert(job.order, Item::Job(id));
        self.next = self.next.max(job.order + 1);
        if !job.finalised {
            self.pin(&job.pins);
        }
        self.jobs.insert(id, job);
    }

    /// Keeps these episodes from being evicted until [`Index::unpin`].
    pub fn pin(&mut self, episodes: &BTreeSet<Id>) {
        episodes.iter().for_each(|episode| more(&mut self.pins, *episode));
    }

    /// Undoes [`Index::pin`].
    pub fn unpin(&mut self, episodes: &BTreeSet<Id>) {
        episodes.iter().for_each(|episode| fewer(&mut self.pins, episode));
    }

    /// Another record takes the place of a job's.
    pub fn change_job(&mut self, id: &Id, record: u64, pins: BTreeSet<Id>, finalised: bool) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        if !job.finalised {
            job.pins.iter().for_each(|pin| fewer(&mut self.pins, pin));
        }
        if !finalised {
            pins.iter().for_each(|pin| more(&mut self.pins, *pin));
        }
        let before = std::mem::replace(&mut job.record, record);
        (job.pins, job.finalised) = (pins, finalised);
        self.bytes -= value::size(&Key::Job(*id), before);
        self.grow(&Key::Job(*id), record);
    }

    pub fn add_verdict(&mut self, subject: Id, by: u64, bytes: u64) {
        let key = Key::Verdict(subject, by);
        if let Some(before) = self.verdicts.entry(subject).or_default().insert(by, bytes) {
            self.bytes -= value::size(&key, before);
        }
        self.grow(&key, bytes);
    }

    fn remove_verdicts(&mut self, ops: &mut Vec<Op>, subject: &Id) {
        for (by, bytes) in self.verdicts.remove(subject).unwrap_or_default() {
            self.shrink(ops, Key::Verdict(*subject, by), bytes);
        }
    }

    pub fn remove(&mut self, ops: &mut Vec<Op>, item: Item) {
        match item {
            Item::Episode(id) => {
                let Some(episode) = self.episodes.remove(&id) else { return };
                self.order.remove(&episode.order);
                if !self.jobs.contains_key(&id) {
                    self.remove_verdicts(ops, &id);
                }
                fewer(&mut self.users, &episode.blueprint);
                self.shrink(ops, Key::Episode(episode.order), episode.record);
                self.release(ops, &id);
            }
            Item::Job(id) => {
                let Some(job) = self.jobs.remove(&id) else { return };
                self.order.remove(&job.order);
                if !self.episodes.contains_key(&id) {
                    self.remove_verdicts(ops, &id);
                }
                fewer(&mut self.users, &job.blueprint);
                self.shrink(ops, Key::Job(id), job.record);
                // The last first: what a crash leaves is still a beginning.
                for (number, (object, _)) in job.segments.iter().enumerate().rev() {
                    self.shrink(ops, Key::Segment(id, number as u64), SEGMENT);
                    self.release(ops, object);
                }
            }
        }
    }

    pub fn remove_blueprint(&mut self, ops: &mut Vec<Op>, root: &Id) {
        let Some((object, _, record)) = self.blueprints.remove(root) else { return };
        self.shrink(ops, Key::Blueprint(*root), record);
        self.release(ops, &object);
    }

    pub fn remove_session(&mut self, ops: &mut Vec<Op>, number: u64) {
        let Some(session) = self.sessions.remove(&number) else { return };
        self.shrink(ops, Key::Checkpoint(number), session.record);
        for (at, bytes) in session.commands.iter().enumerate().rev() {
            self.shrink(ops, Key::Command(number, session.after + 1 + at as u64), *bytes);
        }
        self.release(ops, &session.state.0);
    }

    /// A session's journal goes on from `after`: its record, state and commands up to there make place for the new ones, which the caller
    /// has written before. Gives what is left to remove.
    pub fn move_checkpoint(&mut self, number: u64, session: Session) -> Vec<Op> {
        let mut ops = Vec::new();
        let record = session.record;
        if let Some(before) = self.sessions.insert(number, session) {
            self.bytes -= value::size(&Key::Checkpoint(number), before.record);
            let (from, to) = (before.after + 1, self.sessions[&number].after);
            for (at, bytes) in (from..=to).zip(&before.commands) {
                self.shrink(&mut ops, Key::Command(number, at), *bytes);
            }
            self.release(&mut ops, &before.state.0);
        }
        self.grow(&Key::Checkpoint(number), record);
        ops
    }

    /// What is to go so that `needed` more bytes stay within `capacity`, the oldest first, and blueprints after what used them; or how
    /// much could go at most.
    pub fn room(&self, needed: u64, capacity: u64, spare: &Id) -> Result<(Vec<Id>, Vec<Item>), u64> {
        let (mut blueprints, mut items) = (Vec::new(), Vec::new());
        if capacity == 0 || self.bytes.saturating_add(needed) <= capacity {
            return Ok((blueprints, items));
        }
        let target = self.bytes.saturating_add(needed) - capacity;
        let mut free = 0;
        for (root, (object, bytes, record)) in &self.blueprints {
            if !self.users.contains_key(root) && root != spare {
                free += value::size(&Key::Blueprint(*root), *record) + self.freed(object, *bytes);
                blueprints.push(*root);
                if free >= target {
                    return Ok((blueprints, items));
                }
            }
        }
        let mut gone: HashMap<Id, u32> = HashMap::new();
        for item in self.order.values() {
            let Some(bytes) = self.evictable(item) else { continue };
            free += bytes;
            items.push(*item);
            // A blueprint goes with the last that used it.
            if let Some(root) = self.blueprint_of(item).filter(|root| root != spare) {
                let gone = gone.entry(root).or_default();
                *gone += 1;
                if self.users.get(&root) == Some(gone)
                    && let Some((object, bytes, record)) = self.blueprints.get(&root)
                {
                    free += value::size(&Key::Blueprint(root), *record) + self.freed(object, *bytes);
                    blueprints.push(root);
                }
            }
            if free >= target {
                return Ok((blueprints, items));
            }
        }
        Err(free)
    }

    fn blueprint_of(&self, item: &Item) -> Option<Id> {
        match item {
            Item::Episode(id) => self.episodes.get(id).map(|episode| episode.blueprint),
            Item::Job(id) => self.jobs.get(id).map(|job| job.blueprint),
        }
    }

    fn freed(&self, object: &Id, bytes: u64) -> u64 {
        // What others refer to as well stays.
        self.objects.get(object).filter(|held| held.refs == 1).map_or(0, |_| value::size(&Key::Object(*object), bytes))
    }

    /// Bytes that an item gives when it goes, if it may.
    pub fn evictable(&self, item: &Item) -> Option<u64> {
        let verdicts = |id: &Id| {
            let of = self.verdicts.get(id);
            of.into_iter().flatten().map(|(by, bytes)| value::size(&Key::Verdict(*id, *by), *bytes)).sum::<u64>()
        };
        match item {
            Item::Episode(id) if self.pins.contains_key(id) => None,
            Item::Episode(id) => {
                let episode = self.episodes.get(id)?;
                let shared = if self.jobs.contains_key(id) { 0 } else { verdicts(id) };
                Some(value::size(&Key::Episode(episode.order), episode.record) + shared + self.freed(id, episode.bytes))
            }
            Item::Job(id) => {
                let job = self.jobs.get(id).filter(|job| job.finalised)?;
                let segments = job.segments.iter().enumerate().map(|(number, (object, bytes))| {
                    value::size(&Key::Segment(*id, number as u64), SEGMENT) + self.freed(object, *bytes)
                });
                let shared = if self.episodes.contains_key(id) { 0 } else { verdicts(id) };
                Some(value::size(&Key::Job(*id), job.record) + segments.sum::<u64>() + shared)
            }
        }
    }

    /// The key of every value: what is referred to before what refers to it.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.objects.keys().map(|id| Key::Object(*id)).collect();
        keys.extend(self.blueprints.keys().map(|root| Key::Blueprint(*root)));
        keys.extend(self.episodes.values().map(|episode| Key::Episode(episode.order)));
        for (id, job) in &self.jobs {
            keys.push(Key::Job(*id));
            keys.extend((0..job.segments.len() as u64).map(|number| Key::Segment(*id, number)));
        }
        for (number, session) in &self.sessions {
            keys.push(Key::Checkpoint(*number));
            keys.extend((session.after + 1..=session.last()).map(|command| Key::Command(*number, command)));
        }
        for (subject, of) in &self.verdicts {
            keys.extend(of.keys().map(|by| Key::Verdict(*subject, *by)));
        }
        keys
    }

    /// Episodes, jobs, verdicts, blueprints, journals.
    pub fn counts(&self) -> [u64; 5] {
        let verdicts = self.verdicts.values().map(|of| of.len() as u64).sum();
        let [episodes, jobs, blueprints, sessions] =
            [self.episodes.len(), self.jobs.len(), self.blueprints.len(), self.sessions.len()]
                .map(|count| count as u64);
        [episodes, jobs, verdicts, blueprints, sessions]
    }

    /// Bytes that may not go.
    pub fn pinned(&self) -> u64 {
        let free = self.room(u64::MAX, 1, &Id::default()).map_or_else(|free| free, |_| 0);
        self.bytes.saturating_sub(free)
    }
}

/// Bytes of a reference: a name and a length.
pub const SEGMENT: u64 = 40;
