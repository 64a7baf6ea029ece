//! How a devnet begins: its parameters, and accounts with coin whose keys everybody knows.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    signers::local::PrivateKeySigner,
};

use crate::Error;

/// The chain id of a devnet that was given none. Like 31337 a number that nobody uses in earnest, and not anvil's or Hardhat's, so
/// that a signature for one of them is not one for this chain.
pub const CHAIN_ID: u64 = 73_313;

/// Accounts with coin at genesis.
pub const ACCOUNTS: u64 = 10;

/// How a devnet begins. What is not said is [`Genesis::default`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Whose signatures count (EIP-155). Not 0, and below 2⁵³, so that no wallet rounds it.
    pub chain_id: u64,
    /// Of the first block, in seconds since 1970. 0: when the chain is made.
    pub timestamp: u64,
    /// Seconds from block to block. 0: what the clock of the machine says.
    pub pace: u64,
    /// Gas of a block, and the most that a transaction or call may take.
    pub gas_limit: u64,
    /// Wei per gas that is burnt, in the first block; it moves as EIP-1559 says. 0: it stays 0.
    pub base_fee: u64,
    /// Wei of each of the [`ACCOUNTS`] accounts of [`account`].
    pub balance: U256,
    /// Other accounts with coin.
    pub funds: Vec<Funds>,
    /// What makes this chain another one than those that begin alike: it enters the first block's hash, and the number that the prefunded accounts' first
    /// transactions have, so that contracts which they create are at other addresses and what was signed for another chain is worth nothing here.
    /// Zero: nothing, so that every such chain is the same; of a folder's chain: whatever it has.
    pub salt: B256,
}

/// Coin of an account at genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funds {
    /// Whose.
    pub address: Address,
    /// Wei.
    pub balance: U256,
}

impl Default for Genesis {
    fn default() -> Self {
        Self {
            chain_id: CHAIN_ID,
            timestamp: 0,
            pace: 0,
            gas_limit: 30_000_000,
            base_fee: 1_000_000_000,
            balance: U256::from(10_000u64) * U256::from(1_000_000_000_000_000_000u64),
            funds: Vec::new(),
            salt: B256::ZERO,
        }
    }
}

impl Genesis {
    /// The number of the prefunded accounts' first transactions. Below 2⁴⁰, so that no wallet rounds it.
    pub(crate) fn nonce(&self) -> u64 {
        if self.salt.is_zero() {
            return 0;
        }
        let digest = keccak256([b"hyperdust devnet nonce", self.salt.as_slice()].concat());
        digest[..5].iter().fold(0, |nonce, byte| nonce << 8 | u64::from(*byte))
    }

    /// Refuses what no chain can have.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |what, found: String, accepted| Err(Error::Genesis { what, found, accepted });
        if self.chain_id == 0 || self.chain_id >= 1 << 53 {
            return wrong("chain id", self.chain_id.to_string(), "1 to 2^53 - 1");
        }
        if !(1_000_000..=200_000_000).contains(&self.gas_limit) {
            return wrong("gas limit", self.gas_limit.to_string(), "1000000 to 200000000");
        }
        if self.timestamp > crate::clock::LATEST {
            return wrong("timestamp", self.timestamp.to_string(), "0 to 2^40");
        }
        if self.pace > crate::clock::LEAP {
            return wrong("pace", self.pace.to_string(), "0 to 2^32 seconds");
        }
        if self.base_fee > 1_000_000_000_000_000 {
            return wrong("base fee", self.base_fee.to_string(), "0 to 10^15 wei");
        }
        if self.funds.len() > 4096 {
            return wrong("funds", self.funds.len().to_string(), "at most 4096 accounts");
        }
        // So that no sum of balances overflows, whatever is sent to whom.
        let most = U256::from(1u8) << 200;
        if self.balance > most || self.funds.iter().any(|funds| funds.balance > most) {
            return wrong("balance", "more than 2^200 wei".into(), "at most 2^200 wei");
        }
        Ok(())
    }
}

/// The key of prefunded account `index`: keccak-256 of `"hyperdust devnet account {index}"`.
///
/// **Everybody can derive it.** Whatever is sent to such an account on a chain of value is gone.
pub fn account(index: u64) -> PrivateKeySigner {
    let mut secret = keccak256(format!("hyperdust devnet account {index}"));
    loop {
        // All but one hash in 2^128 is a key of the curve.
        match PrivateKeySigner::from_bytes(&secret) {
            Ok(signer) => return signer,
            Err(_) => secret = keccak256(secret),
        }
    }
}

/// What the `PREVRANDAO` of the block after `parent` is: known beforehand, and the same in every replay. The first block's follows from the salt.
pub(crate) fn randomness(parent: B256) -> B256 {
    let mut bytes = b"hyperdust devnet randomness".to_vec();
    bytes.extend_from_slice(parent.as_slice());
    keccak256(bytes)
}
