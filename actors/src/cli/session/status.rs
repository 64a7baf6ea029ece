//! `hyperdust session status`

use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use clap::Args;
use hyperdust_settlement::{
    amount,
    deployment::Parameters,
    market::{Purse, SessionState, Status},
};
use serde::Serialize;

use super::{
    Named,
    chain::{Place, View, refused, some_wei, text, time},
    named,
};
use crate::{Error, cli::print_json};

/// All of 10,000.
const WHOLE: u64 = 10_000;

#[derive(Args)]
pub(in crate::cli) struct Show {
    /// The session's id, or a beginning of it that no other has
    session: Named,
    /// Shows it again whenever it has changed, until it has ended; with --json one line each time
    #[arg(long)]
    watch: bool,
    /// Seconds between looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    #[command(flatten)]
    place: Place,
    /// Prints a JSON object; amounts are texts of wei
    #[arg(long)]
    json: bool,
}

#[derive(Serialize, PartialEq)]
struct Shown {
    session: B256,
    status: &'static str,
    asset: u64,
    #[serde(serialize_with = "text")]
    user: Address,
    #[serde(serialize_with = "text")]
    signer: Address,
    #[serde(serialize_with = "text")]
    provider: Address,
    /// Whom the author's part goes to.
    #[serde(serialize_with = "text")]
    payee: Address,
    lanes: u32,
    #[serde(with = "amount::wei")]
    deposit: U256,
    #[serde(with = "amount::wei")]
    price: U256,
    #[serde(with = "amount::wei")]
    author_price: U256,
    minting: bool,
    unseeded: bool,
    seed: Option<B256>,
    games: u32,
    claim: Option<Claim>,
    /// From when on it can be reclaimed, in Unix time's seconds; none where it isn't closing.
    reclaimable_at: Option<u64>,
    /// From when on it can be finalised, once no game about it goes on.
    finalisable_at: Option<u64>,
    owed: Owed,
}

#[derive(Serialize, PartialEq)]
struct Claim {
    #[serde(with = "amount::wei")]
    amount: U256,
    commitment: B256,
    actions: B256,
    outputs: B256,
    /// Companions that opened a commitment to it.
    #[serde(serialize_with = "text")]
    attestations: U256,
    /// What each gets of it, or got, unless it falls.
    shares: Shares,
}

/// As `Sessions` splits a claim.
#[derive(Serialize, PartialEq)]
struct Shares {
    #[serde(with = "amount::wei")]
    provider: U256,
    #[serde(with = "amount::wei")]
    author: U256,
    #[serde(with = "amount::wei")]
    companion: U256,
    #[serde(with = "amount::wei")]
    burnt: U256,
    /// Back to the user, of the deposit.
    #[serde(with = "amount::wei")]
    user: U256,
}

/// What `Sessions` owes them now, for this session and others, until they fetch it.
#[derive(Serialize, PartialEq)]
struct Owed {
    #[serde(with = "amount::wei")]
    user: U256,
    #[serde(with = "amount::wei")]
    provider: U256,
    /// None where that is the provider or the user, too.
    #[serde(serialize_with = "some_wei")]
    payee: Option<U256>,
}

impl Shares {
    fn of(state: &SessionState, amount: U256, attested: bool, p: &Parameters) -> Self {
        let whole = U256::from(WHOLE);
        let burnt = if state.minting { (amount * U256::from(p.burn_share)).div_ceil(whole) } else { U256::ZERO };
        let pot = (amount - burnt) * U256::from(p.companion_share) / whole;
        let rest = amount - burnt - pot;
        let author = (rest * state.author_price).checked_div(state.price).unwrap_or_default();
        let companion = if attested { pot } else { U256::ZERO };
        let user = state.deposit - amount + (pot - companion);
        Self { provider: rest - author, author, companion, burnt, user }
    }
}

impl Show {
    pub(super) async fn run(self) -> Result<(), Error> {
        let view = self.place.look().await?;
        let session = self.session.find(&view.market, view.node()).await?;
        let mut before = None;
        loop {
            match look(&view, session).await {
                Ok(shown) => {
                    let over = shown.status == named(Status::Ended);
                    if before.as_ref() != Some(&shown) {
                        self.print(&view, &shown);
                        before = Some(shown);
                    }
                    if over || !self.watch {
                        return Ok(());
                    }
                }
                Err(Error::Settlement(error)) if self.watch && error.is_retryable() => eprintln!("warning: {error}"),
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_secs(self.every)).await;
        }
    }

    fn print(&self, view: &View, shown: &Shown) {
        match (self.json, self.watch) {
            (true, false) => print_json(shown),
            (true, true) => println!("{}", serde_json::to_string(shown).expect("no map with odd keys")),
            (false, _) => shown.print(view),
        }
    }
}

