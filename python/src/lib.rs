//! `hyperdust._core`: the native half of the Python package. What users call is in `python/hyperdust`, typed and
//! documented there; the classes here carry worlds, bytes and arrays, and no policy.
//!
//! Invariants: no simulation happens here; the interpreter lock is released while worlds step; memory that
//! Python sees is never written to ([`arrays`]); every error is of the tree in `hyperdust/errors.py`.

mod actions;
mod arrays;
mod connection;
mod env;
mod episode;
mod errors;
mod info;
mod line;
mod payment;
mod policy;
mod remote;
mod robot;
mod scene;
mod trajectory;
mod vector;

/// The module.
#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use crate::{
        arrays::Slab,
        connection::Client,
        env::Env,
        episode::Episode,
        payment::{Bought, Purse},
        policy::{Policy, policy_file},
        remote::Remote,
        robot::Robot,
        scene::{_reopen, Scene, Segment, robot_json, scene_names, scene_parameters},
        vector::VectorEnv,
    };

    /// Version of the package.
    #[expect(non_upper_case_globals, reason = "the name that Python uses")]
    #[pymodule_export]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// Version of the simulation: equal versions give equal bits.
    #[pymodule_export]
    const KERNEL_VERSION: u16 = hyperdust_kernel::VERSION;
}
