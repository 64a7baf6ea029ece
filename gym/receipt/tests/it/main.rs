//! Receipts are what a chain takes them for: the hashes are EIP-712's (another implementation agrees), signatures have one form and
//! one meaning, the ledgers bound credit, and who keeps to a ledger is never blamed.

mod accounts;
mod agreement;
mod blame;
mod ledger;
mod roots;
mod signatures;
mod typed;
mod vectors;
mod wire;

use std::num::NonZeroU64;

use hyperdust_receipt::{ActionRoot, Address, Attestation, Beginning, Domain, Hash, Key, OutputRoot, Terms, Voucher};
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

fn keccak(bytes: impl AsRef<[u8]>) -> Hash {
    Keccak256::digest(bytes).into()
}

/// A key that nobody may use for anything but tests: its secret is public.
fn key(number: u32) -> Key {
    Key::from_secret(&keccak(format!("hyperdust test key {number}"))).unwrap()
}

const DOMAIN: Domain = Domain { chain_id: 31, contract: Address([0xc0; 20]) };

/// Key 0 is the user's, key 1 the provider's.
fn terms(credit: u64) -> Terms {
    let (user, provider) = (key(0).address(), key(1).address());
    Terms { domain: DOMAIN, job: keccak("job"), user, provider, credit: NonZeroU64::new(credit).unwrap() }
}

prop_compose! {
    fn domains()(chain_id: u64, contract: [u8; 20]) -> Domain {
        Domain { chain_id, contract: Address(contract) }
    }
}

prop_compose! {
    fn action_roots()(job: Hash, segment: u64, steps: u64, root: Hash) -> ActionRoot {
        ActionRoot { job, segment, steps, root }
    }
}

prop_compose! {
    fn output_roots()(job: Hash, segment: u64, steps: u64, actions: Hash, root: Hash) -> OutputRoot {
        OutputRoot { job, segment, steps, actions, root }
    }
}

prop_compose! {
    fn vouchers()(session: Hash, units: u64, amount: u128, actions: Hash, outputs: Hash) -> Voucher {
        Voucher { session, units, amount, actions, outputs }
    }
}

prop_compose! {
    fn beginnings()(session: Hash) -> Beginning {
        Beginning { session }
    }
}

prop_compose! {
    fn attestations()(job: Hash, plan: Hash, claim: Hash, commitment: Hash) -> Attestation {
        Attestation { job, plan, claim, commitment }
    }
}
