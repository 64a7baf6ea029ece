//! What a transaction offers for its gas.
//!
//! Whether a chain has a base fee is found by looking at its latest block ([`Pricing::of`]); some chains write one into their headers and
//! take legacy transactions all the same, so it can be said, too. All arithmetic is in integers and saturates at the caps: no fee
//! is above [`Caps::max_fee`], whatever a node says.
//!
//! A replacement has to beat what it replaces in every part by at least a tenth (geth) or an eighth (others), or the pool keeps the old one:
//! [`Fees::bump`] rounds up, and gives nothing where the caps leave no room.

use serde::{Deserialize, Serialize};

use crate::{
    rpc::{Header, Rpc},
    sender::Error,
};

/// Which kind of transactions a chain's pool wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pricing {
    /// One price.
    Legacy,
    /// A base fee that is burnt, and a tip.
    Eip1559,
}

/// Wei per gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fees {
    /// One price.
    Legacy {
        /// What is paid.
        price: u128,
    },
    /// A base fee that is burnt, and a tip.
    Eip1559 {
        /// What is paid at most, tip included.
        max_fee: u128,
        /// What the block's maker gets of it at most.
        tip: u128,
    },
}

/// What is never exceeded, and how estimates are stretched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Wei per gas, at most.
    pub max_fee: u128,
    /// Wei per gas of a tip, at least: what a chain asks for where nobody bids.
    pub min_tip: u128,
    /// Thousandths that a legacy price is stretched by.
    pub price_margin: u32,
    /// Thousandths that a replacement offers more, at least. Below 125 some pools keep the old one.
    pub bump: u32,
    /// Gas of one transaction, at most.
    pub max_gas: u64,
    /// Thousandths that an estimate of gas is stretched by.
    pub gas_margin: u32,
}

impl Default for Caps {
    fn default() -> Self {
        // 1,000 gwei: a transaction of 150,000 gas costs at most 0.15 coin.
        Self {
            max_fee: 1_000_000_000_000,
            min_tip: 1,
            price_margin: 100,
            bump: 125,
            max_gas: 10_000_000,
            gas_margin: 250,
        }
    }
}

/// `value` × (1 + `thousandths` / 1000), rounded up.
pub(crate) fn stretch(value: u128, thousandths: u32) -> u128 {
    let (whole, rest, by) = (value / 1000, value % 1000, u128::from(thousandths));
    // (whole × 1000 + rest) × by / 1000, without overflow on the way.
    let more = whole.saturating_mul(by).saturating_add((rest * by).div_ceil(1000));
    value.saturating_add(more)
}

impl Pricing {
    /// What a chain with such a latest block wants.
    pub(crate) fn of(latest: &Header) -> Self {
        if latest.base_fee.is_some() { Self::Eip1559 } else { Self::Legacy }
    }

    /// What would be taken now. Twice the base fee and a tip: enough for six full blocks in a row.
    ///
    /// A node that cannot say a tip is asked for a price, which contains it.
    pub(crate) async fn quote(self, rpc: &Rpc, latest: &Header, caps: &Caps) -> Result<Fees, Error> {
        Ok(match (self, latest.base_fee) {
            (Self::Eip1559, Some(base)) => {
                let tip = match rpc.tip().await {
                    Ok(tip) => tip,
                    Err(Error::Refused { .. }) => rpc.gas_price().await?.saturating_sub(base),
                    Err(error) => return Err(error),
                };
                Fees::eip1559(base, tip, caps)
            }
            _ => Fees::Legacy { price: stretch(rpc.gas_price().await?, caps.price_margin).max(1).min(caps.max_fee) },
        })
    }
}

impl Fees {
    fn eip1559(base: u128, tip: u128, caps: &Caps) -> Self {
        let max_fee = base.saturating_mul(2).saturating_add(tip.max(caps.min_tip)).min(caps.max_fee);
        Self::Eip1559 { max_fee, tip: tip.max(caps.min_tip).min(max_fee) }
    }

    /// Wei per gas that are paid at most.
    pub fn max(&self) -> u128 {
        match self {
            Self::Legacy { price } => *price,
            Self::Eip1559 { max_fee, .. } => *max_fee,
        }
    }

