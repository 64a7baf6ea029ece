//! A lane as it is now, for those who watch. Nobody watches most sessions, and then nothing is computed.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use hyperdust_gym::VectorEnv;
use serde::Serialize;
use tokio::sync::watch;

use crate::serve::stage::poses;

/// Frames a second, at most.
const RATE: u64 = 30;

/// A lane after a step.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Frame {
    /// Steps of the session.
    pub step: u64,
    /// Reward of the step.
    pub reward: f64,
    /// Return of its running episode.
    pub episode_return: f64,
    /// Steps of its running episode.
    pub episode_length: u32,
    /// Where its bodies are: see [`crate::serve::stage::POSE`].
    pub poses: Vec<f32>,
}

/// What is shown of a session.
#[derive(Debug)]
pub struct View {
    latest: watch::Sender<Frame>,
    lane: AtomicUsize,
    since: Instant,
    /// When it was last shown, milliseconds after `since`.
    shown: AtomicU64,
}

impl View {
    pub(super) fn new() -> Self {
        let (lane, shown) = Default::default();
        Self { latest: watch::Sender::default(), lane, since: Instant::now(), shown }
    }

    /// Frames from now on, of this lane; all who watch a session see the same one.
    pub fn watch(&self, lane: usize) -> watch::Receiver<Frame> {
        self.lane.store(lane, Ordering::Relaxed);
        self.latest.subscribe()
    }

    /// Shows the lane that is watched, if it is time.
    pub(super) fn show(&self, step: u64, env: &VectorEnv) {
        if self.latest.receiver_count() == 0 {
            return;
        }
        let now = self.since.elapsed();
        let last = Duration::from_millis(self.shown.load(Ordering::Relaxed));
        if now.saturating_sub(last) < Duration::from_millis(1000 / RATE) {
            return;
        }
        self.shown.store(now.as_millis() as u64, Ordering::Relaxed);
        let lane = self.lane.load(Ordering::Relaxed);
        if let (Ok(world), Ok(statistics)) = (env.world(lane), env.statistics(lane)) {
            let _before = self.latest.send_replace(Frame {
                step,
                reward: env.batch().rewards[lane],
                episode_return: statistics.episode_return,
                episode_length: statistics.length,
                poses: poses(world),
            });
        }
    }
}
