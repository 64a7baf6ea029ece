//! [`Store`] for [`SledStore`]: what each call means for the index and the queue.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    EpisodeMeta, EpisodeRecord, Error, Id, JobMeta, JobRecord, Journal, MAX_NAME, MAX_OWNERS, MAX_PINS, MAX_TEXT,
    MAX_VALUE, Page, Query, SessionRecord, SledStore, Store, Usage, Verdict,
    fsck::Report,
    index::{Episode, Index, Item, Job, Op, SEGMENT, Session},
    key::Key,
    load::{CheckpointBody, JobBody, Reference, encode, party},
    record::bounded,
    sled_store::State,
    value::size,
};

/// Refers to bytes: the operation that writes them, where they are new.
fn hold(index: &mut Index, ops: &mut Vec<Op>, id: Id, bytes: &[u8]) -> Reference {
    let length = bytes.len() as u64;
    if index.hold(id, length) {
        ops.push(Op::Put(Key::Object(id), bytes.into()));
    }
    Reference { id, bytes: length }
}

fn object_size(bytes: &[u8]) -> u64 {
    size(&Key::Object(Id::default()), bytes.len() as u64)
}

fn job_record(id: Id, body: JobBody, job: &Job) -> JobRecord {
    let JobBody { meta, pins, finalised, .. } = body;
    JobRecord { id, meta, pins, segments: job.segments.len() as u64, finalised }
}

impl SledStore {
    /// Writes a job's record anew, with other pins or finalised.
    fn change_job(
        &self,
        state: &mut State,
        id: &Id,
        mut body: JobBody,
        pins: BTreeSet<Id>,
        finalised: bool,
    ) -> Result<(), Error> {
        body.pins = pins.iter().copied().collect();
        body.finalised = finalised;
        let record = encode(&body);
        let before = state.index.jobs.get(id).map_or(0, |job| job.record);
        if record.len() as u64 > before {
            self.room_beside(state, record.len() as u64 - before, &body.meta.blueprint, &pins)?;
        }
        state.index.change_job(id, record.len() as u64, pins, finalised);
        Self::queue(state, vec![Op::Put(Key::Job(*id), record)]);
        Ok(())
    }

    /// Makes room without evicting what is about to be pinned.
    fn room_beside(&self, state: &mut State, needed: u64, spare: &Id, pins: &BTreeSet<Id>) -> Result<(), Error> {
        state.index.pin(pins);
        let made = self.make_room(state, needed, spare);
        state.index.unpin(pins);
        made
    }

    /// Adds owners to an episode; whether it is there.
    fn share_episode(&self, id: &Id, owners: &[String]) -> Result<bool, Error> {
        loop {
            let (order, before) = match self.state().index.episodes.get(id) {
                None => return Ok(false),
                Some(Episode { owners: before, .. })
                    if before.len() >= MAX_OWNERS
                        || owners.iter().all(|owner| before.iter().any(|o| **o == **owner)) =>
                {
                    return Ok(true);
                }
                Some(episode) => (episode.order, episode.owners.len()),
            };
            let key = Key::Episode(order);
            let record = self.record::<EpisodeRecord>(&key)?;
            let mut state = self.state();
            // Another thread may have come in between: then all is looked at again.
            let Some(blueprint) = state.index.episodes.get(id).and_then(|episode| {
                ((episode.order, episode.owners.len()) == (order, before)).then_some(episode.blueprint)
            }) else {
                continue;
            };
            let mut record = record.ok_or_else(|| Error::missing(&key))?;
            let grown = encode(&record).len();
            for owner in owners {
                if record.meta.owners.len() < MAX_OWNERS && !record.meta.owners.contains(owner) {
                    record.meta.owners.push(owner.clone());
                }
            }
            let value = encode(&record);
            self.room_beside(&mut state, (value.len() - grown) as u64, &blueprint, &BTreeSet::from([*id]))?;
            let owners = record.meta.owners.iter().map(|owner| state.index.name(owner)).collect();
            state.index.share_episode(id, value.len() as u64, owners);
            Self::queue(&mut state, vec![Op::Put(key, value)]);
            return Ok(true);
        }
    }

    fn job_body(&self, id: &Id) -> Result<Option<JobBody>, Error> {
        self.record(&Key::Job(*id))
    }
}