async fn look(view: &View, session: B256) -> Result<Shown, Error> {
    let (market, node) = (&view.market, view.node());
    let state = market.session(node, session).await?;
    if state.status == Status::None {
        return Err(refused("a session", session, "the id of one that was opened in this deployment"));
    }
    let payee = market.payee(node, state.asset).await?;
    let owed = async |account| market.owed(node, Purse::Sessions, state.currency, account).await;
    let claim = match state.claim {
        None => None,
        Some(claimed) => {
            let attestations = market.attestations(node, session).await?;
            let shares = Shares::of(&state, claimed.amount, !attestations.is_zero(), &market.deployment().parameters);
            let (amount, commitment) = (claimed.amount, claimed.commitment);
            Some(Claim { amount, commitment, actions: claimed.actions, outputs: claimed.outputs, attestations, shares })
        }
    };
    let other = payee != state.user && payee != state.provider;
    Ok(Shown {
        session,
        status: named(state.status),
        asset: state.asset,
        user: state.user,
        signer: state.signer,
        provider: state.provider,
        payee,
        lanes: state.lanes,
        deposit: state.deposit,
        price: state.price,
        author_price: state.author_price,
        minting: state.minting,
        unseeded: state.unseeded,
        seed: state.seed,
        games: state.games,
        claim,
        reclaimable_at: (state.status == Status::Closing).then(|| state.ends.saturating_add(1)),
        finalisable_at: (state.status == Status::Claimed).then(|| state.ends.saturating_add(1)),
        owed: Owed {
            user: owed(state.user).await?,
            provider: owed(state.provider).await?,
            payee: if other { Some(owed(payee).await?) } else { None },
        },
    })
}

impl Shown {
    fn print(&self, view: &View) {
        let show = |wei| view.show(wei);
        println!("session {} is {}", self.session, self.status);
        println!("  asset     {}", self.asset);
        println!("  user      {}", self.user);
        println!("  provider  {}", self.provider);
        println!("  author    {}", self.payee);
        if self.signer != self.user {
            println!("  signer    {}", self.signer);
        }
        println!("  deposit   {}", show(self.deposit));
        println!("  price     {} a unit, its author's part {}", show(self.price), show(self.author_price));
        println!("  lanes     {}", self.lanes);
        if self.minting {
            let seed = self.seed.map_or_else(|| "not drawn yet".into(), |seed| seed.to_string());
            println!("  mints     seed {seed}{}", if self.unseeded { ", and didn't begin from it" } else { "" });
        }
        if let Some(claim) = &self.claim {
            println!("  claim     {}, attested to by {}", show(claim.amount), claim.attestations);
            let shares = &claim.shares;
            println!("    provider  {}", show(shares.provider));
            println!("    author    {}", show(shares.author));
            println!("    companion {}", show(shares.companion));
            println!("    burnt     {}", show(shares.burnt));
            println!("    user      {} back", show(shares.user));
        }
        if let Some(at) = self.reclaimable_at {
            println!("  closing   the deposit can be reclaimed from {} on, unless it is claimed before", time(at));
        }
        if let Some(at) = self.finalisable_at {
            let games = if self.games == 0 { String::new() } else { format!(", and {} game(s) are over", self.games) };
            println!("  window    it can be finalised from {} on{games}", time(at));
        }
        // Purses know accounts, not sessions.
        println!("  owed to them, of all their sessions, until it is fetched (`hyperdust session withdraw`):");
        println!("    user      {}", show(self.owed.user));
        println!("    provider  {}", show(self.owed.provider));
        if let Some(owed) = self.owed.payee {
            println!("    author    {}", show(owed));
        }
    }
}

#[cfg(test)]
mod tests {
    //! A claim is split as `Sessions` splits it: the table of docs/economics.md, and nothing lost.

    use super::*;

    fn state(minting: bool, deposit: u64) -> SessionState {
        SessionState {
            status: Status::Claimed,
            user: Address::ZERO,
            signer: Address::ZERO,
            provider: Address::ZERO,
            asset: 1,
            currency: Address::ZERO,
            deposit: U256::from(deposit),
            price: U256::from(10),
            author_price: U256::from(3),
            lanes: 1,
            minting,
            unseeded: false,
            seed: None,
            draw_block: 0,
            ends: 0,
            games: 0,
            claim: None,
        }
    }

    #[test]
    fn shares_are_those_of_the_contract() {
        let parts = |minting, attested| {
            let s = Shares::of(&state(minting, 1_500), U256::from(1_000), attested, &Parameters::default());
            [s.burnt, s.companion, s.author, s.provider, s.user].map(|part| u64::try_from(part).unwrap())
        };
        assert_eq!(parts(false, true), [0, 100, 270, 630, 500]);
        assert_eq!(parts(true, true), [50, 95, 256, 599, 500]);
        assert_eq!(parts(true, false), [50, 0, 256, 599, 595]);
    }
}
