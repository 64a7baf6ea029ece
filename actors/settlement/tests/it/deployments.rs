//! A deployment's file is believed where the chain says the same: every byte of every contract, every parameter, every address.

use std::fs;

use alloy::{
    primitives::{Address, B256, U256, bytes},
    providers::{Provider, ext::AnvilApi},
    signers::local::PrivateKeySigner,
};
use hyperdust_settlement::{
    Chain, Deployment, Error,
    deployment::{Addresses, Parameters, creations, deploy},
};

use crate::{
    anvil::{Anvil, give},
    world::coin,
};

async fn deployer(chain: &Chain) -> (alloy::providers::DynProvider, Address) {
    let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(9)).unwrap();
    let address = signer.address();
    give(chain.provider(), address, coin(100_000)).await;
    (chain.signing(signer.into()), address)
}

#[tokio::test]
async fn a_deployment_is_what_its_file_says_and_nothing_else() {
    let anvil = Anvil::start();
    let chain = Chain::connect(&anvil.http()).await.unwrap();
    let (node, address) = deployer(&chain).await;
    let made = deploy(&node, address, Parameters::default()).await.unwrap();
    assert_eq!(made.addresses, Addresses::from_nonce(address, 0));
    // A second one by the same account is another.
    let second = deploy(&node, address, Parameters::trial()).await.unwrap();
    assert_eq!(second.addresses, Addresses::from_nonce(address, 9));
    second.check(chain.provider()).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.json");
    made.write(&path).unwrap();
    let read = Deployment::read(&path).unwrap();
    assert_eq!(read, made);
    read.check(chain.provider()).await.unwrap();

    // Each parameter and each address that is another is found.
    let whole = serde_json::to_value(&made).unwrap();
    let mut wrong = Vec::new();
    for (name, value) in whole["parameters"].as_object().unwrap() {
        let mut json = whole.clone();
        json["parameters"][name] = match value.as_u64() {
            Some(number) => (number + 1).into(),
            None => (value.as_str().unwrap().parse::<U256>().unwrap() + U256::from(1)).to_string().into(),
        };
        wrong.push((name.clone(), json));
    }
    assert_eq!(wrong.len(), 20);
    for name in whole["addresses"].as_object().unwrap().keys() {
        for other in
            [Address::ZERO, second.addresses.sessions, made.addresses.named()[0].1, made.addresses.named()[8].1]
        {
            let mut json = whole.clone();
            json["addresses"][name] = serde_json::to_value(other).unwrap();
            if json != whole {
                wrong.push((name.clone(), json));
            }
        }
    }
    for (name, json) in wrong {
        let found: Deployment = serde_json::from_value(json).unwrap();
        let error = found.check(chain.provider()).await.unwrap_err();
        assert!(matches!(error, Error::Deployment { .. }), "{name}: {error}");
    }
    let elsewhere = Deployment { chain_id: 30, ..made.clone() };
    assert!(matches!(elsewhere.check(chain.provider()).await, Err(Error::WrongChain { found: 31_337, accepted: 30 })));

    // Nor is a contract taken that differs in one byte.
    for (_, address) in made.addresses.named() {
        let code = chain.provider().get_code_at(address).await.unwrap();
        for at in [0, code.len() / 2, code.len() - 1] {
            let mut changed = code.to_vec();
            changed[at] ^= 1;
            chain.provider().anvil_set_code(address, changed.into()).await.unwrap();
            assert!(matches!(made.check(chain.provider()).await, Err(Error::Deployment { .. })));
        }
        for other in [bytes!(""), bytes!("00"), code[..code.len() - 1].to_vec().into()] {
            chain.provider().anvil_set_code(address, other).await.unwrap();
            assert!(matches!(made.check(chain.provider()).await, Err(Error::Deployment { .. })));
        }
        chain.provider().anvil_set_code(address, code).await.unwrap();
    }
    made.check(chain.provider()).await.unwrap();
}

/// On a chain without base fees, and whose virtual machine knows nothing newer than Paris.
#[tokio::test]
async fn an_old_chain_takes_it() {
    let anvil = Anvil::with(&["--hardfork", "berlin", "--chain-id", "30"]);
    let chain = Chain::connect(&anvil.http()).await.unwrap();
    let (node, address) = deployer(&chain).await;
    let made = deploy(&node, address, Parameters::default()).await.unwrap();
    assert_eq!(made.chain_id, 30);
    made.check(chain.provider()).await.unwrap();
}

#[test]
fn files_that_say_more_less_or_nonsense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.json");
    let made = Deployment {
        chain_id: 30,
        block: 7,
        addresses: Addresses::from_nonce(Address::repeat_byte(1), 3),
        parameters: Parameters::default(),
    };
    let whole = serde_json::to_value(&made).unwrap();
    assert_eq!(whole["parameters"]["emission"], "1000000000000000000000000");
    type Change = fn(&mut serde_json::Value);
    let changes: [Change; 8] = [
        |j| j["more"] = 1.into(),
        |j| j["parameters"]["more"] = 1.into(),
        |j| j["addresses"]["more"] = 1.into(),
        |j| drop(j.as_object_mut().unwrap().remove("block")),
        |j| j["parameters"]["emission"] = 5.into(),
        |j| j["parameters"]["emission"] = "0".into(),
        |j| j["parameters"]["burn_share"] = 9_500.into(),
        |j| j["addresses"]["token"] = "0x00".into(),
    ];
    for change in changes {
        let mut json = whole.clone();
        change(&mut json);
        fs::write(&path, json.to_string()).unwrap();
        assert!(matches!(Deployment::read(&path), Err(Error::File { .. })), "{json}");
    }
    fs::write(&path, " ".repeat(70_000)).unwrap();
    assert!(matches!(Deployment::read(&path), Err(Error::File { .. })));
    assert!(matches!(Deployment::read(&folder.path().join("none")), Err(Error::Disk { .. })));
    // What can't be deployed isn't begun.
    let nothing = Parameters { window: 0, ..Parameters::default() };
    assert!(matches!(creations(&made.addresses, &nothing), Err(Error::Parameter { .. })));
}
