//! What was put and is not on the disk yet.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Error,
    disk::Disk,
    index::Op,
    key::Key,
    value::{parts, size},
};

/// Operations in the order in which they came, and what each key will hold after them.
#[derive(Debug, Default)]
pub struct Pending {
    ops: Vec<Op>,
    values: HashMap<Key, Option<Arc<[u8]>>>,
    bytes: u64,
}

impl Pending {
    /// Adds operations.
    pub fn extend(&mut self, ops: Vec<Op>) {
        for op in &ops {
            let (key, value) = match op {
                Op::Put(key, value) => (*key, Some(value.clone())),
                Op::Remove(key, _) => (*key, None),
            };
            self.bytes += value.as_ref().map_or(0, |value| size(&key, value.len() as u64));
            self.values.insert(key, value);
        }
        self.ops.extend(ops);
    }

    /// Bytes of the values to be written.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// What a key will hold: nothing known, removed, or a value.
    pub fn get(&self, key: &Key) -> Option<Option<Arc<[u8]>>> {
        self.values.get(key).cloned()
    }

    /// Puts earlier operations before these.
    pub fn put_back(&mut self, earlier: &Self) {
        let later = std::mem::take(&mut self.ops);
        *self = Self::default();
        self.extend(earlier.ops.clone());
        self.extend(later);
    }

    /// Writes everything; not safe before the disk is flushed.
    pub fn write(&self, disk: &Disk, stamp: u64) -> Result<(), Error> {
        self.ops.iter().try_for_each(|op| match op {
            Op::Put(key, value) => disk.put(*key, stamp, value),
            Op::Remove(key, bytes) => disk.remove(key, parts(*bytes)),
        })
    }
}
