//! `hyperdust session …`: sessions on a chain, from their deposit to the last withdrawal. What goes on between the two is between a client and a server.

mod id;
mod list;
pub(super) mod open;
mod status;

use std::process::ExitCode;

use alloy::primitives::{Address, B256, U256};
use clap::{Args, Subcommand};
use hyperdust_settlement::{
    amount,
    market::{NATIVE, Paid, Purse, SessionState, Status},
};
use serde::Serialize;

use super::chain::{self, Acting, Actor, Who, refused, text};
use crate::Error;
pub(in crate::cli) use id::Named;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Puts in a deposit for an asset with a provider
    Open(open::Open),
    /// Lists the sessions of a wallet: where each stands, and what can be done next
    List(list::List),
    /// Shows where a session stands, and who is owed what
    Status(status::Show),
    /// Draws the seed of a minting session, two blocks after its opening or later
    Draw(Act),
    /// Asks for the deposit back; the provider has a while to claim what it has vouchers for
    Close(OnBehalf),
    /// Gets the deposit back, once that while is over
    Reclaim(Act),
    /// Pays a claim out, once it can't be disputed any more; or draws who of its companions is paid
    Finalise(Act),
    /// Fetches all that is owed, from everyone who owes
    Withdraw(Withdraw),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    chain::run(async {
        match command {
            Command::Open(open) => open.run().await,
            Command::List(list) => list.run().await,
            Command::Status(show) => show.run().await,
            Command::Draw(act) => act.draw().await,
            Command::Close(close) => close.run().await,
            Command::Reclaim(act) => act.reclaim().await,
            Command::Finalise(act) => act.finalise().await,
            Command::Withdraw(withdraw) => withdraw.run().await,
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

/// What anyone may do to a session.
#[derive(Args)]
pub(super) struct Act {
    /// The session's id, or a beginning of it that no other has
    session: Named,
    #[command(flatten)]
    who: Who,
}

/// What its user alone may.
#[derive(Args)]
pub(super) struct OnBehalf {
    /// The session's id, or a beginning of it that no other has
    session: Named,
    /// By this agent's account, which opened it
    #[arg(long = "as", value_name = "AGENT")]
    agent: Option<u64>,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Withdraw {
    /// Who gets it [default: whoever is owed it]
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    to: Option<Address>,
    /// What this agent's account is owed
    #[arg(long = "as", value_name = "AGENT")]
    agent: Option<u64>,
    #[command(flatten)]
    who: Who,
}

/// A session, after something was done to it.
#[derive(Serialize)]
struct Done {
    session: B256,
    status: &'static str,
    /// When something that has begun is over, in Unix time's seconds.
    ends: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<Split>,
}

/// How a claim was paid out.
#[derive(Serialize)]
struct Split {
    #[serde(with = "amount::wei")]
    provider: U256,
    #[serde(with = "amount::wei")]
    author: U256,
    #[serde(with = "amount::wei")]
    companion: U256,
    #[serde(with = "amount::wei")]
    burnt: U256,
}

impl From<Paid> for Split {
    fn from(Paid { provider, author, companion, burnt }: Paid) -> Self {
        Self { provider, author, companion, burnt }
    }
}

fn named(status: Status) -> &'static str {
    match status {
        Status::None => "none",
        Status::Open => "open",
        Status::Closing => "closing",
        Status::Claimed => "claimed",
        Status::Paid => "paid",
        Status::Ended => "ended",
    }
}

/// The session that is called so; an error where there is none.
async fn known(actor: &Actor, called: &Named) -> Result<(B256, SessionState), Error> {
    let session = called.find(actor.market(), actor.node()).await?;
    let state = actor.market().session(actor.node(), session).await?;
    match state.status {
        Status::None => Err(refused("a session", session, "the id of one that was opened in this deployment")),
        _ => Ok((session, state)),
    }
}

/// An error where it doesn't stand so that this can be done.
fn standing(what: &str, state: &SessionState, accepted: &[Status]) -> Result<(), Error> {
    if accepted.contains(&state.status) {
        return Ok(());
    }
    let accepted: Vec<_> = accepted.iter().map(|status| named(*status)).collect();
    Err(refused(format!("{what} a session"), format!("one that is {}", named(state.status)), accepted.join(" or ")))
}

async fn done(actor: &Actor, session: B256, paid: Option<Split>) -> Result<(), Error> {
    let state = actor.market().session(actor.node(), session).await?;
    let ends = matches!(state.status, Status::Closing | Status::Claimed).then_some(state.ends);
    let done = Done { session, status: named(state.status), ends, seed: state.seed, paid };
    actor.report(&done, || {
        println!("session {session} is {}", done.status);
        if let Some(ends) = ends {
            println!("  until     {}", chain::time(ends));
        }
        if let Some(seed) = done.seed {
            println!("  seed      {seed}");
        }
        if let Some(paid) = &done.paid {
            println!("  provider  {}", actor.show(paid.provider));
            println!("  author    {}", actor.show(paid.author));
            println!("  companion {}", actor.show(paid.companion));
            println!("  burnt     {}", actor.show(paid.burnt));
        }
    });
    Ok(())
}

impl Act {
    async fn draw(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (session, state) = known(&actor, &self.session).await?;
        standing("draw the seed of", &state, &[Status::Open])?;
        if !state.minting || state.seed.is_some() {
            let found = if state.minting { "one that has its seed" } else { "one that doesn't mint" };
            return Err(refused("draw the seed of a session", found, "a minting one that has none yet"));
        }
        actor.send(&actor.market().draw(session)).await?;
        done(&actor, session, None).await
    }

    async fn reclaim(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (session, state) = known(&actor, &self.session).await?;
        standing("reclaim", &state, &[Status::Closing])?;
        actor.send(&actor.market().reclaim(session)).await?;
        done(&actor, session, None).await
    }

    async fn finalise(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (market, (session, state)) = (actor.market(), known(&actor, &self.session).await?);
        standing("finalise", &state, &[Status::Claimed, Status::Paid])?;
        if state.status == Status::Paid {
            actor.send(&market.reward(session)).await?;
            return done(&actor, session, None).await;
        }
        let paid = market.paid(&actor.send(&market.finalise(session)).await?)?;
        done(&actor, session, Some(paid.into())).await
    }
}

impl OnBehalf {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (session, state) = known(&actor, &self.session).await?;
        standing("close", &state, &[Status::Open])?;
        let acting = actor.acting(self.agent).await?;
        actor.send(&acting.call(actor.market(), actor.market().close(session))).await?;
        done(&actor, session, None).await
    }
}

#[derive(Serialize)]
struct Withdrawn {
    #[serde(serialize_with = "text")]
    account: Address,
    #[serde(serialize_with = "text")]
    to: Address,
    #[serde(with = "amount::wei")]
    amount: U256,
    from: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    purse: &'static str,
    #[serde(with = "amount::wei")]
    amount: U256,
}

impl Withdraw {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let acting = actor.acting(self.agent).await?;
        let to = self.to.unwrap_or(acting.address);
        let from = fetch(&actor, acting, to).await?;
        let amount = from.iter().map(|part| part.amount).sum();
        let all = Withdrawn { account: acting.address, to, amount, from };
        actor.report(&all, || {
            println!("{} for {to}", actor.show(amount));
            all.from.iter().for_each(|part| println!("  {:10}  {}", part.purse, actor.show(part.amount)));
        });
        Ok(())
    }
}

/// Fetches what each purse owes.
async fn fetch(actor: &Actor, acting: Acting, to: Address) -> Result<Vec<Part>, Error> {
    let market = actor.market();
    let mut parts = Vec::new();
    for from in Purse::ALL {
        if market.owed(actor.node(), from, NATIVE, acting.address).await?.is_zero() {
            continue;
        }
        let receipt = actor.send(&acting.call(market, market.withdraw(from, NATIVE, to))).await?;
        let amount = market.withdrawn(&receipt, from.at(&market.deployment().addresses))?;
        parts.push(Part { purse: from.name(), amount });
    }
    Ok(parts)
}