impl Store for SledStore {
    fn put_episode(&self, meta: &EpisodeMeta, bytes: &[u8]) -> Result<Id, Error> {
        bounded("scene's name", meta.scene.len(), MAX_NAME as u64)?;
        bounded("episode", bytes.len(), MAX_VALUE)?;
        bounded("owners of an episode", meta.owners.len(), MAX_OWNERS as u64)?;
        meta.owners.iter().try_for_each(|owner| bounded("owner's name", owner.len(), MAX_NAME as u64))?;
        if meta.episode_return.is_nan() {
            return Err(Error::NotANumber { what: "episode's return" });
        }
        self.writable()?;
        let id = Id::of(bytes);
        let length = bytes.len() as u64;
        let record = encode(&EpisodeRecord { id, bytes: length, meta: meta.clone() });
        let mut state = loop {
            if self.share_episode(&id, &meta.owners)? {
                return Ok(id);
            }
            let state = self.state();
            if !state.index.episodes.contains_key(&id) {
                break state;
            }
        };
        let needed = object_size(bytes) + size(&Key::Episode(0), record.len() as u64);
        self.make_room(&mut state, needed, &meta.blueprint)?;
        let mut ops = Vec::new();
        let index = &mut state.index;
        hold(index, &mut ops, id, bytes);
        let (order, scene) = (index.next, index.name(&meta.scene));
        let owners = meta.owners.iter().map(|owner| index.name(owner)).collect();
        ops.push(Op::Put(Key::Episode(order), record.clone()));
        let (blueprint, session) = (meta.blueprint, meta.session);
        let record = record.len() as u64;
        index.add_episode(id, Episode { order, record, bytes: length, blueprint, session, scene, owners });
        Self::queue(&mut state, ops);
        Ok(id)
    }

    fn episode(&self, id: &Id) -> Result<Option<EpisodeRecord>, Error> {
        let order = self.state().index.episodes.get(id).map(|episode| episode.order);
        order.map_or(Ok(None), |order| self.record(&Key::Episode(order)))
    }

    fn episode_bytes(&self, id: &Id) -> Result<Option<Vec<u8>>, Error> {
        if !self.state().index.episodes.contains_key(id) {
            return Ok(None);
        }
        match self.read(&Key::Object(*id))? {
            Some(bytes) => Ok(Some(bytes.to_vec())),
            // Evicted meanwhile, or lost.
            None if !self.state().index.episodes.contains_key(id) => Ok(None),
            None => Err(Error::missing(&Key::Object(*id))),
        }
    }

    fn episodes(&self, query: &Query) -> Result<Page, Error> {
        let (orders, total, more) = {
            let state = self.state();
            let index = &state.index;
            let fits = |episode: &&Episode| {
                query.scene.as_ref().is_none_or(|scene| **scene == *episode.scene)
                    && query.session.is_none_or(|session| session == episode.session)
                    && query.owner.as_ref().is_none_or(|owner| episode.owners.iter().any(|o| **o == **owner))
            };
            let from = match query.after {
                None => Some(u64::MAX),
                Some(after) => index.episodes.get(&after).map(|episode| episode.order),
            };
            let limit = if query.limit == 0 { usize::MAX } else { query.limit as usize };
            let (mut orders, mut total, mut more, mut skip) = (Vec::new(), 0, false, query.offset);
            for item in index.order.values().rev() {
                let Item::Episode(id) = item else { continue };
                let Some(episode) = index.episodes.get(id).filter(fits) else { continue };
                if query.safe && state.unsafe_yet(id) {
                    continue;
                }
                total += 1;
                if from.is_some_and(|from| episode.order < from) {
                    if skip > 0 {
                        skip -= 1;
                    } else if orders.len() < limit {
                        orders.push(episode.order);
                    } else {
                        more = true;
                    }
                }
            }
            (orders, total, more)
        };
        let mut episodes = Vec::with_capacity(orders.len());
        for order in orders {
            // One that is evicted meanwhile is left out.
            episodes.extend(self.record(&Key::Episode(order))?);
        }
        Ok(Page { episodes, more, total })
    }

    fn put_blueprint(&self, root: &Id, bytes: &[u8]) -> Result<(), Error> {
        bounded("blueprint", bytes.len(), MAX_VALUE)?;
        self.writable()?;
        let id = Id::of(bytes);
        let mut state = self.state();
        if state.index.blueprints.contains_key(root) {
            return Ok(());
        }
        let key = Key::Blueprint(*root);
        self.make_room(&mut state, object_size(bytes) + size(&key, SEGMENT), root)?;
        let mut ops = Vec::new();
        let reference = hold(&mut state.index, &mut ops, id, bytes);
        let record = encode(&reference);
        state.index.grow(&key, record.len() as u64);
        state.index.blueprints.insert(*root, (id, reference.bytes, record.len() as u64));
        ops.push(Op::Put(key, record));
        Self::queue(&mut state, ops);
        Ok(())
    }

