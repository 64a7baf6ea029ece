//! What providers do: say how they are reached, bond, offer.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};

use super::{Call, Market, NATIVE, narrow};
use crate::{Error, bindings as b};

/// Longest endpoint, in bytes.
const LONGEST_ENDPOINT: usize = 256;

/// What the chain knows of a provider, its bond in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderState {
    /// Its socket (a stranger's text) and that socket's public key, once it has registered.
    pub contact: Option<(String, B256)>,
    /// All of its bond, the next two included.
    pub bond: U256,
    /// Behind sessions.
    pub reserved: U256,
    /// Asked back.
    pub leaving: U256,
    /// When that can be taken, in Unix time's seconds; 0 where nothing was ever asked back.
    pub until: u64,
}

impl Market {
    /// Says how the caller is reached from now on: its socket, such as `tcp://host:5555`, and that socket's public key.
    pub fn register(&self, endpoint: &str, curve: B256) -> Result<Call, Error> {
        if endpoint.is_empty() || endpoint.len() > LONGEST_ENDPOINT || curve.is_zero() {
            let why = format!("an endpoint of 1 to {LONGEST_ENDPOINT} bytes and a key that is not zero are accepted");
            return Err(Error::Argument { what: "register a provider", why });
        }
        let call = b::Providers::registerCall { endpoint: endpoint.into(), curve };
        Ok(Call::new(self.at().providers, call, "register a provider"))
    }

    /// Adds to the caller's bond.
    pub fn bond(&self, currency: Address, amount: U256) -> Result<Call, Error> {
        narrow(amount, "a bond")?;
        let call = Call::new(self.at().providers, b::Providers::bondCall { token: currency, amount }, "add to a bond");
        Ok(if currency == NATIVE { call.paying(amount) } else { call })
    }

    /// Asks for bond that no session needs; it can be [taken](Market::take_bond) after the delay.
    pub fn unbond(&self, currency: Address, amount: U256) -> Result<Call, Error> {
        let amount = narrow(amount, "a bond")?;
        let call = b::Providers::unbondCall { token: currency, amount };
        Ok(Call::new(self.at().providers, call, "ask for bond back"))
    }

    /// Owes the caller what it asked back.
    pub fn take_bond(&self, currency: Address) -> Call {
        Call::new(self.at().providers, b::Providers::takeBondCall { token: currency }, "take bond back")
    }

    /// Offers an asset at so much a unit on top of what its author asks, or no longer.
    pub fn offer(&self, asset: u64, currency: Address, price: U256, active: bool) -> Result<Call, Error> {
        let price = narrow(price, "a provider's price")?;
        let call = b::Providers::offerCall { asset: U256::from(asset), token: currency, price, active };
        Ok(Call::new(self.at().providers, call, if active { "offer an asset" } else { "end an offer" }))
    }

    /// What of a provider's bond stands behind nothing.
    pub async fn free_bond(&self, node: &impl Provider, provider: Address, currency: Address) -> Result<U256, Error> {
        Ok(b::Providers::new(self.at().providers, node).available(provider, currency).call().await?)
    }

    /// What the chain knows of a provider.
    pub async fn provider(
        &self,
        node: &impl Provider,
        provider: Address,
        currency: Address,
    ) -> Result<ProviderState, Error> {
        let contract = b::Providers::new(self.at().providers, node);
        let contact = contract.contactOf(provider).call().await?;
        let bond = contract.bondOf(provider, currency).call().await?;
        Ok(ProviderState {
            contact: (!contact.curve.is_zero()).then_some((contact.endpoint, contact.curve)),
            bond: U256::from(bond.bond),
            reserved: U256::from(bond.reserved),
            leaving: U256::from(bond.leaving),
            until: bond.until.to(),
        })
    }

    /// What a provider asks for a unit of an asset on top of its author's price; `None` where it doesn't offer it now.
    pub async fn offered_at(
        &self,
        node: &impl Provider,
        provider: Address,
        asset: u64,
        currency: Address,
    ) -> Result<Option<U256>, Error> {
        let contract = b::Providers::new(self.at().providers, node);
        let offer = contract.offerOf(provider, U256::from(asset), currency).call().await?;
        Ok(offer.active.then_some(U256::from(offer.price)))
    }
}
