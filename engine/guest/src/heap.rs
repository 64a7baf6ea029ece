//! The heap: one pool between the program's data and its stack.
//!
//! Where blocks lie is a function of the calls alone, so every machine has the same memory after every step. A program that asks
//! for more than is left exits with [`crate::EXHAUSTED`].

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::{NonNull, slice_from_raw_parts_mut},
};

use rlsf::Tlsf;

/// Two-level segregated fit: 24 powers of two from 16 bytes up, each cut into eight classes.
type Pool = Tlsf<'static, u32, u8, 24, 8>;

struct Heap(UnsafeCell<Pool>);

// SAFETY: the machine has one thread and no interrupts.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Pool::new()));

/// Gives the heap its memory.
///
/// # Safety
/// Nothing else may use the `bytes` from `start` on, and this may be called once.
pub unsafe fn init(start: usize, bytes: usize) {
    let Some(block) = NonNull::new(slice_from_raw_parts_mut(start as *mut u8, bytes)) else { return };
    // SAFETY: the caller's promise; and no other reference to the pool lives, since there is one thread.
    unsafe { (*HEAP.0.get()).insert_free_block_ptr(block) };
}

// SAFETY: the pool gives out disjoint blocks of the layout asked for; each reference to it ends before the call does.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see above.
        unsafe { (*self.0.get()).allocate(layout) }.map_or_else(exhausted, NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see above; the block came from `alloc`.
        unsafe { (*self.0.get()).deallocate(NonNull::new_unchecked(block), layout.align()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see above; `size` fits a layout by the contract of this function.
        unsafe {
            let layout = Layout::from_size_align_unchecked(size, layout.align());
            (*self.0.get()).reallocate(NonNull::new_unchecked(block), layout).map_or_else(exhausted, NonNull::as_ptr)
        }
    }
}

/// A null would lead `std` to print, which traps; an exit code says more.
#[cold]
fn exhausted() -> *mut u8 {
    crate::start::exit(crate::EXHAUSTED)
}
