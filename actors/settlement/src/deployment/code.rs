//! What the code of a deployed contract has to be: the artefact's, with the words that the constructor writes into it.
//!
//! `immutables.json` says where in the code each of these words is. All of them follow from the deployment, but for the moment in which `Work`
//! was made; so "is this the contract, with these parameters and these neighbours?" is one comparison of bytes.

use std::{collections::BTreeMap, sync::LazyLock};

use alloy::{
    primitives::{Bytes, U256, keccak256},
    sol_types::SolValue,
};

use super::Deployment;
use crate::bindings as b;

/// Places of immutables in the code, by contract and name.
type Places = BTreeMap<String, BTreeMap<String, Vec<usize>>>;

static IMMUTABLES: LazyLock<Places> = LazyLock::new(|| {
    // A file of ours, that a test reads.
    serde_json::from_str(include_str!("../../artifacts/immutables.json")).unwrap_or_default()
});

/// The code that `contract` has to have. `found` is what it has: a word that nothing else says is taken from there, if it is the same in all its places.
pub(super) fn expected(contract: &str, of: &Deployment, found: &[u8]) -> Result<Vec<u8>, String> {
    let template: &Bytes = match contract {
        "Passes" => &b::Passes::DEPLOYED_BYTECODE,
        "Assets" => &b::Assets::DEPLOYED_BYTECODE,
        "Token" => &b::Token::DEPLOYED_BYTECODE,
        "Work" => &b::Work::DEPLOYED_BYTECODE,
        "Providers" => &b::Providers::DEPLOYED_BYTECODE,
        "Companions" => &b::Companions::DEPLOYED_BYTECODE,
        "Disputes" => &b::Disputes::DEPLOYED_BYTECODE,
        "Inputs" => &b::Inputs::DEPLOYED_BYTECODE,
        "Sessions" => &b::Sessions::DEPLOYED_BYTECODE,
        other => return Err(format!("no contract {other} is known")),
    };
    let mut code = template.to_vec();
    let places = IMMUTABLES.get(contract).ok_or("its immutables are not known")?;
    for (name, places) in places {
        let word = match word(contract, name, of) {
            Some(word) => word,
            None if (contract, name.as_str()) == ("Work", "start") => {
                let first =
                    places.first().and_then(|&at| found.get(at..at + 32)).ok_or("another contract: it is shorter")?;
                first.try_into().map_err(|_| "a word of another length")?
            }
            None => return Err(format!("its immutable {name} is not known")),
        };
        for &at in places {
            code.get_mut(at..at + 32).ok_or("an immutable lies outside of it")?.copy_from_slice(&word);
        }
    }
    Ok(code)
}

/// The word that an immutable has to be, or `None` where the deployment doesn't say.
fn word(contract: &str, name: &str, of: &Deployment) -> Option<[u8; 32]> {
    let (a, p) = (&of.addresses, &of.parameters);
    let number = |number: u64| U256::from(number);
    let address = |address: alloy::primitives::Address| U256::from_be_slice(address.as_slice());
    let word = match (contract, name) {
        (_, "assets") => address(a.assets),
        (_, "sessions") => address(a.sessions),
        (_, "passes") => address(a.passes),
        (_, "providers") => address(a.providers),
        (_, "companions") => address(a.companions),
        (_, "work") => address(a.work),
        (_, "token") => address(a.token),
        (_, "disputes") => address(a.disputes),
        (_, "inputs") => address(a.inputs),
        (_, "claims") => address(a.sessions),
        ("Disputes", "bond") => p.dispute_bond,
        ("Disputes", "moveBond") => p.move_bond,
        ("Disputes", "budget") => number(p.budget),
        ("Disputes", "extension") => number(p.extension),
        ("Inputs", "bond") => p.question_bond,
        ("Inputs", "time") => number(p.answer),
        ("Companions", "bond") => p.companion_bond,
        ("Companions", "delay") => number(p.companion_delay),
        ("Companions", "catcherShare") => number(p.catcher_share.into()),
        ("Providers", "ratio") => number(p.ratio),
        ("Providers", "delay") => number(p.unbonding),
        ("Providers", "challengerShare") => number(p.challenger_share.into()),
        ("Sessions", "window") => number(p.window),
        ("Sessions", "closing") => number(p.closing),
        ("Sessions", "burnShare") => number(p.burn_share.into()),
        ("Sessions", "companionShare") => number(p.companion_share.into()),
        ("Sessions", "concession") => number(p.concession.into()),
        ("Work", "length") => number(p.epoch),
        ("Work", "first") => p.emission,
        ("Work", "halving") => number(p.halving),
        ("Token", name) => return token(name, of),
        _ => return None,
    };
    Some(word.to_be_bytes())
}

/// What OpenZeppelin's EIP-712 keeps for `permit`.
fn token(name: &str, of: &Deployment) -> Option<[u8; 32]> {
    const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let (chain, this) = (U256::from(of.chain_id), of.addresses.token);
    let (title, version) = (keccak256("HyperDust"), keccak256("1"));
    // A short string is its bytes, and its length in the last of 32.
    let short = |text: &str| {
        let mut word = [0; 32];
        word[..text.len()].copy_from_slice(text.as_bytes());
        word[31] = text.len() as u8;
        word
    };
    Some(match name {
        "_hashedName" => title.0,
        "_hashedVersion" => version.0,
        "_name" => short("HyperDust"),
        "_version" => short("1"),
        "_cachedChainId" => chain.to_be_bytes(),
        "_cachedThis" => this.into_word().0,
        "_cachedDomainSeparator" => keccak256((keccak256(DOMAIN), title, version, chain, this).abi_encode()).0,
        _ => return None,
    })
}
