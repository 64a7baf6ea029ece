//! The store keeps what it acknowledged: through reopening at any point, `kill -9`, damaged files and full disks; it never gives back
//! wrong bytes; what may not be evicted is not; and what it refuses it refuses by name.

mod eviction;
mod flips;
mod full;
mod kills;
mod lists;
mod model;
mod owners;
mod refusals;
mod writer;

use std::path::Path;

use hyperdust_store::{EpisodeMeta, Error, Id, Opened, Options, SledStore, Store};
use writer::content;

fn options(path: &Path) -> Options {
    // Tests run on whatever disk there is.
    Options { path: path.into(), reserve: 0, ..Options::default() }
}

fn open(path: &Path) -> (SledStore, Opened) {
    SledStore::open(&options(path)).unwrap()
}

fn meta(scene: &str, session: u64) -> EpisodeMeta {
    EpisodeMeta { scene: scene.into(), session, ..EpisodeMeta::default() }
}

fn put(store: &dyn Store, seed: u64, bytes: usize) -> Id {
    store.put_episode(&meta("ant", seed % 3), &content("episode", seed, bytes)).unwrap()
}

/// Numbers that look random: the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }
}

fn assert_clean(store: &dyn Store) {
    let report = store.fsck().unwrap();
    assert!(report.clean(), "{:#?}", report.findings);
}

fn assert_retryable<T: std::fmt::Debug>(result: Result<T, Error>) -> Error {
    let error = result.unwrap_err();
    assert!(error.retryable(), "{error}");
    error
}
