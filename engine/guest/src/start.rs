//! From the machine's initial state to the program and back.
//!
//! Registers and memory start as zero. `_start` sets up the stack, copies initialised data out of the image, and goes on in Rust.

use core::arch::{asm, global_asm};

use crate::{Program, heap, regions};

/// Exit code of a program that ran out of heap or stack.
pub const EXHAUSTED: u32 = 101;

/// Bytes of the stack; what lies below it, down to the program's data, is the heap.
const STACK: usize = 1 << 20;

/// Words at the stack's lowest addresses that nothing writes: a program that did overran its stack. The machine has no
/// guard pages.
const CANARY: usize = 64;

global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    ".type _start, @function",
    "_start:",
    "    la sp, stack_top",
    "    la a0, data_start",
    "    la a1, data_end",
    "    la a2, data_initial",
    "1:  bgeu a0, a1, 2f",
    "    lw a3, 0(a2)",
    "    sw a3, 0(a0)",
    "    addi a0, a0, 4",
    "    addi a2, a2, 4",
    "    j 1b",
    "2:  call program_start",
    "    unimp",
);

unsafe extern "C" {
    static heap_start: u8;
    static stack_top: u8;
}

/// Runs a program and exits.
pub fn start(program: &Program) -> ! {
    let top = &raw const stack_top as usize;
    let bottom = top - STACK;
    let heap = &raw const heap_start as usize;
    // SAFETY: the linker script leaves everything between the program's data and the stack to nobody else, and this is called once.
    unsafe { heap::init(heap, bottom - heap) };
    let result = regions::inputs(program.inputs).and_then(|inputs| (program.run)(&inputs));
    let (kind, bytes, code) = match result {
        Ok(bytes) => (program.output, bytes, 0),
        Err(text) => (regions::ERROR, text.into_bytes(), 1),
    };
    // SAFETY: below the stack in use, and no object of Rust's.
    let overrun = (0..CANARY).any(|word| unsafe { (bottom as *const u32).add(word).read_volatile() } != 0);
    if overrun || !regions::write(kind, &bytes) {
        exit(EXHAUSTED);
    }
    exit(code)
}

/// The one `ecall` that does not trap.
pub fn exit(code: u32) -> ! {
    // SAFETY: the machine halts, and what follows is never executed.
    unsafe { asm!("ecall", in("a7") 93, in("a0") code, options(noreturn)) }
}
