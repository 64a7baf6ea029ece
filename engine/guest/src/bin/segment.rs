//! A segment of a scene: blueprint, state and actions in, state out.
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use hyperdust_guest::{INPUTS, Kind, Program};
use hyperdust_kernel::{World, segment};

hyperdust_guest::program!(Program {
    inputs: &[Kind::BLUEPRINT, segment::STATE, segment::ACTIONS],
    output: segment::STATE,
    run,
});

/// Resets and steps made so far: whoever looks for a step in a trace finds it here.
#[unsafe(no_mangle)]
static HYPERDUST_MOVES: AtomicU32 = AtomicU32::new(0);

struct Count;

impl segment::Watch for Count {
    fn moved(&mut self, _: &World) {
        HYPERDUST_MOVES.store(HYPERDUST_MOVES.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

fn run([blueprint, state, actions, _]: &[&[u8]; INPUTS]) -> Result<Vec<u8>, String> {
    segment::run_watched(blueprint, state, actions, &mut Count).map_err(|error| error.to_string())
}
