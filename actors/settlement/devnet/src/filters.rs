//! Filters that clients installed and ask for what is new. They are not kept when the chain is closed, as with any node.
//!
//! After a return to a snapshot a filter goes on from where the chain is then; it doesn't say which logs are gone.

use std::collections::BTreeMap;

use alloy::{primitives::B256, rpc::types::Filter};

use crate::Failure;

/// Most filters at a time; the oldest unused ones make room.
const MOST: usize = 1024;

/// What a filter is about.
#[derive(Clone, Debug)]
pub enum About {
    /// Logs.
    Logs(Box<Filter>),
    /// Hashes of blocks.
    Blocks,
    /// Hashes of transactions, when they are mined.
    Transactions,
}

#[derive(Clone, Debug)]
struct Installed {
    about: About,
    /// The first block that it wasn't asked about.
    next: usize,
    used: u64,
}

/// The filters of a chain.
#[derive(Debug, Default)]
pub struct Filters {
    installed: BTreeMap<u64, Installed>,
    count: u64,
    uses: u64,
}

impl Filters {
    /// Installs a filter on blocks from `next` on, and says its number.
    pub fn install(&mut self, about: About, next: usize) -> u64 {
        if self.installed.len() >= MOST
            && let Some(stale) = self.installed.iter().min_by_key(|(_, filter)| filter.used).map(|(id, _)| *id)
        {
            self.installed.remove(&stale);
        }
        self.uses += 1;
        self.count += 1;
        self.installed.insert(self.count, Installed { about, next, used: self.uses });
        self.count
    }

    /// Removes a filter; says whether it was there.
    pub fn uninstall(&mut self, id: u64) -> bool {
        self.installed.remove(&id).is_some()
    }

    /// What a filter is about, and the first block that it wasn't asked about; from now on that is `end`.
    pub fn advance(&mut self, id: u64, end: usize) -> Result<(About, usize), Failure> {
        self.uses += 1;
        let filter = self.installed.get_mut(&id).ok_or_else(|| Failure::server("filter not found"))?;
        filter.used = self.uses;
        Ok((filter.about.clone(), std::mem::replace(&mut filter.next, end)))
    }

    /// What a filter is about.
    pub fn about(&self, id: u64) -> Option<&About> {
        self.installed.get(&id).map(|filter| &filter.about)
    }

    /// Notes that the chain has only `blocks` blocks now.
    pub fn rewind(&mut self, blocks: usize) {
        for filter in self.installed.values_mut() {
            filter.next = filter.next.min(blocks);
        }
    }
}

/// Hashes of blocks or transactions.
pub type Hashes = Vec<B256>;