    fn blueprint(&self, root: &Id) -> Result<Option<Vec<u8>>, Error> {
        let found = self.state().index.blueprints.get(root).map(|(object, ..)| *object);
        let Some(object) = found else { return Ok(None) };
        let bytes = self.read(&Key::Object(object))?;
        bytes.map_or_else(|| Err(Error::missing(&Key::Object(object))), |bytes| Ok(Some(bytes.to_vec())))
    }

    fn put_job(&self, id: &Id, meta: &JobMeta, pins: &[Id]) -> Result<(), Error> {
        bounded("scene's name", meta.scene.len(), MAX_NAME as u64)?;
        bounded("job's note", meta.note.len(), MAX_TEXT as u64)?;
        self.writable()?;
        let mut known = self.job_body(id)?;
        let mut state = self.state();
        if known.is_none() && state.index.jobs.contains_key(id) {
            // Another thread has begun it in between, so it can be read now; or its record is lost.
            drop(state);
            known = Some(self.job_body(id)?.ok_or_else(|| Error::missing(&Key::Job(*id)))?);
            state = self.state();
        }
        let mut all: BTreeSet<Id> = pins.iter().copied().collect();
        all.extend(state.index.jobs.get(id).into_iter().flat_map(|job| &job.pins));
        if all.len() > MAX_PINS {
            return Err(Error::Pins { job: *id, found: all.len(), accepted: MAX_PINS });
        }
        if let (Some(job), Some(body)) = (state.index.jobs.get(id), known) {
            if job.pins == all {
                return Ok(());
            }
            if job.finalised {
                return Err(Error::Finalised { job: *id });
            }
            return self.change_job(&mut state, id, body, all, false);
        }
        let body = JobBody {
            order: state.index.next,
            meta: meta.clone(),
            pins: all.iter().copied().collect(),
            finalised: false,
        };
        let (key, value) = (Key::Job(*id), encode(&body));
        let record = value.len() as u64;
        self.room_beside(&mut state, size(&key, record), &meta.blueprint, &all)?;
        let (order, blueprint, segments) = (body.order, meta.blueprint, Vec::new());
        state.index.add_job(*id, Job { order, record, blueprint, segments, pins: all, finalised: false });
        Self::queue(&mut state, vec![Op::Put(key, value)]);
        Ok(())
    }

    fn put_segment(&self, job: &Id, number: u64, bytes: &[u8]) -> Result<(), Error> {
        bounded("segment", bytes.len(), MAX_VALUE)?;
        self.writable()?;
        let id = Id::of(bytes);
        let mut state = self.state();
        let unknown = || Error::Unknown { what: "job", name: job.to_string() };
        let found = state.index.jobs.get(job).ok_or_else(unknown)?;
        let (next, blueprint) = (found.segments.len() as u64, found.blueprint);
        if number < next {
            return Ok(());
        }
        if found.finalised {
            return Err(Error::Finalised { job: *job });
        }
        if number > next {
            return Err(Error::Gap { what: format!("segments of job {job}"), found: number, accepted: next });
        }
        let key = Key::Segment(*job, number);
        self.make_room(&mut state, object_size(bytes) + size(&key, SEGMENT), &blueprint)?;
        let mut ops = Vec::new();
        let reference = hold(&mut state.index, &mut ops, id, bytes);
        let record = encode(&reference);
        state.index.grow(&key, record.len() as u64);
        ops.push(Op::Put(key, record));
        if let Some(job) = state.index.jobs.get_mut(job) {
            job.segments.push((id, reference.bytes));
        }
        Self::queue(&mut state, ops);
        Ok(())
    }

    fn finalise(&self, job: &Id) -> Result<(), Error> {
        self.writable()?;
        let body = self.job_body(job)?.ok_or_else(|| Error::Unknown { what: "job", name: job.to_string() })?;
        let mut state = self.state();
        match state.index.jobs.get(job) {
            Some(found) if !found.finalised => {
                let pins = found.pins.clone();
                self.change_job(&mut state, job, body, pins, true)
            }
            _ => Ok(()),
        }
    }

    fn job(&self, id: &Id) -> Result<Option<JobRecord>, Error> {
        let Some(body) = self.job_body(id)? else { return Ok(None) };
        Ok(self.state().index.jobs.get(id).map(|job| job_record(*id, body, job)))
    }

