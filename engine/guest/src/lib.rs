//! What a program of the proof machine needs around it: a start, a heap, and its inputs and output as byte strings.
//!
//! A program is a pure function of up to four byte strings ([`Program`]). The machine gives it nothing else: no clock, no random
//! numbers, no arguments. [`start`] runs it and leaves in the output region
//!
//! | exit code | output string |
//! |---|---|
//! | 0 | the result, of the program's own kind |
//! | 1 | why the inputs were refused, as text, kind `hyperdust error` |
//! | [`EXHAUSTED`] | none: the heap or the stack was too small |
//!
//! A panic is a trap (illegal instruction), and so is whatever of `std` would ask an operating system for something
//! ([`platform`]); the trap's `pc` leads to the source line. The memory map is that of `actors/proof/src/machine/layout.rs`.

pub mod heap;
pub mod platform;
pub mod regions;
mod start;

pub use regions::{INPUTS, Kind};
pub use start::{EXHAUSTED, start};

/// A pure function over byte strings.
pub struct Program {
    /// What it accepts in each input region; an empty region (no kind, no bytes) is always the empty string.
    pub inputs: &'static [Kind],
    /// Kind of its result.
    pub output: Kind,
    /// The function; an error is the text of an [`regions::ERROR`].
    pub run: fn(&[&[u8]; INPUTS]) -> Result<Vec<u8>, String>,
}

/// Makes a [`Program`] the one that the image starts.
#[macro_export]
macro_rules! program {
    ($program:expr) => {
        #[unsafe(no_mangle)]
        extern "C" fn program_start() -> ! {
            static PROGRAM: $crate::Program = $program;
            $crate::start(&PROGRAM)
        }
    };
}
