//! The hashes are EIP-712's: alloy, from the structures' Solidity source, computes the same ones.

use alloy_primitives::{B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain};
use hyperdust_receipt::{Domain, Message};
use proptest::prelude::*;

use crate::{action_roots, attestations, beginnings, domains, output_roots, vouchers};

/// As the contracts have them.
mod solidity {
    alloy_sol_types::sol! {
        struct ActionRoot { bytes32 job; uint64 segment; uint64 steps; bytes32 root; }
        struct OutputRoot { bytes32 job; uint64 segment; uint64 steps; bytes32 actions; bytes32 root; }
        struct Beginning { bytes32 session; }
        struct Attestation { bytes32 job; bytes32 plan; bytes32 claim; bytes32 commitment; }
        struct Voucher { bytes32 session; uint64 units; uint256 amount; bytes32 actions; bytes32 outputs; }
    }
}

fn theirs(domain: &Domain) -> Eip712Domain {
    eip712_domain! {
        name: "HyperDust",
        version: "1",
        chain_id: domain.chain_id,
        verifying_contract: domain.contract.0.into(),
    }
}

fn same<M: Message, T: SolStruct>(ours: &M, theirs_: &T, domain: &Domain) -> Result<(), TestCaseError> {
    let hash = |hash| B256::from(hash);
    prop_assert_eq!(M::TYPE, T::eip712_encode_type());
    prop_assert_eq!(hash(M::type_hash()), theirs_.eip712_type_hash());
    prop_assert_eq!(hash(ours.struct_hash()), theirs_.eip712_hash_struct());
    prop_assert_eq!(hash(domain.separator()), theirs(domain).separator());
    prop_assert_eq!(hash(ours.digest(domain)), theirs_.eip712_signing_hash(&theirs(domain)));
    Ok(())
}

proptest! {
    #[test]
    fn action_roots_hash_as_alloys(ours in action_roots(), domain in domains()) {
        let (job, root) = (ours.job.into(), ours.root.into());
        same(&ours, &solidity::ActionRoot { job, segment: ours.segment, steps: ours.steps, root }, &domain)?;
    }

    #[test]
    fn output_roots_hash_as_alloys(ours in output_roots(), domain in domains()) {
        let (job, actions, root) = (ours.job.into(), ours.actions.into(), ours.root.into());
        same(&ours, &solidity::OutputRoot { job, segment: ours.segment, steps: ours.steps, actions, root }, &domain)?;
    }

    #[test]
    fn vouchers_hash_as_alloys(ours in vouchers(), domain in domains()) {
        let (session, actions, outputs) = (ours.session.into(), ours.actions.into(), ours.outputs.into());
        let amount = U256::from(ours.amount);
        same(&ours, &solidity::Voucher { session, units: ours.units, amount, actions, outputs }, &domain)?;
    }

    #[test]
    fn beginnings_hash_as_alloys(ours in beginnings(), domain in domains()) {
        same(&ours, &solidity::Beginning { session: ours.session.into() }, &domain)?;
    }

    #[test]
    fn attestations_hash_as_alloys(ours in attestations(), domain in domains()) {
        let [job, plan, claim, commitment] = [ours.job, ours.plan, ours.claim, ours.commitment].map(B256::from);
        same(&ours, &solidity::Attestation { job, plan, claim, commitment }, &domain)?;
    }
}

/// The domain's type, which alloy keeps to itself.
#[test]
fn the_domains_type_is_the_standards() {
    let domain = Domain { chain_id: 1, contract: hyperdust_receipt::Address([7; 20]) };
    assert_eq!(Domain::TYPE, theirs(&domain).encode_type());
}
