//! `hyperdust session open`

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
};
use clap::Args;
use hyperdust_settlement::{
    amount,
    market::{NATIVE, Offer, Opening},
};
use hyperdust_wire::curve::PublicKey;
use serde::Serialize;

use super::chain::{self, Actor, Who, refused, text};
use crate::{Error, cli::scene};

/// Providers of one asset that are looked at, at most.
const LOOKED_AT: usize = 1_000;

#[derive(Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(in crate::cli) struct Open {
    /// Number of the asset
    #[arg(group = "what")]
    asset: Option<u64>,
    /// A scene's folder, archive or published name: whoever sells and offers just that cheapest
    #[arg(long, group = "what")]
    scene: Option<String>,
    /// What it may cost at most; the rest comes back: 0.01eth
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    deposit: String,
    /// Who shall serve it [default: the cheapest whose bond is enough]
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    provider: Option<Address>,
    /// Lanes
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=4096))]
    lanes: u32,
    /// What a unit may cost, its author's part included [default: what it costs now]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    max_price: Option<String>,
    /// Its work counts for minting: a part of the fee is burnt, and the provider gets tokens for it
    #[arg(long)]
    mint: bool,
    /// Whose signatures count on vouchers and actions [default: the wallet's]
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    signer: Option<Address>,
    /// This agent's account opens it and pays; the wallet owns or operates it
    #[arg(long = "as", value_name = "AGENT")]
    agent: Option<u64>,
    #[command(flatten)]
    who: Who,
}

/// A session that was opened.
#[derive(Clone, Serialize)]
pub(in crate::cli) struct Opened {
    pub(in crate::cli) session: B256,
    asset: u64,
    #[serde(serialize_with = "text")]
    user: Address,
    #[serde(serialize_with = "text")]
    signer: Address,
    #[serde(serialize_with = "text")]
    provider: Address,
    endpoint: String,
    #[serde(serialize_with = "text")]
    key: PublicKey,
    lanes: u32,
    #[serde(with = "amount::wei")]
    price: U256,
    #[serde(with = "amount::wei")]
    deposit: U256,
    /// That the deposit is enough for.
    #[serde(serialize_with = "text")]
    units: U256,
    minting: bool,
}

impl Open {
    pub(super) async fn run(self) -> Result<(), Error> {
        let content = self.scene.as_deref().map(content).transpose()?;
        let actor = self.who.open().await?;
        let market = actor.market();
        let deposit = actor.amount(&self.deposit)?;
        let most = self.max_price.as_ref().map(|price| actor.amount(price)).transpose()?;
        let assets = match (self.asset, content) {
            (Some(asset), _) => vec![asset],
            (None, content) => market.published_as(actor.node(), content.unwrap_or_default(), None).await?,
        };
        let what = self.scene.clone().unwrap_or_else(|| format!("asset {}", self.asset.unwrap_or_default()));
        let (asset, offer) = cheapest(&actor, &what, &assets, deposit, self.provider).await?;
        if let Some(most) = most.filter(|most| offer.price > *most) {
            let found = format!("{} a unit", actor.show(offer.price));
            return Err(refused(what, found, format!("up to {}", actor.show(most))));
        }
        if deposit < offer.price {
            let accepted = format!("{} at least, which is a unit's price", actor.show(offer.price));
            return Err(refused("--deposit", actor.show(deposit), accepted));
        }
        let acting = actor.acting(self.agent).await?;
        if self.agent.is_some() {
            enough(&actor, acting.address, deposit).await?;
        }
        let opening = Opening {
            provider: offer.provider,
            asset,
            currency: NATIVE,
            deposit,
            signer: self.signer.unwrap_or_else(|| actor.address()),
            lanes: self.lanes,
            max_price: offer.price,
            minting: self.mint,
        };
        let receipt = actor.send(&acting.call(market, market.open(&opening)?)).await?;
        let opened = Opened {
            session: market.opened(&receipt)?,
            asset,
            user: acting.address,
            signer: opening.signer,
            provider: offer.provider,
            endpoint: offer.endpoint,
            key: PublicKey(offer.curve.0),
            lanes: self.lanes,
            price: offer.price,
            deposit,
            units: deposit.checked_div(offer.price).unwrap_or_default(),
            minting: self.mint,
        };
        actor.report(&opened, || opened.print(&actor));
        Ok(())
    }
}

/// What a scene is to the contracts: the root of its blueprint.
fn content(scene: &str) -> Result<B256, Error> {
    let scene = scene::open(scene)?;
    Ok(scene.cook(&Default::default())?.blueprint.id()?.0.into())
}

/// The cheapest that is bonded for it, of all assets or of one provider; never the wallet itself.
pub(in crate::cli) async fn cheapest(
    actor: &Actor,
    what: &str,
    assets: &[u64],
    deposit: U256,
    provider: Option<Address>,
) -> Result<(u64, Offer), Error> {
    let (mut found, mut own): (Option<(u64, Offer)>, _) = (None, false);
    let mut nobody = "no asset on this chain".into();
    for asset in assets {
        let survey = actor.market().survey(actor.node(), *asset, NATIVE, LOOKED_AT).await?;
        nobody = survey.nobody(deposit, provider, actor.coin());
        let bonded: Vec<Offer> = survey.offers.into_iter().filter(|offer| offer.largest >= deposit).collect();
        own |= bonded.iter().any(|offer| offer.provider == actor.address());
        let mut others = bonded.into_iter().filter(|offer| offer.provider != actor.address());
        let best = others.find(|offer| provider.is_none_or(|only| only == offer.provider));
        if let Some(offer) = best
            && found.as_ref().is_none_or(|(_, other)| offer.price < other.price)
        {
            found = Some((*asset, offer));
        }
    }
    found.ok_or_else(|| {
        if own && provider.is_none_or(|only| only == actor.address()) {
            let accepted = "another provider's, or another wallet: nobody is paid by itself";
            return refused(what, "an offer of this very wallet's", accepted);
        }
        let accepted = "an asset that is sold and offered for coin, with a bond of enough times the deposit behind it";
        refused(what, nobody, accepted)
    })
}

/// An error where the account has less.
pub(in crate::cli) async fn enough(actor: &Actor, account: Address, amount: U256) -> Result<(), Error> {
    let has = actor.node().get_balance(account).await.map_err(hyperdust_settlement::Error::from)?;
    match has < amount {
        true => {
            let accepted = format!("{}; `hyperdust agent fund` gives it coin", actor.show(amount));
            Err(refused("the agent's account", actor.show(has), accepted))
        }
        false => Ok(()),
    }
}

impl Opened {
    fn print(&self, actor: &Actor) {
        println!("session {}", self.session);
        println!("  asset     {}", self.asset);
        println!("  user      {}", self.user);
        println!("  provider  {} at {}, key '{}'", self.provider, self.endpoint, self.key);
        println!("  price     {} a unit", actor.show(self.price));
        println!("  deposit   {}: {} units, over {} lane(s)", actor.show(self.deposit), self.units, self.lanes);
        if self.minting {
            println!("  mints; `hyperdust session draw` draws its seed from the second block after this one on");
        }
    }
}
