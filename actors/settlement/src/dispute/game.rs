//! Games as events tell them.
//!
//! After each move the contract says a game's whole state, and after a cut its roots. [`Games`] takes these events in the chain's order; where a
//! reorganisation took some of them back, begin anew from the game's first. [`Market::games`] reads what there is now and holds it to the hashes that
//! the chain has.

use std::collections::BTreeMap;

use alloy::{
    primitives::{B256, U256},
    providers::Provider,
    rpc::types::{Filter, TransactionReceipt},
    sol_types::SolEvent,
};
use hyperdust_proof::tree::Hash;

use super::{Outcome, State, state::hash_of};
use crate::{
    Error, Market,
    bindings::{self as b, Disputes::DisputesEvents},
    market::{Event, logs as market_logs},
};

/// A game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    /// Its number.
    pub number: U256,
    /// Root of the lane's graph without outputs, as it was filed.
    pub plan: Hash,
    /// Root of it with the outputs that are claimed.
    pub claim: Hash,
    /// Where it stands.
    pub state: State,
    /// The roots that the provider posted and the challenger hasn't answered.
    pub roots: Vec<Hash>,
    /// Whether it was paid out. Nothing moves any more.
    pub collected: bool,
}

/// Games by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Games(BTreeMap<U256, Game>);

impl Games {
    /// Takes the next event. What isn't about games changes nothing; an error where a state is none that the contract comes to.
    pub fn see(&mut self, event: &Event) -> Result<(), Error> {
        let Event::Disputes(event) = event else { return Ok(()) };
        match event {
            DisputesEvents::Played(played) => {
                let state = State::try_from(played.state.clone())?;
                let (plan, claim) = (state.agreed.root, state.disputed.root);
                let filed = || Game { number: played.game, plan, claim, state, roots: Vec::new(), collected: false };
                let game = self.0.entry(played.game).or_insert_with(filed);
                (game.state, game.roots) = (state, Vec::new());
            }
            DisputesEvents::Cut(cut) => {
                let roots: Vec<Hash> = cut.roots.iter().map(|root| root.0).collect();
                let game = self.0.get_mut(&cut.game);
                if let Some(game) = game.filter(|game| game.state.posted == Some(hash_of(&roots))) {
                    game.roots = roots;
                }
            }
            DisputesEvents::Collected(collected) => {
                if let Some(game) = self.0.get_mut(&collected.game) {
                    game.collected = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// All, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Game> {
        self.0.values()
    }

    /// One of them.
    pub fn get(&self, number: U256) -> Option<&Game> {
        self.0.get(&number)
    }
}

/// How a game was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Who lost.
    pub outcome: Outcome,
    /// What the winner is owed by the games: the bond, and what was paid for moves. In wei.
    pub amount: U256,
    /// What was taken from the provider's bond, in the session's currency. A part of it is the challenger's.
    pub slashed: U256,
}

impl Market {
    /// Number of the game that was filed.
    pub fn filed(&self, receipt: &TransactionReceipt) -> Result<U256, Error> {
        let by = self.deployment().addresses.disputes;
        let first = self.events::<b::Disputes::Played>(receipt, by).into_iter().next();
        first.map(|played| played.game).ok_or(Error::NoEvent { transaction: receipt.transaction_hash, event: "Played" })
    }

    /// How a game was paid out.
    pub fn collected(&self, receipt: &TransactionReceipt) -> Result<Collected, Error> {
        let by = self.deployment().addresses.disputes;
        let first = self.events::<b::Disputes::Collected>(receipt, by).into_iter().next();
        let none = Error::NoEvent { transaction: receipt.transaction_hash, event: "Collected" };
        let b::Disputes::Collected { outcome, amount, slashed, .. } = first.ok_or(none)?;
        let outcome = Outcome::of(outcome)?.ok_or(Error::Answer { why: "a game was paid out that goes on".into() })?;
        Ok(Collected { outcome, amount, slashed })
    }

    /// All games about a session's claim as of the node's latest block, each held to the hash that the chain has of it. They are looked for from
    /// block `from` on: that of the claim, or any before it.
    pub async fn games(&self, node: &impl Provider, session: B256, from: u64) -> Result<Games, Error> {
        let at = self.deployment().addresses.disputes;
        let latest = node.get_block_number().await?;
        let played = Filter::new().address(at).event_signature(b::Disputes::Played::SIGNATURE_HASH).topic2(session);
        let mut logs = market_logs(node, &played, from, latest).await?;
        let numbers: Vec<B256> = logs.iter().filter_map(|log| log.inner.topics().get(1).copied()).collect();
        if let Some(first) = logs.iter().filter_map(|log| log.block_number).min() {
            let signatures = vec![b::Disputes::Cut::SIGNATURE_HASH, b::Disputes::Collected::SIGNATURE_HASH];
            let others = Filter::new().address(at).event_signature(signatures).topic1(numbers);
            logs.extend(market_logs(node, &others, first, latest).await?);
        }
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        let mut games = Games::default();
        for event in logs.iter().filter_map(|log| self.decode(&log.inner)) {
            games.see(&event)?;
        }
        let contract = b::Disputes::new(at, node);
        for game in games.iter() {
            let found = contract.games(game.number).block(latest.into()).call().await?;
            let accepted = if game.collected { B256::ZERO } else { game.state.hash() };
            if found != accepted || game.state.session != session {
                // A reorganisation between two requests, or two nodes behind one address. Or one that lies: then it stays so.
                let why = format!("game {} is not where its events leave it", game.number);
                return Err(Error::Unreachable { why });
            }
        }
        Ok(games)
    }
}
