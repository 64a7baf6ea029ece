//! libzmq with CURVE, for the `zmq` crate.
//!
//! `zmq-sys` builds libzmq through this crate's namesake and asks for no libsodium, which leaves CURVE out. The workspace's
//! `[patch]` puts this one in its place: the same call, with libsodium's static library added. It is built from source, for the
//! machine that builds; who builds for another one puts that one's into `SODIUM_LIB_DIR` and `SODIUM_INCLUDE_DIR`.
//!
//! It runs inside the build script of `zmq-sys`; nothing of it is in a program. That CURVE is there, `hyperdust_wire` asserts.

// Brings the built library along, for `build.rs`; nothing of it is called.
use libsodium_sys as _;
use upstream::LibLocation;

/// Where libsodium is; `build.rs` knows.
#[derive(Clone, Copy, Debug)]
pub enum Location {}

/// What the build script of `zmq-sys` uses.
#[derive(Debug, Default)]
pub struct Build;

impl Build {
    /// A build with libsodium.
    pub fn new() -> Self {
        Self
    }

    /// Does nothing: libsodium is always there.
    pub fn with_libsodium(&mut self, _: Option<Location>) -> &mut Self {
        self
    }

    /// Builds libzmq and tells cargo to link it and libsodium statically.
    pub fn build(&mut self) {
        let libsodium = LibLocation::new(env!("HYPERDUST_SODIUM_LIB"), env!("HYPERDUST_SODIUM_INCLUDE"));
        // Drafts: see `batches.rs` of `hyperdust-wire`.
        upstream::Build::new().with_libsodium(Some(libsodium)).enable_draft(true).build();
    }
}
