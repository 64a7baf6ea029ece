//! What one client may have: sessions, lanes, memory, steps a second, idle time.
//!
//! A client is whoever holds a key; all clients of an endpoint without keys are one. What a session takes is held by a [`Lease`]
//! and given back when that is dropped, however the session ends. Steps are not refused but [paced](Pace): a session that is too
//! fast waits, alone, on its own thread.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::Error;

/// The limits of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sessions at a time.
    pub sessions: usize,
    /// Lanes of all its sessions.
    pub lanes: usize,
    /// Lane steps a second, of all its sessions; 0: as many as there are.
    pub steps_per_second: u64,
    /// Rows a second that it may ask policies for; 0: as many as there are.
    pub policy_rows_per_second: u64,
    /// Bytes that its sessions may hold: batches, replies that are kept, commands since the last checkpoint.
    pub bytes: u64,
    /// Seconds that a session may live without a request.
    pub idle: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 64, lanes: 65_536, steps_per_second: 0, policy_rows_per_second: 0, bytes: 8 << 30, idle: 3600 }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), Error> {
        let named = [
            ("quota.sessions", self.sessions as u64),
            ("quota.lanes", self.lanes as u64),
            ("quota.bytes", self.bytes),
            ("quota.idle", self.idle),
        ];
        match named.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(Error::Config { place: key.into(), why: "found 0; accepted: 1 or more".into() }),
            None => Ok(()),
        }
    }
}

/// Why a client may not have more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {held} held and {wanted} wanted, {limit} allowed: close a session, or ask for less")]
pub struct Exceeded {
    /// Of what.
    pub what: &'static str,
    /// Held already.
    pub held: u64,
    /// Asked for beside it.
    pub wanted: u64,
    /// The limit.
    pub limit: u64,
}

#[derive(Debug, Default)]
struct Held {
    sessions: u64,
    lanes: u64,
    bytes: u64,
    pace: Arc<Pace>,
}

impl Held {
    /// Whether there is nothing to remember: no session, and no step that is still to be paid for. Who closes its session and opens
    /// another one gets no steps for it.
    fn nothing(&self, now: Instant) -> bool {
        self.sessions == 0 && self.pace.settled(now)
    }
}

/// The books of all clients.
#[derive(Debug)]
pub struct Quota {
    limits: Limits,
    clients: Mutex<HashMap<String, Held>>,
    /// Of those who have asked policies lately.
    asking: Mutex<HashMap<String, Pace>>,
}

impl Quota {
    /// Nobody holds anything.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, clients: Mutex::default(), asking: Mutex::default() })
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Room for one session of `client`.
    pub fn lease(self: &Arc<Self>, client: &str, lanes: usize, bytes: u64) -> Result<Lease, Exceeded> {
        let mut clients = self.lock();
        if !clients.contains_key(client) {
            let now = Instant::now();
            clients.retain(|_, held| !held.nothing(now));
        }
        let held = clients.entry(client.to_owned()).or_default();
        let lanes = lanes as u64;
        let wanted = [
            ("sessions", held.sessions, 1, self.limits.sessions as u64),
            ("lanes", held.lanes, lanes, self.limits.lanes as u64),
            ("bytes", held.bytes, bytes, self.limits.bytes),
        ];
        let over = wanted.into_iter().find(|(_, held, wanted, limit)| held.saturating_add(*wanted) > *limit);
        if let Some((what, held, wanted, limit)) = over {
            Self::tidy(&mut clients, client);
            return Err(Exceeded { what, held, wanted, limit });
        }
        held.sessions += 1;
        held.lanes += lanes;
        held.bytes += bytes;
        let pace = held.pace.clone();
        Ok(Lease {
            quota: self.clone(),
            client: client.to_owned(),
            lanes,
            bytes,
            pace,
            given_back: AtomicBool::new(false),
        })
    }

    /// Room for so many rows that `client` asks a policy for, or how long it has to wait until it may ask for any.
    pub fn rows(&self, client: &str, rows: u64, now: Instant) -> Result<(), Duration> {
        let rate = self.limits.policy_rows_per_second;
        if rate == 0 {
            return Ok(());
        }
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !asking.contains_key(client) {
            asking.retain(|_, pace| !pace.settled(now));
        }
        asking.entry(client.to_owned()).or_default().try_take(rows, rate, now)
    }

    /// Clients that hold something.
    pub fn clients(&self) -> usize {
        self.lock().values().filter(|held| held.sessions > 0).count()
    }

