//! `hyperdust agent revenue`

use alloy::primitives::{Address, U256};
use clap::Args;
use hyperdust_settlement::{
    amount::{self, DECIMALS, decimal},
    market::{NATIVE, Purse},
};
use serde::Serialize;

use super::Agent;
use crate::{
    Error,
    cli::chain::{Actor, Who, some_wei, text},
};

/// Those that an agent's shares are owed by.
const PAYERS: [Purse; 2] = [Purse::Sessions, Purse::Passes];

#[derive(Args)]
pub(in crate::cli) struct Revenue {
    /// Number of the agent
    asset: u64,
    /// Collects what it is owed, for all holders, and fetches this wallet's part of all that was collected
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    who: Who,
}

#[derive(Serialize)]
struct Income {
    asset: u64,
    #[serde(serialize_with = "text")]
    share_token: Address,
    #[serde(serialize_with = "text")]
    holder: Address,
    /// The holder's, and all that there are, in their smallest unit (10⁻¹⁸).
    #[serde(with = "amount::wei")]
    held: U256,
    #[serde(with = "amount::wei")]
    shares: U256,
    /// What the agent is owed and nobody has collected yet.
    #[serde(with = "amount::wei")]
    uncollected: U256,
    /// The holder's part of what was collected.
    #[serde(with = "amount::wei")]
    earned: U256,
    /// What was fetched now; none where that wasn't asked for.
    #[serde(serialize_with = "some_wei")]
    withdrawn: Option<U256>,
    /// Of the agent's account, which is not income but what it acts with.
    #[serde(with = "amount::wei")]
    account_balance: U256,
}

impl Revenue {
    pub(super) async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let agent = Agent::of(&actor, self.asset).await?;
        let withdrawn = if self.withdraw { Some(fetch(&actor, &agent).await?) } else { None };
        let (market, node, holder) = (actor.market(), actor.node(), actor.address());
        let (held, shares) = market.shares_of(node, agent.shares, holder).await?;
        let mut uncollected = U256::ZERO;
        for purse in PAYERS {
            uncollected += market.owed(node, purse, NATIVE, agent.shares).await?;
        }
        let income = Income {
            asset: self.asset,
            share_token: agent.shares,
            holder,
            held,
            shares,
            uncollected,
            earned: market.share_income(node, agent.shares, holder).await?,
            withdrawn,
            account_balance: agent.balance(&actor).await?,
        };
        actor.report(&income, || income.print(&actor));
        Ok(())
    }
}

/// The wallet's part of everything, once it was collected.
async fn fetch(actor: &Actor, agent: &Agent) -> Result<U256, Error> {
    let (market, node, holder) = (actor.market(), actor.node(), actor.address());
    for purse in PAYERS {
        if !market.owed(node, purse, NATIVE, agent.shares).await?.is_zero() {
            actor.send(&market.collect(agent.shares, purse, NATIVE)).await?;
        }
    }
    if market.share_income(node, agent.shares, holder).await?.is_zero() {
        return Ok(U256::ZERO);
    }
    actor.send(&market.settle_shares(agent.shares, holder)).await?;
    let receipt = actor.send(&market.withdraw_shares(agent.shares, NATIVE, holder)).await?;
    Ok(market.withdrawn(&receipt, agent.shares)?)
}

impl Income {
    fn print(&self, actor: &Actor) {
        println!("agent {}, shares {}", self.asset, self.share_token);
        println!(
            "  held        {} of {} by {}",
            decimal(self.held, DECIMALS),
            decimal(self.shares, DECIMALS),
            self.holder
        );
        println!("  uncollected {}", actor.show(self.uncollected));
        println!("  earned      {}, the holder's", actor.show(self.earned));
        if let Some(withdrawn) = self.withdrawn {
            println!("  fetched     {}", actor.show(withdrawn));
        }
        println!("  account     {}", actor.show(self.account_balance));
    }
}
