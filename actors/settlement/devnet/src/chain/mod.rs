//! The chain: blocks, the state after them, transactions that wait, and what its owner may do to it by hand.
//!
//! Everything that changes the chain is written to its log before it counts (see [`crate::log`]), so that what was answered is there
//! after a crash. It is single-threaded: [`crate::Devnet`] has it behind a lock.

pub mod block;
pub mod by_hand;
pub mod calls;
pub mod machine;
pub mod mining;
pub mod pool;
pub mod snapshots;
pub mod state;

use std::{collections::HashMap, path::Path};

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
};

use self::{
    block::{Mined, Place},
    machine::Setting,
    pool::Pool,
    snapshots::Snapshot,
    state::{Basics, State, Undo, View},
};
use crate::{
    Error, Failure, Genesis,
    clock::Clock,
    filters::Filters,
    genesis::{self, randomness},
    log::{Cut, Entry, Log},
};

/// The chain.
pub struct Chain {
    /// How it began; its timestamp is that of the first block.
    pub genesis: Genesis,
    state: State,
    blocks: Vec<Mined>,
    by_hash: HashMap<B256, usize>,
    places: HashMap<B256, Place>,
    pool: Pool,
    /// Whether a transaction is mined as soon as it comes.
    pub automine: bool,
    clock: Clock,
    snapshots: Vec<Snapshot>,
    next_snapshot: u64,
    log: Log,
    /// What clients installed; not kept.
    pub filters: Filters,
}

/// Which block's state a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// After this block.
    Block(usize),
    /// After the last block, in the block that would be mined now.
    Next,
}

impl Chain {
    /// A chain in memory alone.
    pub fn in_memory(mut genesis: Genesis) -> Result<Self, Error> {
        genesis.check()?;
        let (clock, first) = Clock::starting(genesis.timestamp, genesis.pace);
        genesis.timestamp = first;
        Ok(Self::begin(genesis, clock, Log::none()))
    }

    /// The chain of a folder: what its log says, or a new one. Says what was cut off its end, if a write was torn.
    pub fn open(folder: &Path, mut genesis: Genesis) -> Result<(Self, Option<Cut>), Error> {
        genesis.check()?;
        let (mut clock, first) = Clock::starting(genesis.timestamp, genesis.pace);
        let mut made = genesis.clone();
        made.timestamp = first;
        let mut opened = Log::open(folder, &made, clock.offset)?;
        if genesis.timestamp == 0 {
            // Not asked for: that of the chain on the disk.
            genesis.timestamp = opened.genesis.timestamp;
        }
        if genesis.salt.is_zero() {
            genesis.salt = opened.genesis.salt;
        }
        if opened.genesis != genesis {
            return Err(Error::OtherGenesis {
                path: opened.path,
                found: format!("{genesis:?}"),
                accepted: format!("{:?}", opened.genesis),
            });
        }
        clock.offset = opened.offset;
        let mut chain = Self::begin(genesis, clock, Log::none());
        for (number, (offset, entry)) in std::mem::take(&mut opened.entries).into_iter().enumerate() {
            chain.replay(entry).map_err(|why| Error::Damaged {
                path: opened.path.clone(),
                offset,
                entry: number as u64 + 1,
                why,
            })?;
        }
        let last = chain.head().header.timestamp;
        chain.clock.resume(last);
        chain.log = opened.log;
        Ok((chain, opened.cut))
    }

    fn begin(genesis: Genesis, clock: Clock, log: Log) -> Self {
        let (mut state, mut undo) = (State::default(), Undo::default());
        let nonce = genesis.nonce();
        let prefunded = (0..genesis::ACCOUNTS).map(|index| (genesis::account(index).address(), genesis.balance));
        for (address, balance) in prefunded.chain(genesis.funds.iter().map(|funds| (funds.address, funds.balance))) {
            state.set_basics(address, Basics { balance, nonce, ..Basics::default() }, &mut undo);
        }
        let frame = block::Frame {
            parent: B256::ZERO,
            number: 0,
            timestamp: genesis.timestamp,
            gas_limit: genesis.gas_limit,
            base_fee: genesis.base_fee,
            randomness: randomness(genesis.salt),
        };
        let first = Mined::close(frame, state.root(), Vec::new(), Vec::new(), Undo::default());
        Self {
            genesis,
            state,
            by_hash: HashMap::from([(first.hash, 0)]),
            blocks: vec![first],
            places: HashMap::new(),
            pool: Pool::default(),
            automine: true,
            clock,
            snapshots: Vec::new(),
            next_snapshot: 0,
            log,
            filters: Filters::default(),
        }
    }

    /// All blocks; never empty.
    pub fn blocks(&self) -> &[Mined] {
        &self.blocks
    }

    /// The last block.
    pub fn head(&self) -> &Mined {
        &self.blocks[self.blocks.len() - 1]
    }

