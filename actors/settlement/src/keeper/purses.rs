//! What is owed is fetched, and what was burnt for is minted.

use alloy::primitives::Address;

use super::{Failed, Keeper, Records};
use crate::{market::Purse, outbox::State};

/// Epochs that are looked back at: whoever is away for longer mints by hand.
const EPOCHS: u64 = 8;

impl<R: Records> Keeper<R> {
    /// Fetches what every purse owes this account in this currency, from [`Options::least`](super::Options::least) on. One withdrawal a purse is under way at a time.
    pub async fn fetch(&self, currency: Address) -> Result<(), Failed> {
        let (market, me) = (&self.account.market, self.account.address());
        for purse in Purse::ALL {
            let name = |number: u64| format!("withdraw/{purse:?}/{currency}/{number}");
            let number = (0..).find(|&number| self.outbox.get(&name(number)).is_none_or(|it| !it.state.over()));
            let Some(number) = number.filter(|&number| self.outbox.get(&name(number)).is_none()) else { continue };
            let owed = self.asked("owed", market.owed(self.account.node(), purse, currency, me)).await?;
            if owed < self.options.least || owed.is_zero() {
                continue;
            }
            self.put(name(number), market.withdraw(purse, currency, me))?;
        }
        Ok(())
    }

    /// Mints for what was burnt for this account's work in epochs that are over.
    pub async fn mint(&self) -> Result<(), Failed> {
        let (market, me) = (&self.account.market, self.account.address());
        let current = self.asked("epoch", market.epoch(self.account.node())).await?;
        for epoch in current.saturating_sub(EPOCHS)..current {
            if matches!(self.outbox.get(&format!("mint/{epoch}/0")).map(|it| it.state), Some(State::Final { .. })) {
                continue;
            }
            if !self.asked("burnt", market.burnt(self.account.node(), epoch, me)).await?.is_zero() {
                self.put_again(&format!("mint/{epoch}"), market.mint(epoch, me), None, None)?;
            }
        }
        Ok(())
    }
}
