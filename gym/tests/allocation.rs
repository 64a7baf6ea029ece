//! After warm-up a step allocates nothing, on any thread, in any mode.
//!
//! A binary of its own: its allocator counts whatever any thread of the process does.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

use hyperdust_gym::AutoresetMode;
use hyperdust_kernel::rng::Rng;

#[expect(dead_code, reason = "shared with the other test binary, which uses all of it")]
#[path = "it/fixture.rs"]
mod fixture;

/// The system's allocator, counted.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to `System` unchanged; counting touches no memory of the allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise about `pointer` and `layout` is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Over windows of 50 steps with many ends, the quietest allocates nothing at all: noise of the test
/// harness can only add.
#[test]
fn steps_do_not_allocate() {
    for mode in [AutoresetMode::NextStep, AutoresetMode::SameStep] {
        for threads in [1, 2] {
            let model = fixture::crane(5);
            let mut env = fixture::vector(&model, 8, threads, mode, 0);
            let mut rng = Rng::new(1);
            let actions = fixture::random_actions(model.actions(), 8, &mut rng);
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
            assert_eq!(quietest, Some(0), "mode {mode}, {threads} threads");
        }
    }
}
