//! The programs of the proof machine, as they were built: `make test-guest`.

mod disputes;
mod failures;
mod files;
mod policy;
mod scenes;
mod worlds;
