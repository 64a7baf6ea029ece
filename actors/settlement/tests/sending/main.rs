//! Outbox, sender and follower against a real anvil: nothing is lost, nothing is done twice, and everything ends.
//!
//! What each file proves: `crashes`, that the process may end anywhere; `reorgs`, that blocks may vanish; `lies`, that nodes may be slow, behind and
//! wrong; `prices`, that stuck transactions are replaced within their limits; `strangers`, that others may use the account; `refusals`, that what
//! would be reverted costs nothing; `following`, that logs are given once and in order; `random`, all of it together against a model.
//!
//! anvil comes from npm: `npm ci` in `actors/settlement/contracts`. Without it these tests fail.

mod anvil;
mod crashes;
mod faults;
mod following;
mod lies;
mod prices;
mod random;
mod refusals;
mod reorgs;
mod strangers;

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::DynProvider,
    signers::local::PrivateKeySigner,
};
use hyperdust_settlement::{
    outbox::{Account, Call, Intent, Ledger, Outbox, State},
    sender::{Options, Pass, Sender, Step},
};

use anvil::Anvil;

/// Takes any input and does nothing.
const SINK: Address = Address::repeat_byte(0x51);
/// Reverts with "no".
const REFUSER: Address = Address::repeat_byte(0x52);
/// Says in a log whatever it is told.
const SPEAKER: Address = Address::repeat_byte(0x53);

/// Numbers from a seed.
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn signer(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

/// An intent whose input is its key, so that the chain tells whose transaction is whose.
fn intent(to: Address, key: &str) -> Intent {
    let input = Bytes::copy_from_slice(key.as_bytes());
    let call = Call { to, input, value: U256::ZERO, what: key.into() };
    Intent { key: key.into(), call, deadline: None, requires: None }
}

/// Quick, for a chain whose blocks are made by hand, and on which no more than three vanish.
fn options() -> Options {
    Options { confirmations: 4, in_flight: 4, patience: 4, press: 10, ..Options::default() }
}

/// A sender of account 7 in this folder.
struct Desk {
    sender: Sender,
    outbox: Outbox,
    ledger: Ledger,
}

impl Desk {
    fn open(folder: &std::path::Path, provider: DynProvider, options: Options) -> Self {
        let ledger = Ledger::open(folder).unwrap();
        let account = Account { chain: 31337, address: signer(7).address() };
        let outbox = Outbox::open(&ledger, account).unwrap();
        let sender = Sender::new(provider, Arc::new(signer(7)), outbox.clone(), options).unwrap();
        Self { sender, outbox, ledger }
    }

    async fn pass(&mut self) -> Pass {
        self.sender.pass().await.unwrap()
    }

    /// Passes and blocks in turn, until all is over.
    async fn finish(&mut self, anvil: &Anvil) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..200 {
            steps.extend(self.pass().await.changes.into_iter().map(|change| change.step));
            if self.outbox.pending() == 0 {
                return steps;
            }
            anvil.mine(1).await;
        }
        panic!("not over after 200 blocks: {:#?}", self.outbox.all());
    }

    fn state(&self, key: &str) -> State {
        self.outbox.get(key).unwrap().state
    }

    fn nonce(&self, key: &str) -> Option<u64> {
        Some(self.outbox.get(key).unwrap().bound?.nonce)
    }
}

/// Runs a test's future on this thread.
fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// Every intent that is final or was reverted has one transaction on the chain, all others none, and nonces have no gaps.
async fn check(desk: &Desk, anvil: &Anvil) {
    let mined = anvil.mined(signer(7).address()).await;
    for record in desk.outbox.all() {
        let mine: Vec<_> = mined.iter().filter(|it| it.input == record.intent.call.input).collect();
        match record.state.inclusion() {
            Some(inclusion) => {
                assert_eq!(mine.len(), 1, "{record:#?}");
                assert_eq!(mine[0].hash, inclusion.hash);
                assert_eq!(mine[0].success, inclusion.success);
            }
            None => assert_eq!(mine.len(), 0, "{record:#?}"),
        }
    }
    for (number, transaction) in mined.iter().enumerate() {
        assert_eq!(transaction.nonce, number as u64);
    }
}
