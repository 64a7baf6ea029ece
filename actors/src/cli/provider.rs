//! `hyperdust provider …`: what a server's owner says and puts at stake on a chain.

use std::process::ExitCode;

use alloy::primitives::{Address, B256, U256};
use clap::{Args, Subcommand};
use hyperdust_settlement::{
    amount,
    market::{NATIVE, ProviderState, Purse},
};
use hyperdust_wire::{Endpoint, curve::PublicKey};
use serde::Serialize;

use super::{
    chain::{self, Actor, Place, View, Who, lasting, refused, text, time},
    print_json,
};
use crate::Error;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Says how the server is reached from now on
    Register(Register),
    /// Adds to the bond that stands behind sessions
    Bond(Stake),
    /// Asks for bond back that no session needs; it can be taken after a delay
    Unbond(Stake),
    /// Fetches bond that was asked back, once the delay is over
    Take(Take),
    /// Offers an asset for so much a unit on top of what its author asks, or no longer
    Offer(Offer),
    /// Lets a watchtower's account make the moves of games about its claims, too, or no longer
    Entrust(Entrust),
    /// Shows how a provider is reached, its bond, and what it offers
    Status(Status),
}

pub(super) fn run(command: Command) -> Result<ExitCode, Error> {
    chain::run(async {
        match command {
            Command::Register(register) => register.run().await,
            Command::Bond(stake) => stake.run(true).await,
            Command::Unbond(stake) => stake.run(false).await,
            Command::Take(take) => take.run().await,
            Command::Offer(offer) => offer.run().await,
            Command::Entrust(entrust) => entrust.run().await,
            Command::Status(status) => status.run().await,
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

#[derive(Args)]
pub(super) struct Register {
    /// Where clients reach the server: tcp://HOST:PORT
    endpoint: String,
    /// The server's public key: 64 hexadecimal digits, as `hyperdust keys server` prints it, or 40 characters of Z85, quoted
    #[arg(long, allow_hyphen_values = true)]
    key: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Stake {
    /// How much: 0.5eth
    amount: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Take {
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Offer {
    /// Number of the asset
    asset: u64,
    /// What a unit costs on top of its author's price: 7gwei
    #[arg(long, value_name = "AMOUNT", required_unless_present = "end", conflicts_with = "end")]
    price: Option<String>,
    /// Offers it no longer; sessions that are open go on
    #[arg(long)]
    end: bool,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Entrust {
    /// The watchtower's address: it is trusted with the bonds behind claims, for it could lose games, and concede them
    #[arg(value_name = "ADDRESS", value_parser = chain::address, required_unless_present = "nobody", conflicts_with = "nobody")]
    tower: Option<Address>,
    /// Nobody moves in its place any more
    #[arg(long)]
    nobody: bool,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
pub(super) struct Status {
    /// Whose
    #[arg(value_name = "ADDRESS", value_parser = chain::address)]
    provider: Address,
    #[command(flatten)]
    place: Place,
    /// Prints a JSON object; amounts are texts of wei
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Registered {
    #[serde(serialize_with = "text")]
    provider: Address,
    endpoint: String,
    curve: B256,
}

/// A bond, after it was changed.
#[derive(Serialize)]
struct Bond {
    #[serde(serialize_with = "text")]
    provider: Address,
    #[serde(with = "amount::wei")]
    bond: U256,
    /// Behind sessions.
    #[serde(with = "amount::wei")]
    reserved: U256,
    /// Behind nothing.
    #[serde(with = "amount::wei")]
    free: U256,
    /// Asked back.
    #[serde(with = "amount::wei")]
    leaving: U256,
    /// When that can be taken, in Unix time's seconds; none where nothing leaves.
    leaving_at: Option<u64>,
    /// The largest deposit of a session that it is enough for now.
    #[serde(with = "amount::wei")]
    largest_deposit: U256,
}

impl Bond {
    fn of(provider: Address, state: &ProviderState, ratio: u64) -> Self {
        let free = state.bond.saturating_sub(state.reserved).saturating_sub(state.leaving);
        let leaving_at = (!state.leaving.is_zero()).then_some(state.until);
        let (bond, reserved, leaving) = (state.bond, state.reserved, state.leaving);
        Self { provider, bond, reserved, free, leaving, leaving_at, largest_deposit: free / U256::from(ratio.max(1)) }
    }

    fn print(&self, show: &dyn Fn(U256) -> String) {
        println!("bond {} of {}", show(self.bond), self.provider);
        println!("  behind sessions  {}", show(self.reserved));
        println!("  free             {}: enough for a deposit of {}", show(self.free), show(self.largest_deposit));
        if let Some(at) = self.leaving_at {
            println!("  asked back       {}, to be taken from {} on", show(self.leaving), time(at));
        }
    }
}

impl Register {
    async fn run(self) -> Result<(), Error> {
        let reachable = self.endpoint.starts_with("tcp://") && self.endpoint.parse::<Endpoint>().is_ok();
        if !reachable || !self.endpoint.bytes().all(|c| c.is_ascii_graphic()) || self.endpoint.ends_with(":*") {
            // Whoever looks for providers passes others over.
            return Err(refused("an endpoint", &self.endpoint, "tcp://HOST:PORT"));
        }
        let curve = key(&self.key)?;
        let actor = self.who.open().await?;
        actor.send(&actor.market().register(&self.endpoint, curve)?).await?;
        let registered = Registered { provider: actor.address(), endpoint: self.endpoint, curve };
        actor.report(&registered, || println!("{} is reached at {}", registered.provider, registered.endpoint));
        Ok(())
    }
}

/// A socket's public key, in either writing.
fn key(text: &str) -> Result<B256, Error> {
    let wrong = |_| {
        let found = format!("{} characters", text.chars().count());
        refused(
            "--key",
            found,
            "40 characters of Z85 or 64 hexadecimal digits; `hyperdust keys server` prints the server's",
        )
    };
    text.parse::<PublicKey>().map(|key| key.0.into()).map_err(wrong)
}

impl Stake {
    async fn run(self, adds: bool) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let (market, amount) = (actor.market(), actor.amount(&self.amount)?);
        let call = if adds { market.bond(NATIVE, amount) } else { market.unbond(NATIVE, amount) };
        actor.send(&call?).await?;
        bonded(&actor).await
    }
}

async fn bonded(actor: &Actor) -> Result<(), Error> {
    let market = actor.market();
    let state = market.provider(actor.node(), actor.address(), NATIVE).await?;
    let bond = Bond::of(actor.address(), &state, market.deployment().parameters.ratio);
    actor.report(&bond, || bond.print(&|wei| actor.show(wei)));
    Ok(())
}

impl Take {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let market = actor.market();
        actor.send(&market.take_bond(NATIVE)).await?;
        // What was taken is owed now, like everything else that this contract owes.
        actor.send(&market.withdraw(Purse::Providers, NATIVE, actor.address())).await?;
        bonded(&actor).await
    }
}

#[derive(Serialize)]
struct Offered {
    asset: u64,
    #[serde(serialize_with = "text")]
    provider: Address,
    /// None: no longer.
    #[serde(serialize_with = "chain::some_wei")]
    price: Option<U256>,
}

impl Offer {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        let price = self.price.as_ref().map(|price| actor.amount(price)).transpose()?;
        let market = actor.market();
        actor.send(&market.offer(self.asset, NATIVE, price.unwrap_or_default(), price.is_some())?).await?;
        let offered = Offered { asset: self.asset, provider: actor.address(), price };
        actor.report(&offered, || match price {
            Some(price) => {
                println!("asset {} is offered for {} a unit, and its author's price", self.asset, actor.show(price))
            }
            None => println!("asset {} is offered no longer", self.asset),
        });
        Ok(())
    }
}

#[derive(Serialize)]
struct Entrusted {
    #[serde(serialize_with = "text")]
    provider: Address,
    /// None: nobody.
    watchtower: Option<Address>,
}

impl Entrust {
    async fn run(self) -> Result<(), Error> {
        let actor = self.who.open().await?;
        actor.send(&actor.market().entrust(self.tower)).await?;
        let entrusted = Entrusted { provider: actor.address(), watchtower: self.tower };
        actor.report(&entrusted, || match self.tower {
            Some(tower) => println!("{tower} moves in games for {}, too", entrusted.provider),
            None => println!("nobody moves in games for {}", entrusted.provider),
        });
        Ok(())
    }
}

#[derive(Serialize)]
struct Row {
    asset: u64,
    /// Its own, without the author's.
    #[serde(with = "amount::wei")]
    price: U256,
    /// With the author's; none where the asset isn't sold.
    #[serde(serialize_with = "chain::some_wei")]
    unit: Option<U256>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    bond: Bond,
    endpoint: Option<String>,
    curve: Option<B256>,
    /// Seconds between asking for bond back and getting it.
    delay: u64,
    /// Who moves in games in its place, too.
    watchtower: Option<Address>,
    offers: Vec<Row>,
}

impl Status {
    async fn run(self) -> Result<(), Error> {
        let view = self.place.look().await?;
        let (market, node) = (&view.market, view.node());
        let parameters = &market.deployment().parameters;
        let state = market.provider(node, self.provider, NATIVE).await?;
        let mut offers = Vec::new();
        for asset in market.ever_offered(node, self.provider, NATIVE).await? {
            let Some(price) = market.offered_at(node, self.provider, asset, NATIVE).await? else { continue };
            let author = market.author_price(node, asset, NATIVE).await?;
            offers.push(Row { asset, price, unit: author.map(|author| author.saturating_add(price)) });
        }
        let bond = Bond::of(self.provider, &state, parameters.ratio);
        let (endpoint, curve) = state.contact.unzip();
        let watchtower = market.mover_of(node, self.provider).await?;
        let shown = Shown { bond, endpoint, curve, delay: parameters.unbonding, watchtower, offers };
        match self.json {
            true => print_json(&shown),
            false => shown.print(&view),
        }
        Ok(())
    }
}

impl Shown {
    fn print(&self, view: &View) {
        let show = |wei| view.show(wei);
        self.bond.print(&show);
        println!("  delay            {}", lasting(self.delay));
        match (&self.endpoint, self.curve) {
            // A stranger's text: control characters would be obeyed by terminals.
            (Some(endpoint), Some(curve)) => println!("reached at {:?}, key '{}'", endpoint, PublicKey(curve.0)),
            _ => println!("not registered"),
        }
        if let Some(tower) = self.watchtower {
            println!("entrusts {tower} with moves in games");
        }
        for Row { asset, price, unit } in &self.offers {
            let unit =
                unit.map_or_else(|| "which isn't sold".into(), |unit| format!("{} with its author's", show(unit)));
            println!("offers asset {asset} for {} a unit, {unit}", show(*price));
        }
    }
}
