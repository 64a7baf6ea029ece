//! What the owner of a devnet may do that no transaction can.

use alloy::primitives::{Address, Bytes, U256};

use super::{
    Chain,
    state::{Basics, Undo},
};
use crate::{Failure, log::Entry};

/// Most blocks that are mined at a word.
pub const MOST_BLOCKS: u64 = 1024;

impl Chain {
    /// Gives an account a balance, a nonce or code, at once and for good.
    pub fn set_account(
        &mut self,
        address: Address,
        balance: Option<U256>,
        nonce: Option<u64>,
        code: Option<Bytes>,
    ) -> Result<(), Failure> {
        if balance.is_some_and(|balance| balance > U256::from(1u8) << 200) {
            return Err(Failure::params("found a balance of more than 2^200 wei"));
        }
        if code.as_ref().is_some_and(|code| code.len() > 0x6000) {
            return Err(Failure::params("found more than 24576 bytes of code"));
        }
        self.log.write(&Entry::Account {
            address: address.into(),
            balance: balance.map(|balance| balance.to_be_bytes()),
            nonce,
            code: code.as_ref().map(|code| code.to_vec()),
        })?;
        self.write_account(address, balance, nonce, code);
        Ok(())
    }

    pub(super) fn write_account(
        &mut self,
        address: Address,
        balance: Option<U256>,
        nonce: Option<u64>,
        code: Option<Bytes>,
    ) {
        let before = self.state.basics(address);
        let basics = Basics {
            balance: balance.unwrap_or(before.balance),
            nonce: nonce.unwrap_or(before.nonce),
            code_hash: code.map_or(before.code_hash, |code| self.state.keep_code(code)),
        };
        let mut undo = self.take_undo();
        self.state.set_basics(address, basics, &mut undo);
        self.put_undo(undo);
        self.pool.settle(address, basics.nonce);
    }

    /// Writes a slot of an account that is there.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256) -> Result<(), Failure> {
        if self.state.basics(address) == Basics::default() {
            return Err(Failure::params("found an address with nothing there; accepted: that of a contract"));
        }
        let entry = Entry::Slot { address: address.into(), slot: slot.to_be_bytes(), value: value.to_be_bytes() };
        self.log.write(&entry)?;
        self.write_slot(address, slot, value);
        Ok(())
    }

    pub(super) fn write_slot(&mut self, address: Address, slot: U256, value: U256) {
        let mut undo = self.take_undo();
        self.state.set_slot(address, slot, value, &mut undo);
        self.put_undo(undo);
    }

    fn take_undo(&mut self) -> Undo {
        let last = self.blocks.len() - 1;
        std::mem::take(&mut self.blocks[last].by_hand)
    }

    fn put_undo(&mut self, undo: Undo) {
        let last = self.blocks.len() - 1;
        self.blocks[last].by_hand = undo;
    }

    /// Moves the clock on, and says how far it is ahead of the machine's.
    pub fn advance(&mut self, seconds: u64) -> Result<i64, Failure> {
        let mut clock = self.clock.clone();
        let ahead = clock.advance(seconds, self.head().header.timestamp)?;
        self.set_clock(clock)?;
        Ok(ahead)
    }

    /// Says when the next block is.
    pub fn set_next_timestamp(&mut self, timestamp: u64) -> Result<(), Failure> {
        let mut clock = self.clock.clone();
        clock.set_next(timestamp, self.head().header.timestamp)?;
        self.set_clock(clock)
    }

    /// Says how many seconds there are from block to block; 0: as the machine's clock says.
    pub fn set_pace(&mut self, seconds: u64) -> Result<(), Failure> {
        if seconds > crate::clock::LEAP {
            return Err(Failure::params(format!("Timestamp error: {seconds} seconds are too many")));
        }
        let clock = crate::clock::Clock { pace: seconds, ..self.clock.clone() };
        self.set_clock(clock)
    }

    fn set_clock(&mut self, clock: crate::clock::Clock) -> Result<(), Failure> {
        self.log.write(&Entry::Clock { offset: clock.offset, exact: clock.exact, pace: clock.pace })?;
        self.clock = clock;
        Ok(())
    }

    /// Mines blocks, the first of what waits, perhaps with so many seconds from one to the next.
    pub fn mine_many(&mut self, count: u64, between: Option<u64>) -> Result<(), Failure> {
        if count > MOST_BLOCKS {
            return Err(Failure::params(format!("found {count} blocks to mine; accepted: at most {MOST_BLOCKS}")));
        }
        for mined in 0..count {
            if let Some(seconds) = between.filter(|_| mined > 0) {
                let last = self.head().header.timestamp;
                self.set_next_timestamp(last.saturating_add(seconds.max(1)))?;
            }
            self.mine()?;
        }
        Ok(())
    }

    /// Says whether transactions are mined as they come. Not kept: a chain that is opened mines.
    pub fn set_automine(&mut self, automine: bool) {
        self.automine = automine;
    }
}