    /// Wei per gas that the next block burns (EIP-1559).
    pub fn next_base_fee(&self) -> u64 {
        let head = &self.head().header;
        match head.base_fee_per_gas {
            // A fee of zero was chosen, and stays.
            None | Some(0) => 0,
            Some(_) => head.next_block_base_fee(alloy::eips::eip1559::BaseFeeParams::ethereum()).unwrap_or_default(),
        }
    }

    /// The block that clients mean, if it is there.
    pub fn find(&self, id: BlockId) -> Option<At> {
        match id {
            BlockId::Hash(hash) => self.by_hash.get(&hash.block_hash).map(|number| At::Block(*number)),
            BlockId::Number(tag) => self.find_tag(tag),
        }
    }

    /// As [`Self::find`]. A devnet has no reorganisations that it doesn't make itself: its last block is safe and final.
    pub fn find_tag(&self, tag: BlockNumberOrTag) -> Option<At> {
        let last = self.blocks.len() - 1;
        match tag {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => Some(At::Block(last)),
            BlockNumberOrTag::Earliest => Some(At::Block(0)),
            BlockNumberOrTag::Pending => Some(At::Next),
            BlockNumberOrTag::Number(number) => {
                usize::try_from(number).ok().filter(|number| *number <= last).map(At::Block)
            }
        }
    }

    /// The state that a question is about.
    pub fn view(&self, at: At) -> View<'_> {
        match at {
            At::Block(number) if number + 1 < self.blocks.len() => View::after(&self.state, &self.blocks, number),
            At::Block(_) | At::Next => View::newest(&self.state, &self.blocks),
        }
    }

    /// The block that code believes to run in.
    fn setting(&self, at: At) -> Setting {
        match at {
            At::Next => self.next_setting(),
            At::Block(number) => {
                let header = &self.blocks[number.min(self.blocks.len() - 1)].header;
                Setting {
                    number: header.number,
                    timestamp: header.timestamp,
                    gas_limit: header.gas_limit,
                    base_fee: header.base_fee_per_gas.unwrap_or_default(),
                    randomness: header.mix_hash,
                }
            }
        }
    }

    fn next_setting(&self) -> Setting {
        let head = self.head();
        Setting {
            number: head.header.number + 1,
            timestamp: self.clock.next(head.header.timestamp),
            gas_limit: self.genesis.gas_limit,
            base_fee: self.next_base_fee(),
            randomness: randomness(head.hash),
        }
    }

    /// The nonce of an account, after transactions that wait if `at` is the next block.
    pub fn nonce(&self, address: Address, at: At) -> u64 {
        let nonce = self.view(at).basics(address).nonce;
        match at {
            At::Next => self.pool.next_nonce(address, nonce),
            At::Block(_) => nonce,
        }
    }

    /// Where a mined transaction is.
    pub fn place(&self, hash: B256) -> Option<(&Mined, usize)> {
        let place = self.places.get(&hash)?;
        Some((self.blocks.get(place.block)?, place.index))
    }

    /// A transaction that waits.
    pub fn waiting(&self, hash: B256) -> Option<&pool::Waiting> {
        self.pool.find(hash)
    }

    /// The index of a block with this hash.
    pub fn number_of(&self, hash: B256) -> Option<usize> {
        self.by_hash.get(&hash).copied()
    }

    /// Does again what the log says. Whoever wrote it, nothing here panics.
    fn replay(&mut self, entry: Entry) -> Result<(), String> {
        let said = |failure: Failure| failure.to_string();
        match entry {
            Entry::Genesis { .. } => Err("a second genesis".into()),
            Entry::Salt { .. } => Err("a salt that is not the genesis'".into()),
            Entry::Block { timestamp, offset, hash, transactions } => {
                let found = self.replay_block(timestamp, transactions)?;
                self.clock.exact = None;
                self.clock.offset = offset;
                (found.0 == hash)
                    .then_some(())
                    .ok_or_else(|| format!("block {} came out as another: {found}", self.blocks.len() - 1))
            }
            Entry::Waiting { raw } => self.admit(&raw).map(|_| ()).map_err(said),
            Entry::Dropped { sender, nonce } => {
                self.pool.remove(Address::from(sender), nonce);
                Ok(())
            }
            Entry::Account { address, balance, nonce, code } => {
                self.write_account(
                    Address::from(address),
                    balance.map(U256::from_be_bytes),
                    nonce,
                    code.map(Into::into),
                );
                Ok(())
            }
            Entry::Slot { address, slot, value } => {
                self.write_slot(Address::from(address), U256::from_be_bytes(slot), U256::from_be_bytes(value));
                Ok(())
            }
            Entry::Clock { offset, exact, pace } => {
                self.clock = Clock { offset, exact, pace };
                Ok(())
            }
            Entry::Snapshot => {
                self.keep_snapshot();
                Ok(())
            }
            Entry::Revert { id } => self.return_to(id).then_some(()).ok_or_else(|| format!("no snapshot {id}")),
        }
    }
}
