//! Accounts, code and storage after the last block, and how they were before.
//!
//! Each change notes what it overwrote in an [`Undo`]. From these the state after an earlier block is read without a copy of it
//! ([`View`]): what a block overwrote is looked at first, from the newest back to the oldest that matters.
//!
//! Invariants: an account that is empty (EIP-161) and a slot that is zero are not there; so equal states have equal roots.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
};

use alloy::{
    consensus::{
        TrieAccount,
        proofs::{state_root_unhashed, storage_root_unhashed},
    },
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256},
};
use revm::{
    Database,
    state::{AccountInfo, Bytecode, EvmState},
};

use super::block::Mined;

/// An account without its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basics {
    pub balance: U256,
    pub nonce: u64,
    pub code_hash: B256,
}

impl Default for Basics {
    fn default() -> Self {
        Self { balance: U256::ZERO, nonce: 0, code_hash: KECCAK256_EMPTY }
    }
}

impl Basics {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Debug, Default)]
struct Account {
    basics: Basics,
    storage: BTreeMap<U256, U256>,
    /// Of the storage, if nothing was written since.
    root: Option<B256>,
}

/// What was overwritten. The first note of an account or slot counts: it is the oldest.
#[derive(Clone, Debug, Default)]
pub struct Undo {
    accounts: HashMap<Address, Option<Basics>>,
    slots: HashMap<(Address, U256), U256>,
}

/// The state after the last block.
#[derive(Clone, Debug, Default)]
pub struct State {
    accounts: HashMap<Address, Account>,
    /// By hash; never removed, since an earlier state may refer to it.
    codes: HashMap<B256, Bytecode>,
}

impl State {
    /// An account, as empty if there is none.
    pub fn basics(&self, address: Address) -> Basics {
        self.accounts.get(&address).map_or_else(Basics::default, |account| account.basics)
    }

    /// Writes what a transaction changed.
    pub fn apply(&mut self, changes: EvmState, undo: &mut Undo) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() || account.is_empty() {
                self.remove(address, undo);
                continue;
            }
            if account.is_created() {
                // Nothing of what was there before belongs to the new contract.
                self.remove(address, undo);
            }
            if let Some(code) = account.info.code
                && account.info.code_hash != KECCAK256_EMPTY
            {
                self.codes.entry(account.info.code_hash).or_insert(code);
            }
            let basics =
                Basics { balance: account.info.balance, nonce: account.info.nonce, code_hash: account.info.code_hash };
            self.set_basics(address, basics, undo);
            for (slot, value) in account.storage {
                if value.is_changed() {
                    self.set_slot(address, slot, value.present_value, undo);
                }
            }
        }
    }

    /// Writes an account; one that is empty is removed.
    pub fn set_basics(&mut self, address: Address, basics: Basics, undo: &mut Undo) {
        if basics.is_empty() {
            return self.remove(address, undo);
        }
        let before = self.accounts.get(&address).map(|account| account.basics);
        undo.accounts.entry(address).or_insert(before);
        self.accounts.entry(address).or_default().basics = basics;
    }

    /// Keeps code, and says its hash.
    pub fn keep_code(&mut self, code: Bytes) -> B256 {
        let code = Bytecode::new_legacy(code);
        let hash = if code.is_empty() { KECCAK256_EMPTY } else { code.hash_slow() };
        self.codes.entry(hash).or_insert(code);
        hash
    }

    /// Writes a slot of an account that is there.
    pub fn set_slot(&mut self, address: Address, slot: U256, value: U256, undo: &mut Undo) {
        let Some(account) = self.accounts.get_mut(&address) else { return };
        let before = match value.is_zero() {
            true => account.storage.remove(&slot),
            false => account.storage.insert(slot, value),
        };
        account.root = None;
        undo.slots.entry((address, slot)).or_insert(before.unwrap_or_default());
    }

    fn remove(&mut self, address: Address, undo: &mut Undo) {
        let Some(account) = self.accounts.remove(&address) else { return };
        undo.accounts.entry(address).or_insert(Some(account.basics));
        for (slot, value) in account.storage {
            undo.slots.entry((address, slot)).or_insert(value);
        }
    }

    /// Takes back what `undo` noted.
    pub fn take_back(&mut self, undo: Undo) {
        for (address, before) in undo.accounts {
            match before {
                Some(basics) => self.accounts.entry(address).or_default().basics = basics,
                None => drop(self.accounts.remove(&address)),
            }
        }
        for ((address, slot), value) in undo.slots {
            let Some(account) = self.accounts.get_mut(&address) else { continue };
            match value.is_zero() {
                true => drop(account.storage.remove(&slot)),
                false => drop(account.storage.insert(slot, value)),
            }
            account.root = None;
        }
    }

    /// The root of the state's tree, as a block's header has it.
    pub fn root(&mut self) -> B256 {
        state_root_unhashed(self.accounts.iter_mut().map(|(address, account)| {
            let slots = &account.storage;
            let hashed = || storage_root_unhashed(slots.iter().map(|(slot, value)| (B256::from(*slot), *value)));
            let storage_root = *account.root.get_or_insert_with(hashed);
            let Basics { balance, nonce, code_hash } = account.basics;
            (*address, TrieAccount { nonce, balance, storage_root, code_hash })
        }))
    }
}

