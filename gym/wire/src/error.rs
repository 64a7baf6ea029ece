//! Why frames are no message.

/// What is wrong with frames. Nothing was done, and nothing changes when the same frames are sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first frame is none.
    #[error("header: found a frame of {found} bytes; accepted: 24 bytes that begin with \"HYPD\"")]
    Header {
        /// Its bytes.
        found: usize,
    },
    /// Another version of the protocol.
    #[error("header: found version {found}; accepted: {}", crate::VERSION)]
    Version {
        /// In the header.
        found: u16,
    },
    /// A kind that this version does not have.
    #[error("header: found kind {found:#06x}; accepted: those that PROTOCOL.md lists")]
    Kind {
        /// In the header.
        found: u16,
    },
    /// A session where the kind has none, or none where it has.
    #[error("{kind}: found session {found}; accepted: a session's number in requests to it, 0 in all others")]
    Session {
        /// Of the message.
        kind: &'static str,
        /// In the header.
        found: u64,
    },
    /// Request number 0.
    #[error("{kind}: found request number 0; accepted: from 1 on")]
    Request {
        /// Of the message.
        kind: &'static str,
    },
    /// The wrong direction: a server was sent a reply, or a client a request.
    #[error("{kind}: found a message that only the other side sends")]
    Direction {
        /// Of the message.
        kind: &'static str,
    },
    /// Too few or too many frames.
    #[error("{kind}: found {found} frames after the header; accepted: {accepted}")]
    Frames {
        /// Of the message.
        kind: &'static str,
        /// Given.
        found: usize,
        /// In words.
        accepted: &'static str,
    },
    /// A frame, or what is to be put into one, is too long.
    #[error("{what}: found {found} bytes; accepted: at most {limit}")]
    TooLong {
        /// Which.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// Largest accepted.
        limit: usize,
    },
    /// A frame of numbers has another length than was agreed on.
    #[error("{what}: found {found} bytes; accepted: {accepted}")]
    Length {
        /// Which.
        what: &'static str,
        /// Its bytes.
        found: usize,
        /// Its right length.
        accepted: usize,
    },
    /// A byte of a mask that is neither 0 nor 1.
    #[error("{what}: byte {at} is {found}; accepted: 0 or 1")]
    Bool {
        /// Which array.
        what: String,
        /// Index in the array.
        at: usize,
        /// The byte.
        found: u8,
    },
    /// A fault number that this version does not have.
    #[error("fault of lane {lane}: found {found}; accepted: 0 to {}", crate::FAULTS.len())]
    Fault {
        /// The lane.
        lane: usize,
        /// The number.
        found: u8,
    },
    /// JSON that does not say what the kind's does.
    #[error("{kind}: {reason}")]
    Json {
        /// Of the message.
        kind: &'static str,
        /// Where and what.
        reason: String,
    },
    /// A value that is out of bounds.
    #[error("{kind}: {path}: found {found}; accepted: {accepted}")]
    Value {
        /// Of the message.
        kind: &'static str,
        /// Which value.
        path: String,
        /// What is there, cut.
        found: String,
        /// What may be there.
        accepted: String,
    },
}
