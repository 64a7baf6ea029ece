//! A step of a robot allocates nothing, nor does a reset or copying one world onto another.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use hyperdust_kernel::blueprint::Integrator;
use hyperdust_kernel::{Model, World};

#[path = "world/fixture.rs"]
#[expect(dead_code, reason = "only the robot is of interest here")]
mod fixture;

thread_local!(static ALLOCATIONS: Cell<usize> = const { Cell::new(0) });

struct Counting;

// SAFETY: everything is the system allocator's; counting in a constant-initialised thread-local allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's obligations are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn a_robot_allocates_nothing() {
    for integrator in [Integrator::Euler, Integrator::RungeKutta4, Integrator::ExplicitEuler] {
        let model = Model::new(fixture::cart_pole(integrator)).unwrap();
        let mut world = World::new(model.clone(), 1);
        let mut copy = World::new(model, 2);
        let action = [0u8; 8];
        // The first contact and the first fault warm everything up.
        for _ in 0..60 {
            world.step(&action);
        }
        copy.clone_from(&world);
        assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8]))), 1, "the counter counts");
        let stepped = allocations(|| {
            for _ in 0..60 {
                std::hint::black_box(world.step(&action));
            }
        });
        assert_eq!(stepped, 0, "{integrator:?}: steps");
        assert_eq!(allocations(|| world.reset(None)), 0, "{integrator:?}: reset");
        assert_eq!(allocations(|| copy.clone_from(&world)), 0, "{integrator:?}: clone_from");
        assert_eq!(allocations(|| _ = std::hint::black_box(world.record())), 0, "{integrator:?}: record");
        assert_eq!(allocations(|| _ = world.step(&[])), 0, "{integrator:?}: a fault");
    }
}
