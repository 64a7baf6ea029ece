//! How fast somebody works who has time: all of it while nobody steps, a twentieth of it while somebody does.
//!
//! So sessions lose next to nothing to a companion, and a server that is never idle is checked all the same.

use std::time::{Duration, Instant};

use crate::serve::Hub;

/// Work between looks at whether sessions step.
const WORK: Duration = Duration::from_millis(4);
/// Rest for each unit of work while they do.
const REST: u32 = 19;
/// The longest rest, so that a server that ends is noticed.
const LONGEST: Duration = Duration::from_millis(200);
/// Sessions step as long as somebody has stepped within this.
const RECENT: Duration = Duration::from_millis(500);

/// One thread's.
pub(super) struct Pace<'a> {
    hub: &'a Hub,
    steps: u64,
    stepped: Option<Instant>,
    since: Instant,
}

impl<'a> Pace<'a> {
    /// Of a thread that begins to work.
    pub fn new(hub: &'a Hub) -> Self {
        Self { hub, steps: hub.metrics.steps(), stepped: None, since: Instant::now() }
    }

    /// Rests where that is due; whether to go on at all.
    pub fn go_on(&mut self) -> bool {
        let worked = self.since.elapsed();
        if worked >= WORK {
            let steps = self.hub.metrics.steps();
            if steps != self.steps {
                (self.steps, self.stepped) = (steps, Some(Instant::now()));
            }
            if self.stepped.is_some_and(|stepped| stepped.elapsed() < RECENT) && !self.hub.draining() {
                std::thread::sleep((worked * REST).min(LONGEST));
            }
            self.since = Instant::now();
        }
        !self.hub.draining()
    }
}
