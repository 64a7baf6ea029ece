//! RUN: steps that a hosted policy makes, without a client in the loop.
//!
//! It is one request, so it acts once or not at all: where it cannot be finished the worlds go back to where they stood. What is
//! written down is which policy made how many steps; the same policy makes them again where the session is brought back.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use hyperdust_gym::Episode;
use hyperdust_wire::{Code, Failure, Header, message::Run};

use super::{NAP, Outcome, PATIENCE, Shared, Worker};
use crate::serve::{ledger::Deed, policy::fits, worlds::Worlds};

/// Bytes of actions of ended episodes that are held back until the RUN has acted.
const HELD: usize = 64 << 20;

/// Steps that count, unless the RUN comes to nothing.
struct Tally<'a> {
    shared: &'a Shared,
    made: u64,
    stands: bool,
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        if !self.stands {
            self.shared.steps.fetch_sub(self.made, Ordering::Relaxed);
        }
    }
}

impl Worker {
    pub(super) fn drive(&self, worlds: &mut Worlds, header: &Header, run: &Run) -> Outcome {
        let refused = |code, why: String| Outcome::Not(Failure::new(code, why));
        let Some(policy) = self.hub.policies.named(&run.policy) else {
            return refused(Code::NotFound, format!("there is no policy {}", run.policy));
        };
        if let Err(why) = fits(policy, worlds.env().model()) {
            return refused(Code::Invalid, why);
        }
        let lanes = worlds.env().num_envs();
        if let Some(refusal) = self.may_run(lanes, &mut None) {
            return Outcome::Not(refusal);
        }
        let (snapshot, seeded) = match worlds.stand() {
            Ok(stand) => stand,
            Err(error) => return Outcome::Not(Failure::from(&error)),
        };
        let mut tally = Tally { shared: &self.shared, made: 0, stands: false };
        let (mut ended, mut held) = (Vec::new(), 0);
        let (mut due, mut draining) = (None, None);
        let made = worlds.run(policy, run.steps, |worlds| {
            self.stepped(worlds);
            tally.made += 1;
            let more = worlds.take_episodes();
            held += more.iter().map(|(_, episode): &(usize, Episode)| episode.actions.len()).sum::<usize>();
            ended.extend(more);
            if held > HELD {
                held = 0;
                self.record(std::mem::take(&mut ended));
            }
            if tally.made < run.steps.into() {
                due = self.may_run(lanes, &mut draining);
            }
            due.is_none()
        });
        let failure = match (made, due) {
            (Ok(steps), None) => {
                tally.stands = true;
                let deed = Deed::Run { policy: policy.digest(), steps, lanes: lanes as u32 };
                let answer = self.batch(header, worlds.env().batch());
                self.record(ended);
                return Outcome::Drawn(deed, answer);
            }
            (Ok(_), Some(refusal)) => refusal,
            (Err(failure), _) => failure,
        };
        match worlds.back(&snapshot, seeded) {
            Ok(()) => Outcome::Not(failure),
            Err(error) => Outcome::Not(Failure::from(&error)),
        }
    }

    /// Waits until another step may be made; or why there is none.
    fn may_run(&self, lanes: usize, draining: &mut Option<Instant>) -> Option<Failure> {
        // It is not idle.
        self.shared.ask();
        let ends = || Failure::new(Code::Draining, "the server is about to end");
        if self.hub.draining() {
            let since = draining.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_secs(self.hub.config.wire.drain) {
                return Some(ends());
            }
        }
        // Without a client that waits for each answer a session is faster than any disk.
        let until = Instant::now() + PATIENCE;
        while self.shared.shape.record && self.hub.backlog.full() && Instant::now() < until {
            if self.hub.draining() {
                return Some(ends());
            }
            std::thread::sleep(NAP);
        }
        self.may_step(lanes)
    }
}
