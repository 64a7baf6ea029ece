//! Many worlds of a series, on several threads, for a time.

use std::{
    fs, io,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{Difference, Played, play};
use crate::Guest;

/// Differences that are kept. The rest would say the same.
const KEPT: usize = 20;

/// What was found so far.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Totals {
    /// Of the series.
    pub seed: u64,
    /// Number of the first world.
    pub first: u64,
    /// Worlds that were played.
    pub worlds: u64,
    /// Sums over them.
    pub sums: Played,
    /// Worlds that differ.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// That passed.
    pub seconds: f64,
    /// Of all threads, as far as the operating system says; what setting up took is in it.
    pub cpu_seconds: Option<f64>,
}

/// A series that is played.
#[derive(Debug)]
pub struct Campaign {
    next: AtomicU64,
    start: Instant,
    cpu_before: Option<f64>,
    totals: Mutex<Totals>,
}

impl Campaign {
    /// The series `seed`, from world `first` on.
    pub fn new(seed: u64, first: u64) -> Self {
        let totals = Totals { seed, first, ..Totals::default() };
        Self { next: AtomicU64::new(first), start: Instant::now(), cpu_before: cpu(), totals: Mutex::new(totals) }
    }

    /// Plays on `threads` threads until a number of worlds or a time is reached, and calls `show` after every world.
    pub fn run(&self, guest: &Guest, threads: usize, worlds: u64, time: Duration, show: impl Fn(&Totals) + Sync) {
        let (seed, end) = self.with(|totals| (totals.seed, totals.first.saturating_add(worlds)));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while self.start.elapsed() < time {
                        let number = self.next.fetch_add(1, Ordering::Relaxed);
                        if number >= end {
                            break;
                        }
                        let played = play(guest, seed, number);
                        self.with(|totals| {
                            totals.add(played);
                            totals.seconds = self.start.elapsed().as_secs_f64();
                            totals.cpu_seconds = cpu().zip(self.cpu_before).map(|(now, before)| now - before);
                            show(totals);
                        });
                    }
                });
            }
        });
    }

    /// What was found.
    pub fn totals(&self) -> Totals {
        self.with(|totals| totals.clone())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Totals) -> T) -> T {
        // Sums are whole between two worlds, so a thread that panicked in `show` left nothing half done.
        f(&mut self.totals.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Totals {
    fn add(&mut self, played: Result<Played, Difference>) {
        self.worlds += 1;
        match played {
            Ok(played) => self.sums.add(&played),
            Err(difference) => {
                self.different += 1;
                if self.differences.len() < KEPT {
                    self.differences.push(difference);
                }
            }
        }
    }

    /// Writes them as JSON, beside the file first, so that whoever is interrupted leaves a whole one.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("part");
        fs::write(&beside, serde_json::to_string_pretty(self).map_err(io::Error::other)? + "\n")?;
        fs::rename(beside, path)
    }
}

impl Played {
    fn add(&mut self, other: &Self) {
        let Self { refused, given_up, steps, resets, faults, contacts, touched, robots, piles, instructions } = other;
        self.refused += refused;
        self.given_up += given_up;
        self.steps += steps;
        self.resets += resets;
        self.faults += faults;
        self.contacts += contacts;
        self.touched += touched;
        self.robots += robots;
        self.piles += piles;
        self.instructions += instructions;
    }
}

/// Processor time of this process, s, where Linux says it, in hundredths.
fn cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before the last parenthesis may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
