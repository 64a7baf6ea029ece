//! How many bytes libzmq moves in one system call.
//!
//! It gathers up to 8 KiB, a number from when messages were small: a batch of 256 lanes is written in two calls, and read in
//! two. The option to change it is one of libzmq's drafts, which the `zmq` crate does not know; `zeromq-src` in this crate builds with drafts.
#![expect(unsafe_code, reason = "an option of libzmq that its bindings do not have")]

use std::ffi::{c_int, c_void};

/// Bytes of a connection's buffer, in and out: some batches.
const BYTES: c_int = 1 << 16;
/// `ZMQ_IN_BATCH_SIZE` and `ZMQ_OUT_BATCH_SIZE` of `zmq_draft.h`.
const OPTIONS: [c_int; 2] = [101, 102];

/// Lets connections that are made from now on move more at a time.
pub fn enlarge(socket: &mut zmq::Socket) -> zmq::Result<()> {
    for option in OPTIONS {
        let value: *const c_int = &BYTES;
        // SAFETY: the socket lives, since it is borrowed, and is used by this thread alone, since it is borrowed mutably; the value is read
        // during the call, and its size is said.
        let said =
            unsafe { zmq_sys::zmq_setsockopt(socket.as_mut_ptr(), option, value.cast::<c_void>(), size_of::<c_int>()) };
        if said != 0 {
            // The library was built without drafts.
            return Err(zmq::Error::EINVAL);
        }
    }
    Ok(())
}
