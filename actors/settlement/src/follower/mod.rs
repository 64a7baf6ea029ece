//! What contracts say, in order, once, and taken back where the chain takes it back.
//!
//! [`Follower::next`] gives a block with its logs, or a block that is not on the chain any more; the consumer deals with it and calls
//! [`Follower::acknowledge`], which moves the cursor on the disk. A crash between the two gives the same again, so consumers must take the same
//! block twice; nothing is ever skipped.
//!
//! - **Blocks are named by hashes.** Each block's parent is the one before; where it is not, or the last one has gone, everything down to the
//!   common ancestor is undone, the latest first. At least [`REMEMBERED`] blocks are remembered; a chain that changed below all of them is an error,
//!   not a guess.
//! - **Logs belong to the block or are asked for again.** Near the end of the chain logs are asked for by the block's hash, which a node that does not have
//!   the block cannot answer. Further back, where no reorganisation reaches, by ranges, halved where a node finds them too large.
//! - A node that answers from an older state is waited for.
//!
//! Blocks without logs are given, too, near the end of the chain: they are how the consumer learns how far it is. Further back only the last of a
//! range is.

mod cursor;

use std::{collections::VecDeque, time::Duration};

use alloy::{
    primitives::B256,
    providers::DynProvider,
    rpc::types::{Filter, Log},
};

use cursor::Cursor;
pub use cursor::Point;

use crate::{
    outbox::Ledger,
    rpc::{Header, Rpc},
};

pub use crate::sender::Error;

/// Blocks that are remembered, at least.
pub const REMEMBERED: usize = 64;
/// Answers in a row after which an older block is believed to be the latest.
const PATIENCE: u32 = 20;

/// How a follower works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The first block that is looked at: the one that the contracts came with.
    pub start: u64,
    /// Blocks from a block's own to the latest, both counted, before it is given. 1: at once.
    pub confirmations: u64,
    /// Blocks that are remembered; [`REMEMBERED`] where that is more.
    pub remember: usize,
    /// Blocks of one request for logs, at most.
    pub span: u64,
    /// How long a node may take for an answer.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { start: 0, confirmations: 1, remember: 128, span: 2048, timeout: Duration::from_secs(10) }
    }
}

/// What happened on the chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A block came to the chain.
    Applied {
        /// Which.
        block: Point,
        /// Its time, in seconds since 1970 by the chain's clock.
        time: u64,
        /// What was said in it, in order.
        logs: Vec<Log>,
    },
    /// The block that was given last is not on the chain any more.
    Undone(Point),
}

impl Event {
    /// The block.
    pub fn block(&self) -> Point {
        match self {
            Self::Applied { block, .. } | Self::Undone(block) => *block,
        }
    }
}

/// Follows what some contracts say.
#[derive(Debug)]
pub struct Follower {
    rpc: Rpc,
    filter: Filter,
    options: Options,
    cursor: Cursor,
    /// What comes next, not acknowledged yet.
    ready: VecDeque<Event>,
    span: u64,
    behind: Option<(B256, u32)>,
    checked: bool,
}

fn inconsistent(method: &'static str, why: String) -> Error {
    Error::Inconsistent { method, why }
}

impl Follower {
    /// A follower with a cursor of this name in the ledger. The filter's addresses and topics are used, its blocks are not; one that is changed later
    /// holds from where the cursor is.
    pub fn open(
        provider: DynProvider,
        ledger: &Ledger,
        name: &str,
        filter: Filter,
        options: Options,
    ) -> Result<Self, Error> {
        let remember = options.remember.max(REMEMBERED);
        let options =
            Options { confirmations: options.confirmations.max(1), remember, span: options.span.max(1), ..options };
        let cursor = Cursor::open(ledger, name, options.start, remember)?;
        let (rpc, span) = (Rpc::new(provider, options.timeout), options.span);
        Ok(Self { rpc, filter, options, cursor, ready: VecDeque::new(), span, behind: None, checked: false })
    }

    /// The last block that was acknowledged.
    pub fn position(&self) -> Option<Point> {
        self.cursor.last()
    }

