//! What a transaction should pay.

use alloy::{consensus::Transaction as _, eips::BlockNumberOrTag, primitives::U128, rpc::types::FeeHistory};

use super::{Answer, answer, params::Params};
use crate::{
    Failure, Shared,
    chain::{At, block::Mined},
};

/// Wei per gas for the block's maker that this node suggests, whatever others pay: blocks here are never full.
pub const TIP: u128 = 1_000_000_000;
/// Most blocks of a history, as with anvil and geth.
const LONGEST: u64 = 1024;
/// Most percentiles of a history.
const MOST: usize = 100;

pub fn gas_price(shared: &Shared) -> Answer {
    answer(U128::from(u128::from(shared.chain()?.next_base_fee()) + TIP))
}

pub fn tip() -> Answer {
    answer(U128::from(TIP))
}

pub fn history(shared: &Shared, params: &mut Params) -> Answer {
    let count = params.number(0, "how many blocks")?.min(LONGEST);
    let newest: BlockNumberOrTag = params.get(1, "newest block")?;
    let percentiles: Vec<f64> = params.opt(2, "percentiles")?.unwrap_or_default();
    if percentiles.len() > MOST {
        return Err(Failure::params(format!("found {} percentiles; accepted: at most {MOST}", percentiles.len())));
    }
    let ordered = percentiles.windows(2).all(|pair| pair[0] <= pair[1]);
    if !ordered || percentiles.iter().any(|percentile| !(0.0..=100.0).contains(percentile)) {
        return Err(Failure::params("percentiles: accepted: from 0 to 100, in ascending order"));
    }
    let chain = shared.chain()?;
    let blocks = chain.blocks();
    let newest = match chain.find_tag(newest) {
        Some(At::Block(number)) => number,
        Some(At::Next) => blocks.len() - 1,
        None => return Err(Failure::params("requested block range is out of bounds")),
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(newest + 1);
    if count == 0 {
        return answer(FeeHistory::default());
    }
    let oldest = newest + 1 - count;
    let range = &blocks[oldest..=newest];
    let mut base_fees: Vec<u128> =
        range.iter().map(|mined| mined.header.base_fee_per_gas.unwrap_or_default().into()).collect();
    // The fee of the block after the range is known too.
    base_fees.push(match blocks.get(newest + 1) {
        Some(mined) => mined.header.base_fee_per_gas.unwrap_or_default().into(),
        None => chain.next_base_fee().into(),
    });
    answer(FeeHistory {
        base_fee_per_gas: base_fees,
        gas_used_ratio: range
            .iter()
            .map(|mined| mined.header.gas_used as f64 / mined.header.gas_limit as f64)
            .collect(),
        base_fee_per_blob_gas: Vec::new(),
        blob_gas_used_ratio: Vec::new(),
        oldest_block: oldest as u64,
        reward: (!percentiles.is_empty()).then(|| range.iter().map(|mined| rewards(mined, &percentiles)).collect()),
    })
}

/// The tips of a block at percentiles of its gas.
fn rewards(mined: &Mined, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = mined.header.base_fee_per_gas.unwrap_or_default();
    let mut tips: Vec<(u128, u64)> = mined
        .transactions
        .iter()
        .zip(&mined.outcomes)
        .map(|(signed, outcome)| (signed.effective_tip_per_gas(base_fee).unwrap_or_default(), outcome.gas_used))
        .collect();
    tips.sort_unstable();
    let at = |percentile: &f64| {
        let threshold = (mined.header.gas_used as f64 * percentile / 100.0) as u64;
        let mut sum = 0;
        let found = tips.iter().find(|(_, gas)| {
            sum += gas;
            sum >= threshold
        });
        found.map_or(0, |(tip, _)| *tip)
    };
    percentiles.iter().map(at).collect()
}