    fn jobs(&self, open: bool) -> Result<Vec<JobRecord>, Error> {
        let ids: Vec<Id> = {
            let index = &self.state().index;
            let ids = index.order.values().rev().filter_map(|item| match item {
                Item::Job(id) if !open || index.jobs.get(id).is_some_and(|job| !job.finalised) => Some(*id),
                _ => None,
            });
            ids.collect()
        };
        ids.iter().filter_map(|id| self.job(id).transpose()).collect()
    }

    fn segment(&self, job: &Id, number: u64) -> Result<Option<Vec<u8>>, Error> {
        let found = {
            let state = self.state();
            let at = usize::try_from(number).ok();
            at.and_then(|at| state.index.jobs.get(job)?.segments.get(at).map(|(object, _)| *object))
        };
        let Some(object) = found else { return Ok(None) };
        let bytes = self.read(&Key::Object(object))?;
        bytes.map_or_else(|| Err(Error::missing(&Key::Object(object))), |bytes| Ok(Some(bytes.to_vec())))
    }

    fn put_verdict(&self, verdict: &Verdict) -> Result<(), Error> {
        bounded("name of who gives a verdict", verdict.by.len(), MAX_NAME as u64)?;
        bounded("verdict's detail", verdict.detail.len(), MAX_TEXT as u64)?;
        self.writable()?;
        let (subject, by) = (verdict.subject, party(&verdict.by));
        let mut state = self.state();
        if !state.index.episodes.contains_key(&subject) && !state.index.jobs.contains_key(&subject) {
            return Err(Error::Unknown { what: "episode or job", name: subject.to_string() });
        }
        let (key, value) = (Key::Verdict(subject, by), encode(verdict));
        let needed = size(&key, value.len() as u64);
        self.make_room(&mut state, needed, &Id::default())?;
        // Room may have been made of the subject.
        if state.index.episodes.contains_key(&subject) || state.index.jobs.contains_key(&subject) {
            state.index.add_verdict(subject, by, value.len() as u64);
            Self::queue(&mut state, vec![Op::Put(key, value)]);
        }
        Ok(())
    }

    fn verdicts(&self, subject: &Id) -> Result<Vec<Verdict>, Error> {
        let parties: Vec<u64> = {
            let state = self.state();
            state.index.verdicts.get(subject).into_iter().flat_map(|of| of.keys().copied()).collect()
        };
        let mut verdicts = Vec::with_capacity(parties.len());
        for by in parties {
            verdicts.extend(self.record::<Verdict>(&Key::Verdict(*subject, by))?);
        }
        verdicts.sort_by(|a, b| a.by.cmp(&b.by));
        Ok(verdicts)
    }

    fn checkpoint(&self, session: u64, after: u64, bytes: &[u8]) -> Result<(), Error> {
        bounded("checkpoint", bytes.len(), MAX_VALUE)?;
        self.writable()?;
        let id = Id::of(bytes);
        let mut state = self.state();
        let mut commands = Vec::new();
        if let Some(journal) = state.index.sessions.get(&session) {
            if after < journal.after {
                return Ok(());
            }
            if after > journal.last() {
                let what = format!("checkpoint of session {session}");
                return Err(Error::Gap { what, found: after, accepted: journal.last() });
            }
            commands = journal.commands[(after - journal.after) as usize..].to_vec();
        }
        let key = Key::Checkpoint(session);
        self.make_room(&mut state, object_size(bytes) + size(&key, 8 + SEGMENT), &Id::default())?;
        let mut ops = Vec::new();
        let reference = hold(&mut state.index, &mut ops, id, bytes);
        let record = encode(&CheckpointBody { after, state: reference });
        let journal = Session { after, record: record.len() as u64, state: (id, reference.bytes), commands };
        ops.push(Op::Put(key, record));
        ops.extend(state.index.move_checkpoint(session, journal));
        Self::queue(&mut state, ops);
        Ok(())
    }

    fn append(&self, session: u64, number: u64, command: &[u8]) -> Result<(), Error> {
        bounded("command", command.len(), MAX_VALUE)?;
        self.writable()?;
        let mut state = self.state();
        let unknown = || Error::Unknown { what: "session", name: session.to_string() };
        let last = state.index.sessions.get(&session).ok_or_else(unknown)?.last();
        if number <= last {
            return Ok(());
        }
        if number != last + 1 {
            let what = format!("commands of session {session}");
            return Err(Error::Gap { what, found: number, accepted: last + 1 });
        }
        let (key, bytes) = (Key::Command(session, number), command.len() as u64);
        self.make_room(&mut state, size(&key, bytes), &Id::default())?;
        state.index.grow(&key, bytes);
        if let Some(journal) = state.index.sessions.get_mut(&session) {
            journal.commands.push(bytes);
        }
        Self::queue(&mut state, vec![Op::Put(key, command.into())]);
        Ok(())
    }

