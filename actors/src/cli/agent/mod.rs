//! `hyperdust agent …`: policies as assets, with shares in what they earn and accounts of their own.

mod invoke;
mod publish;
mod revenue;

use std::process::ExitCode;

use alloy::primitives::{Address, Bytes, U256};
use clap::{Args, Subcommand};
use hyperdust_settlement::{Call, amount, market::AssetState};
use serde::Serialize;

use super::chain::{self, Actor, Who, no_agent, refused, text};
use crate::Error;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Sells a policy on a chain, with shares in what it earns and an account of its own
    Publish(publish::Publish),
    /// Buys a pass to an agent or a scene that asks for one
    Buy(Buy),
    /// Shows what an agent has earned and whose it is; fetches the wallet's part
    Revenue(revenue::Revenue),
    /// Asks an agent that somebody hosts, and pays for it
    Invoke(invoke::Invoke),
    /// Gives coin to an agent's account, with which it acts
    Fund(Fund),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Publish(publish) => publish.run(),
        Command::Invoke(invoke) => invoke.run(),
        Command::Buy(buy) => chain::run(buy.run()),
        Command::Revenue(revenue) => chain::run(revenue.run()),
        Command::Fund(fund) => chain::run(fund.run()),
    }?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Args)]
pub(super) struct Buy {
    /// Number of the asset
    asset: u64,
    /// Who gets the pass [default: the wallet's account]
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    to: Option<Address>,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Fund {
    /// Number of the agent
    asset: u64,
    /// How much: 0.1eth
    amount: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Serialize)]
struct Bought {
    asset: u64,
    #[serde(serialize_with = "text")]
    to: Address,
    #[serde(with = "amount::wei")]
    price: U256,
    was_there: bool,
}

impl Buy {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (market, node) = (actor.market(), actor.node());
        let state = market.asset(node, self.asset).await?;
        let Some(price) = state.pass else {
            let what = format!("asset {}", self.asset);
            return Err(refused(what, "one that asks for no pass", "one that does"));
        };
        let to = self.to.unwrap_or_else(|| actor.address());
        let was_there = market.has_pass(node, self.asset, to).await?;
        if !was_there {
            actor.send(&market.buy_pass(self.asset, to, price)).await?;
        }
        let bought = Bought { asset: self.asset, to, price, was_there };
        actor.report(&bought, || match was_there {
            true => println!("{to} has a pass to asset {} already", self.asset),
            false => println!("{to} has a pass to asset {}, for {}", self.asset, actor.show(price)),
        });
        Ok(())
    }
}

#[derive(Serialize)]
struct Funded {
    asset: u64,
    #[serde(serialize_with = "text")]
    account: Address,
    #[serde(with = "amount::wei")]
    balance: U256,
}

impl Fund {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let amount = actor.amount(&self.amount)?;
        let agent = Agent::of(&actor, self.asset).await?;
        let what = "give coin to an agent".to_string();
        actor.send(&Call { to: agent.account, input: Bytes::new(), value: amount, what }).await?;
        let funded = Funded { asset: self.asset, account: agent.account, balance: agent.balance(&actor).await? };
        actor.report(&funded, || {
            println!("agent {} has {} in its account {}", self.asset, actor.show(funded.balance), funded.account);
        });
        Ok(())
    }
}

/// An agent, as the chain knows it.
struct Agent {
    state: AssetState,
    shares: Address,
    account: Address,
}

impl Agent {
    async fn of(actor: &Actor, asset: u64) -> Result<Self, Error> {
        let state = actor.market().asset(actor.node(), asset).await?;
        let (shares, account) = state.agent.ok_or_else(|| no_agent(asset))?;
        Ok(Self { state, shares, account })
    }

    /// Coin of its account.
    async fn balance(&self, actor: &Actor) -> Result<U256, Error> {
        use alloy::providers::Provider;
        Ok(actor.node().get_balance(self.account).await.map_err(hyperdust_settlement::Error::from)?)
    }
}