    /// What comes next, the same until it is acknowledged; nothing where the chain has nothing new.
    ///
    /// May be dropped at any await. Errors: [`Error::retryable`] ones pass; [`Error::TooDeep`] and [`Error::OtherChain`].
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        if self.ready.is_empty() {
            self.ready = self.look().await?.into();
        }
        Ok(self.ready.front().cloned())
    }

    /// Writes down that the consumer has dealt with what [`Follower::next`] gave.
    pub fn acknowledge(&mut self, event: &Event) -> Result<(), Error> {
        if self.ready.front() != Some(event) {
            return Err(Error::Acknowledged { found: event.block().number });
        }
        self.cursor.advance(event)?;
        self.ready.pop_front();
        Ok(())
    }

    async fn look(&mut self) -> Result<Vec<Event>, Error> {
        if !self.checked {
            self.cursor.ledger().belongs(&self.rpc).await?;
            self.checked = true;
        }
        let latest = self.rpc.latest().await?.header;
        if let Some(undone) = self.rewound(&latest).await? {
            return Ok(undone);
        }
        let next = self.cursor.next();
        let Some(target) = (latest.number + 1).checked_sub(self.options.confirmations) else { return Ok(Vec::new()) };
        if next > target {
            return Ok(Vec::new());
        }
        let settled = latest.number.saturating_sub(self.options.remember as u64).min(target);
        if next < settled { self.range(next, settled).await } else { Ok(vec![self.one(next).await?]) }
    }

    /// What has to be undone, the latest first; an empty list where the node is behind; nothing where the chain goes on from the cursor.
    async fn rewound(&mut self, latest: &Header) -> Result<Option<Vec<Event>>, Error> {
        let Some(last) = self.cursor.last() else { return Ok(None) };
        if latest.number >= last.number {
            self.behind = None;
            match self.rpc.at(last.number).await? {
                // One answer knows of the block, the next does not: another node, or another moment.
                None => return Ok(Some(Vec::new())),
                Some(block) if block.header.hash == last.hash => return Ok(None),
                Some(_) => {}
            }
        } else {
            let known = self.cursor.points().iter().rev().find(|point| point.number <= latest.number).copied();
            let same = match known {
                Some(point) if point.number == latest.number => point.hash == latest.hash,
                Some(point) => self.rpc.at(point.number).await?.is_none_or(|block| block.header.hash == point.hash),
                None => true,
            };
            if same {
                let times = match self.behind {
                    Some((hash, times)) if hash == latest.hash => times + 1,
                    _ => 1,
                };
                self.behind = Some((latest.hash, times));
                if times < PATIENCE {
                    return Ok(Some(Vec::new()));
                }
            }
        }
        self.behind = None;
        let mut undone = Vec::new();
        for point in self.cursor.points().iter().rev() {
            let stays = point.number <= latest.number
                && self.rpc.at(point.number).await?.is_some_and(|block| block.header.hash == point.hash);
            if stays {
                return Ok(Some(undone));
            }
            undone.push(Event::Undone(*point));
        }
        if self.cursor.whole() {
            return Ok(Some(undone));
        }
        let oldest = self.cursor.points().first().map_or(0, |point| point.number);
        Err(Error::TooDeep { remembered: undone.len(), oldest })
    }

    /// Whether a block comes after the one that the cursor is at.
    fn linked(&self, header: &Header) -> Result<(), Error> {
        match self.cursor.last() {
            Some(last) if last.number + 1 == header.number && last.hash != header.parent => {
                let why = format!("block {} does not come after {}", header.number, last.hash);
                Err(inconsistent("eth_getBlockByNumber", why))
            }
            _ => Ok(()),
        }
    }

    async fn header(&self, number: u64) -> Result<Header, Error> {
        let missing = || inconsistent("eth_getBlockByNumber", format!("block {number} is not there"));
        Ok(self.rpc.at(number).await?.ok_or_else(missing)?.header)
    }

    async fn one(&self, number: u64) -> Result<Event, Error> {
        let header = self.header(number).await?;
        self.linked(&header)?;
        let logs = match self.rpc.logs(&self.filter.clone().at_block_hash(header.hash)).await {
            Ok(logs) => logs,
            // Either the block is gone, or the node does not take hashes.
            Err(Error::Refused { .. }) => {
                let logs = self.rpc.logs(&self.filter.clone().from_block(number).to_block(number)).await?;
                if self.header(number).await?.hash != header.hash {
                    return Err(inconsistent("eth_getLogs", format!("block {number} changed meanwhile")));
                }
                logs
            }
            Err(error) => return Err(error),
        };
        self.applied(&header, logs)
    }

    /// Blocks of a range that no reorganisation reaches: those in which something was said, and the last one.
    async fn range(&mut self, from: u64, most: u64) -> Result<Vec<Event>, Error> {
        self.linked(&self.header(from).await?)?;
        let (mut logs, to) = loop {
            let to = most.min(from.saturating_add(self.span - 1));
            match self.rpc.logs(&self.filter.clone().from_block(from).to_block(to)).await {
                Ok(logs) => break (logs, to),
                // Every node has its own words for "too many".
                Err(Error::Refused { .. } | Error::Timeout { .. }) if to > from => {
                    self.span = (to - from).div_ceil(2).max(1);
                }
                Err(error) => return Err(error),
            }
        };
        self.span = self.span.saturating_mul(2).min(self.options.span);
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        let mut events = Vec::new();
        let mut rest = logs.into_iter().peekable();
        while let Some(number) = rest.peek().map(|log| log.block_number) {
            let number = number.filter(|number| (from..=to).contains(number));
            let number = number.ok_or_else(|| inconsistent("eth_getLogs", "a log of a block outside".into()))?;
            let mut logs = Vec::new();
            while let Some(log) = rest.next_if(|log| log.block_number == Some(number)) {
                logs.push(log);
            }
            let header = self.header(number).await?;
            events.push(self.applied(&header, logs)?);
        }
        if events.last().is_none_or(|event| event.block().number < to) {
            let header = self.header(to).await?;
            events.push(self.applied(&header, Vec::new())?);
        }
        Ok(events)
    }

    fn applied(&self, header: &Header, mut logs: Vec<Log>) -> Result<Event, Error> {
        let block = Point { number: header.number, hash: header.hash };
        for log in &logs {
            let here = log.block_hash == Some(block.hash) && log.block_number == Some(block.number) && !log.removed;
            let asked = self.filter.matches_address(log.address()) && self.filter.matches_topics(log.topics());
            if !here || !asked || log.log_index.is_none() {
                let why = format!("a log that is not of block {}, or was not asked for", block.hash);
                return Err(inconsistent("eth_getLogs", why));
            }
        }
        logs.sort_by_key(|log| log.log_index);
        Ok(Event::Applied { block, time: header.timestamp, logs })
    }
}
