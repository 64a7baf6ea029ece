//! Games about claims: moves about outputs, questions about inputs, and answers to them.

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolCall, SolValue},
};
use hyperdust_proof::Party;

use super::{Failed, Keeper, Now, Records};
use crate::{
    bindings as b,
    dispute::{Act, Concession, Game, Lane, Lanes, Player, State},
    market::{Question, SessionState, Standing},
    outbox::Requirement,
};

impl<R: Records> Keeper<R> {
    /// The player of one side of the games about a lane; what it computed is kept.
    pub(super) fn player(
        &mut self,
        session: B256,
        lane: u32,
        party: Party,
        address: Address,
    ) -> Result<&mut Player<R::Knowledge>, Failed> {
        use std::collections::hash_map::Entry;
        Ok(match self.players.entry((session, lane, party)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let knowledge = self.records.knowledge(session, lane)?;
                let player = Player::new(party, address, knowledge);
                // To give up before the search costs fees, to lose it the bond.
                free.insert(if self.records.defends() { player } else { player.conceding(Concession::Always) })
            }
        })
    }

    /// Does what is due in each game of this side's about the session. `lane` says which one a game is about. One game that it can't go on with keeps it from no other.
    pub(super) async fn play(
        &mut self,
        session: B256,
        lane: impl Fn(&Game) -> Option<u32>,
        party: Party,
        address: Address,
        now: Now,
    ) -> Result<(), Failed> {
        let market = self.account.market.clone();
        let games = self.asked("games", market.games(self.account.node(), session, market.deployment().block)).await?;
        let me = self.account.address();
        let entrusted = address == me
            || self.options.serves == Some(address)
                && games.iter().any(|game| game.state.outcome.is_none())
                && self.asked("games", market.mover_of(self.account.node(), address)).await? == Some(me);
        let mut stuck = None;
        for game in games.iter().filter(|game| game.state.of(party) == address && !game.collected) {
            let Some(lane) = lane(game) else { continue };
            let next = match self.player(session, lane, party, address) {
                Ok(player) => player.next(game, now.time).map_err(Failed::from),
                Err(error) => Err(error),
            };
            let act = match next {
                Ok(Some(act)) => act,
                Ok(None) => continue,
                Err(error) => {
                    stuck.get_or_insert(error);
                    continue;
                }
            };
            let anybodys = matches!(act, Act::Timeout | Act::Prove(_) | Act::Collect);
            if address != me && !anybodys && !(entrusted && in_anothers_place(&act, &game.state, now)) {
                continue;
            }
            let (number, hash, until) = (game.number, game.state.hash(), game.state.until());
            let (kind, deadline) = match act {
                Act::Timeout => ("timeout", None),
                Act::Collect => ("collect", None),
                _ => ("move", Some(until)),
            };
            // A move is of use in this state alone.
            let input = b::Disputes::gamesCall { game: number }.abi_encode().into();
            let requires =
                Requirement { to: market.deployment().addresses.disputes, input, output: hash.abi_encode().into() };
            self.put_again(&format!("game/{number}/{hash}/{kind}"), market.act(game, &act), deadline, Some(requires))?;
        }
        stuck.map_or(Ok(()), Err)
    }

    /// Answers every question about the session that can be answered.
    pub(super) async fn answer(&mut self, session: B256, lanes: &Lanes, now: Now) -> Result<(), Failed> {
        let market = self.account.market.clone();
        let mut questions = self.asked("questions", market.questions(self.account.node(), session)).await?;
        questions.retain(|question| question.standing == Standing::Pending && now.time <= question.asked.until);
        questions.sort_by_key(|question| question.asked.until);
        let mut failed = None;
        for Question { id, asked, .. } in questions {
            let name = format!("answer/{id}");
            if self.on_its_way(&name) {
                continue;
            }
            let Some(lane) = lanes.open(asked.lane) else { continue };
            let call = match self.records.evidence(session, asked.lane, asked.segment) {
                Ok(Some(evidence)) => market.answer(&asked, &lane, &evidence).map_err(Failed::from),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match call {
                Ok(call) => self.put_again(&name, call, Some(asked.until), None)?,
                // One that can't be answered keeps no other from its answer.
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Finds out by questions what is claimed, where nobody says so: of each lane what is claimed of it, and where its plan is another than the one that is known,
    /// of each segment whether its actions were signed. One question at a time; the first that isn't answered takes everything.
    pub(super) async fn ask(
        &mut self,
        session: B256,
        state: &SessionState,
        own: &Lanes,
        now: Now,
    ) -> Result<(), Failed> {
        let (market, me) = (self.account.market.clone(), self.account.address());
        let in_time = now.time <= state.ends;
        let questions = self.asked("questions", market.questions(self.account.node(), session)).await?;
        let mine: Vec<&Question> = questions.iter().filter(|question| question.asked.challenger == me).collect();
        if mine.iter().any(|question| question.standing == Standing::Pending) {
            return Ok(());
        }
        // What anybody was answered is said to everybody.
        let answered = |lane: u32, segment: u32| {
            let same = |question: &&Question| question.asked.lane == lane && question.asked.segment == segment;
            questions.iter().filter(same).find_map(|question| match &question.standing {
                Standing::Answered(shown) => Some(shown),
                _ => None,
            })
        };
        let next = |lane: u32, segment: u32| {
            if !in_time || mine.len() >= self.options.questions {
                return Ok(());
            }
            let call = market.ask(session, lane, segment, 0);
            self.put_again(&format!("ask/{session}/{lane}/{segment}"), call, Some(state.ends), None)
        };
        for (lane, known) in (0..).zip(own.claims()) {
            let Some(shown) = answered(lane, 0) else { return next(lane, 0) };
            if shown.claim == *known {
                continue;
            }
            if shown.claim.plan == known.plan {
                return self.challenge(session, state, shown, now).await;
            }
            // Up to one past the end, where it has to show that nothing is left out.
            if let Some(segment) = (1..=known.nodes.max(shown.claim.nodes)).find(|&it| answered(lane, it).is_none()) {
                return next(lane, segment);
            }
        }
        Ok(())
    }

    /// Ends what this account asked and nobody answered in time, whatever it has learnt since.
    pub(super) async fn end_questions(&mut self, session: B256, now: Now) -> Result<(), Failed> {
        let (market, me) = (self.account.market.clone(), self.account.address());
        let questions = self.asked("questions", market.questions(self.account.node(), session)).await?;
        let overdue = |question: &&Question| {
            question.asked.challenger == me && question.standing == Standing::Pending && now.time > question.asked.until
        };
        for Question { id, asked, .. } in questions.iter().filter(overdue) {
            self.put_again(&format!("unanswered/{id}"), market.unanswered(asked), None, None)?;
        }
        Ok(())
    }

    /// Asks once for a piece of a claim of which its provider gave nothing for half of the window, as seen here: who gives nothing to anybody loses its claim by
    /// silence. An answer keeps what the question put up.
    pub(super) async fn demand(&mut self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        let since = *self.missing.entry(session).or_insert(now.time);
        let market = self.account.market.clone();
        let half = since.saturating_add(market.deployment().parameters.window / 2);
        if now.time < half || now.time > state.ends {
            return Ok(());
        }
        let me = self.account.address();
        let questions = self.asked("questions", market.questions(self.account.node(), session)).await?;
        if questions.iter().any(|question| question.asked.challenger == me) {
            return Ok(());
        }
        self.put_again(&format!("ask/{session}/0/0"), market.ask(session, 0, 0, 0), Some(state.ends), None)
    }

    /// Files a game about a lane, and plays all of this account's about it.
    pub(super) async fn challenge(
        &mut self,
        session: B256,
        state: &SessionState,
        lane: &Lane,
        now: Now,
    ) -> Result<(), Failed> {
        if now.time <= state.ends {
            let call = self.account.market.dispute(session, lane);
            let name = format!("dispute/{session}/{}", lane.index);
            self.put_again(&name, call, Some(state.ends), None)?;
        }
        if state.games == 0 {
            return Ok(());
        }
        let me = self.account.address();
        self.play(session, |game| lane.is_of(game).then_some(lane.index), Party::Challenger, me, now).await
    }
}

/// Whether a watchtower makes a move that it is entrusted with: once half of the time for it is over, so that a provider that is there makes it itself. It gives
/// nothing up.
fn in_anothers_place(act: &Act, state: &State, now: Now) -> bool {
    let half = state.until().saturating_sub(state.since) / 2;
    !matches!(act, Act::Concede) && now.time >= state.since.saturating_add(half)
}
