//! A dispute of a trial, settled on a chain by three accounts: a user who pays, a provider who claims, a companion who disputes.
//!
//! The episode is computed and the lie made before anything is spent, and so is everything asked that the contracts would ask later ([`Ready`]). Then it is the
//! market as always: a session of one lane, segments and a voucher that the user's own wallet signs, a claim, a dispute, moves by
//! [`Player`]s. Who lies plays on by what it believes; the chain executes the one instruction that is left, and takes a bond.

use std::time::Instant;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{B256, U256},
    providers::Provider,
    rpc::types::TransactionReceipt,
};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Party;
use hyperdust_receipt::{Signed, Terms, Voucher, chain, claim, list};
use hyperdust_settlement::{
    Account, Call, amount,
    dispute::{Act, Collected, Game, Lanes, Outcome, Player},
    market::{Claim, NATIVE, Opening, Purse, Status, cost},
};
use serde::Serialize;

use super::{Guilty, Knows, Sides, Truth};
use crate::{Error, Program, trial};

/// The three.
pub struct People {
    /// Opens the session, and signs what it asked for and what it pays.
    pub user: Account,
    /// Registered, bonded, and offering the asset.
    pub provider: Account,
    /// Disputes.
    pub companion: Account,
}

/// Three who can begin: nothing that the contracts ask of them is missing.
pub struct Ready<'a> {
    people: &'a People,
    asset: u64,
    /// Of a unit, the author's part included, in wei.
    price: U256,
    deposit: U256,
}

/// A transaction, and who sent it.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    /// `user`, `provider` or `companion`.
    pub who: &'static str,
    /// What it does, in words.
    pub what: String,
    /// That it used.
    pub gas: u64,
    /// What its sender paid for the gas, in wei.
    #[serde(with = "amount::wei")]
    pub cost: U256,
    /// By which it is found.
    pub hash: B256,
}

/// What one of the three can fetch.
#[derive(Clone, Debug, Serialize)]
pub struct Owed {
    /// Who.
    pub who: &'static str,
    /// From which contract.
    pub from: &'static str,
    /// In wei.
    #[serde(with = "amount::wei")]
    pub amount: U256,
}

/// A dispute that was settled.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
    /// Who lost: `provider` or `companion`.
    pub blamed: &'static str,
    /// Index of the instruction that the chain executed, in its segment's trace.
    pub instruction_index: Option<u64>,
    /// The segment.
    pub node: Option<u32>,
    /// Where the lie was made: segment and instruction.
    pub injected: (usize, u64),
    /// The instruction.
    pub guilty: Option<Guilty>,
    /// The session.
    pub session: B256,
    /// The game's number.
    #[serde(with = "amount::wei")]
    pub game: U256,
    /// What the user put in, in wei.
    #[serde(with = "amount::wei")]
    pub deposit: U256,
    /// What the claim asks of that.
    #[serde(with = "amount::wei")]
    pub claimed: U256,
    /// Taken from the provider's bond.
    #[serde(with = "amount::wei")]
    pub slashed: U256,
    /// What the winner gets of the game's own bonds, its own among them.
    #[serde(with = "amount::wei")]
    pub won: U256,
    /// Until when the claim may still be disputed, in Unix time's seconds; none where it fell.
    pub open_until: Option<u64>,
    /// What each can fetch now.
    pub owed: Vec<Owed>,
    /// All transactions, in order.
    pub transactions: Vec<Sent>,
    /// Of all of them.
    pub gas: u64,
    /// Of that gas, in wei.
    #[serde(with = "amount::wei")]
    pub cost: U256,
    /// Wall-clock time on the chain.
    pub seconds: f64,
}

