//! Who serves an asset, found on the chain.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Market;
use crate::{Error, amount::Coin, bindings as b};

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

/// Who offers an asset, whether or not it is bonded for a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Whether the asset is sold for the currency at all.
    pub sold: bool,
    /// Those who offer it now, cheapest first.
    pub offers: Vec<Offer>,
    /// Those who offer it at what is no address of a socket.
    pub odd: Vec<Address>,
}

impl Survey {
    /// Why nobody is found for a session of this deposit: of all, or of one provider. Ends a sentence that begins with "found".
    pub fn nobody(&self, deposit: U256, provider: Option<Address>, coin: Coin) -> String {
        let deposits = |most: U256| format!("of up to {}, not of {}", coin.show(most), coin.show(deposit));
        let odd = |who: Address| {
            format!("{who}, which offers it, but has registered no address of a socket (tcp://HOST:PORT)")
        };
        if !self.sold {
            return "nobody who offers it: it is not sold for this currency".into();
        }
        if let Some(only) = provider {
            return match self.offers.iter().find(|offer| offer.provider == only) {
                Some(offer) => {
                    format!("{only}, which offers it and is bonded for deposits {}", deposits(offer.largest))
                }
                None if self.odd.contains(&only) => odd(only),
                None => format!("no offer of {only}'s"),
            };
        }
        match self.offers.iter().max_by_key(|offer| offer.largest) {
            Some(best) => {
                let (who, up_to) = (best.provider, deposits(best.largest));
                format!(
                    "nobody who offers it and is bonded for this deposit: {who}, which is bonded for most, takes deposits {up_to}"
                )
            }
            None => self.odd.first().map_or_else(|| "nobody who offers it".into(), |first| odd(*first)),
        }
    }
}

/// What one of the providers of an asset says of it.
enum Said {
    Offers(Offer),
    Odd(Address),
    No,
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
        let mut found = self.survey(node, asset, currency, limit).await?.offers;
        found.retain(|offer| offer.largest >= deposit);
        Ok(found)
    }

    /// As [`Market::discover`], with all of those who offer it, so that whoever finds nobody can be told why.
    pub async fn survey(
        &self,
        node: &impl Provider,
        asset: u64,
        currency: Address,
        limit: usize,
    ) -> Result<Survey, Error> {
        let Some(author) = self.author_price(node, asset, currency).await? else { return Ok(Survey::default()) };
        let mut found = Survey { sold: true, ..Survey::default() };
        let contract = b::Providers::new(self.at().providers, node);
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
            let offers: Vec<Said> = offers.buffered(ABREAST).try_collect().await?;
            for said in offers {
                match said {
                    Said::Offers(offer) => found.offers.push(offer),
                    Said::Odd(provider) => found.odd.push(provider),
                    Said::No => {}
                }
            }
            if last {
                break;
            }
        }
        found.offers.sort_by_key(|offer| (offer.price, offer.provider));
        Ok(found)
    }

    async fn offer_of(
        &self,
        node: &impl Provider,
        provider: Address,
        asset: u64,
        currency: Address,
        author: U256,
    ) -> Result<Said, Error> {
        let contract = b::Providers::new(self.at().providers, node);
        let offer = contract.offerOf(provider, U256::from(asset), currency).call().await?;
        if !offer.active {
            return Ok(Said::No);
        }
        let free = contract.available(provider, currency).call().await?;
        let contact = contract.contactOf(provider).call().await?;
        let endpoint = contact.endpoint;
        if !endpoint.starts_with("tcp://") || !endpoint.bytes().all(|c| c.is_ascii_graphic()) {
            return Ok(Said::Odd(provider));
        }
        let price = author.saturating_add(U256::from(offer.price));
        let largest = free / U256::from(self.deployment.parameters.ratio.max(1));
        Ok(Said::Offers(Offer { provider, endpoint, curve: contact.curve, price, largest }))
    }
}