    fn journal(&self, session: u64) -> Result<Option<Journal>, Error> {
        // A checkpoint may come between the readings; then everything is read again.
        loop {
            let found = self.state().index.sessions.get(&session).cloned();
            let Some(found) = found else { return Ok(None) };
            let read = |key: Key| self.read(&key)?.ok_or_else(|| Error::missing(&key));
            let state: Result<Arc<[u8]>, Error> = read(Key::Object(found.state.0));
            let numbers = found.after + 1..=found.last();
            let commands: Result<Vec<Vec<u8>>, Error> =
                numbers.map(|number| Ok(read(Key::Command(session, number))?.to_vec())).collect();
            let moved = match self.state().index.sessions.get(&session) {
                Some(now) => now.after != found.after || now.state != found.state,
                None => true,
            };
            if !moved {
                return Ok(Some(Journal { after: found.after, state: state?.to_vec(), commands: commands? }));
            }
        }
    }

    fn sessions(&self) -> Result<Vec<SessionRecord>, Error> {
        let state = self.state();
        let record = |(number, journal): (&u64, &Session)| SessionRecord {
            session: *number,
            after: journal.after,
            last: journal.last(),
            bytes: journal.state.1 + journal.commands.iter().sum::<u64>(),
        };
        Ok(state.index.sessions.iter().map(record).collect())
    }

    fn drop_journal(&self, session: u64) -> Result<(), Error> {
        self.writable()?;
        let mut state = self.state();
        let mut ops = Vec::new();
        state.index.remove_session(&mut ops, session);
        Self::queue(&mut state, ops);
        Ok(())
    }

    fn flush(&self) -> Result<(), Error> {
        self.flush_all()
    }

    fn usage(&self) -> Usage {
        self.measure()
    }

    fn compact(&self) -> Result<(), Error> {
        self.rewrite()
    }

    fn fsck(&self) -> Result<Report, Error> {
        self.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    /// The room that a job needs is never made of the episodes that it pins, however old they are.
    #[test]
    fn a_job_does_not_evict_what_it_pins() {
        let folder = tempfile::tempdir().unwrap();
        let (capacity, reserve) = (100_000, 0);
        let options = Options { path: folder.path().into(), capacity, reserve, ..Options::default() };
        let (store, _) = SledStore::open(&options).unwrap();
        let put = |byte: u8| store.put_episode(&EpisodeMeta::default(), &vec![byte; 9_000]).unwrap();
        let mut episodes = Vec::new();
        while store.usage().evicted == 0 {
            episodes.push(put(episodes.len() as u8));
        }
        let oldest = store.episodes(&Query::default()).unwrap().episodes.last().unwrap().id;
        let (id, note) = (Id::of(b"job"), vec![0; MAX_TEXT]);
        store.put_job(&id, &JobMeta { note, ..JobMeta::default() }, &[oldest]).unwrap();
        assert!(store.episode(&oldest).unwrap().is_some());
        // The same when pins are added to a job that is there.
        let next = store.episodes(&Query::default()).unwrap().episodes.iter().rev().nth(1).unwrap().id;
        store.put_job(&id, &JobMeta::default(), &[next]).unwrap();
        for episode in [oldest, next] {
            assert!(store.episode(&episode).unwrap().is_some());
        }
    }

    /// Threads that begin the same job at once begin it once: no segment is lost, no byte counted twice.
    #[test]
    fn a_job_begins_once() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { path: folder.path().into(), reserve: 0, ..Options::default() };
        let (store, _) = SledStore::open(&options).unwrap();
        for round in 0..200_u64 {
            let id = Id::of(&round.to_le_bytes());
            std::thread::scope(|scope| {
                for thread in 0..4_u8 {
                    let store = &store;
                    scope.spawn(move || {
                        store.put_job(&id, &JobMeta::default(), &[]).unwrap();
                        store.put_segment(&id, 0, &[thread]).unwrap();
                    });
                }
            });
        }
        assert!(store.jobs(false).unwrap().iter().all(|job| job.segments == 1));
        store.flush().unwrap();
        let bytes = store.usage().bytes;
        drop(store);
        assert_eq!(SledStore::open(&options).unwrap().0.usage().bytes, bytes);
    }
}
