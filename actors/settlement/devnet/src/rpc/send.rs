//! Transactions: signed by the client, or by one of the devnet's own accounts, whose keys are no secret.

use alloy::{
    consensus::SignableTransaction, eips::eip2718::Encodable2718, primitives::Bytes, rpc::types::TransactionRequest,
    signers::SignerSync,
};

use super::{Answer, answer, fees::TIP, params::Params};
use crate::{Failure, Shared, chain::At};

pub fn raw(shared: &Shared, params: &mut Params) -> Answer {
    let raw: Bytes = params.get(0, "transaction")?;
    answer(shared.chain()?.submit(&raw)?)
}

pub fn signed_here(shared: &Shared, params: &mut Params) -> Answer {
    let mut request: TransactionRequest = params.get(0, "transaction")?;
    let from = request.from.ok_or_else(|| Failure::params("from: missing"))?;
    let signer = shared.signer(from).ok_or_else(|| Failure::params("No Signer available"))?;
    let mut chain = shared.chain()?;
    if request.chain_id.is_some_and(|id| id != shared.chain_id) {
        return Err(Failure::rejected("invalid chain id for signer"));
    }
    request.chain_id = Some(shared.chain_id);
    request.nonce.get_or_insert(chain.nonce(from, At::Next));
    let twice_base_fee = 2 * u128::from(chain.next_base_fee());
    if request.gas_price.is_none() {
        let tip = *request.max_priority_fee_per_gas.get_or_insert(TIP);
        request.max_fee_per_gas.get_or_insert(twice_base_fee.saturating_add(tip));
    }
    if request.to.is_none() {
        request.to = Some(alloy::primitives::TxKind::Create);
    }
    if request.gas.is_none() {
        request.gas = Some(chain.estimate(&request, At::Next)?);
    }
    let unsigned =
        request.build_typed_tx().map_err(|_| Failure::params("transaction: its fields do not go together"))?;
    let signature =
        signer.sign_hash_sync(&unsigned.signature_hash()).map_err(|why| Failure::internal(why.to_string()))?;
    let signed: alloy::consensus::TxEnvelope = unsigned.into_signed(signature).into();
    answer(chain.submit(&signed.encoded_2718())?)
}
