//! After warm-up a step allocates nothing, on any thread, in any mode; and a world is small.
//!
//! A binary of its own: its allocator counts whatever any thread of the process does.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use hyperdust_gym::AutoresetMode;
use hyperdust_kernel::{Model, rng::Rng};
use hyperdust_scene::Scene;

#[expect(dead_code, reason = "shared with the other test binary, which uses all of it")]
#[path = "it/fixture.rs"]
mod fixture;

/// The system's allocator, counted.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);
/// Bytes in use.
static LIVE: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to `System` unchanged; counting touches no memory of the allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The counters are the process's: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Over windows of 50 steps with many ends, the quietest allocates nothing at all: noise of the test
/// harness can only add. In packs (the robots) and one by one (the crane).
#[test]
fn steps_do_not_allocate() {
    let _alone = ALONE.lock();
    let scene = |name| {
        let cooked = Scene::builtin(name).expect("it is published").cook(&Default::default()).expect("it is valid");
        Model::new(cooked.blueprint).expect("it is valid")
    };
    let models = [fixture::crane(5), scene("ant"), scene("humanoid"), scene("cartpole")];
    for (model, mode) in
        models.iter().flat_map(|m| [AutoresetMode::NextStep, AutoresetMode::SameStep].map(|mode| (m, mode)))
    {
        for (lanes, threads) in [(2, 1), (24, 1), (24, 2)] {
            let mut env = fixture::vector(model, lanes, threads, mode, 0);
            let mut rng = Rng::new(1);
            let actions = fixture::random_actions(model.actions(), lanes, &mut rng);
            let actions = fixture::borrow(&actions);
            let quietest = (0..6)
                .map(|_| {
                    let before = COUNT.load(Ordering::Relaxed);
                    for _ in 0..50 {
                        env.step(&actions).expect("actions are valid");
                    }
                    COUNT.load(Ordering::Relaxed) - before
                })
                .min();
            assert_eq!(quietest, Some(0), "{model:?}, mode {mode}, {lanes} lanes, {threads} threads");
        }
    }
}

/// What a lane more costs in memory, with its share of packs, batch and buffers: 32 KiB at most for an Ant.
#[test]
fn a_world_is_small() {
    let _alone = ALONE.lock();
    let cooked = Scene::builtin("ant").expect("it is published").cook(&Default::default()).expect("it is valid");
    let model = Model::new(cooked.blueprint).expect("it is valid");
    let used = |lanes| {
        let before = LIVE.load(Ordering::Relaxed);
        let mut env = fixture::vector(&model, lanes, 1, AutoresetMode::NextStep, 0);
        let actions = fixture::random_actions(model.actions(), lanes, &mut Rng::new(1));
        for _ in 0..100 {
            env.step(&fixture::borrow(&actions)).expect("actions are valid");
        }
        LIVE.load(Ordering::Relaxed) - before
    };
    let per_world = (used(320) - used(64)) / 256;
    println!("{per_world} bytes per world");
    assert!(per_world <= 32 * 1024, "{per_world} bytes per world");
}
