//! How a deployment is made: nine contracts by one account, one after the other, with the addresses that each will have.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes, U256, aliases::U40},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::SolConstructor,
};

use super::{Addresses, Deployment, Parameters};
use crate::{Error, bindings as b};

/// A contract that is to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Its name.
    pub contract: &'static str,
    /// Where it will be.
    pub address: Address,
    /// What the transaction has to hold: code and arguments.
    pub input: Bytes,
}

/// What has to be created, in this order, by the account and from the nonce that `addresses` follow from.
pub fn creations(addresses: &Addresses, p: &Parameters) -> Result<[Creation; 9], Error> {
    p.check()?;
    let a = *addresses;
    let share = U256::from::<u16>;
    let inputs = [
        input(&b::Passes::BYTECODE, b::Passes::constructorCall { assets_: a.assets }),
        input(&b::Assets::BYTECODE, b::Assets::constructorCall { passes_: a.passes }),
        input(&b::Token::BYTECODE, b::Token::constructorCall { work_: a.work }),
        input(
            &b::Work::BYTECODE,
            b::Work::constructorCall {
                token_: a.token,
                sessions_: a.sessions,
                length_: U256::from(p.epoch),
                first_: p.emission,
                halving_: U256::from(p.halving),
            },
        ),
        input(
            &b::Providers::BYTECODE,
            b::Providers::constructorCall {
                assets_: a.assets,
                sessions_: a.sessions,
                ratio_: U256::from(p.ratio),
                delay_: U256::from(p.unbonding),
                challengerShare_: share(p.challenger_share),
            },
        ),
        input(
            &b::Companions::BYTECODE,
            b::Companions::constructorCall {
                sessions_: a.sessions,
                bond_: p.companion_bond,
                delay_: U256::from(p.companion_delay),
                catcherShare_: share(p.catcher_share),
            },
        ),
        input(
            &b::Disputes::BYTECODE,
            b::Disputes::constructorCall {
                claims_: a.sessions,
                p: b::Disputes::Parameters {
                    bond: p.dispute_bond.to(),
                    moveBond: p.move_bond.to(),
                    budget: p.budget,
                    extension: p.extension,
                },
            },
        ),
        input(
            &b::Inputs::BYTECODE,
            b::Inputs::constructorCall { claims_: a.sessions, bond_: p.question_bond, time_: U256::from(p.answer) },
        ),
        input(
            &b::Sessions::BYTECODE,
            b::Sessions::constructorCall {
                assets_: a.assets,
                providers_: a.providers,
                companions_: a.companions,
                work_: a.work,
                disputes_: a.disputes,
                inputs_: a.inputs,
                p: b::Sessions::Parameters {
                    window: U40::from(p.window),
                    closing: U40::from(p.closing),
                    burnShare: p.burn_share,
                    companionShare: p.companion_share,
                    concession: p.concession,
                },
            },
        ),
    ];
    let mut named = a.named().into_iter();
    Ok(inputs.map(|input| {
        let (contract, address) = named.next().unwrap_or_default();
        Creation { contract, address, input }
    }))
}

fn input(code: &Bytes, arguments: impl SolConstructor) -> Bytes {
    [code.as_ref(), &arguments.abi_encode()].concat().into()
}

/// Deploys everything by transactions of `deployer`, which the provider can sign for, and asks the chain whether it is as it should be.
///
/// The deployer's nonce is its own for as long as this takes: a transaction of somebody else in between moves the addresses, and
/// is an error here. What had been created until then is of no use; deploy again.
pub async fn deploy(provider: &impl Provider, deployer: Address, parameters: Parameters) -> Result<Deployment, Error> {
    let chain_id = provider.get_chain_id().await?;
    let nonce = provider.get_transaction_count(deployer).pending().await?;
    let addresses = Addresses::from_nonce(deployer, nonce);
    let block = provider.get_block_number().await?;
    let dynamic = has_base_fee(provider).await?;
    let mut pending = Vec::new();
    for (creation, nonce) in creations(&addresses, &parameters)?.into_iter().zip(nonce..) {
        let mut request = TransactionRequest::default()
            .with_from(deployer)
            .with_nonce(nonce)
            .with_chain_id(chain_id)
            .with_deploy_code(creation.input);
        if !dynamic {
            request.set_gas_price(provider.get_gas_price().await?);
        }
        let what = format!("creating {}", creation.contract);
        let sent = provider.send_transaction(request).await.map_err(|error| Error::of(&what, error))?;
        pending.push((creation.contract, creation.address, what, sent));
    }
    for (contract, address, what, sent) in pending {
        let transaction = *sent.tx_hash();
        let receipt = sent.get_receipt().await.map_err(|error| Error::Unreachable {
            why: format!("no receipt of {what} (transaction {transaction}): {}", crate::error::cut(&error.to_string())),
        })?;
        if !receipt.status() {
            return Err(Error::Failed { what, transaction });
        }
        if receipt.contract_address != Some(address) {
            return Err(Error::Deployment { contract, address, why: "it was created elsewhere".into() });
        }
    }
    let deployment = Deployment { chain_id, block, addresses, parameters };
    deployment.check(provider).await?;
    Ok(deployment)
}

/// Whether blocks have a base fee, so that EIP-1559's transactions are taken.
async fn has_base_fee(provider: &impl Provider) -> Result<bool, Error> {
    let latest = provider.get_block_by_number(alloy::eips::BlockNumberOrTag::Latest).await?;
    Ok(latest.is_some_and(|block| block.header.base_fee_per_gas.is_some()))
}