impl<'a> Ready<'a> {
    /// An error, which says what is missing, unless the provider can serve `units` of the asset, and the asset is that scene with that program. The deposit is what the
    /// units cost, if nobody says otherwise.
    pub async fn of(
        people: &'a People,
        asset: u64,
        (scene, program): (Hash, Hash),
        units: u32,
        deposit: Option<U256>,
    ) -> Result<Self, Error> {
        let (market, node, who) = (&people.provider.market, people.provider.node(), people.provider.address());
        let missing = |what: String, found: &str, accepted: &str| Error::Market {
            what,
            found: found.into(),
            accepted: accepted.into(),
        };
        let sold = market.asset(node, asset).await?;
        if sold.content != B256::from(scene) {
            return Err(missing(format!("asset {asset}"), "another scene", "the scene of the episode"));
        }
        if sold.program != Some(program.into()) {
            let found = if sold.program.is_some() { "another program" } else { "attested work" };
            return Err(missing(
                format!("asset {asset}"),
                found,
                "a scene that is provable with this version's program",
            ));
        }
        let provider = format!("the provider {}", people.provider.wallet.name());
        let state = market.provider(node, who, NATIVE).await?;
        if state.contact.is_none() {
            return Err(missing(provider, "an account that is not registered", "`hyperdust provider register`"));
        }
        let author = market.author_price(node, asset, NATIVE).await?;
        let (Some(author), Some(own)) = (author, market.offered_at(node, who, asset, NATIVE).await?) else {
            return Err(missing(provider, "no offer of this asset", "`hyperdust provider offer`"));
        };
        let price = author.saturating_add(own);
        let least = price.saturating_mul(U256::from(units)).max(U256::ONE);
        let deposit = deposit.unwrap_or(least);
        let coin = people.provider.chain.coin();
        if deposit < least {
            let accepted = format!("{} or more: so much do {units} steps cost", coin.show(least));
            return Err(missing("the deposit".into(), &coin.show(deposit), &accepted));
        }
        let behind = deposit.saturating_mul(U256::from(market.deployment().parameters.ratio));
        let free = market.free_bond(node, who, NATIVE).await?;
        if free < behind {
            let accepted = format!("{} or more behind this deposit; `hyperdust provider bond`", coin.show(behind));
            return Err(missing(provider, &format!("a free bond of {}", coin.show(free)), &accepted));
        }
        Ok(Self { people, asset, price, deposit })
    }

