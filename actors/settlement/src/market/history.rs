//! What was done before, as the contracts' events tell it: which assets somebody published, which a provider ever offered, which sessions a user opened.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, B256},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};

use super::{Market, logs, number};
use crate::{Error, bindings as b};

impl Market {
    /// Assets with this content, in the order in which they were published: of one author, or of any. Their content is what the contract says, and their
    /// authors are whoever called it.
    pub async fn published_as(
        &self,
        node: &impl Provider,
        content: B256,
        author: Option<Address>,
    ) -> Result<Vec<u64>, Error> {
        let mut filter = Filter::new().topic3(content);
        if let Some(author) = author {
            filter = filter.topic2(author.into_word());
        }
        let events = self.history::<b::Assets::Published>(node, self.at().assets, filter).await?;
        events.into_iter().map(|event| number(event.asset, "an asset's number")).collect()
    }

    /// Assets that a provider ever offered for a currency, by number. Whether it still does: [`Market::offered_at`].
    pub async fn ever_offered(
        &self,
        node: &impl Provider,
        provider: Address,
        currency: Address,
    ) -> Result<BTreeSet<u64>, Error> {
        let filter = Filter::new().topic1(provider.into_word()).topic3(currency.into_word());
        let events = self.history::<b::Providers::Offered>(node, self.at().providers, filter).await?;
        events.into_iter().map(|event| number(event.asset, "an asset's number")).collect()
    }

    /// Sessions that an account opened and put the deposit of in, oldest first.
    pub async fn sessions_of(&self, node: &impl Provider, user: Address) -> Result<Vec<B256>, Error> {
        let filter = Filter::new().topic2(user.into_word());
        let events = self.history::<b::Sessions::Opened>(node, self.at().sessions, filter).await?;
        Ok(events.into_iter().map(|event| event.session).collect())
    }

    /// Whether a claim about a session was paid: one that fell was not.
    pub async fn was_paid(&self, node: &impl Provider, session: B256) -> Result<bool, Error> {
        let filter = Filter::new().topic1(session);
        Ok(!self.history::<b::Sessions::Paid>(node, self.at().sessions, filter).await?.is_empty())
    }

    /// All events of one kind that a contract of the deployment ever had, oldest first.
    async fn history<E: SolEvent>(&self, node: &impl Provider, by: Address, filter: Filter) -> Result<Vec<E>, Error> {
        let filter = filter.address(by).event_signature(E::SIGNATURE_HASH);
        let found = logs(node, &filter, self.deployment.block, node.get_block_number().await?).await?;
        Ok(found.iter().filter_map(|log| E::decode_log(&log.inner).ok()).map(|log| log.data).collect())
    }
}
