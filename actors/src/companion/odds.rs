//! What checking is worth: how likely a lie is found, and from which rate of canaries on laziness does not pay.
//!
//! Rates are exact fractions and amounts are integers (of the chain's smallest unit), so that every number here can be computed by
//! hand; only powers are in floating point. Assumed of a companion: it is drawn by chance, it cannot tell a canary from
//! another claim, and it may learn what the provider claims before it commits (from the provider itself, say); else it
//! could not even attest without computing, since it would not know to what.
//!
//! For each claim that it is handed, a companion is paid `reward` for a true verdict; computing costs it `cost`; attesting to a
//! canary costs it `bond`. At a canary rate *c*
//!
//! - one that computes earns `reward − cost`;
//! - one that attests to everything earns `(1 − c)·reward − c·bond`: it [loses money](Stakes::loses_from) from `c =
//!   reward / (reward + bond)` on, and [earns less than by computing](Stakes::computing_pays_from) from `c = cost / (reward + bond)` on;
//! - one that computes some claims and attests to the others lies on the line between the two, so no mixture is better than
//!   both: the same two rates decide.

use std::{fmt, str::FromStr};

use crate::Error;

/// Amounts are below this, so that no product here overflows.
const MOST: u128 = 1 << 92;
/// Denominators of rates are at most this.
const FINEST: u64 = 1_000_000_000;

/// A rate from 0 to 1, in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    numerator: u128,
    denominator: u128,
}

impl Rate {
    /// `numerator / denominator`, at most 1.
    fn new(numerator: u128, denominator: u128) -> Self {
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self { numerator: numerator / a.max(1), denominator: denominator / a.max(1) }
    }

    /// As a floating-point number.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// Numerator and denominator, in lowest terms.
    pub fn parts(self) -> (u128, u128) {
        (self.numerator, self.denominator)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ({:.4} %)", self.numerator, self.denominator, 100.0 * self.value())
    }
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Number {
            what: "a rate",
            found: format!("{text:?}"),
            accepted: "0 to 1 as 1/20, 5% or 0.05, with at most nine decimals",
        };
        let digits = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 12;
            if plain { if text.is_empty() { Some(0) } else { text.parse::<u64>().ok() } } else { None }
        };
        let (numerator, denominator) = if let Some((above, below)) = text.split_once('/') {
            (digits(above).filter(|_| !above.is_empty()), digits(below).filter(|&below| below > 0))
        } else {
            let (number, hundred) = text.strip_suffix('%').map_or((text, 1), |number| (number, 100));
            let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
            let scale = 10_u64.checked_pow(decimals.len().min(20) as u32);
            let number = (!number.is_empty() && number != ".")
                .then_some(())
                .and_then(|()| digits(whole)?.checked_mul(scale?)?.checked_add(digits(decimals)?));
            (number, scale.and_then(|scale| scale.checked_mul(hundred)))
        };
        let (Some(numerator), Some(denominator)) = (numerator, denominator) else { return Err(refused()) };
        let rate = Self::new(numerator.into(), denominator.into());
        if numerator > denominator || rate.denominator > FINEST.into() {
            return Err(refused());
        }
        Ok(rate)
    }
}

/// How likely at least one of `claims` is looked at, where each is with this rate, whatever happens to the others.
///
/// With the check rate: how likely a provider is found that lied in that many of its claims, for one checked claim with a lie
/// anywhere in it is a found one. With the canary rate: how likely a companion is found that attested to that many
/// claims without computing.
pub fn detection(rate: Rate, claims: u64) -> f64 {
    // 1 − (1 − p)ⁿ, without losing small rates to rounding.
    -(claims as f64 * (-rate.value()).ln_1p()).exp_m1()
}

/// The rate of looking from which somebody loses money who gains `gain` each time that nobody looks, and loses `loss` when
/// somebody does: `gain / (gain + loss)`. 0 where nothing is gained.
pub fn break_even(gain: u128, loss: u128) -> Rate {
    if gain == 0 { Rate::new(0, 1) } else { Rate::new(gain, gain + loss) }
}

/// What is at stake for a companion, per claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stakes {
    /// Paid for a true verdict.
    reward: u128,
    /// What computing the claim again costs.
    cost: u128,
    /// Lost for attesting to a canary.
    bond: u128,
}

impl Stakes {
    /// These amounts, each below 2⁹². An error where computing costs more than it earns: nobody would do it.
    pub fn new(reward: u128, cost: u128, bond: u128) -> Result<Self, Error> {
        for (what, amount) in [("the reward", reward), ("the cost", cost), ("the bond", bond)] {
            if amount >= MOST {
                return Err(Error::Number { what, found: amount.to_string(), accepted: "an integer below 2^92" });
            }
        }
        if cost > reward {
            let found = format!("{cost}, over the reward of {reward}");
            return Err(Error::Number {
                what: "the cost",
                found,
                accepted: "at most the reward: else nobody computes",
            });
        }
        Ok(Self { reward, cost, bond })
    }

    /// What a companion earns per claim that computes each.
    pub fn computing(&self) -> i128 {
        (self.reward - self.cost) as i128
    }

    /// What a companion earns per claim that attests to each without computing: numerator and denominator. `None` where they
    /// are beyond 128 bits, which no rate made of text leads to.
    pub fn attesting(&self, canaries: Rate) -> Option<(i128, i128)> {
        let Rate { numerator, denominator } = canaries;
        let gained = (denominator - numerator).checked_mul(self.reward)?;
        let lost = numerator.checked_mul(self.bond)?;
        let difference = i128::try_from(gained).ok()?.checked_sub(i128::try_from(lost).ok()?)?;
        Some((difference, i128::try_from(denominator).ok()?))
    }

    /// The canary rate from which attesting without computing loses money.
    pub fn loses_from(&self) -> Rate {
        break_even(self.reward, self.bond)
    }

    /// The canary rate from which attesting without computing earns less than computing.
    pub fn computing_pays_from(&self) -> Rate {
        if self.cost == 0 { Rate::new(0, 1) } else { Rate::new(self.cost, self.reward + self.bond) }
    }
}

/// Replays per claim that a user is served, for all companions together: those of checked claims, and of canaries, which are the
/// share `canaries` of what companions are handed. Infinite where all are canaries.
pub fn replays(check: Rate, canaries: Rate) -> f64 {
    check.value() / (1.0 - canaries.value())
}