    /// Plays it to the end. It computes between its requests for longer than nodes keep idle connections open, so it is for a runtime with a thread that looks after
    /// them. `every` are the steps that the user leaves unsigned at most.
    pub async fn settle(
        &self,
        truth: &Truth,
        program: &Program,
        sides: Sides<'_>,
        liar: Party,
        every: u32,
        mut show: impl FnMut(&str),
    ) -> Result<Settled, Error> {
        let (start, injected) = (Instant::now(), sides.lie);
        let People { user, provider, companion } = self.people;
        let (market, node) = (&provider.market, provider.node());
        let mut sent = Vec::new();

        let opening = Opening {
            provider: provider.address(),
            asset: self.asset,
            currency: NATIVE,
            deposit: self.deposit,
            signer: user.address(),
            lanes: 1,
            max_price: self.price,
            minting: false,
        };
        show("the user opens a session");
        let session = market.opened(&send(&mut sent, USER, user, &market.open(&opening)?).await?)?;

        let (claims, doubts) = match liar {
            Party::Provider => (sides.liar, sides.honest),
            Party::Challenger => (sides.honest, sides.liar),
        };
        let voucher = self.voucher(truth, session, &claims, every)?;
        let claimed = U256::from(voucher.message.amount);
        let lanes = Lanes::of(session, [claims.graph()]);
        let from = node.get_block_number().await.map_err(hyperdust_settlement::Error::from)?;
        show("the provider claims");
        let claim = Claim { commitment: lanes.commitment(), voucher };
        send(&mut sent, PROVIDER, provider, &market.claim(&claim, user.address())?).await?;
        show("the companion disputes");
        let lane = lanes.open(0).ok_or_else(|| stuck("the claim has no lane"))?;
        let number = market.filed(&send(&mut sent, COMPANION, companion, &market.dispute(session, &lane)).await?)?;

        let seat = |who, party, account: &'a Account, knowledge| {
            let player = Player::new(party, account.address(), knowledge);
            Seat { who, party, account, player }
        };
        let mut seats =
            [seat(PROVIDER, Party::Provider, provider, claims), seat(COMPANION, Party::Challenger, companion, doubts)];
        let (mut executed, mut collected) = (None, None);
        loop {
            let games = market.games(node, session, from).await?;
            let game = games.get(number).ok_or_else(|| stuck("the node does not know of it"))?;
            if game.collected {
                break;
            }
            let latest = node.get_block_by_number(BlockNumberOrTag::Latest).await;
            let latest = latest.map_err(hyperdust_settlement::Error::from)?;
            let now = latest.ok_or_else(|| stuck("the node has no latest block"))?.header.timestamp;
            let Some((who, account, act)) = next(&mut seats, liar, game, now)? else {
                return Err(stuck("neither has a move before a clock runs out"));
            };
            show(&format!("the {who} moves: {} transactions so far", sent.len()));
            if let (Act::Prove(_), Some(segment)) = (&act, game.state.node) {
                executed = Some((segment, game.state.agreed.step));
            }
            let receipt = send(&mut sent, who, account, &market.act(game, &act)).await?;
            if act == Act::Collect {
                collected = Some(market.collected(&receipt)?);
            }
        }
        let Collected { outcome, amount: won, slashed } =
            collected.ok_or_else(|| stuck("somebody else had it paid out"))?;
        let guilty = match executed {
            Some((segment, step)) => {
                let [first, second] = &mut seats;
                let honest = if liar == Party::Provider { second } else { first };
                let run = honest.player.knowledge().run(segment).map_err(|error| stuck(&error.to_string()))?;
                Some(Guilty::at(&run.trace.state_at(step), program, step))
            }
            None => None,
        };
        let state = market.session(node, session).await?;
        Ok(Settled {
            blamed: if outcome == Outcome::Challenger { COMPANION } else { PROVIDER },
            instruction_index: executed.map(|(_, step)| step),
            node: executed.map(|(segment, _)| segment),
            injected,
            guilty,
            session,
            game: number,
            deposit: self.deposit,
            claimed,
            slashed,
            won,
            open_until: (state.status == Status::Claimed).then_some(state.ends),
            owed: self.owed().await?,
            gas: sent.iter().map(|sent| sent.gas).sum(),
            cost: sent.iter().map(|sent| sent.cost).sum(),
            transactions: sent,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// What the user signs as the episode goes on, and at its end: every segment's actions, and then a voucher for all steps.
    fn voucher(&self, truth: &Truth, session: B256, claims: &Knows<'_>, every: u32) -> Result<Signed<Voucher>, Error> {
        let People { user, provider, .. } = self.people;
        let key = user.wallet.key()?;
        let terms = Terms {
            domain: provider.market.deployment().domain(),
            job: claim::job(&session.0, 0),
            user: key.address(),
            provider: hyperdust_receipt::Address(provider.address().into_array()),
            credit: u64::from(every).try_into().unwrap_or(std::num::NonZeroU64::MIN),
        };
        let job = trial::signed(&truth.job, terms, &key)?;
        job.check_signatures()?;
        let last = job.segments().last().and_then(|inputs| inputs.signed).ok_or_else(|| stuck("nothing was signed"))?;
        let outputs: Vec<Hash> = claims.graph().nodes().iter().map(|node| node.output).collect();
        let lanes = |root: Hash| list::root(list::LANES, &[root]);
        let units = last.message.steps;
        let cost = self.price.saturating_mul(U256::from(units));
        let message = Voucher {
            session: session.0,
            units,
            // Below a deposit, which has 96 bits.
            amount: u128::try_from(cost).map_err(|_| stuck("a price that no chain has"))?,
            actions: lanes(last.message.root),
            outputs: lanes(chain::extend(chain::OUTPUTS, &chain::START, &outputs)),
        };
        Ok(Signed::new(message, &terms.domain, &key))
    }

    async fn owed(&self) -> Result<Vec<Owed>, Error> {
        let People { user, provider, companion } = self.people;
        let mut owed = Vec::new();
        for (who, account) in [(USER, user), (PROVIDER, provider), (COMPANION, companion)] {
            for purse in Purse::ALL {
                let amount = account.market.owed(account.node(), purse, NATIVE, account.address()).await?;
                if !amount.is_zero() {
                    owed.push(Owed { who, from: purse.name(), amount });
                }
            }
        }
        Ok(owed)
    }
}

const USER: &str = "user";
const PROVIDER: &str = "provider";
const COMPANION: &str = "companion";

/// One of the two who play.
struct Seat<'a, 'k> {
    who: &'static str,
    party: Party,
    account: &'a Account,
    player: Player<Knows<'k>>,
}

/// Who has something to do, and what. An honest one that can't play on is an error; a liar that can't is silent.
fn next<'a>(
    seats: &mut [Seat<'a, '_>],
    liar: Party,
    game: &Game,
    now: u64,
) -> Result<Option<(&'static str, &'a Account, Act)>, Error> {
    for seat in seats {
        match seat.player.next(game, now) {
            Ok(Some(act)) => return Ok(Some((seat.who, seat.account, act))),
            Ok(None) => {}
            Err(_) if seat.party == liar => {}
            Err(error) => return Err(stuck(&format!("the {} cannot move: {error}", seat.who))),
        }
    }
    Ok(None)
}

fn stuck(why: &str) -> Error {
    Error::Dispute(why.into())
}

/// Sends it, and notes what it cost.
async fn send(
    sent: &mut Vec<Sent>,
    who: &'static str,
    account: &Account,
    call: &Call,
) -> Result<TransactionReceipt, Error> {
    let receipt = account.send(call).await?;
    let (what, gas, hash) = (call.what.clone(), receipt.gas_used, receipt.transaction_hash);
    sent.push(Sent { who, what, gas, cost: cost(&receipt), hash });
    Ok(receipt)
}
