//! A provider's part: to claim, to defend, to be paid.

use alloy::primitives::B256;
use hyperdust_proof::Party;

use super::{Failed, Keeper, Now, Records, Work};
use crate::market::{Claim, SessionState, Status};

impl<R: Records> Keeper<R> {
    /// Looks after all sessions that this account serves. What goes wrong with one of them is no other's business.
    pub async fn provide(&mut self) -> Result<Vec<(B256, Failed)>, Failed> {
        let now = self.now().await?;
        let mut failed = Vec::new();
        for session in self.records.sessions()? {
            if let Err(error) = self.serve(session, now).await {
                failed.push((session, error));
            }
        }
        Ok(failed)
    }

    async fn serve(&mut self, session: B256, now: Now) -> Result<(), Failed> {
        let state = self.state(session).await?;
        match state.status {
            // A node that is behind, or a block that vanished.
            Status::None => Ok(()),
            _ if state.provider != self.account.address() => self.end(session, now),
            Status::Open | Status::Closing => self.earn(session, &state, now),
            Status::Claimed => self.stand(session, &state, now).await,
            Status::Paid => self.draw(session, &state, now),
            // Games that go on about a claim that has fallen are played out: there is a bond in each.
            Status::Ended if state.games > 0 => self.stand(session, &state, now).await,
            Status::Ended => self.end(session, now),
        }
    }

    /// Claims what was earned, or gives the session up.
    fn earn(&mut self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        let market = &self.account.market;
        let closing = state.status == Status::Closing;
        let deadline = closing.then_some(state.ends);
        if closing && now.time > state.ends {
            // Too late for anything; the user, or anyone, has the deposit sent back.
            return self.put_again(&format!("reclaim/{session}"), market.reclaim(session), None, None);
        }
        match self.records.work(session, state, closing)? {
            Work::Going => Ok(()),
            Work::Nothing => self.put_again(&format!("decline/{session}"), market.decline(session), deadline, None),
            // No claim without a seed; so it is drawn, whoever forgot to.
            Work::Done(..) if state.minting && state.seed.is_none() => self.draw(session, state, now),
            Work::Done(lanes, voucher) => {
                let claim = Claim { commitment: lanes.commitment(), voucher: *voucher };
                self.put_again(&format!("claim/{session}"), market.claim(&claim, state.signer)?, deadline, None)
            }
        }
    }

    /// Defends a claim, and has it paid out when its time has come.
    async fn stand(&mut self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        if state.games > 0
            && let Work::Done(lanes, _) = self.records.work(session, state, true)?
        {
            let found = state.commitment();
            if found != lanes.commitment() {
                return Err(Failed::Stranger { session, found, known: lanes.commitment() });
            }
            // Neither keeps the other from its clocks.
            let answered = self.answer(session, &lanes, now).await;
            self.play(session, |game| lanes.find(game), Party::Provider, state.provider, now).await?;
            answered?;
        }
        self.finalise(session, state, now)
    }

    /// Anyone may; whoever is owed does.
    pub(super) fn finalise(&self, session: B256, state: &SessionState, now: Now) -> Result<(), Failed> {
        if state.status != Status::Claimed || now.time <= state.ends || state.games > 0 {
            return Ok(());
        }
        self.put_again(&format!("finalise/{session}"), self.account.market.finalise(session), None, None)
    }
}