    /// A client that holds and owes nothing is forgotten: names of those who come and go do not pile up.
    fn tidy(clients: &mut HashMap<String, Held>, client: &str) {
        if clients.get(client).is_some_and(|held| held.nothing(Instant::now())) {
            clients.remove(client);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session holds, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    quota: Arc<Quota>,
    client: String,
    lanes: u64,
    bytes: u64,
    pace: Arc<Pace>,
    given_back: AtomicBool,
}

impl Lease {
    /// Ends it before it is dropped: others may still be looking at a session that has ended.
    pub fn give_back(&self) {
        if self.given_back.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut clients = self.quota.lock();
        if let Some(held) = clients.get_mut(&self.client) {
            held.sessions -= 1;
            held.lanes -= self.lanes;
            held.bytes -= self.bytes;
        }
        Quota::tidy(&mut clients, &self.client);
    }

    /// How long the session has to wait before it takes this many lane steps, at `now`; they count as taken.
    pub fn steps(&self, steps: u64, now: Instant) -> Duration {
        self.pace.take(steps, self.quota.limits.steps_per_second, now)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// When a client may take its next step: steps are spread over time, and a second's worth may be taken at once.
#[derive(Debug, Default)]
pub struct Pace {
    /// When everything taken so far is paid for.
    paid: Mutex<Option<Instant>>,
}

impl Pace {
    fn take(&self, steps: u64, rate: u64, now: Instant) -> Duration {
        if rate == 0 {
            return Duration::ZERO;
        }
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = paid.map_or(now, |paid| paid.max(now));
        *paid = Some(begin + Duration::from_secs_f64(steps as f64 / rate as f64));
        begin.saturating_duration_since(now).saturating_sub(Duration::from_secs(1))
    }

    /// As [`Pace::take`], but takes nothing where it would have to wait.
    fn try_take(&self, steps: u64, rate: u64, now: Instant) -> Result<(), Duration> {
        match self.take(0, rate, now) {
            Duration::ZERO => {
                self.take(steps, rate, now);
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Whether everything is paid for: as if nothing had ever been taken.
    fn settled(&self, now: Instant) -> bool {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|paid| paid <= now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In every order of opening and closing, a client never holds more than its limits, what is refused is what would
        /// pass one, others do not matter, and in the end nobody holds anything.
        #[test]
        fn limits_hold(moves in prop::collection::vec((0..3_usize, 0..40_usize, 0..50_u64, any::<bool>()), 1..80)) {
            let limits = Limits { sessions: 3, lanes: 60, bytes: 90, ..Limits::default() };
            let quota = Quota::new(limits.clone());
            let mut held: Vec<Vec<(Lease, u64, u64)>> = (0..3).map(|_| Vec::new()).collect();
            for (client, lanes, bytes, open) in moves {
                if !open {
                    held[client].pop();
                    continue;
                }
                let (taken, stored) = held[client].iter().fold((0, 0), |sum, l| (sum.0 + l.1, sum.1 + l.2));
                let fits = held[client].len() < 3 && taken + lanes as u64 <= 60 && stored + bytes <= 90;
                match quota.lease(&client.to_string(), lanes, bytes) {
                    Ok(lease) => { prop_assert!(fits); held[client].push((lease, lanes as u64, bytes)) }
                    Err(_) => prop_assert!(!fits),
                }
                prop_assert_eq!(quota.clients(), held.iter().filter(|leases| !leases.is_empty()).count());
            }
            held.clear();
            prop_assert_eq!(quota.clients(), 0);
        }

        /// However a client asks, in any window it is let through no more steps than the rate allows beyond the first second.
        #[test]
        fn pace_holds(asks in prop::collection::vec((1..300_u64, 0..400_u64), 1..100)) {
            let quota = Quota::new(Limits { steps_per_second: 1000, ..Limits::default() });
            let lease = quota.lease("a", 1, 1).unwrap();
            let start = Instant::now();
            let (mut now, mut taken) = (start, 0);
            for (steps, pause) in asks {
                now += Duration::from_millis(pause);
                now += lease.steps(steps, now);
                let allowed = 1000.0 * ((now - start).as_secs_f64() + 1.0) + 1.0;
                prop_assert!(taken as f64 <= allowed, "{taken} before {allowed}");
                taken += steps;
            }
        }
    }

    /// Rows beyond a second's worth are refused until they are paid for; what is refused costs nothing, and who is through with paying
    /// is forgotten.
    #[test]
    fn rows_are_paid_for() {
        let quota = Quota::new(Limits { policy_rows_per_second: 10, ..Limits::default() });
        let now = Instant::now();
        assert_eq!(quota.rows("a", 30, now), Ok(()));
        for _ in 0..3 {
            assert_eq!(quota.rows("a", 1, now), Err(Duration::from_secs(2)));
        }
        assert_eq!(quota.rows("b", 1, now), Ok(()));
        assert_eq!(quota.rows("a", 1, now + Duration::from_secs(2)), Ok(()));
        assert_eq!(quota.rows("c", 1, now + Duration::from_secs(9)), Ok(()));
        assert_eq!(quota.asking.lock().unwrap().len(), 1);
    }

    /// Two sessions of one client share its pace; another client has its own.
    #[test]
    fn pace_is_the_clients() {
        let quota = Quota::new(Limits { steps_per_second: 10, ..Limits::default() });
        let (one, two) = (quota.lease("a", 1, 1).unwrap(), quota.lease("a", 1, 1).unwrap());
        let other = quota.lease("b", 1, 1).unwrap();
        let now = Instant::now();
        assert_eq!(one.steps(30, now), Duration::ZERO);
        assert_eq!(two.steps(1, now), Duration::from_secs(2));
        assert_eq!(other.steps(1, now), Duration::ZERO);
        // Nor is it new with every session.
        drop((one, two));
        let again = quota.lease("a", 1, 1).unwrap();
        assert!(again.steps(1, now) > Duration::from_secs(2));
        // Who owes nothing is forgotten, at the latest when somebody else comes.
        drop((again, other));
        quota.lock().values_mut().for_each(|held| held.pace = Arc::default());
        let _new = quota.lease("c", 1, 1).unwrap();
        assert_eq!(quota.lock().len(), 1);
    }
}
