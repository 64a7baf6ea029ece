//! Looking at everything: what is broken, what is missing, what belongs to nothing.

use std::collections::HashMap;

use serde::Serialize;

use crate::{
    Error, Id, SledStore, Unfit,
    disk::{Disk, log::Log},
    key::Key,
    load::Loader,
    value::Part,
};

/// A value that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// What a look at everything found. See [`crate::Store::fsck`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Values looked at.
    pub values: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Episodes, jobs, verdicts, blueprints and journals that are whole.
    pub whole: u64,
    /// Values that belong to nothing, as a crash in the middle of a removal leaves them. Compaction removes them.
    pub unused: u64,
    /// What is broken or missing. Empty: all is well.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether all is well.
    pub fn clean(&self) -> bool {
        self.findings.is_empty()
    }
}

struct Reading {
    id: Id,
    hasher: blake3::Hasher,
    next: u32,
    total: u64,
    bad: Option<Unfit>,
}

/// The bytes with a content address that are in a database: those that are whole, and the others.
#[derive(Default)]
pub(crate) struct Objects {
    pub whole: HashMap<Id, u64>,
    pub broken: Vec<(Id, Unfit)>,
    reading: Option<Reading>,
}

impl Objects {
    /// Reads all of them.
    pub fn read(disk: &Disk) -> Result<Self, Error> {
        let mut objects = Self::default();
        disk.objects(&mut |stored, part| objects.feed(stored, part))?;
        objects.end();
        Ok(objects)
    }

    fn feed(&mut self, stored: &[u8], part: Result<Part<'_>, Unfit>) {
        // A key that is none is found by what refers to it.
        let Some((Key::Object(id), number)) = Key::decode_part(stored) else { return };
        if self.reading.as_ref().is_none_or(|reading| reading.id != id) {
            self.end();
            self.reading = Some(Reading { id, hasher: blake3::Hasher::new(), next: 0, total: 0, bad: None });
        }
        let Some(reading) = &mut self.reading else { return };
        match part {
            Err(why) => reading.bad = Some(why),
            Ok(part) if (part.key, part.part) != (Key::Object(id), number) => reading.bad = Some(Unfit::Misplaced),
            Ok(part) => {
                if number != reading.next {
                    reading.bad.get_or_insert(Unfit::Part { part: reading.next, parts: part.parts() });
                }
                reading.total = part.total;
                reading.hasher.update(part.bytes);
            }
        }
        reading.next = number + 1;
    }

    fn end(&mut self) {
        let Some(Reading { id, hasher, next, total, bad }) = self.reading.take() else { return };
        let parts = crate::value::parts(total);
        match bad {
            Some(why) => self.broken.push((id, why)),
            None if next != parts => self.broken.push((id, Unfit::Part { part: next, parts })),
            None if hasher.finalize() != id.0 => self.broken.push((id, Unfit::Content)),
            None => drop(self.whole.insert(id, total)),
        }
    }
}

impl SledStore {
    /// Reads what is on the disk while nothing is written there.
    pub(crate) fn check(&self) -> Result<Report, Error> {
        self.at_rest(|commit| {
            let slot = self.slot();
            let disk = slot.disk()?;
            let mut report = Report::default();
            let log = Log::examine(disk.path()).map_err(|error| Error::io("read the log", &error))?;
            let damage = log
                .suspect
                .iter()
                // All that is in use was read when the database was opened, and was whole: this damage touched none of it.
                .filter(|(offset, _)| !disk.harmless.contains(offset))
                .map(|(offset, what)| Finding { key: format!("log at byte {offset}"), reason: (*what).into() });
            report.findings.extend(damage);
            let mut loader = Loader::default();
            let walked = disk.records(&mut |stored, part| {
                report.values += 1;
                report.bytes += part.as_ref().map_or(0, |part| part.bytes.len() as u64);
                loader.feed(stored, part);
            });
            match walked.and_then(|()| Objects::read(disk)) {
                Ok(objects) => {
                    report.values += (objects.whole.len() + objects.broken.len()) as u64;
                    report.bytes += objects.whole.values().sum::<u64>();
                    let loaded = loader.finish(Some(&objects.whole), commit);
                    let used = |id: &&Id| !loaded.index.objects.contains_key(id);
                    report.unused = loaded.sweep.len() as u64 + objects.whole.keys().filter(used).count() as u64;
                    report.whole = loaded.index.counts().iter().sum();
                    report.findings.extend(loaded.findings);
                    for (id, why) in &objects.broken {
                        // A write that was cut off leaves a beginning that nothing refers to.
                        let name = id.to_string();
                        if report.findings.iter().any(|finding| finding.reason.contains(&name)) {
                            let key = Key::Object(*id).to_string();
                            report.findings.push(Finding { key, reason: why.to_string() });
                        } else {
                            report.unused += 1;
                        }
                    }
                }
                // The database cannot be walked: what is known of is asked for one by one.
                Err(Error::Damaged { why }) => {
                    report.findings.push(Finding { key: "database".into(), reason: why });
                    let keys = self.state().index.keys();
                    report.values = keys.len() as u64;
                    for key in keys {
                        match disk.get(&key) {
                            Ok(value) => report.bytes += value.map_or(0, |value| value.len() as u64),
                            Err(Error::Broken { key, why }) => {
                                report.findings.push(Finding { key, reason: why.to_string() });
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
            Ok(report)
        })
    }
}
