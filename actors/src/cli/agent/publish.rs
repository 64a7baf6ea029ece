//! `hyperdust agent publish`
//!
//! Agents are attested, though there is a program that computes a policy's answers. A provable agent would promise what nobody keeps yet: a claim about one has no plan of a
//! fixed form, so nobody can ask what it was computed from (docs/economics.md, "What is not safe yet"), and a provider could prove answers to questions of its own; and no
//! server makes the jobs that an honest one would have to defend. An attested one says what is true: its user pays for what it signed.

use std::{fs::File, io::Read, path::PathBuf};

use alloy::primitives::{Address, B256, U256};
use clap::Args;
use hyperdust_merkle::Kind;
use hyperdust_policy::Policy;
use hyperdust_settlement::{
    amount::{self, DECIMALS, decimal},
    market::{self, NATIVE},
};
use serde::Serialize;

use super::Agent;
use crate::{
    Error,
    cli::chain::{self, Actor, Who, refused, some_wei, text},
};

/// A file as it is known in a package.
const CONTENTS: Kind = Kind::new("hyperdust file");

/// Its work is attested: see docs/market.md. Publishing the same file again finds the agent that there is, and changes nothing.
#[derive(Args)]
pub(in crate::cli) struct Publish {
    /// The policy's file (see docs/policies.md)
    model: PathBuf,
    /// Name of its share token
    #[arg(long)]
    name: String,
    /// Symbol of its share token
    #[arg(long)]
    symbol: String,
    /// Shares in what it earns; all are the author's at first
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    shares: u64,
    /// What the author asks for a unit, one row of observations: 3gwei
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    price: String,
    /// What a pass costs, without which nobody opens a session [default: no pass is needed]
    #[arg(long, value_name = "AMOUNT")]
    pass: Option<String>,
    /// Where its metadata is, up to 512 bytes
    #[arg(long, default_value = "")]
    uri: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Serialize)]
struct Published {
    asset: u64,
    /// Of the file.
    package: B256,
    /// Of the network that it becomes: what a server tells of a policy that it hosts.
    model: B256,
    tier: &'static str,
    was_there: bool,
    #[serde(serialize_with = "text")]
    share_token: Address,
    #[serde(serialize_with = "text")]
    account: Address,
    /// In their smallest unit (10⁻¹⁸).
    #[serde(with = "amount::wei")]
    shares: U256,
    #[serde(serialize_with = "some_wei")]
    price: Option<U256>,
    #[serde(serialize_with = "some_wei")]
    pass: Option<U256>,
}

impl Publish {
    pub(super) fn run(self) -> Result<(), Error> {
        let io = |source| Error::Io { path: self.model.clone(), source };
        let mut bytes = Vec::new();
        let file = File::open(&self.model).map_err(io)?;
        file.take(hyperdust_policy::LONGEST + 1).read_to_end(&mut bytes).map_err(io)?;
        let policy = Policy::decode(&bytes)
            .map_err(|error| refused(self.model.display().to_string(), error, "a policy's file (docs/policies.md)"))?;
        let package = B256::from(hyperdust_merkle::root(CONTENTS, &bytes));
        let content = B256::from(policy.digest());
        chain::run(async {
            let actor = self.who.open().await?;
            let published = self.publish(&actor, package, content).await?;
            actor.report(&published, || published.print(&actor));
            Ok(())
        })
    }

    async fn publish(&self, actor: &Actor, package: B256, content: B256) -> Result<Published, Error> {
        let (price, pass) =
            (actor.amount(&self.price)?, self.pass.as_ref().map(|pass| actor.amount(pass)).transpose()?);
        let (market, node) = (actor.market(), actor.node());
        let mut found = None;
        for asset in market.published_as(node, content, Some(actor.address())).await? {
            let state = market.asset(node, asset).await?;
            if state.package == package && state.agent.is_some() {
                found = Some(asset);
                break;
            }
        }
        let asset = match found {
            Some(asset) => asset,
            None => {
                let asset = market::Scene { package, content, program: None, price, pass, uri: self.uri.clone() };
                let shares = U256::from(self.shares) * U256::from(10).pow(U256::from(DECIMALS));
                let (name, symbol) = (self.name.clone(), self.symbol.clone());
                let call = market.publish_agent(&market::Agent { asset, shares, name, symbol })?;
                market.published(&actor.send(&call).await?)?
            }
        };
        let agent = Agent::of(actor, asset).await?;
        Ok(Published {
            asset,
            package,
            model: content,
            tier: "attested",
            was_there: found.is_some(),
            share_token: agent.shares,
            account: agent.account,
            shares: market.shares_of(node, agent.shares, actor.address()).await?.1,
            price: market.author_price(node, asset, NATIVE).await?,
            pass: agent.state.pass,
        })
    }
}

impl Published {
    fn print(&self, actor: &Actor) {
        let was = if self.was_there { ", published before: nothing was changed" } else { "" };
        println!("asset {}: an agent, {}{was}", self.asset, self.tier);
        println!("  file      {}", self.package);
        println!("  model     {}", self.model);
        println!("  account   {}", self.account);
        println!("  shares    {} of token {}", decimal(self.shares, DECIMALS), self.share_token);
        println!("  price     {}", self.price.map_or_else(|| "not sold".into(), |price| actor.show(price) + " a unit"));
        if let Some(pass) = self.pass {
            println!("  pass      {}", actor.show(pass));
        }
    }
}
