//! What a deployment is made with, for ever. Defaults are those of `docs/economics.md`, which says why.

use alloy::primitives::U256;
use serde::{Deserialize, Serialize};

use crate::{Error, amount};

/// All of 10,000.
const WHOLE: u16 = 10_000;
/// Seconds of an hour and of a day.
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// Wei of a coin.
const COIN: u64 = 1_000_000_000_000_000_000;

/// Parameters. Times are in seconds, shares of 10,000, amounts in wei (in the file: decimal digits as text).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// In which a claim can be challenged; 1 to 90 days' seconds. Default: a day.
    pub window: u64,
    /// That a provider has to claim after the user asked for its money back; 1 to 90 days' seconds. Default: 6 hours.
    pub closing: u64,
    /// φ: what of a minting claim's fee is burnt. Default: 500.
    pub burn_share: u16,
    /// What of a fee the companion gets that is drawn; with `burn_share` below 10,000. Default: 1,000.
    pub companion_share: u16,
    /// What a provider loses that concedes, in fees. Default: 10.
    pub concession: u16,
    /// κ: bond behind a session, in multiples of its deposit; 1 to 1,000. Default: 20.
    pub ratio: u64,
    /// Between asking for a provider's bond back and getting it; at most 365 days' seconds. Default: 7 days.
    pub unbonding: u64,
    /// What of a penalty the challenger gets; below 10,000. Default: 5,000.
    pub challenger_share: u16,
    /// Bond of a companion. Default: 1 coin, to be set by `companion odds`.
    #[serde(with = "amount::wei")]
    pub companion_bond: U256,
    /// Between leaving and getting a companion's bond back; at most 365 days' seconds. Default: 7 days.
    pub companion_delay: u64,
    /// What of a companion's bond whoever fixed the canary gets; below 10,000. Default: 5,000.
    pub catcher_share: u16,
    /// Seconds of an epoch of emission. Default: 7 days.
    pub epoch: u64,
    /// Emission of the first epoch, in the token's smallest unit (10⁻¹⁸); below 2¹²⁸. Default: 1,000,000 tokens.
    #[serde(with = "amount::wei")]
    pub emission: U256,
    /// Epochs of one emission, before it halves. Default: 4.
    pub halving: u64,
    /// What a challenger puts up; below 2¹²⁸. At least what defending costs: twelve cuts, an opening and a proof at most, 875,000 gas.
    /// Default: 0.001 coin, which is that at 1.1 gwei.
    #[serde(with = "amount::wei")]
    pub dispute_bond: U256,
    /// What each move of a game but the last puts up; below 2¹²⁸. At least what the reply costs, 111,500 gas at most. Default: 0.0001 coin, which is that
    /// at 0.9 gwei.
    #[serde(with = "amount::wei")]
    pub move_bond: U256,
    /// That each party of a game has for all of its moves; at most 3,650 days' seconds. Default: a day.
    pub budget: u64,
    /// That it has left after each of them, at least; at most 3,650 days' seconds. Default: 1 hour.
    pub extension: u64,
    /// What a question about inputs puts up. At least what the dearest answer costs, 212,000 gas. Default: 0.01 coin.
    #[serde(with = "amount::wei")]
    pub question_bond: U256,
    /// For an answer to one; 1 second to 3,650 days' seconds. A small part of the window. Default: 3 hours.
    pub answer: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            window: DAY,
            closing: 6 * HOUR,
            burn_share: 500,
            companion_share: 1_000,
            concession: 10,
            ratio: 20,
            unbonding: 7 * DAY,
            challenger_share: 5_000,
            companion_bond: U256::from(COIN),
            companion_delay: 7 * DAY,
            catcher_share: 5_000,
            epoch: 7 * DAY,
            emission: U256::from(COIN) * U256::from(1_000_000),
            halving: 4,
            dispute_bond: U256::from(COIN / 1_000),
            move_bond: U256::from(COIN / 10_000),
            budget: DAY,
            extension: HOUR,
            question_bond: U256::from(COIN / 100),
            answer: 3 * HOUR,
        }
    }
}

impl Parameters {
    /// The same market in a hurry, for trials on a devnet: minutes for days. Too short for anything of value: whoever is offline for a minute loses.
    pub fn trial() -> Self {
        Self {
            window: 60,
            closing: 30,
            unbonding: 120,
            companion_bond: U256::from(COIN / 100),
            companion_delay: 120,
            epoch: 60,
            budget: 60,
            extension: 20,
            answer: 20,
            ..Self::default()
        }
    }

    /// An error where the contracts would refuse them, or they don't fit.
    pub fn check(&self) -> Result<(), Error> {
        let narrow = U256::from(u128::MAX);
        let named = [
            (self.window == 0 || self.window > 90 * DAY, "window", "1 second to 90 days"),
            (self.closing == 0 || self.closing > 90 * DAY, "closing", "1 second to 90 days"),
            (
                u32::from(self.burn_share) + u32::from(self.companion_share) >= WHOLE.into(),
                "burn_share and companion_share",
                "together below 10,000",
            ),
            (self.ratio == 0 || self.ratio > 1_000, "ratio", "1 to 1,000"),
            (self.unbonding > 365 * DAY, "unbonding", "at most 365 days"),
            (self.challenger_share >= WHOLE, "challenger_share", "below 10,000"),
            (self.companion_bond.is_zero(), "companion_bond", "above 0"),
            (self.companion_delay > 365 * DAY, "companion_delay", "at most 365 days"),
            (self.catcher_share >= WHOLE, "catcher_share", "below 10,000"),
            (self.epoch == 0, "epoch", "at least 1 second"),
            (self.emission.is_zero() || self.emission > narrow, "emission", "1 to 2¹²⁸ − 1"),
            (self.halving == 0, "halving", "at least 1 epoch"),
            (self.dispute_bond.is_zero() || self.dispute_bond > narrow, "dispute_bond", "1 to 2¹²⁸ − 1 wei"),
            (self.move_bond.is_zero() || self.move_bond > narrow, "move_bond", "1 to 2¹²⁸ − 1 wei"),
            (self.budget == 0 || self.budget > 3_650 * DAY, "budget", "1 second to 3,650 days"),
            (self.question_bond.is_zero(), "question_bond", "above 0"),
            (self.answer == 0 || self.answer > 3_650 * DAY, "answer", "1 second to 3,650 days"),
            (self.extension == 0 || self.extension > 3_650 * DAY, "extension", "1 second to 3,650 days"),
        ];
        match named.into_iter().find(|(wrong, ..)| *wrong) {
            Some((_, name, accepted)) => Err(Error::Parameter { why: format!("{name} has to be {accepted}") }),
            None => Ok(()),
        }
    }
}
