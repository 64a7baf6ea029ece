//! `hyperdust companion quit` and `take`: how a companion gets its bond back that `watch --join` put up.

use std::process::ExitCode;

use alloy::primitives::{Address, U256};
use clap::Args;
use hyperdust_settlement::{
    amount,
    market::{NATIVE, Purse},
};
use serde::Serialize;

use crate::{
    Error,
    cli::chain::{self, Who, lasting, refused, text},
};

#[derive(Args)]
pub(in crate::cli) struct Quit {
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(in crate::cli) struct Take {
    #[command(flatten)]
    who: Who,
}

#[derive(Serialize)]
struct Left {
    #[serde(serialize_with = "text")]
    companion: Address,
    /// Seconds from leaving until the bond can be taken.
    delay: u64,
}

#[derive(Serialize)]
struct Taken {
    #[serde(serialize_with = "text")]
    companion: Address,
    /// What was fetched: the bond, and what else this contract owed; nothing where somebody else fetched it.
    #[serde(with = "amount::wei")]
    amount: U256,
}

impl Quit {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        chain::run(async {
            let actor = self.who.open().await?;
            let (market, companion) = (actor.market(), actor.address());
            if !market.joined(actor.node(), companion).await? {
                let found = format!("{companion}, which is none or has left already");
                return Err(refused("a companion", found, "one whose bond is up (`hyperdust companion watch --join`)"));
            }
            actor.send(&market.quit()).await?;
            let left = Left { companion, delay: market.deployment().parameters.companion_delay };
            actor.report(&left, || {
                let delay = lasting(left.delay);
                println!(
                    "{companion} is no companion any more; `hyperdust companion take` fetches its bond in {delay}"
                );
            });
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl Take {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        chain::run(async {
            let actor = self.who.open().await?;
            let (market, companion) = (actor.market(), actor.address());
            let owed = || market.owed(actor.node(), Purse::Companions, NATIVE, companion);
            // Where it was taken before, and not fetched, fetching is what is left.
            if market.leaves(actor.node(), companion).await? || owed().await?.is_zero() {
                actor.send(&market.take_companion_bond()).await?;
            }
            // What was taken is owed now, like everything else that this contract owes; a companion at work may have fetched it by now.
            let amount = match owed().await?.is_zero() {
                true => U256::ZERO,
                false => {
                    let receipt = actor.send(&market.withdraw(Purse::Companions, NATIVE, companion)).await?;
                    market.withdrawn(&receipt, Purse::Companions.at(&market.deployment().addresses))?
                }
            };
            let taken = Taken { companion, amount };
            actor.report(&taken, || match amount.is_zero() {
                true => println!("the bond of {companion} is back: it was fetched with what else it was owed"),
                false => println!("{} for {companion}", actor.show(amount)),
            });
            Ok(ExitCode::SUCCESS)
        })
    }
}
