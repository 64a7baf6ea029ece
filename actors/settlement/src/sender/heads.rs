//! The chain as far as it was checked: the latest block and those before it, each named by the one after it.
//!
//! A node may answer from an older state than before, or from another branch than a moment ago. So a block counts as being on the chain only if
//! the hashes lead to it from the latest one. An older block of the same branch is taken for a node that is behind and ignored; if
//! the node goes on saying so ([`PATIENCE`] times in a row) the chain itself went back, and that is believed. To believe a branch is
//! harmless: inclusions are looked at again, and the same bytes are sent again.

use std::collections::BTreeMap;

use alloy::primitives::B256;

use crate::{
    rpc::{Block, Header, Rpc},
    sender::Error,
};

/// Blocks that are remembered. What is deeper is taken from the node without a check of its hashes.
pub(crate) const KEEP: u64 = 128;
/// Answers in a row after which an older block of the same branch is believed to be the latest.
const PATIENCE: u32 = 20;

#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// Linked by their hashes, without gaps.
    window: BTreeMap<u64, Header>,
    behind: Option<(B256, u32)>,
}

fn inconsistent(why: String) -> Error {
    Error::Inconsistent { method: "eth_getBlockByHash", why }
}

impl Heads {
    /// The latest block. Nothing before the first [`Heads::refresh`].
    pub fn tip(&self) -> Option<Header> {
        self.window.last_key_value().map(|(_, header)| *header)
    }

    /// Looks at the latest block, and at those before it down to one that is known. Whether blocks that were on the chain may not be any more.
    pub async fn refresh(&mut self, rpc: &Rpc) -> Result<bool, Error> {
        let latest = rpc.latest().await?.header;
        let Some(tip) = self.tip() else {
            self.window.insert(latest.number, latest);
            return Ok(false);
        };
        if latest.hash == tip.hash {
            self.behind = None;
            return Ok(false);
        }
        if latest.number < tip.number {
            let other = match self.header(rpc, latest.number).await {
                Ok(header) => header.is_some_and(|header| header.hash != latest.hash),
                // The node may have forgotten the branch: then nothing says that this is another one.
                Err(Error::Inconsistent { .. }) => false,
                Err(error) => return Err(error),
            };
            if !other {
                return Ok(self.wait(latest));
            }
        }
        if latest.number > tip.number + KEEP {
            // Too far ahead to walk back.
            self.window = BTreeMap::from([(latest.number, latest)]);
            return Ok(true);
        }
        let mut branch = vec![latest];
        let mut lowest = latest;
        let linked = loop {
            let below = lowest.number.checked_sub(1).and_then(|number| self.window.get(&number));
            match below {
                Some(known) if known.hash == lowest.parent => break true,
                // Nothing is known there: far ahead, or everything that is known is on another branch.
                _ if branch.len() as u64 >= KEEP || lowest.number == 0 => break false,
                None if self.window.keys().next().is_none_or(|first| lowest.number <= *first) => break false,
                _ => {}
            }
            lowest = self.parent(rpc, &lowest).await?;
            branch.push(lowest);
        };
        let reorganised = !linked || lowest.number <= tip.number;
        if linked {
            self.window.retain(|number, _| *number < lowest.number);
        } else {
            self.window.clear();
        }
        self.window.extend(branch.into_iter().map(|header| (header.number, header)));
        let first = latest.number.saturating_sub(KEEP - 1);
        self.window.retain(|number, _| *number >= first);
        self.behind = None;
        Ok(reorganised)
    }

    /// An older block, perhaps of the same branch: believed if the node goes on about it.
    fn wait(&mut self, latest: Header) -> bool {
        let times = match self.behind {
            Some((hash, times)) if hash == latest.hash => times + 1,
            _ => 1,
        };
        self.behind = Some((latest.hash, times));
        if times < PATIENCE {
            return false;
        }
        self.behind = None;
        if self.agrees(latest.number, latest.hash) == Some(true) {
            self.window.retain(|number, _| *number <= latest.number);
        } else {
            self.window = BTreeMap::from([(latest.number, latest)]);
        }
        true
    }

    async fn parent(&self, rpc: &Rpc, of: &Header) -> Result<Header, Error> {
        let found = rpc.block(of.parent).await?.map(|block| block.header);
        let found = found.ok_or_else(|| inconsistent(format!("block {} has no parent", of.number)))?;
        if found.number + 1 != of.number {
            return Err(inconsistent(format!("the parent of block {} is number {}", of.number, found.number)));
        }
        Ok(found)
    }

    /// The hash of the block of this number on the chain; nothing above the latest block.
    pub async fn canonical(&mut self, rpc: &Rpc, number: u64) -> Result<Option<B256>, Error> {
        Ok(self.header(rpc, number).await?.map(|header| header.hash))
    }

    /// The block of this number on the chain; nothing above the latest block.
    pub async fn header(&mut self, rpc: &Rpc, number: u64) -> Result<Option<Header>, Error> {
        let Some(tip) = self.tip().filter(|tip| number <= tip.number) else { return Ok(None) };
        if tip.number - number >= KEEP {
            return Ok(rpc.at(number).await?.map(|block: Block| block.header));
        }
        while let Some(first) = self.window.first_key_value().map(|(_, header)| *header)
            && first.number > number
        {
            let parent = self.parent(rpc, &first).await?;
            self.window.insert(parent.number, parent);
        }
        Ok(self.window.get(&number).copied())
    }

    /// What is known of a number without asking: whether this is the hash of its block.
    pub fn agrees(&self, number: u64, hash: B256) -> Option<bool> {
        self.window.get(&number).map(|header| header.hash == hash)
    }
}
