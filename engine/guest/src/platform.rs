//! What `std` asks of the target's operating system. There is none: each of these traps.
//!
//! Names and signatures are those of `std/src/sys/pal/zkvm/abi.rs`.

use core::arch::asm;

/// An illegal instruction.
fn trap() -> ! {
    // SAFETY: the machine halts, and what follows is never executed.
    unsafe { asm!("unimp", options(noreturn)) }
}

macro_rules! traps {
    ($($name:ident($($type:ty),*) -> $result:ty;)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name($(_: $type),*) -> $result {
                trap()
            }
        )*
    };
}

traps! {
    sys_halt() -> ();
    sys_rand(*mut u32, usize) -> ();
    sys_panic(*const u8, usize) -> !;
    sys_read(u32, *mut u8, usize) -> usize;
    sys_write(u32, *const u8, usize) -> ();
    sys_getenv(*mut u32, usize, *const u8, usize) -> usize;
    sys_argc() -> usize;
    sys_argv(*mut u32, usize, usize) -> usize;
    sys_alloc_aligned(usize, usize) -> *mut u8;
}
