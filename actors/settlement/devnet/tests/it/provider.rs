//! An alloy provider without a socket does what it does with a node.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::{Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
};
use hyperdust_devnet::{CHAIN_ID, Devnet, Genesis};

#[tokio::test]
async fn a_wallet_sends_and_the_chain_signs_for_its_own() {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let [first, second, ..] = devnet.accounts() else { panic!("accounts") };
    let provider = ProviderBuilder::new().wallet(first.clone()).connect_client(devnet.client());
    assert_eq!(provider.get_chain_id().await.unwrap(), CHAIN_ID);
    let target = Address::repeat_byte(7);
    let request = TransactionRequest::default().with_to(target).with_value(U256::from(5));
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status());
    assert_eq!((receipt.gas_used, receipt.block_number), (21_000, Some(1)));

    let request = TransactionRequest::default().with_from(second.address()).with_to(target).with_value(U256::from(6));
    let provider = devnet.provider();
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    assert_eq!((receipt.from, receipt.block_number), (second.address(), Some(2)));
    assert_eq!(provider.get_balance(target).await.unwrap(), U256::from(11));
    // What was before is still there to be read.
    assert_eq!(provider.get_balance(target).number(1).await.unwrap(), U256::from(5));
    assert_eq!(provider.get_balance(target).number(0).await.unwrap(), U256::ZERO);
    let block = provider.get_block(2.into()).await.unwrap().unwrap();
    assert_eq!(block.header.parent_hash, provider.get_block(1.into()).await.unwrap().unwrap().header.hash);
    assert_eq!(devnet.head().unwrap(), (2, block.header.hash));
}

/// The chain finds out for its own accounts what a transaction needs, a creation's gas too, which is more than a transfer's.
#[tokio::test]
async fn gas_is_filled_in_for_its_own() {
    let devnet = Devnet::in_memory(Genesis::default()).unwrap();
    let from = devnet.accounts()[0].address();
    // Gives back one byte of code: PUSH1 1, PUSH1 0, RETURN.
    let code = alloy::primitives::bytes!("60016000f3");
    let request = TransactionRequest::default().with_from(from).with_deploy_code(code);
    let provider = devnet.provider();
    let receipt = provider.send_transaction(request).await.unwrap().get_receipt().await.unwrap();
    assert!(receipt.status() && receipt.contract_address.is_some() && receipt.gas_used > 53_000);
}
