//! Which asset, and who serves it.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
    rpc::types::Filter,
    sol_types::SolEvent,
};

use crate::{
    Account, Error, bindings as b,
    market::{Offer, logs},
};

/// Providers of an asset that are looked at.
const PROVIDERS: usize = 1_000;
/// Assets of one content that are looked at: whoever pays for it may publish it once more.
const ASSETS: usize = 64;

/// Which asset is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The one of this number.
    Number(u64),
    /// The only one that is this scene: its blueprint's root.
    Content(B256),
}

/// The asset that is wanted, and the root of its blueprint. An error where there is none that is sold for the currency, or several are.
pub async fn asset(account: &Account, wanted: Wanted, currency: Address) -> Result<(u64, B256), Error> {
    let (market, node) = (&account.market, account.node());
    let refused = |why: String| Error::Argument { what: "finding an asset", why };
    match wanted {
        Wanted::Number(number) => {
            let found = market.asset(node, number).await?;
            if found.agent.is_some() {
                return Err(refused(format!("asset {number} is an agent, which is no scene to step")));
            }
            if market.author_price(node, number, currency).await?.is_none() {
                return Err(refused(format!("asset {number} is not sold for this currency")));
            }
            Ok((number, found.content))
        }
        Wanted::Content(content) => {
            let published = published(account, content).await?;
            let mut sold = Vec::new();
            for number in &published {
                if market.author_price(node, *number, currency).await?.is_some() {
                    sold.push(*number);
                }
            }
            match sold[..] {
                [only] => Ok((only, content)),
                [] if published.is_empty() => Err(refused(format!("nobody has published the scene {content}"))),
                [] => Err(refused(format!("the scene {content} is not sold for this currency (assets {published:?})"))),
                _ => Err(refused(format!("assets {sold:?} are all the scene {content}: say which one is meant"))),
            }
        }
    }
}

/// Who serves an asset for a session of this deposit, cheapest first. With a `provider`, or a socket, that one alone. An error where
/// there is nobody.
pub async fn offers(
    account: &Account,
    asset: u64,
    currency: Address,
    deposit: U256,
    provider: Option<Address>,
    endpoint: Option<&str>,
) -> Result<Vec<Offer>, Error> {
    let survey = account.market.survey(account.node(), asset, currency, PROVIDERS).await?;
    let refused = |why: String| Error::Argument { what: "finding a provider", why };
    let mut some: Vec<Offer> = survey.offers.iter().filter(|offer| offer.largest >= deposit).cloned().collect();
    match (provider, endpoint) {
        (Some(address), _) => some.retain(|offer| offer.provider == address),
        (None, Some(endpoint)) if !some.is_empty() => {
            some.retain(|offer| offer.endpoint == endpoint);
            if some.is_empty() {
                let why =
                    format!("no provider of asset {asset} that is bonded for this deposit is registered at {endpoint}");
                return Err(refused(why));
            }
        }
        _ => {}
    }
    match some.is_empty() {
        false => Ok(some),
        true => {
            let why = survey.nobody(deposit, provider, account.chain.coin());
            Err(refused(format!("asset {asset}: found {why}")))
        }
    }
}

/// Numbers of the scenes of this content, oldest first.
async fn published(account: &Account, content: B256) -> Result<Vec<u64>, Error> {
    let deployment = account.market.deployment();
    let filter = Filter::new()
        .address(deployment.addresses.assets)
        .event_signature(b::Assets::Published::SIGNATURE_HASH)
        .topic3(content);
    let mut found = Vec::new();
    let latest = account.node().get_block_number().await?;
    for log in logs(account.node(), &filter, deployment.block, latest).await? {
        // What a node says is looked at again: it is a stranger.
        let event = b::Assets::Published::decode_log(&log.inner).ok();
        let event = event.filter(|event| event.address == deployment.addresses.assets && event.content == content);
        if let Some(event) = event.filter(|event| !event.agent)
            && let Ok(number) = event.asset.try_into()
            && found.len() < ASSETS
        {
            found.push(number);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
