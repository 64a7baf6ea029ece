//! A lane's poses, for those who watch. Nobody watches most sessions, and then nothing is computed.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use hyperdust_kernel::World;
use serde::Serialize;
use tokio::sync::watch;

/// Pictures a second, at most.
const RATE: u64 = 30;

/// Where bodies are, after a step.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pose {
    /// Steps of the session.
    pub step: u64,
    /// The lane.
    pub lane: usize,
    /// Steps of its episode.
    pub episode_step: u32,
    /// Reward of the step.
    pub reward: f64,
    /// Per body: x y z (m), w x y z.
    pub bodies: Vec<[f32; 7]>,
}

/// What is shown of a session.
#[derive(Debug)]
pub struct View {
    latest: watch::Sender<Pose>,
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

    /// Poses from now on, of this lane; all who watch a session see the same one.
    pub fn watch(&self, lane: usize) -> watch::Receiver<Pose> {
        self.lane.store(lane, Ordering::Relaxed);
        self.latest.subscribe()
    }

    /// The lane to show now, if anybody looks.
    pub(super) fn wanted(&self) -> Option<usize> {
        if self.latest.receiver_count() == 0 {
            return None;
        }
        let now = self.since.elapsed();
        let last = Duration::from_millis(self.shown.load(Ordering::Relaxed));
        (now.saturating_sub(last) >= Duration::from_millis(1000 / RATE)).then(|| {
            self.shown.store(now.as_millis() as u64, Ordering::Relaxed);
            self.lane.load(Ordering::Relaxed)
        })
    }

    /// Shows it.
    pub(super) fn show(&self, step: u64, lane: usize, reward: f64, world: &World) {
        let _nobody = self.latest.send_replace(pose(step, lane, reward, world));
    }
}

/// Where a world's bodies are.
pub fn pose(step: u64, lane: usize, reward: f64, world: &World) -> Pose {
    let bodies = world.bodies().into_iter().map(|pose| {
        let ([x, y, z], [a, b, c, d]) = (pose.position, pose.orientation);
        [x, y, z, a, b, c, d]
    });
    Pose { step, lane, episode_step: world.steps(), reward, bodies: bodies.collect() }
}
