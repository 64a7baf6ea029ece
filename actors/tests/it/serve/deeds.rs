//! What people did on a chain, as anyone reads it from its blocks: no word of those that did it is taken for it.

use std::{collections::BTreeMap, fmt};

use alloy::{
    consensus::Transaction,
    network::TransactionResponse,
    primitives::{Address, B256, TxKind},
    providers::Provider,
    rpc::types::{Transaction as Found, TransactionReceipt},
};
use hyperdust_settlement::bindings as b;

use super::town::{PEOPLE, Town};

/// A transaction. Contracts go by their names: their addresses follow from the deployer's.
#[derive(Clone, Debug)]
pub struct Deed {
    /// The contract that was called or made.
    pub contract: &'static str,
    /// The function, by its selector; of a contract that was made, `new`.
    pub function: &'static str,
    pub receipt: TransactionReceipt,
    pub transaction: Found,
    /// Of each log: the contract, and what kind of event it is.
    pub logs: Vec<(&'static str, B256)>,
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outcome, logs) = (self.receipt.status(), self.logs.len());
        write!(f, "{}.{} {outcome}, {logs} logs, {} gas", self.contract, self.function, self.receipt.gas_used)
    }
}

impl Deed {
    /// What has to be the same on every chain.
    pub fn kind(&self) -> (&'static str, &'static str, bool, &[(&'static str, B256)]) {
        (self.contract, self.function, self.receipt.status(), &self.logs)
    }
}

/// All that everybody did, each in the order of the account's nonces, by people's names. Whoever else sends something is nobody here: that fails.
pub fn all(town: &Town) -> BTreeMap<&'static str, Vec<Deed>> {
    let people: Vec<_> = PEOPLE.iter().map(|name| (town.account(name).address(), *name)).collect();
    let named = town.deployment.addresses.named();
    let contract = |at: Address| named.iter().find(|(_, address)| *address == at).map_or("?", |(name, _)| *name);
    let mut found = BTreeMap::<_, Vec<Deed>>::new();
    town.runtime.block_on(async {
        let last = town.node.get_block_number().await.unwrap();
        for number in 0..=last {
            let block = town.node.get_block_by_number(number.into()).full().await.unwrap().unwrap();
            for transaction in block.transactions.into_transactions() {
                let who = people.iter().find(|(address, _)| *address == transaction.from()).expect("a stranger").1;
                let receipt = town.node.get_transaction_receipt(transaction.tx_hash()).await.unwrap().unwrap();
                let (contract_called, function) = match transaction.kind() {
                    TxKind::Create => (contract(receipt.contract_address.unwrap()), "new"),
                    TxKind::Call(to) => (contract(to), name(contract(to), transaction.input())),
                };
                let logs = receipt.logs().iter().map(|log| (contract(log.address()), log.topics()[0])).collect();
                let deeds = found.entry(who).or_default();
                assert_eq!(deeds.len() as u64, transaction.nonce(), "{who}: nonces leave no gap");
                deeds.push(Deed { contract: contract_called, function, receipt, transaction, logs });
            }
        }
    });
    found
}

/// What a function of a contract is called.
fn name(contract: &str, input: &[u8]) -> &'static str {
    let selector = input.get(..4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    let name = match contract {
        "Assets" => b::Assets::AssetsCalls::name_by_selector(selector),
        "Companions" => b::Companions::CompanionsCalls::name_by_selector(selector),
        "Inputs" => b::Inputs::InputsCalls::name_by_selector(selector),
        "Providers" => b::Providers::ProvidersCalls::name_by_selector(selector),
        "Sessions" => b::Sessions::SessionsCalls::name_by_selector(selector),
        "Work" => b::Work::WorkCalls::name_by_selector(selector),
        _ => None,
    };
    name.unwrap_or("?")
}