/// The state after some block, for reading and for the machine to run on.
pub struct View<'a> {
    state: &'a State,
    blocks: &'a [Mined],
    /// What later blocks overwrote; the oldest note wins. `None` for the newest state.
    before: Option<Undo>,
}

impl<'a> View<'a> {
    /// The newest state.
    pub fn newest(state: &'a State, blocks: &'a [Mined]) -> Self {
        Self { state, blocks, before: None }
    }

    /// The state after block `number`, and after what was changed by hand before the next one.
    pub fn after(state: &'a State, blocks: &'a [Mined], number: usize) -> Self {
        let later = blocks.get(number + 1..).unwrap_or_default();
        let mut before = Undo::default();
        // From the newest back, so that what an older block overwrote replaces what a newer one did.
        for undo in later.iter().rev().flat_map(|block| [&block.by_hand, &block.undo]) {
            before.accounts.extend(undo.accounts.iter().map(|(address, basics)| (*address, *basics)));
            before.slots.extend(undo.slots.iter().map(|(slot, value)| (*slot, *value)));
        }
        Self { state, blocks: &blocks[..(number + 1).min(blocks.len())], before: (!later.is_empty()).then_some(before) }
    }

    /// An account, as empty if there is none.
    pub fn basics(&self, address: Address) -> Basics {
        self.find(address).unwrap_or_default()
    }

    fn find(&self, address: Address) -> Option<Basics> {
        match self.before.as_ref().and_then(|before| before.accounts.get(&address)) {
            Some(before) => *before,
            None => self.state.accounts.get(&address).map(|account| account.basics),
        }
    }

    /// A contract's code; none for other accounts.
    pub fn code(&self, address: Address) -> Bytes {
        let hash = self.basics(address).code_hash;
        self.state.codes.get(&hash).map(|code| code.original_bytes()).unwrap_or_default()
    }

    /// A slot of a contract's storage.
    pub fn slot(&self, address: Address, slot: U256) -> U256 {
        if let Some(before) = &self.before {
            if let Some(value) = before.slots.get(&(address, slot)) {
                return *value;
            }
            if before.accounts.get(&address).is_some_and(Option::is_none) {
                return U256::ZERO;
            }
        }
        self.state.accounts.get(&address).and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default()
    }
}

impl Database for View<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.find(address).map(|basics| {
            let code = self.state.codes.get(&basics.code_hash).cloned().unwrap_or_default();
            AccountInfo::new(basics.balance, basics.nonce, basics.code_hash, code)
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.state.codes.get(&hash).cloned().unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.slot(address, slot))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        // The machine asks for the last 256 only.
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(self.blocks.get(index).map(|block| block.hash).unwrap_or_default())
    }
}
