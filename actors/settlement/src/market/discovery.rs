//! Who serves an asset, found on the chain.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Market;
use crate::{Error, bindings as b};

/// Providers that are asked for at once, and how many of them are looked at side by side.
const PAGE: usize = 100;
const ABREAST: usize = 8;

/// What a provider offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whose it is.
    pub provider: Address,
    /// Its socket. A stranger's text, of printable characters, that begins with `tcp://`.
    pub endpoint: String,
    /// That socket's public key.
    pub curve: B256,
    /// What a unit costs: its author's price and the provider's, in the currency's smallest unit.
    pub price: U256,
    /// Largest deposit of a session that its bond is enough for now.
    pub largest: U256,
}

impl Market {
    /// Providers that offer an asset for a currency now and are bonded for a session of `deposit`, cheapest first. Of those that ever offered it
    /// at most `limit` are looked at, in the order in which they came. None where the asset isn't sold for the currency.
    pub async fn discover(
        &self,
        node: &impl Provider,
        asset: u64,
        currency: Address,
        deposit: U256,
        limit: usize,
    ) -> Result<Vec<Offer>, Error> {
        let Some(author) = self.author_price(node, asset, currency).await? else { return Ok(Vec::new()) };
        let contract = b::Providers::new(self.at().providers, node);
        let mut found = Vec::new();
        let mut seen = 0;
        while seen < limit {
            let count = PAGE.min(limit - seen);
            let page = contract.offers(U256::from(asset), currency, U256::from(seen), U256::from(count)).call().await?;
            // No more than was asked for: the node is a stranger too.
            let some: Vec<Address> = page.some.into_iter().take(count).collect();
            seen += some.len();
            let last = some.len() < count;
            let offers =
                stream::iter(some.into_iter().map(|provider| self.offer_of(node, provider, asset, currency, author)));
            let offers: Vec<Option<Offer>> = offers.buffered(ABREAST).try_collect().await?;
            found.extend(offers.into_iter().flatten().filter(|offer| offer.largest >= deposit));
            if last {
                break;
            }
        }
        found.sort_by_key(|offer| (offer.price, offer.provider));
        Ok(found)
    }

    async fn offer_of(
        &self,
        node: &impl Provider,
        provider: Address,
        asset: u64,
        currency: Address,
        author: U256,
    ) -> Result<Option<Offer>, Error> {
        let contract = b::Providers::new(self.at().providers, node);
        let offer = contract.offerOf(provider, U256::from(asset), currency).call().await?;
        if !offer.active {
            return Ok(None);
        }
        let free = contract.available(provider, currency).call().await?;
        let contact = contract.contactOf(provider).call().await?;
        let endpoint = contact.endpoint;
        if !endpoint.starts_with("tcp://") || !endpoint.bytes().all(|c| c.is_ascii_graphic()) {
            return Ok(None);
        }
        let price = author.saturating_add(U256::from(offer.price));
        let largest = free / U256::from(self.deployment.parameters.ratio.max(1));
        Ok(Some(Offer { provider, endpoint, curve: contact.curve, price, largest }))
    }
}
