//! A companion's part: to commit before the claim, then to attest or to dispute; and to defend, as a watchtower.

use alloy::primitives::B256;
use hyperdust_proof::Party;

use super::{Failed, Keeper, Now, Records};
use crate::{
    dispute::Lanes,
    market::{SessionState, Status, commitment},
};

impl<R: Records> Keeper<R> {
    /// Looks after all sessions that this account watches. What goes wrong with one of them is no other's business.
    pub async fn accompany(&mut self) -> Result<Vec<(B256, Failed)>, Failed> {
        let now = self.now().await?;
        let mut failed = Vec::new();
        for session in self.records.sessions()? {
            if let Err(error) = self.watch(session, now).await {
                failed.push((session, error));
            }
        }
        Ok(failed)
    }

    /// Whether this account's commitment to a session's results is on the chain, so that others' may be looked at.
    pub fn committed(&self, session: B256) -> bool {
        self.happened(&format!("commit/{session}"))
    }

    async fn watch(&mut self, session: B256, now: Now) -> Result<(), Failed> {
        let state = self.state(session).await?;
        match state.status {
            Status::None => Ok(()),
            Status::Open | Status::Closing => {
                let Some((lanes, salt)) = self.records.watched(session, &state)?.own else { return Ok(()) };
                let fixed = commitment(lanes.commitment(), self.account.address(), salt);
                let call = self.account.market.commit(session, fixed);
                self.put_again(&format!("commit/{session}"), call, None, None)
            }
            Status::Claimed => self.judge(session, &state, now).await,
            Status::Paid => self.draw(session, &state, now),
            // Games that go on about a claim that has fallen are played out: there is a bond in each.
            Status::Ended if state.games > 0 => self.judge(session, &state, now).await,
            Status::Ended => self.end(session, now),
        }
    }

    async fn judge(&mut self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        let found = state.commitment();
        if state.games > 0 {
            self.end_questions(session, now).await?;
        }
        let watched = self.records.watched(session, state)?;
        // Where it isn't computed yet, or nothing was given to compute, there is nothing to say.
        let Some((own, salt)) = watched.own else {
            if self.options.demands && watched.missing {
                self.demand(session, state, now).await?;
            }
            return self.finalise(session, state, now);
        };
        if own.commitment() == found {
            if self.committed(session) && now.time <= state.ends {
                let call = self.account.market.open_commitment(session, salt);
                self.put_again(&format!("attest/{session}"), call, Some(state.ends), None)?;
            }
            if self.options.defend && state.games > 0 {
                let answered = self.answer(session, &own, now).await;
                self.play(session, |game| own.find(game), Party::Provider, state.provider, now).await?;
                answered?;
            }
            return self.finalise(session, state, now);
        }
        match watched.claimed.filter(|claimed| claimed.commitment() == found) {
            Some(claimed) => self.dispute(session, state, &own, &claimed, now).await,
            // Nobody says what is claimed.
            None => self.ask(session, state, &own, now).await,
        }
    }

    /// Challenges the first lane that says something else.
    async fn dispute(
        &mut self,
        session: B256,
        state: &SessionState,
        own: &Lanes,
        claimed: &Lanes,
        now: Now,
    ) -> Result<(), Failed> {
        let differs = own.claims().iter().zip(claimed.claims()).position(|(own, claimed)| own != claimed);
        let lane = differs.and_then(|index| claimed.open(u32::try_from(index).ok()?));
        let Some(lane) = lane else { return self.ask(session, state, own, now).await };
        let me = self.account.address();
        match self.player(session, lane.index, Party::Challenger, me)?.doubts(&lane) {
            true => self.challenge(session, state, &lane, now).await,
            // Its plan is another one: that is a question of inputs.
            false => self.ask(session, state, own, now).await,
        }
    }
}