    /// What may take the place of a transaction that offers this: at least `caps.bump` more in every part, and at least what is taken
    /// `now`. Of the same kind. Nothing, where that would be above the cap.
    pub fn bump(&self, now: &Self, caps: &Caps) -> Option<Self> {
        let more = |old: u128, now: u128| stretch(old, caps.bump).max(old.saturating_add(1)).max(now);
        let within = |fee: u128, old: u128| {
            // What is taken now may be above the cap: the cap is offered, if that is enough more.
            let fee = fee.min(caps.max_fee);
            (fee >= stretch(old, caps.bump) && fee > old).then_some(fee)
        };
        match (*self, *now) {
            (Self::Legacy { price }, now) => Some(Self::Legacy { price: within(more(price, now.max()), price)? }),
            (Self::Eip1559 { max_fee, tip }, now) => {
                let (now_fee, now_tip) = match now {
                    Self::Eip1559 { max_fee, tip } => (max_fee, tip),
                    Self::Legacy { price } => (price, 0),
                };
                let max = within(more(max_fee, now_fee), max_fee)?;
                let tip = within(more(tip, now_tip).min(max), tip)?;
                Some(Self::Eip1559 { max_fee: max, tip })
            }
        }
    }
}

/// Gas for a transaction that is estimated to take so much, in a block that takes at most `block`; nothing, where the estimate alone is too
/// much for it.
pub fn gas_limit(estimate: u64, block: Option<u64>, caps: &Caps) -> Option<u64> {
    let most = caps.max_gas.min(block.unwrap_or(u64::MAX));
    let stretched = u64::try_from(stretch(estimate.into(), caps.gas_margin)).unwrap_or(u64::MAX);
    (estimate <= most).then_some(stretched.min(most))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fees() -> impl Strategy<Value = Fees> {
        let some = || prop_oneof![0..2000_u128, any::<u64>().prop_map(u128::from), any::<u128>()];
        prop_oneof![
            some().prop_map(|price| Fees::Legacy { price }),
            (some(), some()).prop_map(|(a, b)| Fees::Eip1559 { max_fee: a.max(b), tip: a.min(b) }),
        ]
    }

    fn parts(fees: Fees) -> Vec<u128> {
        match fees {
            Fees::Legacy { price } => vec![price],
            Fees::Eip1559 { max_fee, tip } => vec![max_fee, tip],
        }
    }

    proptest! {
        /// Every part grows by an eighth or more (compared without rounding: 8 × new ≥ 9 × old), and none passes the cap.
        #[test]
        fn a_replacement_beats_what_it_replaces(old in fees(), now in fees(), max_fee: u64) {
            let caps = Caps { max_fee: max_fee.into(), ..Caps::default() };
            if let Some(new) = old.bump(&now, &caps) {
                prop_assert_eq!(parts(old).len(), parts(new).len());
                for (old, new) in parts(old).into_iter().zip(parts(new)) {
                    prop_assert!(new <= caps.max_fee && new > old);
                    prop_assert!(new.saturating_mul(8) >= old.saturating_mul(9));
                }
                if let Fees::Eip1559 { max_fee, tip } = new {
                    prop_assert!(tip <= max_fee);
                }
            }
        }

        /// Where the cap leaves room, there is a replacement, and it offers what is taken now.
        #[test]
        fn there_is_one_while_there_is_room(price in 1..1_u128 << 60, now in 1..1_u128 << 60) {
            let caps = Caps { max_fee: u128::MAX, ..Caps::default() };
            let new = Fees::Legacy { price }.bump(&Fees::Legacy { price: now }, &caps).unwrap();
            prop_assert!(new.max() >= now);
            let old = Fees::Eip1559 { max_fee: price, tip: price / 3 };
            let now_fees = Fees::Eip1559 { max_fee: now, tip: now / 2 };
            prop_assert!(old.bump(&now_fees, &caps).unwrap().max() >= now);
        }

        #[test]
        fn gas_stays_within_its_limits(estimate: u64, block in proptest::option::of(any::<u64>())) {
            let caps = Caps::default();
            match gas_limit(estimate, block, &caps) {
                Some(gas) => prop_assert!(gas >= estimate && gas <= caps.max_gas && gas <= block.unwrap_or(gas)),
                None => prop_assert!(estimate > caps.max_gas || estimate > block.unwrap_or(u64::MAX)),
            }
        }
    }

    #[test]
    fn rounds_up_and_saturates() {
        assert_eq!(stretch(8, 125), 9);
        assert_eq!(stretch(9, 125), 11);
        assert_eq!(stretch(1, 125), 2);
        assert_eq!(stretch(0, 125), 0);
        assert_eq!(stretch(u128::MAX, 125), u128::MAX);
        // A price of nothing grows, too.
        let caps = Caps::default();
        assert_eq!(Fees::Legacy { price: 0 }.bump(&Fees::Legacy { price: 0 }, &caps), Some(Fees::Legacy { price: 1 }));
        assert_eq!(Fees::Legacy { price: caps.max_fee }.bump(&Fees::Legacy { price: 0 }, &caps), None);
    }
}
