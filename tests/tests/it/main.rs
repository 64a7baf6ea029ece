//! What this proves, for every published scene: the same seed and actions give the same bytes, whichever
//! way it is run (threads, batches, processes, snapshots, other optimisation), and the bytes of the
//! goldens.

mod golden;
mod locks;
mod process;
mod ways;
