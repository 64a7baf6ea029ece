//! What this proves: envs keep Gymnasium's promises whatever the number of threads, and episodes that were
//! recorded can be replayed while tampered ones cannot.

mod autoreset;
mod env;
mod episode;
mod fixture;
mod fuzz;
mod segments;
mod snapshot;
mod vector;
